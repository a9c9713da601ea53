"""A version of catalogues and tax rates, which any statement on one of their tables makes anew."""

from django.db import migrations, models

TABLES = (
    *("billing_catalogue", "billing_product", "billing_product_includes", "billing_product_requires"),
    *("billing_edition", "billing_price", "billing_taxrate"),
)
# Before the statement: who changes two tables waits for another who does before either holds a row.
FUNCTION = """
CREATE FUNCTION billing_new_catalogue_version() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO billing_catalogueversion (id, version) VALUES (1, gen_random_uuid())
  ON CONFLICT (id) DO UPDATE SET version = excluded.version;
  RETURN NULL;
END $$;
INSERT INTO billing_catalogueversion (id, version) VALUES (1, gen_random_uuid());
"""
TRIGGER = """
CREATE TRIGGER new_catalogue_version BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON {table}
FOR EACH STATEMENT EXECUTE FUNCTION billing_new_catalogue_version();
"""


class Migration(migrations.Migration):
    dependencies = [("billing", "0034_calendar_link")]

    operations = [
        migrations.CreateModel(
            name="CatalogueVersion",
            fields=[
                ("id", models.SmallAutoField(primary_key=True, serialize=False)),
                ("version", models.UUIDField()),
            ],
            options={
                "default_permissions": (),
                "constraints": [
                    models.CheckConstraint(condition=models.Q(("id", 1)), name="one_catalogue_version")
                ],
            },
        ),
        migrations.RunSQL(
            FUNCTION + "".join(TRIGGER.format(table=table) for table in TABLES),
            "".join(f"DROP TRIGGER new_catalogue_version ON {table};" for table in TABLES)
            + "DROP FUNCTION billing_new_catalogue_version();",
        ),
    ]
