"""Find what takes effect on a day: a line that an extension was made without ends on a day of its own."""

from django.db import migrations, models


class Migration(migrations.Migration):
    """An index over the days of all that waits."""

    dependencies = [
        ("billing", "0011_by_invoice"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="scheduledchange",
            index=models.Index(fields=["takes_effect_on"], name="scheduled_due"),
        ),
    ]
