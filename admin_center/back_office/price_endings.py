"""Ends of prices: whom each concerns and by how much, as page and CSV, and the way to stop it."""

import csv
from collections.abc import Iterable, Iterator
from datetime import datetime
from decimal import Decimal
from itertools import islice
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.http import Http404, HttpRequest, HttpResponse, QueryDict, StreamingHttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language, gettext, override
from django.utils.translation import gettext_lazy as _
from djmoney.money import Money

from accounts import clock
from accounts.spreadsheet import defused
from admin_center import drafts
from admin_center.back_office import acts
from admin_center.back_office.columns import amount, linked, money
from admin_center.back_office.site import site
from admin_center.back_office.staff import StaffAdmin
from admin_center.forms.fields import Day, Lines, Number
from admin_center.occasions import staff_occasion
from admin_center.presenters.activity_csv import BYTE_ORDER_MARK, Echo
from admin_center.wording import phrases
from billing import price_endings
from billing.models import Edition, PriceEnding
from billing.models.fields import cycle_choices
from billing.price_endings import ConcernedAccount, EndedPrice, NotEnded, PriceEndingRefusal
from billing.rules.money import to_decimal, to_minor
from billing.rules.periods import Cycle

if TYPE_CHECKING:
    Base = StaffAdmin
else:
    Base = object

PAGE_SIZE = 50
WHY_NOT = {
    PriceEndingRefusal.TOO_SOON: _("A price ends 60 days after its end is decided, or later."),
    PriceEndingRefusal.TOO_FAR: _("That is more than three years ahead."),
    PriceEndingRefusal.ENDS_ALREADY: _("The end of this price is scheduled already."),
    PriceEndingRefusal.NO_OTHER_PRICE: _(
        "On that day the edition has no other price: load the new price first, with its day."
    ),
    PriceEndingRefusal.TOO_LATE: _("Its day has begun: what renews from now on has the new price."),
    PriceEndingRefusal.STOPPED_ALREADY: _("It was stopped already."),
}


class EndPriceForm(forms.Form):
    """Which price is to end, and from which day."""

    cycle = forms.ChoiceField(label=_("Billing cycle"), choices=cycle_choices)
    currency = forms.ChoiceField(label=_("Currency"), choices=[(code, code) for code in settings.CURRENCIES])
    amount = Number(
        label=_("Price"),
        min_value=Decimal(0),
        max_digits=18,
        decimal_places=3,
        help_text=_("As customers have it: for a seat and month, of a flat item for a period."),
    )
    ends_on = Day(
        label=_("Ends on"),
        widget=forms.DateInput(attrs={"type": "date"}),
        help_text=_("The first renewal or extension from this day on has the list price."),
    )

    def __init__(self, data: Any, edition: Edition, at: datetime) -> None:
        """Ask for a price of an edition."""
        super().__init__(data)
        self.edition, self.at = edition, at

    def clean(self) -> dict[str, Any]:
        """Put what is wrong at its field, by the verb's own rules."""
        super().clean()
        if not self.errors:
            try:
                to_minor(self.cleaned_data["amount"], self.cleaned_data["currency"])
            except ValueError:
                self.add_error("amount", gettext("This currency has fewer decimals."))
            else:
                if why := price_endings.fault(self.price, self.at.date()):
                    self.add_error("ends_on", str(WHY_NOT[why]))
        return self.cleaned_data

    @property
    def price(self) -> EndedPrice:
        """Return the price that is asked for."""
        asked = self.cleaned_data
        return EndedPrice(
            self.edition, Cycle(asked["cycle"]), Money(asked["amount"], asked["currency"]), asked["ends_on"]
        )


class StaffReasonForm(forms.Form):
    """Why a price ends, or doesn't: staff alone read it."""

    reason = Lines(
        label=_("Reason"),
        max_length=acts.LONGEST_REASON,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("It stays with the end of the price, which only staff read."),
    )


def way_to_end(edition_id: int, cycle: str = "", price: Money | None = None) -> SafeString:
    """Return the link to the page that ends a price of an edition."""
    address = reverse("vendor:billing_edition_end_price", args=[edition_id])
    if price is not None:
        asked = {"cycle": cycle, "currency": price.currency.code, "amount": f"{price.amount:f}"}
        address = f"{address}?{urlencode(asked)}"
    return format_html('<a href="{}">{}</a>', address, gettext("End a price that customers have"))


