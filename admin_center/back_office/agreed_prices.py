"""Prices that are agreed with one account: given with a reason and an end, and ended."""

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin, messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts import clock
from admin_center.back_office import acts
from admin_center.back_office.columns import amount, money, related
from admin_center.back_office.staff import StaffAdmin, StaffInline
from admin_center.forms.fields import Day, Number
from admin_center.occasions import staff_occasion
from admin_center.wording import phrases
from billing import agreed_prices
from billing.agreed_prices import AgreedPriceRefusal, NewPrice, NotAgreed
from billing.models import AgreedPrice, Edition, Line, Subscription
from billing.rules.money import to_minor

if TYPE_CHECKING:
    Base = StaffAdmin
else:
    Base = object

WHY_NOT = {
    AgreedPriceRefusal.ENDS_TOO_SOON: _(
        "It has to end later: after today, and 60 days from now or later where the account is charged at it."
    ),
    AgreedPriceRefusal.HIGHER: _(
        "The account would pay less without it. Who pays more is told before: end the price instead."
    ),
    AgreedPriceRefusal.NOT_SOLD: _("This edition has no price in the account’s billing cycle."),
    AgreedPriceRefusal.OVER: _("This price has ended already."),
}
ENDS_HELP = _("The first renewal or extension from this day on has the list price.")


class AgreedPriceForm(acts.ReasonForm):
    """Which edition costs an account how much, until when."""

    edition = forms.ModelChoiceField(Edition.objects.none(), label=_("Edition"))
    amount = Number(
        label=_("Price"),
        min_value=Decimal(0),
        max_digits=18,
        decimal_places=3,
        help_text=_("For a seat and month, of a flat item for a period, in the account’s currency."),
    )
    ends_on = Day(
        label=_("Ends on"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}),
        help_text=_(
            "Left empty: no end. The first renewal or extension from this day on has the list price."
        ),
    )
    field_order = ("edition", "amount", "ends_on", "reason")

    def __init__(self, data: Any, subscription: Subscription) -> None:
        """Offer the editions of the account's price list."""
        super().__init__(data)
        self.currency = subscription.currency
        edition = self.fields["edition"]
        assert isinstance(edition, forms.ModelChoiceField)
        offered = Edition.objects.filter(product__catalogue=subscription.catalogue_id)
        edition.queryset = offered.select_related("product").order_by("product__position", "rank")

    def clean_amount(self) -> int:
        """Return the price in minor units."""
        try:
            return to_minor(self.cleaned_data["amount"], self.currency)
        except ValueError:
            raise forms.ValidationError(gettext("This currency has fewer decimals.")) from None


class EndForm(acts.ReasonForm):
    """From when an agreed price no longer holds."""

    ends_on = Day(label=_("Ends on"), widget=forms.DateInput(attrs={"type": "date"}), help_text=ENDS_HELP)
    field_order = ("ends_on", "reason")


class AgreedPriceInline(StaffInline):
    """Prices that were agreed with the account."""

    model = AgreedPrice
    list_select_related = ("edition__product",)
    ordering = ("-pk",)
    edition_name = staticmethod(related("edition", _("Edition")))
    amount_shown = staticmethod(amount("amount", _("Price")))
    fields = (
        "edition_name",
        "cycle",
        "amount_shown",
        "starts_on",
        "ends_on",
        "given_by_name",
        "reason",
        "end_it",
    )

    @admin.display(description=_("End it"))
    def end_it(self, agreed: AgreedPrice) -> SafeString | str:
        """Return the way to end it, as long as it holds."""
        if agreed.ends_on is not None and agreed.ends_on <= clock.today(agreed.subscription.account):
            return "–"
        address = reverse("vendor:billing_agreedprice_end", args=[agreed.pk])
        return format_html('<a href="{}">{}</a>', address, gettext("Set its end"))


