"""The back office: the vendor's staff, on django.contrib.admin.

Staff see everything and change little: what they do to an account goes through a verb, with a
reason that the account's owner can read. Nothing is ever deleted here.
"""

from admin_center.back_office import (
    accounts,
    cancellations,
    catalogue,
    corrections,
    documents,
    letters,
    parking,
    payments,
    promos,
    redemptions,
    requests,
    subscriptions,
    trail,
)
from admin_center.back_office.site import site

__all__ = [
    "accounts",
    "cancellations",
    "catalogue",
    "corrections",
    "documents",
    "letters",
    "parking",
    "payments",
    "promos",
    "redemptions",
    "requests",
    "site",
    "subscriptions",
    "trail",
]
