"""Paying an invoice by the link in its letter: without an account, and without signing in.

The page behind the link shows what is charged and leads to the payment provider's own page; from there
the way back carries a state that this browser's session knows, never the link's token.
"""

from collections.abc import Callable
from email.utils import parseaddr
from typing import Any, assert_never

import structlog
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from accounts.models import Account
from accounts.occasion import Occasion
from admin_center.documents import pdf
from admin_center.occasions import occasion_of
from admin_center.presenters import documents as document_presenter
from admin_center.presenters import quotes as quote_presenter
from billing import documents, payment_links, payment_methods
from billing.models import Charge, Invoice, PaymentLink, PaymentSetup
from billing.rules.tax_json import row_from_plain


class LinkRequest(HttpRequest):
    """A request whose link or way back was found: whose costs the page shows."""

    paid_for: Account
    occasion: Occasion


# Of the pages that were opened at the provider, how many a session remembers.
MOST_PAGES = 5
PAGES = "payment_link_pages"


@require_http_methods(["GET", "HEAD", "POST"])
@csrf_exempt
@login_not_required
def link(request: LinkRequest, token: str) -> HttpResponse:
    """Show what a link pays; a POST leads to the provider's page. Every link that is none gets one answer.

    No other page learns the address, and so the browser names no origin to us either: what proves that a
    form is ours is the token in its address, which nobody else can know.
    """
    response = _answer(request, lambda: payment_links.account_of(token), lambda: _by_token(request, token))
    response["Referrer-Policy"] = "no-referrer"
    return response


@require_http_methods(["GET", "HEAD", "POST"])
@login_not_required
def back(request: LinkRequest) -> HttpResponse:
    """Take whoever pays back from the provider's page: show what was entered, and on a POST pay with it."""
    state = (request.POST if request.method == "POST" else request.GET).get("state", "")[:200]
    if state not in request.session.get(PAGES, []):
        return _unknown(request, returned=True)
    return _answer(request, lambda: payment_links.account_of_page(state), lambda: _by_state(request, state))


def _answer(
    request: LinkRequest, account_of: Callable[[], Account], answer: Callable[[], HttpResponse]
) -> HttpResponse:
    """Answer in the clock of the link's account; where the link is none or over, say whom to ask."""
    try:
        account = account_of()
    except payment_links.LinkUnknown:
        return _unknown(request)
    except payment_methods.SetupOver:
        return _unknown(request, returned=True)
    # What the frame shows of costs goes by the type of the account that is paid for.
    request.paid_for = account
    structlog.contextvars.bind_contextvars(account=account.slug)
    request.occasion = occasion_of(request, account)
    try:
        return answer()
    except payment_links.LinkOver as over:
        context = {"account": account, "why": over.why.value, "subject": _("An invoice to pay")}
        return render(request, "payment_links/over.html", context, status=410)


def _unknown(request: LinkRequest, *, returned: bool = False) -> HttpResponse:
    context = {"returned": returned, "ask": parseaddr(settings.DEFAULT_FROM_EMAIL)[1]}
    return render(request, "payment_links/unknown.html", context, status=404)


# --- Behind the token --------------------------------------------------------------------------------


def _by_token(request: LinkRequest, token: str) -> HttpResponse:
    found = payment_links.find(token, request.occasion.at)
    if request.method == "POST":
        return _begin(request, found) or _show(request, found, status=422)
    if request.GET.get("as") == "pdf" and not found.invoice.is_brought_in:
        return _pdf(found.invoice)
    return _show(request, found)


def _pdf(invoice: Invoice) -> HttpResponse:
    """Hand out the invoice as PDF, which names nobody of the account."""
    document = documents.read(invoice).for_outsiders()
    content = pdf.write(document, document_presenter.told(document))
    headers = {"Content-Disposition": f'attachment; filename="{invoice.number}.pdf"'}
    return HttpResponse(content, content_type="application/pdf", headers=headers)


def _begin(request: LinkRequest, found: PaymentLink) -> HttpResponse | None:
    """Lead to the provider's page; None, with the reason told, where that can't be now."""
    return_url = request.build_absolute_uri(reverse("pay_return"))
    try:
        begun = payment_links.begin(found, at=request.occasion.at, return_url=return_url)
    except (payment_links.PaymentInProgress, payment_links.TooManyDeclined):
        # The page says so by itself.
        return None
    except payment_methods.ProviderUnreachable:
        messages.error(request, _("The payment provider does not answer. Try again in a moment."))
        return None
    request.session[PAGES] = [*request.session.get(PAGES, [])[1 - MOST_PAGES :], begun.state]
    return redirect(begun.address)


# --- Back from the provider's page --------------------------------------------------------------------


