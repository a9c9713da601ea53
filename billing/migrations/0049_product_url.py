"""Where a product is worked in: what the product tray leads to."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("billing", "0048_units_and_purposes"),
    ]

    operations = [
        migrations.AddField(
            model_name="product",
            name="url",
            field=models.URLField(
                blank=True, db_default="", default="", max_length=120, verbose_name="address"
            ),
        ),
        migrations.AddConstraint(
            model_name="product",
            constraint=models.CheckConstraint(
                condition=models.Q(("url", ""), ("url__startswith", "https://"), _connector="OR"),
                name="product_url_https",
            ),
        ),
    ]
