"""Children of two parents stay within one account, and amounts in its currency: composite foreign keys.

Django has no field for them; the unique constraints that they refer to stand on the models.
"""

from django.db import migrations

KEYS = [
    ("billing_invoice", "subscription_id, currency", "billing_subscription", "account_id, currency"),
    ("billing_invoice", "quote_id, subscription_id", "billing_quote", "id, subscription_id"),
    ("billing_charge", "quote_id, subscription_id", "billing_quote", "id, subscription_id"),
    ("billing_charge", "subscription_id, amount_currency", "billing_subscription", "account_id, currency"),
    ("billing_subscription", "account_id, currency", "accounts_account", "id, currency"),
    ("billing_line", "edition_id, product_id", "billing_edition", "id, product_id"),
    ("billing_line", "subscription_id, unit_price_currency", "billing_subscription", "account_id, currency"),
    ("billing_paidsegment", "line_id, subscription_id", "billing_line", "id, subscription_id"),
    (
        "billing_paidsegment",
        "subscription_id, charged_currency",
        "billing_subscription",
        "account_id, currency",
    ),
    ("billing_scheduledchange", "line_id, subscription_id", "billing_line", "id, subscription_id"),
    ("billing_agentseat", "line_id, subscription_id", "billing_line", "id, subscription_id"),
    ("billing_agentseat", "membership_id, subscription_id", "accounts_membership", "id, account_id"),
    ("billing_temporaryseats", "line_id, subscription_id", "billing_line", "id, subscription_id"),
    (
        "billing_temporaryseats",
        "subscription_id, charged_currency",
        "billing_subscription",
        "account_id, currency",
    ),
    ("billing_discount", "subscription_id, amount_currency", "billing_subscription", "account_id, currency"),
    (
        "billing_balanceentry",
        "subscription_id, amount_currency",
        "billing_subscription",
        "account_id, currency",
    ),
]


def key(table: str, columns: str, target: str, target_columns: str) -> migrations.RunSQL:
    """Return the operation that adds one composite foreign key."""
    name = f"{table}_{columns.replace(', ', '_and_').replace('_id', '')}_key"[:63]
    return migrations.RunSQL(
        f"ALTER TABLE {table} ADD CONSTRAINT {name} FOREIGN KEY ({columns}) REFERENCES {target} ({target_columns})",
        f"ALTER TABLE {table} DROP CONSTRAINT {name}",
    )


class Migration(migrations.Migration):
    dependencies = [("billing", "0001_initial"), ("accounts", "0001_initial")]
    operations = [key(*one) for one in KEYS]