class PriceEndingMixin(Base):
    """What an edition's page needs to end one of its prices."""

    @admin.display(description=_("End a price"))
    def end_it(self, edition: Edition) -> SafeString:
        """Return the way to the page."""
        return way_to_end(edition.pk)

    def get_urls(self) -> list[URLPattern]:
        """Return the addresses, with that of ending a price and its list as CSV."""
        view, listed = (
            self.admin_site.admin_view(self.end_price),
            self.admin_site.admin_view(self.end_price_csv),
        )
        ours = [
            path("<int:edition_id>/end-price/", view, name="billing_edition_end_price"),
            path("<int:edition_id>/end-price.csv", listed, name="billing_edition_end_price_csv"),
        ]
        return [*ours, *super().get_urls()]

    def end_price(self, request: HttpRequest, edition_id: int) -> HttpResponse:
        """Show whom the end of a price concerns; on a POST, with a reason, schedule it."""
        edition, at = _edition(edition_id), clock.now()
        asked: QueryDict = request.POST if request.method == "POST" else request.GET
        complete = {"cycle", "currency", "amount", "ends_on"} <= asked.keys()
        form = EndPriceForm(asked if complete else None, edition, at)
        if not complete:
            form.initial = {name: asked.get(name, "") for name in form.fields}
        valid = complete and form.is_valid()
        why = StaffReasonForm(request.POST if request.method == "POST" and valid else None)
        if valid and why.is_bound and why.is_valid() and (made := _scheduled(request, form, why)):
            return redirect("vendor:billing_priceending_change", made.pk)
        wrong = bool((complete and form.errors) or why.errors)
        context = {
            **self.admin_site.each_context(request),
            "title": gettext("End a price"),
            "opts": self.opts,
            "edition": edition,
            "form": form,
            "why": why,
            "kept": drafts.refill(request, why),
            **(_listed(form.price, asked, at) if valid else {}),
        }
        return TemplateResponse(request, "back_office/end_price.html", context, status=422 if wrong else 200)

    def end_price_csv(self, request: HttpRequest, edition_id: int) -> HttpResponse | StreamingHttpResponse:
        """Return everybody whom the end of a price concerns, as CSV."""
        at = clock.now()
        form = EndPriceForm(request.GET, _edition(edition_id), at)
        return _csv(form.price, at) if form.is_valid() else HttpResponse(status=422)


def _edition(edition_id: int) -> Edition:
    edition = Edition.objects.select_related("product").filter(pk=edition_id).first()
    if edition is None:
        raise Http404
    return edition


def _scheduled(request: Any, form: EndPriceForm, why: StaffReasonForm) -> PriceEnding | None:
    """Schedule it and tell; None, with the reason in the form, where it can't be."""
    try:
        made = price_endings.schedule(
            form.price, reason=why.cleaned_data["reason"], occasion=staff_occasion(request)
        )
    except NotEnded as no:
        form.add_error("ends_on", str(WHY_NOT[no.why]))
        return None
    messages.success(
        request,
        gettext(
            "Scheduled. Whoever it concerns gets an e-mail 60 and 30 days before its day. Until then it can "
            "be stopped."
        ),
    )
    return made


def _listed(price: EndedPrice, asked: QueryDict, at: datetime) -> dict[str, Any]:
    """Return a page of those whom the end of a price concerns, and the ways to the next and to all."""
    after = asked.get("after", "")
    start = int(after) if after.isascii() and after.isdigit() and len(after) < 18 else 0
    found = list(islice(price_endings.concerned(price, at, after=start), PAGE_SIZE + 1))
    shown, question = (
        found[:PAGE_SIZE],
        {name: asked[name] for name in ("cycle", "currency", "amount", "ends_on")},
    )
    currency = price.amount.currency.code
    whole = not start and len(found) == len(shown)
    total = sum(one.rise.difference or 0 for one in shown)
    return {
        "rows": [_row(one, currency) for one in shown],
        "total": money(total, currency) if whole and shown else "",
        "next": urlencode(question | {"after": shown[-1].account.pk}) if len(found) > len(shown) else "",
        "question": urlencode(question),
    }


def _row(one: ConcernedAccount, currency: str) -> dict[str, Any]:
    rise = one.rise
    return {
        "account": one.account,
        "quantity": rise.quantity,
        "on": phrases.day(rise.on),
        "old": money(rise.old, currency),
        "new": "–" if rise.new is None else money(rise.new, currency),
        "difference": "–" if rise.difference is None else money(rise.difference, currency),
    }


