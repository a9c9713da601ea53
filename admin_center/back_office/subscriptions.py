"""What accounts have bought: lines, what was paid for them, what waits, who holds which seat."""

from typing import Any

from django.contrib import admin
from django.db.models import Count, QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from admin_center.back_office import search
from admin_center.back_office.agreed_prices import AgreedPriceInline, AgreedPricesMixin
from admin_center.back_office.columns import amount, linked, links, related
from admin_center.back_office.parking import ParkedFilter, ParkingMixin
from admin_center.back_office.site import site
from admin_center.back_office.staff import StaffAdmin, StaffInline
from admin_center.back_office.staff_changes import StaffChangesMixin
from admin_center.back_office.taxes import TaxationMixin
from billing.models import (
    AgentSeat,
    BalanceEntry,
    Discount,
    Line,
    PaidSegment,
    PaymentMethod,
    ScheduledChange,
    Subscription,
    TemporarySeats,
)

OF_ACCOUNT = related("subscription.account", _("Account"))


class LineInline(StaffInline):
    """The products of a subscription, those that ended too."""

    model = Line
    list_select_related = ("product", "edition")
    unit_price_shown = staticmethod(amount("unit_price", _("Unit price")))
    product_name = staticmethod(related("product.name", _("Product")))
    edition_name = staticmethod(related("edition.name", _("Edition")))
    fields = (
        *("product_name", "edition_name", "quantity", "seats_held", "unit_price_shown"),
        *("price_ends_on", "began_on", "ended_on"),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Return the lines with the number of seats that people hold, not the people: they may be many."""
        lines: QuerySet[Any] = super().get_queryset(request).annotate(held=Count("seats")).order_by("pk")
        return lines

    @admin.display(description=_("Seats held"))
    def seats_held(self, line: Any) -> int:
        """Return how many people hold a seat of the line."""
        return int(line.held)


class SegmentInline(StaffInline):
    """What was charged, for which days."""

    model = PaidSegment
    list_select_related = ("line__product",)
    ordering = ("-covers_from", "pk")
    product_name = staticmethod(related("line.product.name", _("Product")))
    unit_price_shown = staticmethod(amount("unit_price", _("Unit price")))
    charged_shown = staticmethod(amount("charged", _("Charged")))
    credited_shown = staticmethod(amount("credited", _("Credited")))
    fields = (
        *("product_name", "covers_from", "covers_until", "term_start", "term_end", "quantity"),
        *("unit_price_shown", "charged_shown", "credited_shown"),
    )


class ScheduledInline(StaffInline):
    """What waits for renewal."""

    model = ScheduledChange
    list_select_related = ("line__product", "edition__product", "created_by")
    product_name = staticmethod(related("line.product.name", _("Product")))
    edition_name = staticmethod(related("edition", _("New edition")))
    person = staticmethod(related("created_by", _("By")))
    fields = ("kind", "product_name", "quantity", "edition_name", "cycle", "takes_effect_on", "person")


class TemporaryInline(StaffInline):
    """Extra seats of a stretch of time."""

    model = TemporarySeats
    list_select_related = ("line__product",)
    product_name = staticmethod(related("line.product.name", _("Product")))
    charged_shown = staticmethod(amount("charged", _("Charged")))
    fields = ("product_name", "quantity", "starts_on", "ends_on", "charged_shown")


class DiscountInline(StaffInline):
    """Coupons and promo codes."""

    model = Discount
    amount_shown = staticmethod(amount("amount", _("Amount per period")))
    fields = ("code", "source", "percent", "amount_shown", "periods_left", "created_at", "ended_at")


class BalanceInline(StaffInline):
    """What moved the balance."""

    model = BalanceEntry
    list_select_related = ("invoice",)
    amount_shown = staticmethod(amount("amount", _("Amount")))
    document = staticmethod(linked("invoice", "billing_invoice", _("Invoice")))
    fields = ("created_at", "amount_shown", "reason", "document")


@admin.register(Subscription, site=site)
class SubscriptionAdmin(StaffChangesMixin, ParkingMixin, TaxationMixin, AgreedPricesMixin, StaffAdmin):
    """Subscriptions with all that they consist of."""

    company = staticmethod(linked("account", "accounts_account", _("Account")))
    price_list = staticmethod(linked("catalogue", "billing_catalogue", _("Catalogue")))
    list_display = (
        *(related("account", _("Account")), related("catalogue", _("Catalogue")), "cycle"),
        *("paid_until", "parked_at"),
    )
    list_filter = (ParkedFilter,)
    list_select_related = ("account", "catalogue")
    search_fields = ("account__slug",)
    search_help_text = _("How the account’s name or address name, or a member’s e-mail address begins.")
    fields = (
        *("company", "price_list", "cycle", "currency", "anchor", "period_start", "period_end"),
        *("paid_until", "version", "taxed", "agree_price", "act_for", "parked_at", "parked", "see_also"),
    )
    inlines = (
        *(LineInline, SegmentInline, ScheduledInline, TemporaryInline, DiscountInline, AgreedPriceInline),
        BalanceInline,
    )

    def name_of(self, row: Subscription) -> str:
        """Return whose it is."""
        return str(row.account)

    @admin.display(description=_("See also"))
    def see_also(self, subscription: Subscription) -> SafeString:
        """Return links to what is too long for this page."""
        slug = subscription.account.slug
        return links(
            (_("Agent seats"), "billing_agentseat", slug),
            (_("Payment method"), "billing_paymentmethod", slug),
            (_("Change requests"), "billing_changerequest", slug),
            (_("Invoices"), "billing_invoice", slug),
            (_("Charges"), "billing_charge", slug),
        )

    def found(self, queryset: QuerySet[Any], term: str) -> QuerySet[Any]:
        """Return the subscriptions of the accounts that a term finds."""
        return queryset.filter(pk__in=search.accounts(term))


class OfSubscription(StaffAdmin):
    """Rows that hang from a subscription, found by its account."""

    company = staticmethod(linked("subscription.account", "accounts_account", _("Account")))
    search_fields = ("subscription__account__slug",)
    search_help_text = _("How the account’s name or address name begins.")

    def found(self, queryset: QuerySet[Any], term: str) -> QuerySet[Any]:
        """Return the rows of the account that a term names."""
        return queryset.filter(subscription__in=search.one_account(term))


@admin.register(AgentSeat, site=site)
class AgentSeatAdmin(OfSubscription):
    """Who holds which seat."""

    person = staticmethod(linked("membership.user", "accounts_user", _("Person")))
    product_name = staticmethod(related("line.product.name", _("Product")))
    list_display = (related("membership.user", _("Person")), OF_ACCOUNT, product_name, "assigned_at")
    list_select_related = ("membership__user", "subscription__account", "line__product")
    fields = ("person", "company", "product_name", "assigned_at")

    def name_of(self, row: AgentSeat) -> str:
        """Return who holds it."""
        return str(row.membership.user)


@admin.register(PaymentMethod, site=site)
class PaymentMethodAdmin(OfSubscription):
    """How accounts pay: never more than brand, last four digits and expiry."""

    list_display = (OF_ACCOUNT, "use", "kind", "brand", "last_four", "updated_at")
    list_select_related = ("subscription__account",)
    fields = ("company", "use", "kind", "brand", "last_four", "expires_month", "expires_year", "updated_at")
