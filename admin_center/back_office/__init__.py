"""The back office: the vendor's staff, on django.contrib.admin.

Staff see everything and change little: what they do to an account goes through a verb, with a
reason that the account's owner can read. Nothing is ever deleted here.
"""

from admin_center.back_office import (
    accounts,
    activity,
    background,
    bank_payments,
    cancellations,
    catalogue,
    email_corrections,
    invoices,
    letters,
    parking,
    payments,
    price_endings,
    promo_codes,
    redemptions,
    refunds,
    requests,
    subscriptions,
)
from admin_center.back_office.site import site

__all__ = [
    "accounts",
    "activity",
    "background",
    "bank_payments",
    "cancellations",
    "catalogue",
    "email_corrections",
    "invoices",
    "letters",
    "parking",
    "payments",
    "price_endings",
    "promo_codes",
    "redemptions",
    "refunds",
    "requests",
    "site",
    "subscriptions",
]
