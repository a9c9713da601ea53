"""Change requests, and the queue of those that the vendor's staff decide: priced, accepted or rejected."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts import clock
from accounts.models import Account
from accounts.rules.capabilities import AccountState
from accounts.rules.decision import NotAllowed
from admin_center import drafts
from admin_center.back_office import queues
from admin_center.back_office.columns import linked, money
from admin_center.back_office.site import site
from admin_center.back_office.subscriptions import OF_ACCOUNT, OfSubscription
from admin_center.forms.fields import Lines, Number
from admin_center.occasions import staff_occasion
from admin_center.presenters import activity as activity_presenter
from admin_center.presenters import requests
from admin_center.wording import notices, refusals
from admin_center.wording.bidi import isolated
from billing import applying, change_request_talk, change_requests
from billing.models import ChangeRequest
from billing.rules.change_json import MalformedChange, changes_from_plain
from billing.rules.changes import Change, ChangeEdition, bought
from billing.rules.facts import Facts
from billing.rules.money import exponent, to_minor
from billing.rules.names import Names
from billing.rules.price_overrides import quote_at
from billing.rules.quoting import UndecidedConflict
from billing.rules.refusals import Refusal, SalesOnly
from billing.storage import loading


class Queue(admin.SimpleListFilter):
    """Whose turn it is."""

    title = gettext_lazy("waits for")
    parameter_name = "waits_for"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, Any]]:
        """Return the two who decide."""
        return [("staff", _("our staff")), ("customer", _("the customer"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Return the open requests that wait for the one or the other."""
        if self.value() not in ("staff", "customer"):
            return queryset
        if self.value() == "staff":
            return queryset.filter(queues.FOR_STAFF)
        return queryset.filter(~queues.FOR_STAFF, state=ChangeRequest.State.OPEN)


class DecisionForm(forms.Form):
    """A price for each product that is bought anew, and the reason that the customer can read."""

    reason = Lines(
        label=gettext_lazy("Reason"),
        max_length=change_requests.LONGEST_NOTE,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy("The account’s owner can read it in the activity."),
    )

    def __init__(
        self, data: Any = None, *, products: Mapping[str, str], currency: str, **options: Any
    ) -> None:
        """Offer a price for each of these products, in the account's currency."""
        super().__init__(data, **options)
        self.currency, self.products = currency, tuple(products)
        for key, name in products.items():
            self.fields[f"price-{key}"] = Number(
                label=_("%(name)s: price per seat and month, %(currency)s")
                % {"name": isolated(name), "currency": currency},
                min_value=0,
                max_digits=12,
                decimal_places=exponent(currency),
                required=False,
                help_text=_("Left empty: the list price."),
            )
        self.order_fields([*(f"price-{key}" for key in products), "reason"])

    def prices(self) -> dict[str, int]:
        """Return the prices that were given, in minor units, of a form that was validated."""
        given = {key: self.cleaned_data.get(f"price-{key}") for key in self.products}
        return {key: to_minor(value, self.currency) for key, value in given.items() if value is not None}


@dataclass(frozen=True, slots=True)
class RequestPricing:
    """What a request comes to at the prices given; `refusal` says why it can't be made."""

    due: str = ""
    renewal: str = ""
    refusal: str = ""
    # It lacks only a price, which may be typed.
    unpriced: bool = False
    told: Sequence[str] = ()


def _bought(changes: Iterable[Change]) -> list[str]:
    """Return the products that are bought anew; added seats keep the price of their line."""
    found = [
        one.product
        for change in changes
        for one in ((change,) if isinstance(change, ChangeEdition) else bought(change))
    ]
    return list(dict.fromkeys(found))


