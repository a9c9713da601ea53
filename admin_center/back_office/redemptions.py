"""Who used which promo code, when, and the quote and invoice behind it."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from admin_center.back_office import search
from admin_center.back_office.columns import link, linked, related
from admin_center.back_office.site import site
from admin_center.back_office.staff import StaffAdmin
from admin_center.back_office.subscriptions import OF_ACCOUNT
from billing.models import PromoCode, PromoRedemption


@admin.register(PromoRedemption, site=site)
class RedemptionAdmin(StaffAdmin):
    """Uses of promo codes, the newest first; found by the code or by the account."""

    company = staticmethod(linked("subscription.account", "accounts_account", _("Account")))
    code = staticmethod(linked("promo", "billing_promocode", _("Code")))
    list_display = (
        *("redeemed_at", related("promo", _("Code")), OF_ACCOUNT),
        related("quote.person", _("By")),
    )
    list_select_related = ("promo", "subscription__account", "quote__person")
    search_fields = ("promo__code",)
    search_help_text = _("The whole code, or how the account’s name or address name begins.")
    fields = ("code", "company", "person", "redeemed_at", "quote", "document")
    person = staticmethod(related("quote.person", _("By")))

    def name_of(self, row: PromoRedemption) -> str:
        """Return which code by which account."""
        return f"{row.promo} · {row.subscription.account}"

    @admin.display(description=_("Invoice"))
    def document(self, row: PromoRedemption) -> SafeString | str:
        """Return the invoice that the change led to."""
        invoice = getattr(row.quote, "invoice", None)
        return link(invoice, "billing_invoice", invoice.pk) if invoice else "–"

    def found(self, queryset: QuerySet[Any], term: str) -> QuerySet[Any]:
        """Return the uses of a code, or by an account."""
        codes = PromoCode.objects.filter(code=term.upper()).values_list("pk", flat=True)
        if ids := list(codes):
            return queryset.filter(promo__in=ids)
        return queryset.filter(subscription__in=search.one_account(term))
