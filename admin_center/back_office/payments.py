"""Payments: each charge with what the provider calls it, how it stands and why, and what staff do with it."""

from collections.abc import Iterable, Iterator
from typing import Any, ClassVar
from uuid import UUID

from django.contrib import admin, messages
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts import clock
from admin_center.back_office import acts, queues, search
from admin_center.back_office.columns import amount, link, linked, money, related
from admin_center.back_office.refunds import RefundInline, RefundMixin
from admin_center.back_office.site import site
from admin_center.back_office.staff import StaffAdmin
from admin_center.back_office.subscriptions import OF_ACCOUNT
from admin_center.occasions import staff_occasion
from admin_center.pagination import Order, moment, uuid
from admin_center.wording.activity import REASONS
from billing import provider_checks
from billing.models import Charge
from billing.rules.money import to_minor

# As the two partial indexes of the table say it: the list reads nothing else.
TO_LOOK_AT = Q(state__in=Charge.OPEN) | Q(refund_due=True, refunded_at=None)
MOST_ATTEMPTS = 20


class ChargeState(admin.SimpleListFilter):
    """How far charges got; without one, and without a search, those that are not at an end."""

    title = _("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, Any]]:
        """Return the states, and all of them."""
        return [("all", gettext("All")), ("owed", gettext("Declined, still owed")), *Charge.State.choices]

    def choices(self, changelist: Any) -> Iterator[Any]:
        """Yield the choices; the first is what is not at an end, or all that a search finds."""
        first, *others = super().choices(changelist)
        yield first if changelist.query else first | {"display": gettext("Not at an end")}
        yield from others

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Return the charges of a state."""
        if self.value() == "owed":
            return queryset.filter(queues.still_owed(clock.now()))
        return queryset.filter(state=self.value()) if self.value() in Charge.State.values else queryset


@admin.register(Charge, site=site)
class ChargeAdmin(RefundMixin, StaffAdmin):
    """Charges; without a search or a filter those that are not at an end."""

    order: ClassVar[Order] = Order("created_at", moment, descending=True, key=uuid)
    company = staticmethod(linked("subscription.account", "accounts_account", _("Account")))
    document = staticmethod(linked("invoice", "billing_invoice", _("Invoice")))
    amount_shown = staticmethod(amount("amount", _("Amount")))
    list_display = (
        *("created_at", OF_ACCOUNT, amount("amount", _("Amount")), "state", related("invoice", _("Invoice"))),
        *("reference", "why", "refund_due"),
    )
    list_filter = (ChargeState,)
    list_select_related = ("subscription__account", "invoice")
    search_fields = ("subscription__account__slug",)
    search_help_text = _(
        "Without a search: what is not at an end. Else by the provider’s reference, the invoice’s number, "
        "or how the account’s name or address name begins."
    )
    fields = (
        *("company", "document", "amount_shown", "state", "why", "reference", "our_key", "by_link"),
        *("created_at", "asked_at", "settled_at", "attempts", "refunded", "refund_due", "refunded_at"),
        *("refund_it", "ask_it"),
    )
    inlines = (RefundInline,)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """Return what is not at an end, what a filter chose, or what a term finds."""
        term = search_term.strip()
        if term:
            return self.found(queryset, term), False
        return (queryset if request.GET.get("state") else queryset.filter(TO_LOOK_AT)), False

    def found(self, queryset: QuerySet[Any], term: str) -> QuerySet[Any]:
        """Return the charges that a term names: the provider's, an invoice's, or an account's."""
        named = Charge.objects.filter(~Q(reference=""), reference=term) if len(term) <= 120 else None
        if named is not None and named.exists():
            return queryset.filter(~Q(reference=""), reference=term)
        if term.upper().startswith("INV-"):
            return queryset.filter(invoice__number=term.upper())
        return queryset.filter(subscription__in=search.one_account(term))

    def name_of(self, row: Charge) -> str:
        """Return its amount, and how it stands."""
        return named(row)

    @admin.display(description=_("Why not"))
    def why(self, charge: Charge) -> str:
        """Return the reason of a decline, in the words that the customer reads too."""
        return why_not(charge)

    @admin.display(description=_("Our key"))
    def our_key(self, charge: Charge) -> str:
        """Return by what the provider's dashboard finds it too."""
        return str(charge.pk)

    @admin.display(description=_("By a link"), boolean=True)
    def by_link(self, charge: Charge) -> bool:
        """Return whether somebody paid by a link, and nobody was signed in."""
        return charge.link_id is not None

    @admin.display(description=_("Other tries of the invoice"))
    def attempts(self, charge: Charge) -> SafeString | str:
        """Return the other charges of its invoice, the newest first."""
        if charge.invoice is None:
            return "–"
        others = charge.invoice.charges.exclude(pk=charge.pk).order_by("-created_at")[:MOST_ATTEMPTS]
        rows = (
            (
                link(one.created_at.strftime("%Y-%m-%d %H:%M"), "billing_charge", one.pk),
                one.get_state_display(),
                why_not(one),
            )
            for one in others
        )
        return format_html_join("", "<div>{} {} {}</div>", rows) or "–"

    @admin.display(description=_("Reconcile"))
    def ask_it(self, charge: Charge) -> SafeString:
        """Return the way to ask the provider."""
        address = reverse("vendor:billing_charge_ask", args=[charge.pk])
        return format_html('<a href="{}">{}</a>', address, gettext("Ask the provider now"))

    def get_urls(self) -> list[URLPattern]:
        """Return the addresses, with that of asking the provider."""
        view = self.admin_site.admin_view(self.ask)
        return [path("<uuid:charge_id>/ask/", view, name="billing_charge_ask"), *super().get_urls()]

    def ask(self, request: HttpRequest, charge_id: UUID) -> HttpResponse:
        """Ask why; on a POST ask the provider, and say how the charge stands."""
        charge = (
            Charge.objects.select_related("subscription__account", "invoice").filter(pk=charge_id).first()
        )
        if charge is None:
            raise Http404
        form = acts.ReasonForm(request.POST if request.method == "POST" else None)
        if form.is_bound and form.is_valid():
            occasion = staff_occasion(request, charge.subscription.account)
            asked = provider_checks.ask_now(charge_id, reason=form.cleaned_data["reason"], occasion=occasion)
            _tell(request, charge, asked)
            return redirect("vendor:billing_charge_change", charge.pk)
        facts = [
            (gettext("State"), charge.get_state_display()),
            (gettext("Provider’s reference"), charge.reference or "–"),
            (gettext("Our key"), charge.pk),
        ]
        told = [
            gettext(
                "The provider is asked for this charge and for its refunds that are on their way. What it "
                "answers is taken in at once: an invoice is paid, a change is carried out, or either is not."
            )
        ]
        above = reverse("vendor:billing_charge_change", args=[charge.pk]), named(charge)
        shown = acts.Act(gettext("Ask the provider"), above, facts, told, [("ask", gettext("Ask it now"))])
        return acts.page(self, request, form, shown)


def _tell(request: HttpRequest, before: Charge, after: Charge) -> None:
    """Say whether the provider's answer changed anything."""
    state = after.get_state_display()
    if before.state != after.state:
        messages.success(request, gettext("The charge is now: %(state)s.") % {"state": state})
    elif after.state in Charge.OPEN:
        told = gettext("Nothing new: %(state)s. We check again automatically.")
        messages.info(request, told % {"state": state})
    else:
        messages.info(request, gettext("Nothing has changed: %(state)s.") % {"state": state})


def named(charge: Charge) -> str:
    """Return how a charge is called: its amount, and how it stands."""
    currency = charge.amount.currency.code
    return f"{money(to_minor(charge.amount.amount, currency), currency)} · {charge.get_state_display()}"


def why_not(charge: Charge) -> str:
    """Return the words of a decline's code; a code without words as it is."""
    return str(REASONS.get(charge.failure, charge.failure)) or "–"
