"""Keep with each line of a credit note whether it gave back less than its arithmetic."""

from django.db import migrations, models

# What was shown so far was calculated on every reading, from what the line itself keeps: the unit price for
# its days, rounded once half away from zero to the currency's decimals (which numeric rounding does),
# beside the sum before discounts. The same comparison once, on credits alone: a charge is always its own
# arithmetic. Rows of issued documents are frozen, and stay so for everybody but this statement. It may run
# twice. Currencies of the past are in no one's files.
SAY_CAPPED = """
ALTER TABLE billing_invoiceline DISABLE TRIGGER USER;
UPDATE billing_invoiceline l SET capped = true
FROM billing_invoice i
WHERE i.id = l.invoice_id AND l.kind = 'credit' AND NOT l.capped AND abs(l.gross) <> round(
  l.unit_price * l.quantity * l.months * (l.covers_until - l.covers_from) / (l.term_end - l.term_start),
  CASE
    WHEN i.currency IN ('BIF', 'CLP', 'DJF', 'GNF', 'ISK', 'JPY', 'KMF', 'KRW', 'PYG', 'RWF', 'UGX', 'UYI',
      'VND', 'VUV', 'XAF', 'XOF', 'XPF') THEN 0
    WHEN i.currency IN ('BHD', 'IQD', 'JOD', 'KWD', 'LYD', 'OMR', 'TND') THEN 3
    ELSE 2
  END
);
ALTER TABLE billing_invoiceline ENABLE TRIGGER USER;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("billing", "0013_payment_links"),
    ]

    operations = [
        migrations.AddField(
            model_name="invoiceline",
            name="capped",
            field=models.BooleanField(
                db_default=False, default=False, verbose_name="no more than was charged"
            ),
        ),
        migrations.RunSQL(SAY_CAPPED, migrations.RunSQL.noop),
    ]