@admin.register(ChangeRequest, site=site)
class ChangeRequestAdmin(OfSubscription):
    """What customers asked for; staff decide where the customer's people can't."""

    list_display = (
        *("requester_name", OF_ACCOUNT, "account_type", "asked_for", "state", "created_at", "expires_at"),
    )
    list_filter = (Queue, "state")
    list_select_related = ("subscription__account",)
    company = staticmethod(linked("subscription.account", "accounts_account", gettext_lazy("Account")))
    fields = (
        *("company", "requester_name", "asked_for", "changed_since", "note", "state", "decision"),
        *("created_at", "expires_at", "decided_by_name", "decided_at", "approved_as", "reason"),
    )

    def name_of(self, row: ChangeRequest) -> str:
        """Return who asked, for which account."""
        return f"{row.requester_name} · {row.subscription.account}"

    @admin.display(description=gettext_lazy("Type"))
    def account_type(self, one: ChangeRequest) -> str:
        """Return the account's type, which says who decides."""
        return str(one.subscription.account.get_type_display())

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Return the requests, each page of them reading the names of a price list once."""
        self.names: dict[int, Names] = {}
        rows: QuerySet[Any] = super().get_queryset(request)
        return rows

    def _told(self, one: ChangeRequest, held: Facts | None = None) -> requests.RequestView:
        """Return a request with its words: the same that the customer reads."""
        catalogue = one.subscription.catalogue_id
        names = self.names.get(catalogue)
        if names is None:
            names = activity_presenter.ActivityPresenter(one.subscription.account, costs_shown=True).names
            self.names[catalogue] = names
        receipt = requests.receipts([one]).get(one.pk) if one.approved_changes is None else None
        return requests.view_of(one, names, at=one.created_at, held=held, receipt=receipt)

    @admin.display(description=gettext_lazy("Asked for"))
    def asked_for(self, one: ChangeRequest) -> SafeString:
        """Return the changes in words, from what to what, with the answers of who asked."""
        return _lines(self._told(one).changes)

    @admin.display(description=gettext_lazy("Changed since it was asked"))
    def changed_since(self, one: ChangeRequest) -> SafeString | str:
        """Return what is no longer as it was when it was asked."""
        if one.state != ChangeRequest.State.OPEN:
            return "–"
        account = one.subscription.account
        reading = loading.read(account, clock.today(account), holders=True)
        return _lines(self._told(one, reading.facts if reading else None).moved) or "–"

    @admin.display(description=gettext_lazy("Edited, and approved as"))
    def approved_as(self, one: ChangeRequest) -> SafeString | str:
        """Return what was approved where it is not what was asked."""
        return _lines(self._told(one).approved) or "–"

    @admin.display(description=gettext_lazy("Decision"))
    def decision(self, one: ChangeRequest) -> SafeString | str:
        """Return the way to the decision, where it is the staff's."""
        if not _is_ours(one):
            return "–"
        address = reverse("vendor:billing_changerequest_decide", args=[one.pk])
        return format_html('<a href="{}">{}</a>', address, _("Price, accept or reject"))

    def get_urls(self) -> list[URLPattern]:
        """Return the addresses, with that of the decision."""
        decide = path(
            "<int:request_id>/decide/",
            self.admin_site.admin_view(self.decide),
            name="billing_changerequest_decide",
        )
        return [decide, *super().get_urls()]

    def decide(self, request: HttpRequest, request_id: int) -> HttpResponse:
        """Show what is asked for and what it comes to; on a POST price, accept or reject it."""
        one = ChangeRequest.objects.select_related("subscription__account").filter(pk=request_id).first()
        if one is None or not self.has_view_permission(request, one):
            raise Http404
        account = one.subscription.account
        if not _is_ours(one):
            messages.warning(request, _("This request is not for our staff to decide, or no longer open."))
            return redirect("vendor:billing_changerequest_change", one.pk)
        return self._decide(request, one, account)

    def _decide(self, request: HttpRequest, one: ChangeRequest, account: Account) -> HttpResponse:
        reading = loading.read(account, clock.today(account), holders=True)
        assert reading is not None  # the request refers to the subscription
        try:
            changes = changes_from_plain(one.changes)
        except MalformedChange:
            changes = ()
        products = {key: reading.names.get(key, key) for key in _bought(changes)}
        typed = request.POST if request.method == "POST" else None
        form = DecisionForm(typed, products=products, currency=account.currency)
        act = request.POST.get("act", "")
        if act == "preview":
            form.fields["reason"].required = False
        if typed is not None and form.is_valid() and act in ("accept", "reject", "comment"):
            done = _carry_out(request, one, account, form, act, reading)
            if done is not None:
                return done
        prices = form.prices() if form.is_bound and form.is_valid() else {}
        context = {
            **self.admin_site.each_context(request),
            "title": _("Decide a change request"),
            "subtitle": str(account),
            "opts": self.opts,
            "one": one,
            "account": account,
            "told": requests.view_of(one, reading.names, at=clock.now(account), held=reading.facts),
            "comments": requests.comments(one),
            "form": form,
            "kept": drafts.refill(request, form),
            "comes": _pricing(reading, changes, prices, account),
        }
        wrong = typed is not None and bool(form.errors)
        return TemplateResponse(request, "back_office/decide.html", context, status=422 if wrong else 200)


