"""Review, confirm and afterwards the receipt of a change: one address for a quote's whole life."""

from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.models import Activity
from accounts.rules.activity import ActivityVerb
from accounts.rules.decision import Action
from admin_center import drafts
from admin_center.due_renewals import renew_first
from admin_center.forms.kept_quotes import KeepForm
from admin_center.forms.quotes import OrderForm
from admin_center.pages import AccountRequest, page
from admin_center.presenters import activity as activity_presenter
from admin_center.presenters import contacts
from admin_center.presenters import payments as payment_presenter
from admin_center.presenters import profile as profile_presenter
from admin_center.presenters import quotes as quote_presenter
from admin_center.views.manage import back_with_typed, edited
from admin_center.wording import differences as difference_words
from admin_center.wording import refusals
from admin_center.wording.invitations import WHY_NOT
from billing import payments, quote_json, quotes, reconciliation
from billing.models import Invoice, PaymentMethod, PlannedInvitation, Quote, ScheduledChange
from billing.rules.change_json import changes_from_plain
from billing.rules.differences import differences
from billing.rules.names import Names
from billing.rules.quoting import UndecidedConflict
from billing.rules.refusals import Refusal
from billing.storage import loading

# Each of these raises the subscription's version by one.
OF_THE_SUBSCRIPTION = (
    ActivityVerb.SUBSCRIPTION_CHANGED,
    ActivityVerb.SUBSCRIPTION_RENEWED,
    ActivityVerb.CHANGE_UNDONE,
    ActivityVerb.CANCELLATION_SCHEDULED,
    ActivityVerb.REDUCTION_RAISED,
    ActivityVerb.REDUCTION_UNDONE,
    ActivityVerb.PRODUCT_ENDED,
)
# How many of them are told beside what changed meanwhile.
MOST_ACTS = 5
TEMPLATES = {
    Quote.State.OPEN: "quotes/review.html",
    Quote.State.HELD: "quotes/held.html",
    Quote.State.CONFIRMED: "quotes/receipt.html",
    Quote.State.WITHDRAWN: "quotes/over.html",
    Quote.State.FAILED: "quotes/over.html",
    Quote.State.CLOSED: "quotes/over.html",
}


@require_http_methods(["GET", "HEAD", "POST"])
@page(Action.CHANGE_SUBSCRIPTION)
def quote(request: AccountRequest, quote_id: UUID) -> HttpResponse:
    """Show a quote to be reviewed, its receipt, or what became of it; a POST confirms it."""
    found = _find(request, quote_id)
    if request.method == "POST":
        return _confirm(request, found)
    return _show(request, found)


def _find(request: AccountRequest, quote_id: UUID) -> Quote:
    """Return a quote of this account: one's own, or one that was confirmed or waits for its payment."""
    found = (
        Quote.objects.select_related("person", "request", "charge", "invoice__payment")
        .filter(pk=quote_id, subscription_id=request.account.pk)
        .first()
    )
    public = found is not None and found.state in (Quote.State.CONFIRMED, Quote.State.HELD)
    if found is None or not (public or found.person_id == request.user.pk):
        raise Http404
    return found


def _show(
    request: AccountRequest,
    found: Quote,
    *,
    refusal: Refusal | None = None,
    order: OrderForm | None = None,
    status: int = 200,
) -> HttpResponse:
    reading = loading.read(request.account, request.today)
    assert reading is not None  # the quote refers to the subscription
    costs_shown = bool(request.gate.may(Action.SEE_COSTS))
    shown = quote_json.load(found.document)
    over = found.state == Quote.State.OPEN and request.occasion.at >= found.expires_at
    was = _replaced(request, found)
    order = order or OrderForm(initial=_order(request, found))
    keep = KeepForm(auto_id="keep_%s")
    drafts.refill(request, keep)
    context: dict[str, Any] = {
        "order": order,
        "keep": keep,
        "kept": drafts.refill(request, order),
        "terms": settings.SELLER.terms,
        "gaps": profile_presenter.gaps(request.account) if request.gate.may(Action.VIEW_PAYMENT) else [],
        "quote": found,
        "planned": [
            (one, WHY_NOT.get(one.refusal, ""))
            for one in PlannedInvitation.objects.filter(quote=found).order_by("pk")
        ],
        "page_title": _title(found.state),
        "priced": quote_presenter.of(shown, reading, costs_shown=costs_shown),
        "method": PaymentMethod.objects.default_of(request.account.pk),
        "charged": payments.is_charged(request.account),
        "refused": refusals.explain(refusal, reading.names, contacts.vendor_contact(request.account))
        if refusal
        else "",
        "refused_invoice": str(refusal.data.get("invoice") or "") if refusal else "",
        "over": over,
        "settled": _settled(request, found),
        # Who asked for it reads the receipt too, and may not read invoices.
        "invoice_shown": costs_shown and bool(request.gate.may(Action.VIEW_INVOICES)),
    }
    if was is not None:
        before = quote_json.load(was.document)
        context |= {
            "was": quote_presenter.of(before, reading, costs_shown=costs_shown),
            "acts": _acts(request, shown.version - before.version, costs_shown=costs_shown),
            "reasons": difference_words.sentences(
                differences(before, shown), reading.names, costs_shown=costs_shown
            ),
        }
    template = "quotes/over.html" if over else TEMPLATES[Quote.State(found.state)]
    return render(request, template, context, status=status)


