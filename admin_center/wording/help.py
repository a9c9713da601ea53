"""The articles of help: what each is called and answers. Their texts stand in templates/help/."""

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True, slots=True)
class Article:
    """An article of help: its title, what it answers, and its icon."""

    title: Any
    about: Any
    icon: str


# By the article's name in its address.
ARTICLES = {
    "seeing-a-subscription": Article(
        _("How to see a subscription"),
        _("Where to find products, seats, the next charge, invoices and past changes, and who sees which."),
        "subscription",
    ),
    "changing-a-subscription": Article(
        _("How to change a subscription"),
        _("From Manage to the receipt: what takes effect at once, what is scheduled, what can be undone."),
        "edit",
    ),
    "renewals": Article(
        _("What a renewal is"),
        _("When the next period begins, what it costs, and what can still be changed before it."),
        "reload",
    ),
    "amounts": Article(
        _("Why an amount is what it is"),
        _("How a charge is calculated: prices, days, discounts, taxes and credit."),
        "invoice",
    ),
    "buying-seats": Article(
        _("Who can buy seats"),
        _("Roles, what each may do, and what to do when a button is missing."),
        "people",
    ),
    "cancelling": Article(
        _("Cancelling"),
        _("Who can cancel a product or the account, when it ends, and what happens to data and invoices."),
        "calendar",
    ),
    "temporary-subscriptions": Article(
        _("Temporary subscriptions"),
        _("Extra seats for some days or months: how they are priced, and when they end."),
        "clock",
    ),
    "account-types": Article(
        _("Account types"),
        _("Self-service, online-assisted and managed accounts, and what each can do on its own."),
        "account",
    ),
}
