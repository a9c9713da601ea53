"""Let a line bear several taxes, each with its name; rates stand in a dated table."""

import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations, models

# What was charged so far knows its rate alone, and is read so (billing/rules/tax_json.py). Rows of issued
# documents are frozen, and stay so for everybody but this statement. It may run twice.
RATE_ALONE = """
UPDATE billing_paidsegment SET taxes = jsonb_build_array(jsonb_build_object('rate', tax_percent::text))
WHERE tax_percent IS NOT NULL AND taxes = '[]';
ALTER TABLE billing_invoiceline DISABLE TRIGGER USER;
UPDATE billing_invoiceline SET taxes = jsonb_build_array(jsonb_build_object('rate', tax_percent::text))
WHERE tax_percent IS NOT NULL AND taxes = '[]';
ALTER TABLE billing_invoiceline ENABLE TRIGGER USER;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("billing", "0016_billing_profile"),
    ]

    operations = [
        migrations.AddField(
            model_name="invoiceline",
            name="taxes",
            field=models.JSONField(default=list, verbose_name="taxes"),
        ),
        migrations.AddField(
            model_name="paidsegment",
            name="taxes",
            field=models.JSONField(default=list, verbose_name="taxes"),
        ),
        migrations.RunSQL(RATE_ALONE, migrations.RunSQL.noop),
        migrations.RemoveField(
            model_name="invoiceline",
            name="tax_percent",
        ),
        migrations.RemoveField(
            model_name="paidsegment",
            name="tax_percent",
        ),
        migrations.AddField(
            model_name="product",
            name="tax_category",
            field=models.SlugField(default="standard", max_length=60, verbose_name="tax category"),
        ),
        migrations.AlterField(
            model_name="subscription",
            name="tax_percent",
            field=models.DecimalField(
                blank=True, decimal_places=3, max_digits=6, null=True, verbose_name="own tax rate in percent"
            ),
        ),
        migrations.CreateModel(
            name="TaxRate",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("country", models.CharField(max_length=2, verbose_name="country")),
                ("region", models.CharField(blank=True, max_length=60, verbose_name="region")),
                (
                    "category",
                    models.SlugField(default="standard", max_length=60, verbose_name="tax category"),
                ),
                ("name", models.CharField(blank=True, max_length=20, verbose_name="name")),
                (
                    "scope",
                    models.CharField(
                        choices=[
                            ("anywhere", "Anywhere"),
                            ("same_region", "Inside one region"),
                            ("other_region", "Between regions"),
                        ],
                        default="anywhere",
                        max_length=12,
                        verbose_name="scope",
                    ),
                ),
                (
                    "percent",
                    models.DecimalField(decimal_places=3, max_digits=6, null=True, verbose_name="percent"),
                ),
                ("law", models.CharField(blank=True, max_length=120, verbose_name="exempt by")),
                ("code", models.CharField(blank=True, max_length=40, verbose_name="code of the exemption")),
                ("in_force_from", models.DateField(verbose_name="in force from")),
            ],
            options={
                "verbose_name": "tax rate",
                "verbose_name_plural": "tax rates",
                "ordering": ["id"],
                "default_permissions": (),
                "constraints": [
                    models.UniqueConstraint(
                        fields=("country", "region", "category", "name", "in_force_from"),
                        name="tax_rate_once",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("percent__range", (0, 100))), name="tax_rate_in_percent"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("percent__isnull", True), models.Q(("code", ""), ("law", "")), _connector="OR"
                        ),
                        name="tax_rate_or_exemption",
                    ),
                ],
            },
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="taxrate",
            trigger=pgtrigger.compiler.Trigger(
                name="never_edited",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;",
                    hash="c1905f43525b1ebc9677bba025e7de7755d50a9e",
                    operation="UPDATE",
                    pgid="pgtrigger_never_edited_837fc",
                    table="billing_taxrate",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="taxrate",
            trigger=pgtrigger.compiler.Trigger(
                name="in_force_stays",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition="WHEN (OLD.in_force_from <= CURRENT_DATE)",
                    func="RAISE EXCEPTION 'pgtrigger: Cannot delete rows from % table', TG_TABLE_NAME;",
                    hash="35b2a8966f10b767577cdbb9c15b2b7b6b08abc7",
                    operation="DELETE",
                    pgid="pgtrigger_in_force_stays_7d7da",
                    table="billing_taxrate",
                    when="BEFORE",
                ),
            ),
        ),
    ]
