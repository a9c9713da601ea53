"""Freeze with a document how it is settled, what it corrects, and its hash."""

from django.db import migrations, models

# What is charged by the period, not by the seat, as the catalogue says it today. Rows of issued documents are
# frozen, and stay so for everybody but this statement. It may run twice.
SAY_FLAT = """
ALTER TABLE billing_invoiceline DISABLE TRIGGER USER;
UPDATE billing_invoiceline l SET flat = true
FROM billing_invoice i, billing_subscription s, billing_product p
WHERE i.id = l.invoice_id AND s.account_id = i.subscription_id AND p.catalogue_id = s.catalogue_id
  AND p.key = l.product AND p.kind = 'flat' AND NOT l.flat;
ALTER TABLE billing_invoiceline ENABLE TRIGGER USER;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("billing", "0017_taxes_by_name"),
    ]

    operations = [
        migrations.AddField(
            model_name="invoice",
            name="content_hash",
            field=models.CharField(blank=True, db_default="", default="", max_length=64, verbose_name="hash"),
        ),
        migrations.AddField(
            model_name="invoice",
            name="corrects",
            field=models.JSONField(db_default=[], default=list, verbose_name="corrects"),
        ),
        migrations.AddField(
            model_name="invoice",
            name="payment_terms",
            field=models.JSONField(db_default={}, default=dict, verbose_name="terms of payment"),
        ),
        migrations.AddField(
            model_name="invoiceline",
            name="flat",
            field=models.BooleanField(db_default=False, default=False, verbose_name="by the period"),
        ),
        migrations.RunSQL(SAY_FLAT, migrations.RunSQL.noop),
    ]