def _settled(request: AccountRequest, found: Quote) -> payment_presenter.SettledView:
    """Return where the money of a confirmed change is."""
    invoice: Invoice | None = getattr(found, "invoice", None)
    if invoice is None or not request.account.shows_costs:
        return payment_presenter.SettledView()
    transferred = invoice.bank_bookings.exists()
    zone = request.account.timezone
    return payment_presenter.settled(invoice, list(invoice.charges.all()), transferred=transferred, zone=zone)


def _order(request: AccountRequest, found: Quote) -> dict[str, str]:
    """Return what the order form begins with: the number of the profile is for who may see it."""
    sees = found.state == Quote.State.OPEN and request.gate.may(Action.VIEW_PAYMENT)
    usual = profile_presenter.values_of(request.account).purchase_order if sees else ""
    return {"purchase_order": found.purchase_order or usual, "terms_version": settings.SELLER.terms.version}


def _acts(request: AccountRequest, steps: int, *, costs_shown: bool) -> list[activity_presenter.ActivityRow]:
    """Return who did what to the subscription in the last steps of its version, the latest first."""
    if steps < 1:
        return []
    done = Activity.objects.filter(account=request.account, verb__in=OF_THE_SUBSCRIPTION).order_by("-pk")
    return activity_presenter.ActivityPresenter(request.account, costs_shown=costs_shown).tell(
        done[: min(steps, MOST_ACTS)]
    )


def _title(state: str) -> str:
    return {
        Quote.State.OPEN.value: _("Review and confirm"),
        Quote.State.HELD.value: _("Waiting for the payment"),
        Quote.State.CONFIRMED.value: _("Receipt"),
        Quote.State.FAILED.value: _("The payment did not go through"),
    }.get(str(state), _("This quote is no longer open"))


def _replaced(request: AccountRequest, found: Quote) -> Quote | None:
    """Return the quote that this one was drawn up in the place of, as the address names it."""
    try:
        was = UUID(request.GET.get("was", ""))
    except ValueError:
        return None
    if found.state != Quote.State.OPEN:
        return None
    return Quote.objects.filter(pk=was, subscription_id=request.account.pk, person=request.user).first()


def _confirm(request: AccountRequest, found: Quote) -> HttpResponse:
    """Carry out a quote exactly as shown, or lead to why not; nothing is half-done."""
    slug = request.account.slug
    here = reverse("quote", args=[slug, found.pk])
    back = request.build_absolute_uri(reverse("quote_return", args=[slug, found.pk]))
    order = OrderForm(request.POST)
    if found.state == Quote.State.OPEN:
        if not order.is_valid():
            return _show(request, found, order=order, status=422)
        renew_first(request)
    try:
        done = quotes.confirm(found.pk, occasion=request.occasion, return_url=back, order=_details(order))
    except quotes.TermsChanged:
        anew = OrderForm(
            initial=_order(request, found) | {"purchase_order": order.cleaned_data["purchase_order"]}
        )
        messages.warning(
            request, _("The terms of service changed since you opened this page: read them, then confirm.")
        )
        return _show(request, found, order=anew, status=422)
    except quotes.QuoteChanged as changed:
        return redirect(f"{reverse('quote', args=[slug, changed.new.pk])}?was={found.pk}")
    except payments.NoPaymentMethod:
        messages.warning(request, _("Something is due now: enter a payment method first, then confirm."))
        drafts.keep(request)
        return redirect(f"{reverse('payment', args=[slug])}?next={found.pk}")
    except UndecidedConflict:
        messages.warning(
            request, _("This change conflicts with one that was scheduled meanwhile: please choose.")
        )
        return redirect("manage", slug)
    except Refusal as refusal:
        return _show(request, found, refusal=refusal, status=422)
    except (quotes.QuoteOver, Quote.DoesNotExist):
        pass
    else:
        drafts.use_up_under(request, reverse("manage", args=[slug]))
        if done.state == Quote.State.CLOSED and done.request_id:
            messages.success(
                request, _("You approved it first. It is carried out once a second person approves it.")
            )
            return redirect("request", slug, done.request_id)
    return redirect(here)


