"""The database tells card numbers as we do: a provider's reference may be as long a number."""

from django.db import migrations, models
from django.db.models.expressions import NegatedExpression

# Runs of 13 to 19 digits that begin as a brand's cards do and have a card's check digit.
CARD_NUMBER = r"""
    CREATE FUNCTION billing_holds_card_number(value text) RETURNS boolean
    LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
        SELECT EXISTS (
            SELECT FROM regexp_matches(
                regexp_replace(value, '[ ./_-]', '', 'g'), '(?<![0-9])([0-9]{13,19})(?![0-9])', 'g') AS run
            WHERE run[1] ~ ('^(4|5[1-5]|222[1-9]|22[3-9]|2[3-6]|27[01]|2720|220[0-5]|3[4789]|30[0-59]|36|35[2-8]'
                || '|6011|64[4-9]|65|62|811|81[2-7]|501[89]|5020|5038|5612|5893|6304|676|606|607|608|50[6-9]|9792)')
            AND (SELECT sum(CASE WHEN (length(run[1]) - place) % 2 = 0 THEN digit
                            ELSE digit * 2 / 10 + digit * 2 % 10 END)
                 FROM (SELECT place, substr(run[1], place, 1)::int AS digit
                       FROM generate_series(1, length(run[1])) AS place) AS digits) % 10 = 0)
    $$
"""


class Migration(migrations.Migration):
    dependencies = [("billing", "0008_request_base")]

    operations = [
        migrations.RunSQL(CARD_NUMBER, "DROP FUNCTION billing_holds_card_number(text)"),
        migrations.RemoveConstraint(model_name="paymentmethod", name="payment_no_card_number"),
        migrations.AddConstraint(
            model_name="paymentmethod",
            constraint=models.CheckConstraint(
                condition=models.Q(("brand__regex", "[0-9]{5}"), _negated=True),
                name="payment_brand_no_number",
            ),
        ),
        migrations.AddConstraint(
            model_name="paymentmethod",
            constraint=models.CheckConstraint(
                condition=NegatedExpression(
                    models.ExpressionWrapper(
                        models.Func("reference", function="billing_holds_card_number"), models.BooleanField()
                    )
                ),
                name="payment_no_card_number",
            ),
        ),
    ]
