"""Adds links to pay an invoice, and charges and set-ups that were begun by one."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("billing", "0012_ends_early"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AlterField(
            model_name="paymentsetup",
            name="person",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.CreateModel(
            name="PaymentLink",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("token_hash", models.CharField(max_length=64, unique=True)),
                ("created_at", models.DateTimeField(verbose_name="sent at")),
                ("expires_at", models.DateTimeField(verbose_name="expires at")),
                ("revoked_at", models.DateTimeField(null=True, verbose_name="revoked at")),
                (
                    "invoice",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="payment_links",
                        to="billing.invoice",
                    ),
                ),
            ],
            options={
                "verbose_name": "payment link",
                "verbose_name_plural": "payment links",
                "default_permissions": (),
            },
        ),
        migrations.AddField(
            model_name="charge",
            name="link",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="charges",
                to="billing.paymentlink",
            ),
        ),
        migrations.AddField(
            model_name="paymentsetup",
            name="link",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="+",
                to="billing.paymentlink",
            ),
        ),
        migrations.AddConstraint(
            model_name="charge",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("link__isnull", True),
                    models.Q(("invoice__isnull", False), ("quote__isnull", True)),
                    _connector="OR",
                ),
                name="charge_by_link_is_for_an_invoice",
            ),
        ),
        migrations.AddConstraint(
            model_name="paymentsetup",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("link__isnull", True), ("person__isnull", False)),
                    models.Q(("link__isnull", False), ("person__isnull", True)),
                    _connector="OR",
                ),
                name="payment_setup_by_person_or_link",
            ),
        ),
        migrations.AddConstraint(
            model_name="paymentlink",
            constraint=models.UniqueConstraint(fields=("id", "invoice"), name="payment_link_of_invoice"),
        ),
        # What came by a link pays that link's invoice and no other.
        migrations.RunSQL(
            "ALTER TABLE billing_charge ADD CONSTRAINT billing_charge_link_and_invoice_key"
            " FOREIGN KEY (link_id, invoice_id) REFERENCES billing_paymentlink (id, invoice_id)",
            "ALTER TABLE billing_charge DROP CONSTRAINT billing_charge_link_and_invoice_key",
        ),
    ]
