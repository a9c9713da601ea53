"""Refunds: what staff give back of a charge, and what of it waits for a second of them."""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, assert_never
from uuid import UUID

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from admin_center.back_office import acts, search
from admin_center.back_office.columns import amount, link, linked, money, related
from admin_center.back_office.site import site
from admin_center.back_office.staff import StaffAdmin, StaffInline
from admin_center.back_office.subscriptions import OF_ACCOUNT
from admin_center.forms.fields import Number
from admin_center.occasions import staff_occasion
from admin_center.pagination import Order, moment, uuid
from admin_center.wording.activity import REASONS
from billing import refunds
from billing.models import Charge, Refund
from billing.rules.money import to_minor
from billing.rules.refunds import RefundRefusal

if TYPE_CHECKING:
    Base = StaffAdmin
else:
    Base = object

WHY_NOT = {
    RefundRefusal.NOT_PAID: gettext_lazy("No money came by this charge, or it is refunded automatically."),
    RefundRefusal.UNDER_WAY: gettext_lazy("Another refund of this charge is on its way: wait for its end."),
    RefundRefusal.REQUESTED: gettext_lazy(
        "Another refund of this charge waits for a second person: let it be decided first."
    ),
    RefundRefusal.TOO_MUCH: gettext_lazy("That is more than is left of the charge, or nothing."),
    RefundRefusal.NO_CREDIT: gettext_lazy(
        "The credit balance is lower than that. The rest would be owed again: credit lines of the "
        "invoice, or say that it may be owed."
    ),
    RefundRefusal.OVER: gettext_lazy("It is decided already."),
    RefundRefusal.OWN: gettext_lazy("Nobody decides what they asked for themselves: a second person does."),
    RefundRefusal.CHANGED: gettext_lazy("More of the charge was refunded since it was asked for."),
}
# Which field a refusal belongs to; the others are of the whole form.
_FIELDS = {"too_much": "amount", "no_credit": "may_be_owed"}
NOT_AT_AN_END = (Refund.State.REQUESTED.value, *Refund.OPEN)


class RefundForm(acts.ReasonForm):
    """How much is given back, and why."""

    amount = Number(label=gettext_lazy("Amount"), min_value=0, max_digits=18, decimal_places=3)
    may_be_owed = forms.BooleanField(
        label=gettext_lazy("What is more than the credit balance may be owed again"), required=False
    )
    field_order = ("amount", "may_be_owed", "reason")

    def __init__(self, *parts: Any, **named: Any) -> None:
        """Say who reads the reason."""
        super().__init__(*parts, **named)
        self.fields["reason"].help_text = _("The account’s owner reads it in the activity and in a letter.")


class RefundInline(StaffInline):
    """What was given back of a charge, and what is to be decided."""

    model = Refund
    ordering = ("-created_at",)
    show_change_link = True
    amount_shown = staticmethod(amount("amount", gettext_lazy("Amount")))
    fields = ("created_at", "amount_shown", "state", "requested_by_name", "reason", "settled_at")


class RefundMixin(Base):
    """What a charge's page needs to show what was given back of it, and to give back more."""

    @admin.display(description=gettext_lazy("Refunded"))
    def refunded(self, charge: Charge) -> str:
        """Return what was given back of it or is on its way."""
        of = refunds.refundable(charge)
        return money(of.refunded, charge.amount.currency.code) if of.refunded else "–"

    @admin.display(description=gettext_lazy("Refund"))
    def refund_it(self, charge: Charge) -> SafeString | str:
        """Return the way to give it back, where something is left of it."""
        if refunds.refundable(charge).left <= 0:
            return "–"
        address = reverse("vendor:billing_charge_refund", args=[charge.pk])
        return format_html('<a href="{}">{}</a>', address, _("Give back a part of it, or all"))

    def get_urls(self) -> list[URLPattern]:
        """Return the addresses, with that of giving back."""
        view = self.admin_site.admin_view(self.refund)
        return [path("<uuid:charge_id>/refund/", view, name="billing_charge_refund"), *super().get_urls()]

    def refund(self, request: HttpRequest, charge_id: UUID) -> HttpResponse:
        """Ask how much and why; on a POST give it back, or say why not."""
        charges = Charge.objects.select_related("subscription__account", "invoice")
        charge = charges.filter(pk=charge_id).first()
        if charge is None:
            raise Http404
        form = RefundForm(request.POST if request.method == "POST" else None)
        if form.is_bound and form.is_valid() and _refunded(request, charge, form):
            return redirect("vendor:billing_charge_change", charge.pk)
        of, currency = refunds.refundable(charge), charge.amount.currency.code
        facts = [
            (_("Charged"), money(of.charged, currency)),
            (_("Refunded"), money(of.refunded, currency)),
            (_("Left of it"), money(of.left, currency)),
            (_("Credit balance"), money(of.balance, currency)),
        ]
        above = reverse("vendor:billing_charge_change", args=[charge.pk]), self.name_of(charge)
        shown = acts.Act(
            _("Refund"), above, facts, list(_told(charge, currency)), [("refund", _("Give it back"))]
        )
        return acts.page(self, request, form, shown)