def _by_state(request: LinkRequest, state: str) -> HttpResponse:
    setup = payment_links.page(state)
    assert setup.link is not None
    if request.method != "POST":
        return _show_return(request, setup, state)
    here = f"{reverse('pay_return')}?{urlencode({'state': state})}"
    match request.POST.get("act", ""):
        case "again":
            return _begin(request, setup.link) or _show_return(request, setup, state, status=422)
        case "look":
            payment_links.look(setup.link, occasion=request.occasion)
            return redirect(here)
        case "pay":
            return _pay(request, setup, state, here)
        case _:
            return _show_return(request, setup, state, status=422)


def _pay(request: LinkRequest, setup: PaymentSetup, state: str, here: str) -> HttpResponse:
    """Pay, and lead to what came of it: to the bank's page, or back to this one."""
    # Who comes back from their bank sees how it went without pressing a button more.
    return_url = request.build_absolute_uri(f"{here}&from=bank")
    try:
        charge = payment_links.pay(state, occasion=request.occasion, return_url=return_url)
    except payment_methods.ProviderUnreachable:
        messages.error(request, _("The payment provider does not answer. Try again in a moment."))
    except payment_methods.SetupOver:
        messages.warning(request, _("What you entered an hour ago is no longer kept: enter it again."))
    except (payment_links.PaymentInProgress, payment_links.TooManyDeclined, payment_links.NothingEntered):
        return _show_return(request, setup, state, status=422)
    else:
        if charge.state == Charge.State.ACTION:
            return redirect(charge.action_url)
    return redirect(here)


def _show_return(request: LinkRequest, setup: PaymentSetup, state: str, status: int = 200) -> HttpResponse:
    assert setup.link is not None
    how = payment_links.standing(setup.link, request.occasion.at)
    if not how.paid:
        _demand_open(request, setup.link)
    entered = None
    if not (how.paid or how.going_on or setup.used_at or payment_links.is_old(setup, request.occasion.at)):
        try:
            entered = payment_links.entered(setup)
        except payment_methods.ProviderUnreachable:
            messages.error(
                request, _("The payment provider does not answer. Open this page again in a moment.")
            )
    return _show(request, setup.link, state=state, setup=setup, entered=entered, status=status)


def _demand_open(request: LinkRequest, found: PaymentLink) -> None:
    """Raise LinkOver where a link that was open when the provider's page was opened no longer is."""
    if why := payment_links.over(request.paid_for, found, request.occasion.at):
        raise payment_links.LinkOver(why)


# --- Shown -------------------------------------------------------------------------------------------


def _show(
    request: LinkRequest,
    found: PaymentLink,
    *,
    state: str = "",
    setup: PaymentSetup | None = None,
    entered: Any = None,
    status: int = 200,
) -> HttpResponse:
    how, invoice = payment_links.standing(found, request.occasion.at), found.invoice
    step = _step(how, setup, entered)
    context = {
        "account": request.paid_for,
        "invoice": invoice,
        "rows": quote_presenter.invoiced(invoice.lines.all(), invoice.currency),
        "currency": invoice.currency,
        "taxes": [row_from_plain(row) for row in invoice.taxes],
        "minus_prepaid": -invoice.prepaid,
        "step": step,
        # Nobody is asked for a transfer while another payment goes on, or was made.
        "transfer": _transfer(invoice) if step in ("ready", "declined", "nothing", "too_many") else None,
        # Only who came by the link itself: the way back from the provider doesn't carry it.
        "has_pdf": not (state or invoice.is_brought_in),
        "how": how,
        "mine": how.going_on is not None and how.going_on.link_id == found.pk,
        "until": found.expires_at,
        "entered": entered,
        "state": state,
        "from_bank": request.GET.get("from") == "bank",
        "subject": invoice.number,
    }
    return render(request, "payment_links/page.html", context, status=status)


def _transfer(invoice: Invoice) -> document_presenter.DocumentView | None:
    """Return how an invoice is paid by transfer: as its document says, where it was issued to be paid so."""
    view = document_presenter.view_of(documents.read(invoice), open_=True)
    return view if view.bank else None


def _step(how: payment_links.PaymentLinkState, setup: PaymentSetup | None, entered: Any) -> str:
    """Return where the one who pays stands: what the page says, and what its button does."""
    if how.paid:
        return "paid"
    if how.going_on is not None:
        return _going_on(Charge.State(how.going_on.state))
    if how.next_at is not None:
        return "too_many"
    if setup is None:
        return "ready"
    if setup.used_at is not None:
        return "declined"
    return "entered" if entered else "nothing"


def _going_on(state: Charge.State) -> str:
    """Return what an open payment waits for: the customer's bank, its own time, or an answer."""
    match state:
        case Charge.State.ACTION:
            return "bank"
        case Charge.State.PROCESSING:
            return "collecting"
        case Charge.State.CREATED | Charge.State.SENDING | Charge.State.UNKNOWN:
            return "going_on"
        case Charge.State.SUCCEEDED | Charge.State.FAILED:
            raise ValueError(state)
        case _:
            assert_never(state)