def _details(order: OrderForm) -> quotes.OrderDetails:
    """Return what was said; a page that named no version showed the one in force."""
    given = order.cleaned_data if order.is_valid() else {}
    return quotes.OrderDetails(
        given.get("purchase_order", ""), given.get("terms_version") or settings.SELLER.terms.version
    )


@require_safe
@page(Action.VIEW_SUBSCRIPTION)
def request_receipt(request: AccountRequest, request_id: int) -> HttpResponse:
    """Show what an approved request was carried out as, to whoever may see the request."""
    of_account = Quote.objects.filter(subscription_id=request.account.pk, state=Quote.State.CONFIRMED)
    related = of_account.select_related("person", "request", "charge", "invoice")
    found = related.filter(request=request_id).first()
    if found is None:
        raise Http404
    return _show(request, found)


@require_http_methods(["GET", "HEAD", "POST"])
@page(Action.CHANGE_SUBSCRIPTION)
def quote_return(request: AccountRequest, quote_id: UUID) -> HttpResponse:
    """Take a customer back from the provider's page; a POST asks how the payment stands."""
    found = _find(request, quote_id)
    if found.state == Quote.State.HELD:
        if request.method != "POST":
            return render(request, "quotes/returned.html", {"quote": found})
        reconciliation.ask_on_return(found.charge.pk, occasion=request.occasion)
    return redirect("quote", request.account.slug, found.pk)


@require_POST
@page(Action.CHANGE_SUBSCRIPTION)
def quote_withdraw(request: AccountRequest, quote_id: UUID) -> HttpResponse:
    """Give up a change that waits for its payment."""
    found = _find(request, quote_id)
    after = quotes.withdraw(found.pk, occasion=request.occasion)
    if after.state == Quote.State.WITHDRAWN:
        messages.success(request, _("The change is withdrawn. Nothing was changed."))
    return redirect("quote", request.account.slug, found.pk)


@require_POST
@page(Action.CHANGE_SUBSCRIPTION)
def quote_again(request: AccountRequest, quote_id: UUID) -> HttpResponse:
    """Draw up the same changes anew, at today's prices, in the place of a quote that is over."""
    found = _find(request, quote_id)
    changes = changes_from_plain(found.changes)
    renew_first(request)
    try:
        new = quotes.draw_up(request.account, changes, occasion=request.occasion, request=found.request)
    except UndecidedConflict:
        return redirect("manage", request.account.slug)
    except Refusal as refusal:
        return _show(request, found, refusal=refusal, status=422)
    return redirect("quote", request.account.slug, new.pk)


@require_POST
@page(Action.VIEW_SUBSCRIPTION)
def undo(request: AccountRequest, change_id: int) -> HttpResponse:
    """Undo a change that waits for renewal, and go back to where that was asked."""
    mine = ScheduledChange.objects.filter(pk=change_id, subscription_id=request.account.pk)
    typed = edited(request) if request.POST.get("next") == "manage" else None
    if not mine.exists():
        messages.info(request, _("This change is no longer scheduled: it was undone or carried out."))
        return _back_from_undoing(request, typed)
    try:
        quotes.undo(change_id, occasion=request.occasion)
    except (quotes.UndoTooLate, ScheduledChange.DoesNotExist):
        messages.warning(
            request, _("It took effect already and can no longer be undone: make a new change instead.")
        )
    except Refusal as refusal:
        reading = loading.read(request.account, request.today)
        messages.warning(
            request,
            refusals.explain(
                refusal, reading.names if reading else Names(), contacts.vendor_contact(request.account)
            ),
        )
    else:
        messages.success(request, _("Undone. The subscription continues as it is."))
    return _back_from_undoing(request, typed)


def _back_from_undoing(request: AccountRequest, typed: list[str] | None) -> HttpResponse:
    if request.POST.get("next") == "manage" and request.gate.may(Action.REQUEST_CHANGE):
        return back_with_typed(request, typed)
    return redirect("subscription", request.account.slug)