class AgreedPricesMixin(Base):
    """What a subscription's page needs to agree a price, and to end one."""

    @admin.display(description=_("Agreed prices"))
    def agree_price(self, subscription: Subscription) -> SafeString:
        """Return the way to agree one."""
        address = reverse("vendor:billing_subscription_agree_price", args=[subscription.pk])
        return format_html('<a href="{}">{}</a>', address, gettext("Agree a price with this account"))

    def get_urls(self) -> list[URLPattern]:
        """Return the addresses, with those of agreeing and ending."""
        agree, end = self.admin_site.admin_view(self.agree), self.admin_site.admin_view(self.end_agreed)
        ours = [
            path("<int:account_id>/agree-price/", agree, name="billing_subscription_agree_price"),
            path("agreed-price/<int:agreed_id>/end/", end, name="billing_agreedprice_end"),
        ]
        return [*ours, *super().get_urls()]

    def agree(self, request: HttpRequest, account_id: int) -> HttpResponse:
        """Ask for the price and the reason; on a POST agree it, or say why not."""
        one = Subscription.objects.select_related("account").filter(pk=account_id).first()
        if one is None:
            raise Http404
        form = AgreedPriceForm(request.POST if request.method == "POST" else None, one)
        if form.is_bound and form.is_valid() and _agreed(request, one, form):
            return redirect("vendor:billing_subscription_change", one.pk)
        lines = Line.objects.filter(subscription=one, ended_on=None).select_related("edition__product")
        facts: list[tuple[str, object]] = [
            (str(line.edition), money(to_minor(line.unit_price.amount, one.currency), one.currency))
            for line in lines.order_by("edition__product__position")
        ]
        facts += [
            (gettext("Billing cycle"), phrases.cycle(one.cycle)),
            (gettext("Renews on"), phrases.day(one.paid_until) if one.paid_until else "–"),
        ]
        told = [
            gettext(
                "From its next renewal or extension on, the account pays the agreed price for what it has. "
                "What is paid stays paid. What it buys meanwhile has that price at once. The customer sees "
                "the price and its end."
            ),
            gettext(
                "From its end on the list price is charged; a price that the account kept before is given up."
            ),
        ]
        above = reverse("vendor:billing_subscription_change", args=[one.pk]), str(one.account)
        act = acts.Act(gettext("Agree a price"), above, facts, told, [("agree", gettext("Agree this price"))])
        return acts.page(self, request, form, act)

    def end_agreed(self, request: HttpRequest, agreed_id: int) -> HttpResponse:
        """Ask from when and why; on a POST set the end, or say why not."""
        rows = AgreedPrice.objects.select_related("subscription__account", "edition__product")
        agreed = rows.filter(pk=agreed_id).first()
        if agreed is None:
            raise Http404
        account, currency = agreed.subscription.account, agreed.subscription.currency
        form = EndForm(request.POST if request.method == "POST" else None)
        if form.is_bound and form.is_valid() and _ended(request, agreed, form):
            return redirect("vendor:billing_subscription_change", account.pk)
        earliest = agreed_prices.earliest_end(agreed, clock.today(account))
        facts: list[tuple[str, object]] = [
            (gettext("Edition"), str(agreed.edition)),
            (gettext("Price"), money(to_minor(agreed.amount.amount, currency), currency)),
            (gettext("Until now, ends on"), phrases.day(agreed.ends_on) if agreed.ends_on else "–"),
            (gettext("Earliest day"), phrases.day(earliest)),
        ]
        told = [
            gettext(
                "The customer sees the day at once on the summary, and in the letters before the renewal."
            )
        ]
        above = reverse("vendor:billing_subscription_change", args=[account.pk]), str(account)
        act = acts.Act(
            gettext("Set the end of an agreed price"), above, facts, told, [("end", gettext("Set its end"))]
        )
        return acts.page(self, request, form, act)


def _agreed(request: Any, one: Subscription, form: AgreedPriceForm) -> bool:
    asked = form.cleaned_data
    new = NewPrice(asked["edition"].pk, asked["amount"], asked["ends_on"])
    try:
        agreed_prices.give(one.pk, new, reason=asked["reason"], occasion=staff_occasion(request, one.account))
    except NotAgreed as no:
        field = "ends_on" if no.why is AgreedPriceRefusal.ENDS_TOO_SOON else "amount"
        form.add_error(field, str(WHY_NOT[no.why]))
        return False
    messages.success(request, gettext("Agreed. It counts from the account’s next renewal or extension."))
    return True


def _ended(request: Any, agreed: AgreedPrice, form: EndForm) -> bool:
    asked = form.cleaned_data
    occasion = staff_occasion(request, agreed.subscription.account)
    try:
        agreed_prices.end(agreed.pk, asked["ends_on"], reason=asked["reason"], occasion=occasion)
    except NotAgreed as no:
        form.add_error("ends_on", str(WHY_NOT[no.why]))
        return False
    messages.success(request, gettext("The end of the price is set."))
    return True
