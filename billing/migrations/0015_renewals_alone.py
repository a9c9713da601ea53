"""An invoice is for a change or a renewal: that a suspended account resumes is a renewal, and always was.

No version wrote the third reason, so no row has it. The index is built anew: writing invoices waits for it.
"""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("billing", "0014_capped_lines"),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="invoice",
            name="invoice_one_renewal_per_period",
        ),
        migrations.AlterField(
            model_name="invoice",
            name="reason",
            field=models.CharField(
                choices=[("change", "Change"), ("renewal", "Renewal")], max_length=12, verbose_name="reason"
            ),
        ),
        migrations.AddConstraint(
            model_name="invoice",
            constraint=models.UniqueConstraint(
                condition=models.Q(("reason", "renewal")),
                fields=("subscription", "period_start"),
                name="invoice_one_renewal_per_period",
            ),
        ),
    ]
