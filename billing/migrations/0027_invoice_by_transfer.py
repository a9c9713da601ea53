from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    # Of a table of rows that customers make: nobody waits while it is built (docs/migrations.md).
    atomic = False

    dependencies = [("billing", "0026_dunning")]

    operations = [
        AddIndexConcurrently(
            "invoice",
            models.Index(
                fields=["issued_on"],
                condition=models.Q(("due__gt", 0), ("kind", "invoice"), ("payment_terms__means", "transfer")),
                name="invoice_by_transfer",
            ),
        ),
    ]