def _csv(price: EndedPrice, at: datetime) -> StreamingHttpResponse:
    """Return the answer that is written while the accounts are read, in the language of who asked."""
    rows = _csv_rows(price_endings.concerned(price, at), price.amount.currency.code, get_language() or "en")
    answer = StreamingHttpResponse(rows, content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="price-end-{price.ends_on:%Y-%m-%d}.csv"'
    return answer


def _csv_rows(found: Iterable[ConcernedAccount], currency: str, language: str) -> Iterator[str]:
    writer = csv.writer(Echo())
    with override(language):
        headings = [
            *(gettext("Account"), gettext("Name"), gettext("Account type"), gettext("Quantity")),
            *(
                gettext("Currency"),
                gettext("Price now"),
                gettext("Price then"),
                gettext("From the renewal on"),
            ),
            gettext("Difference a period, before tax"),
        ]
    yield BYTE_ORDER_MARK + writer.writerow(headings)
    for one in found:
        rise, account = one.rise, one.account
        amounts = [None if minor is None else to_decimal(minor, currency) for minor in (rise.old, rise.new)]
        difference = None if rise.difference is None else to_decimal(rise.difference, currency)
        cells = [account.slug, account.name, account.type, rise.quantity, currency, *amounts]
        yield writer.writerow([defused(cell) for cell in (*cells, rise.on.isoformat(), difference)])


@admin.register(PriceEnding, site=site)
class PriceEndingAdmin(StaffAdmin):
    """Ends of prices that were scheduled, the newest first."""

    price = staticmethod(amount("amount", _("Price")))
    of_edition = staticmethod(linked("edition", "billing_edition", _("Edition")))
    list_display = ("edition", "cycle", price, "ends_on", "scheduled_by_name", "stopped_at")
    list_select_related = ("edition__product",)
    fields = (
        *("of_edition", "cycle", "price", "ends_on", "reason", "scheduled_by_name", "scheduled_at"),
        *("who", "stopped_at", "stopped_by_name", "stopped_because", "stop_it"),
    )

    @admin.display(description=_("Who is affected"))
    def who(self, ending: PriceEnding) -> SafeString:
        """Return the way to the list of today."""
        address = reverse("vendor:billing_priceending_csv", args=[ending.pk])
        return format_html('<a href="{}">{}</a>', address, gettext("As CSV, as it is today"))

    @admin.display(description=_("Stop it"))
    def stop_it(self, ending: PriceEnding) -> SafeString | str:
        """Return the way to stop it, until its day."""
        if not price_endings.may_stop(ending, clock.now()):
            return "–"
        address = reverse("vendor:billing_priceending_stop", args=[ending.pk])
        return format_html('<a href="{}">{}</a>', address, gettext("Let customers keep the price"))

    def get_urls(self) -> list[URLPattern]:
        """Return the addresses, with those of stopping and of the list."""
        view, listed = self.admin_site.admin_view(self.stop), self.admin_site.admin_view(self.listed)
        ours = [
            path("<int:ending_id>/stop/", view, name="billing_priceending_stop"),
            path("<int:ending_id>/concerned.csv", listed, name="billing_priceending_csv"),
        ]
        return [*ours, *super().get_urls()]

    def listed(self, request: HttpRequest, ending_id: int) -> StreamingHttpResponse:
        """Return everybody whom it concerns, as CSV."""
        return _csv(EndedPrice.of(_ending(ending_id)), clock.now())

    def stop(self, request: HttpRequest, ending_id: int) -> HttpResponse:
        """Ask why; on a POST stop it, or say why not."""
        ending = _ending(ending_id)
        form = StaffReasonForm(request.POST if request.method == "POST" else None)
        if form.is_bound and form.is_valid() and _stopped(request, ending, form):
            return redirect("vendor:billing_priceending_change", ending.pk)
        price = money(
            to_minor(ending.amount.amount, ending.amount.currency.code), ending.amount.currency.code
        )
        facts = [
            (gettext("Edition"), str(ending.edition)),
            (gettext("Price"), f"{price} · {phrases.cycle(ending.cycle)}"),
            (gettext("Ends on"), phrases.day(ending.ends_on)),
        ]
        told = [
            gettext(
                "Everybody keeps the price. Whoever was notified of its end is notified that it does not end."
            )
        ]
        above = reverse("vendor:billing_priceending_change", args=[ending.pk]), str(ending)
        act = acts.Act(gettext("Stop the end of a price"), above, facts, told, [("stop", gettext("Stop it"))])
        return acts.page(self, request, form, act)


def _ending(ending_id: int) -> PriceEnding:
    ending = PriceEnding.objects.select_related("edition__product").filter(pk=ending_id).first()
    if ending is None:
        raise Http404
    return ending


def _stopped(request: Any, ending: PriceEnding, form: forms.Form) -> bool:
    try:
        price_endings.stop(ending.pk, reason=form.cleaned_data["reason"], occasion=staff_occasion(request))
    except NotEnded as no:
        form.add_error(None, str(WHY_NOT[no.why]))
        return False
    messages.success(request, gettext("Stopped: everybody keeps the price."))
    return True