def _lines(sentences: Iterable[str]) -> SafeString:
    return format_html_join(mark_safe("<br>"), "{}", ((one,) for one in sentences))


def _is_ours(one: ChangeRequest) -> bool:
    """Tell whether a request is open and for the vendor's staff to decide."""
    account = one.subscription.account
    open_now = one.state == ChangeRequest.State.OPEN and account.state != AccountState.CANCELLED
    return open_now and change_requests.decided_by_staff(account)


def _pricing(
    reading: loading.LoadedFacts, changes: tuple[Change, ...], prices: Mapping[str, int], account: Account
) -> RequestPricing:
    """Return what the changes come to today at these prices (minor units)."""
    held = applying.open_to_staff(reading.facts)
    try:
        quote = quote_at(held, prices, changes, clock.today(account))
    except UndecidedConflict as undecided:
        quote = undecided.provisional
    except SalesOnly as refusal:
        return RequestPricing(refusal=_price_it(refusal, reading), unpriced=True)
    except Refusal as refusal:
        return RequestPricing(refusal=refusals.explain(refusal, reading.names))
    return RequestPricing(
        money(quote.settlement.due, quote.currency),
        money(quote.renewal.amount, quote.currency),
        told=[
            _with_amounts(one, quote.currency)
            for one in notices.sentences(quote.notices, reading.names, reading.labels, costs_shown=True)
        ],
    )


def _with_amounts(one: notices.Consequence, currency: str) -> str:
    """Return a sentence with the prices it speaks of: "… 25.00 → 12.00"."""
    prices = " → ".join(money(price, currency) for price in (one.old, one.new) if price is not None)
    return f"{one.sentence} {prices}".strip()


def _price_it(refusal: SalesOnly, reading: loading.LoadedFacts) -> str:
    key = str(refusal.data["product"])
    return _("%(name)s has no list price in this edition: give one.") % {
        "name": isolated(reading.names.get(key, key))
    }


def _carry_out(
    request: Any,
    one: ChangeRequest,
    account: Account,
    form: DecisionForm,
    act: str,
    reading: loading.LoadedFacts,
) -> HttpResponse | None:
    """Accept, reject or say something; None, with the error in the form, where it can't be done."""
    reason, occasion = form.cleaned_data["reason"], staff_occasion(request, account)
    try:
        if act == "reject":
            change_requests.reject(one.pk, reason=reason, occasion=occasion)
            messages.success(request, _("The request is rejected. The requester is notified."))
        elif act == "comment":
            change_request_talk.comment(one.pk, text=reason, occasion=occasion)
            messages.success(request, _("Your comment is written. The others are notified."))
            return redirect("vendor:billing_changerequest_decide", one.pk)
        else:
            change_requests.accept_as_staff(one.pk, prices=form.prices(), reason=reason, occasion=occasion)
            messages.success(
                request, _("The request is carried out. The invoice is open under the contract.")
            )
    except (change_requests.RequestOver, NotAllowed):
        messages.warning(request, _("It was decided, withdrawn or closed meanwhile."))
    except change_request_talk.TooManyComments:
        form.add_error(None, ValidationError(_("This request has 100 comments, and takes no more.")))
        return None
    except change_requests.OwnRequest:
        form.add_error(None, ValidationError(_("Nobody decides their own request.")))
        return None
    except SalesOnly as refusal:
        form.add_error(f"price-{refusal.data['product']}", ValidationError(_price_it(refusal, reading)))
        return None
    except (Refusal, UndecidedConflict) as refusal:
        why = (
            refusals.explain(refusal, reading.names)
            if isinstance(refusal, Refusal)
            else _("It conflicts with a scheduled change: reject it, and ask the customer which is meant.")
        )
        form.add_error(None, ValidationError(why))
        return None
    return redirect("vendor:billing_changerequest_change", one.pk)