def _told(charge: Charge, currency: str) -> Iterator[str]:
    """Yield what a refund means for what the account owes, and who decides."""
    yield _(
        "What is given back is taken from the credit balance. What it does not cover is owed again, and "
        "collected with the next invoice. Where the customer shall no longer owe it, credit lines of the "
        "invoice instead, and let the credit note be refunded."
    )
    if settings.REFUND_LIMITS:
        limit = settings.REFUND_LIMITS.get(currency, 0)
        yield _("Above %(limit)s of one charge together, a second person has to approve it.") % {
            "limit": money(limit, currency)
        }


def _refunded(request: Any, charge: Charge, form: forms.Form) -> bool:
    """Give it back and tell; False, with the reason in the form, where it can't be."""
    asked, currency = form.cleaned_data, charge.amount.currency.code
    try:
        part = to_minor(asked["amount"], currency)
    except ValueError:
        form.add_error("amount", _("The currency has fewer decimals."))
        return False
    try:
        made = refunds.request(
            charge.pk,
            part,
            reason=asked["reason"],
            may_be_owed=asked["may_be_owed"],
            occasion=staff_occasion(request, charge.subscription.account),
        )
    except refunds.NotRefunded as no:
        form.add_error(_FIELDS.get(no.why), str(WHY_NOT[no.why]))
        return False
    tell(request, made)
    return True


def tell(request: HttpRequest, refund: Refund) -> None:
    """Say on the next page how a refund stands."""
    given = money(to_minor(refund.amount.amount, refund.amount.currency.code), refund.amount.currency.code)
    match state := Refund.State(refund.state):
        case Refund.State.SUCCEEDED:
            messages.success(request, _("%(amount)s is given back.") % {"amount": given})
        case Refund.State.REQUESTED:
            told = _("%(amount)s waits for a second person, who approves or rejects it.")
            messages.info(request, told % {"amount": given})
        case Refund.State.FAILED:
            told = _("%(amount)s could not be given back: it is on the credit balance.")
            messages.error(request, told % {"amount": given})
        case Refund.State.CREATED | Refund.State.SENDING | Refund.State.PROCESSING | Refund.State.UNKNOWN:
            told = _(
                "The provider has not confirmed yet that %(amount)s is refunded. "
                "We check again automatically."
            )
            messages.info(request, told % {"amount": given})
        case Refund.State.REJECTED | Refund.State.LAPSED:
            messages.info(request, _("Nothing is given back."))
        case _:
            assert_never(state)


# --- Decided -----------------------------------------------------------------------------------------


