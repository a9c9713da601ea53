"""What stands beside every page of the back office: each list once, under what it is about."""

from typing import Any

from django.apps import apps
from django.http import HttpRequest
from django.urls import reverse
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from admin_center.navigation import Group, Link

# The heading, and each list with its icon.
SECTIONS: tuple[tuple[Any, dict[str, str]], ...] = (
    (
        _("Customers"),
        {
            "accounts.account": "account",
            "accounts.user": "person",
            "accounts.membership": "people",
            "accounts.activity": "activity",
            "billing.cancellation": "sign-out",
        },
    ),
    (
        _("Subscriptions"),
        {
            "billing.subscription": "subscription",
            "billing.changerequest": "request",
            "billing.agentseat": "contacts",
        },
    ),
    (
        _("Invoices and payments"),
        {
            "billing.invoice": "invoice",
            "billing.charge": "payment",
            "billing.refund": "undo",
            "billing.bankpayment": "bank",
            "billing.paymentmethod": "lock",
        },
    ),
    (
        _("Prices"),
        {
            "billing.catalogue": "tray",
            "billing.product": "product",
            "billing.edition": "cart",
            "billing.price": "tag",
            "billing.priceending": "calendar",
            "billing.taxrate": "chart",
            "billing.promocode": "sparkle",
            "billing.promoredemption": "check",
        },
    ),
    (
        _("Letters and background work"),
        {
            "accounts.letter": "inbox",
            "accounts.emailchange": "edit",
            "accounts.taskrun": "reload",
            "accounts.rowfailure": "warning",
        },
    ),
)


def of(request: HttpRequest) -> list[Group]:
    """Return the front page and every list, with the one that a page belongs to marked."""
    front = reverse("vendor:index")
    here = "page" if request.path == front else ""
    first = Group("", (Link(_("Front page"), front, "home", here, ""),))
    return [
        first,
        *(
            Group(words, tuple(_link(label, icon, request.path) for label, icon in lists.items()))
            for words, lists in SECTIONS
        ),
    ]


def _link(label: str, icon: str, here: str) -> Link:
    model = apps.get_model(label)._meta
    url = reverse(f"vendor:{model.app_label}_{model.model_name}_changelist")
    current = "page" if here == url else "true" if here.startswith(url) else ""
    return Link(capfirst(str(model.verbose_name_plural)), url, icon, current, "")
