from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    # Of a table of rows that customers make: nobody waits while it is built (docs/migrations.md).
    atomic = False

    dependencies = [("billing", "0036_temporary_days")]

    operations = [
        AddIndexConcurrently(
            "temporaryseats",
            models.Index(
                fields=["ends_on"], condition=models.Q(("is_over", False)), name="temporary_waiting"
            ),
        ),
    ]
