import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("billing", "0025_renewal_reminder")]

    operations = [
        migrations.CreateModel(
            name="DunningEntry",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("step", models.CharField(max_length=16, verbose_name="step")),
                ("on", models.DateField(verbose_name="on")),
                ("at", models.DateTimeField(verbose_name="at")),
                (
                    "invoice",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="dunning_entries",
                        to="billing.invoice",
                    ),
                ),
                (
                    "charge",
                    models.OneToOneField(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="dunning_entry",
                        to="billing.charge",
                    ),
                ),
            ],
            options={
                "verbose_name": "step of an unpaid invoice",
                "verbose_name_plural": "steps of unpaid invoices",
                "default_permissions": (),
                "constraints": [
                    models.UniqueConstraint(fields=("invoice", "step"), name="dunning_step_once")
                ],
            },
        ),
    ]