class RefundState(admin.SimpleListFilter):
    """How far refunds got; without one those that are not at an end."""

    title = gettext_lazy("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, Any]]:
        """Return the states, and all of them."""
        return [("all", _("All")), *Refund.State.choices]

    def choices(self, changelist: Any) -> Iterator[Any]:
        """Yield the choices; the first is what is not at an end."""
        first, *others = super().choices(changelist)
        yield first | {"display": _("Not at an end")}
        yield from others

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Return the refunds of a state."""
        if self.value() == "all":
            return queryset
        return queryset.filter(state__in=[self.value()] if self.value() else NOT_AT_AN_END)


@admin.register(Refund, site=site)
class RefundAdmin(StaffAdmin):
    """Refunds; without a filter those that are to be decided or on their way."""

    order = Order("created_at", moment, descending=True, key=uuid)
    company = staticmethod(linked("subscription.account", "accounts_account", gettext_lazy("Account")))
    amount_shown = staticmethod(amount("amount", gettext_lazy("Amount")))
    owed_shown = staticmethod(amount("owed_again", gettext_lazy("Owed again")))
    list_display = (
        *("created_at", OF_ACCOUNT, amount("amount", gettext_lazy("Amount")), "state", "requested_by_name"),
        *(related("charge.invoice", gettext_lazy("Invoice")), "settled_at"),
    )
    list_filter = (RefundState,)
    list_select_related = ("subscription__account", "charge__invoice")
    search_fields = ("subscription__account__slug",)
    search_help_text = gettext_lazy("How the account’s name or address name begins.")
    fields = (
        *(
            "company",
            "of_charge",
            "note",
            "amount_shown",
            "owed_shown",
            "reason",
            "state",
            "why",
            "reference",
        ),
        *("requested_by_name", "created_at", "decided_by_name", "decided_at", "decision"),
        *("sent_at", "asked_at", "settled_at", "act"),
    )

    def name_of(self, row: Refund) -> str:
        """Return its amount, and how it stands."""
        currency = row.amount.currency.code
        return f"{money(to_minor(row.amount.amount, currency), currency)} · {row.get_state_display()}"

    def found(self, queryset: QuerySet[Any], term: str) -> QuerySet[Any]:
        """Return the refunds of the account that a term names."""
        return queryset.filter(subscription__in=search.one_account(term))

    @admin.display(description=gettext_lazy("Charge"))
    def of_charge(self, refund: Refund) -> SafeString:
        """Return a link to the charge that it gives back."""
        return link(refund.charge, "billing_charge", refund.charge_id)

    @admin.display(description=gettext_lazy("Credit note"))
    def note(self, refund: Refund) -> SafeString | str:
        """Return a link to the credit note whose amount it gives back."""
        return (
            link(refund.credit_note, "billing_invoice", refund.credit_note_id) if refund.credit_note else "–"
        )

    @admin.display(description=gettext_lazy("Why not"))
    def why(self, refund: Refund) -> str:
        """Return why it did not arrive, in words."""
        return str(REASONS.get(refund.failure, refund.failure)) or "–"

    @admin.display(description=gettext_lazy("Act"))
    def act(self, refund: Refund) -> SafeString | str:
        """Return the way to decide it, where it waits for that."""
        if refund.state != Refund.State.REQUESTED:
            return "–"
        address = reverse("vendor:billing_refund_decide", args=[refund.pk])
        return format_html('<a href="{}">{}</a>', address, _("Approve or reject"))

    def get_urls(self) -> list[URLPattern]:
        """Return the addresses, with that of deciding."""
        view = self.admin_site.admin_view(self.decide)
        return [path("<uuid:refund_id>/decide/", view, name="billing_refund_decide"), *super().get_urls()]

    def decide(self, request: HttpRequest, refund_id: UUID) -> HttpResponse:
        """Ask why; on a POST approve or reject it, or say what stands against it."""
        found = Refund.objects.select_related("subscription__account", "charge__invoice")
        refund = found.filter(pk=refund_id).first()
        if refund is None:
            raise Http404
        form = acts.ReasonForm(request.POST if request.method == "POST" else None)
        if form.is_bound and form.is_valid() and _decided(request, refund, form):
            return redirect("vendor:billing_refund_change", refund.pk)
        of, currency = refunds.refundable(refund.charge), refund.amount.currency.code
        facts = [
            (_("Amount"), money(to_minor(refund.amount.amount, currency), currency)),
            (_("Asked for by"), refund.requested_by_name),
            (_("Reason"), refund.reason),
            (_("Charged"), money(of.charged, currency)),
            (_("Refunded"), money(of.refunded, currency)),
            (_("Credit balance"), money(of.balance, currency)),
        ]
        told = [
            _(
                "Nobody decides what they asked for themselves. If the charge changed since, the refund "
                "lapses."
            )
        ]
        if refund.may_be_owed:
            told.append(
                _(
                    "What the credit balance does not cover is owed again, and collected with the next"
                    " invoice."
                )
            )
        above = reverse("vendor:billing_refund_change", args=[refund.pk]), self.name_of(refund)
        buttons = [("approve", _("Approve: give it back")), ("reject", _("Reject"))]
        shown = acts.Act(_("Decide a refund"), above, facts, told, buttons)
        return acts.page(self, request, form, shown)


def _decided(request: Any, refund: Refund, form: forms.Form) -> bool:
    """Approve or reject it and tell; False, with the reason in the form, where this person can't."""
    occasion = staff_occasion(request, refund.subscription.account)
    try:
        if request.POST.get("act") == "reject":
            refunds.reject(refund.pk, reason=form.cleaned_data["reason"], occasion=occasion)
            messages.success(request, _("The refund is rejected: nothing is given back."))
        else:
            tell(request, refunds.approve(refund.pk, reason=form.cleaned_data["reason"], occasion=occasion))
    except refunds.NotRefunded as no:
        if no.why in (RefundRefusal.OWN, RefundRefusal.OVER):
            form.add_error(None, str(WHY_NOT[no.why]))
            return False
        lapsed = _("The refund has lapsed, nothing is given back.")
        messages.error(request, f"{lapsed} {WHY_NOT[no.why]}")
    return True
