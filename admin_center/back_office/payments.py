"""Payments to look at: those whose outcome is open, and money that is to be given back."""

from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from admin_center.back_office import search
from admin_center.back_office.columns import amount, linked
from admin_center.back_office.site import site
from admin_center.back_office.staff import StaffAdmin
from admin_center.back_office.subscriptions import OF_ACCOUNT
from admin_center.pagination import Order, moment, uuid
from admin_center.wording.activity import REASONS
from billing.models import Charge

# As the two partial indexes of the table say it: the list reads nothing else.
TO_LOOK_AT = Q(state__in=Charge.OPEN) | Q(refund_due=True, refunded_at=None)


@admin.register(Charge, site=site)
class ChargeAdmin(StaffAdmin):
    """Charges; without a search those that are not at an end."""

    order: ClassVar[Order] = Order("created_at", moment, descending=True, key=uuid)
    company = staticmethod(linked("subscription.account", "accounts_account", _("Account")))
    document = staticmethod(linked("invoice", "billing_invoice", _("Invoice")))
    amount_shown = staticmethod(amount("amount", _("Amount")))
    list_display = (
        *("created_at", OF_ACCOUNT, amount("amount", _("Amount")), "state", "why"),
        *("settled_at", "refund_due", "refunded_at"),
    )
    list_select_related = ("subscription__account", "invoice")
    search_fields = ("subscription__account__slug",)
    search_help_text = _(
        "Without a search: what is not at an end. Else all charges of the account whose name or address "
        "name begins so."
    )
    fields = (
        *("company", "document", "amount_shown", "state", "why", "reference"),
        *("created_at", "settled_at", "refund_due", "refunded_at"),
    )

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """Return what is not at an end, or all charges of one account."""
        term = search_term.strip()
        return (self.found(queryset, term) if term else queryset.filter(TO_LOOK_AT)), False

    def found(self, queryset: QuerySet[Any], term: str) -> QuerySet[Any]:
        """Return the charges of the account that a term names."""
        return queryset.filter(subscription__in=search.one_account(term))

    @admin.display(description=_("Why not"))
    def why(self, charge: Charge) -> str:
        """Return the reason of a decline, in the words that the customer reads too."""
        return why_not(charge)


def why_not(charge: Charge) -> str:
    """Return the words of a decline's code; a code without words as it is."""
    return str(REASONS.get(charge.failure, charge.failure)) or "–"
