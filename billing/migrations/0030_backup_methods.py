"""A charge may be tried with a backup in another's place, and a set-up replaces one method of several."""

import django.db.models.deletion
from django.db import migrations, models

# A set-up replaces a method of its own account.
REPLACED = "billing_paymentsetup_replaces_and_subscription_key"


class Migration(migrations.Migration):
    dependencies = [
        ("billing", "0029_refunds"),
    ]

    operations = [
        migrations.AddField(
            model_name="charge",
            name="backup_of",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="billing.charge",
            ),
        ),
        migrations.AddField(
            model_name="paymentsetup",
            name="replaces",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="+",
                to="billing.paymentmethod",
            ),
        ),
        migrations.AddConstraint(
            model_name="charge",
            constraint=models.UniqueConstraint(
                condition=models.Q(("backup_of__isnull", False)),
                fields=("backup_of",),
                name="charge_one_backup",
            ),
        ),
        migrations.AddConstraint(
            model_name="charge",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("backup_of__isnull", True),
                    models.Q(("invoice__isnull", False), ("link__isnull", True), ("quote__isnull", True)),
                    _connector="OR",
                ),
                name="charge_by_backup_is_for_an_invoice",
            ),
        ),
        migrations.AddConstraint(
            model_name="paymentmethod",
            constraint=models.UniqueConstraint(
                fields=("id", "subscription"), name="payment_method_with_account"
            ),
        ),
        migrations.RunSQL(
            f"ALTER TABLE billing_paymentsetup ADD CONSTRAINT {REPLACED}"
            " FOREIGN KEY (replaces_id, subscription_id)"
            " REFERENCES billing_paymentmethod (id, subscription_id)",
            f"ALTER TABLE billing_paymentsetup DROP CONSTRAINT {REPLACED}",
        ),
    ]
