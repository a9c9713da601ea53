from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    # Of a table of rows that customers make: nobody waits while it is built (docs/migrations.md).
    atomic = False

    dependencies = [("billing", "0042_price_changes")]

    operations = [
        AddIndexConcurrently(
            "line",
            models.Index(
                fields=["edition", "unit_price", "subscription"],
                condition=models.Q(("ended_on", None)),
                name="line_by_price",
            ),
        ),
    ]
