from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    # Of a table of rows that customers make: nobody waits while it is built (docs/migrations.md).
    atomic = False

    dependencies = [("billing", "0032_expiry_warned")]

    operations = [
        AddIndexConcurrently(
            "paymentmethod",
            models.Index(
                fields=["expires_year", "expires_month"],
                condition=models.Q(("expires_year__isnull", False), ("use__in", ["default", "backup"])),
                name="payment_expiring",
            ),
        ),
    ]
