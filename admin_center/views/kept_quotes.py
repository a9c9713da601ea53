"""Quotes that are kept: listed, shown beside today's, taken up, read as PDF and by a link."""

from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import override
from django.views.decorators.http import require_POST, require_safe

from accounts.models import Account
from accounts.rules.decision import Action
from admin_center.documents import pdf
from admin_center.forms.kept_quotes import KeepForm
from admin_center.occasions import occasion_of
from admin_center.pages import AccountRequest, page
from admin_center.presenters import contacts
from admin_center.presenters import kept_quotes as presenter
from admin_center.presenters import quotes as quote_presenter
from admin_center.wording import differences, refusals
from billing import kept_quotes, quote_json
from billing.models import KeptQuote, Quote
from billing.rules.quoting import UndecidedConflict
from billing.rules.refusals import Refusal
from billing.storage import loading


@require_POST
@page(Action.CHANGE_SUBSCRIPTION)
def quote_keep(request: AccountRequest, quote_id: UUID) -> HttpResponse:
    """Keep the person's own open quote under a name."""
    mine = Quote.objects.filter(pk=quote_id, subscription_id=request.account.pk, person=request.user)
    if not mine.exists():
        raise Http404
    form = KeepForm(request.POST)
    if not form.is_valid():
        messages.warning(request, _("Give the quote a name of at most 120 characters to keep it."))
        return redirect("quote", request.account.slug, quote_id)
    try:
        kept = kept_quotes.keep(quote_id, **form.cleaned_data, occasion=request.occasion)
    except kept_quotes.NotKept:
        messages.warning(request, _("You have kept the maximum number of quotes: remove one first."))
        return redirect("kept_quotes", request.account.slug)
    except Quote.DoesNotExist:
        messages.info(request, _("This quote is no longer open: it can’t be kept."))
        return redirect("quote", request.account.slug, quote_id)
    return redirect("kept_quote", request.account.slug, kept.pk)


@require_safe
@page(Action.CHANGE_SUBSCRIPTION)
def kept_list(request: AccountRequest) -> HttpResponse:
    """List the quotes that are kept, the newest first."""
    listed = KeptQuote.objects.filter(subscription_id=request.account.pk).order_by("-kept_at", "-pk")
    shown = {"listed": [(one, presenter.due_of(one)) for one in listed], "currency": request.account.currency}
    return render(request, "kept_quotes/list.html", shown)


@require_safe
@page(Action.CHANGE_SUBSCRIPTION)
def kept_quote(request: AccountRequest, kept_id: UUID) -> HttpResponse:
    """Show a kept quote: alone where it holds, else beside today's with the reason of every difference."""
    return _show(request, _find(request, kept_id))


def _show(request: AccountRequest, kept: KeptQuote, *, address: str = "") -> HttpResponse:
    reading = loading.read(request.account, request.today)
    assert reading is not None  # the quote refers to the subscription
    costs_shown = bool(request.gate.may(Action.SEE_COSTS))
    found = kept_quotes.compare(request.account, kept, occasion=request.occasion)
    vendor = contacts.vendor_contact(request.account)
    context = {
        "page_title": kept.name,
        "kept": kept,
        "found": found,
        "was": quote_presenter.of(found.kept, reading, costs_shown=costs_shown),
        "priced": quote_presenter.of(found.today or found.kept, reading, costs_shown=costs_shown),
        "reasons": differences.sentences(found.differences, reading.names, costs_shown=costs_shown),
        "refused": refusals.explain(found.refused, reading.names, vendor) if found.refused else "",
        "refused_invoice": str(found.refused.data.get("invoice") or "") if found.refused else "",
        "address": address,
        "days": kept_quotes.READABLE_FOR.days,
    }
    return render(request, "kept_quotes/kept.html", context)


@require_POST
@page(Action.CHANGE_SUBSCRIPTION)
def kept_take_up(request: AccountRequest, kept_id: UUID) -> HttpResponse:
    """Draw up the same changes at today's prices, and lead to their review."""
    kept = _find(request, kept_id)
    try:
        quote = kept_quotes.take_up(kept.pk, occasion=request.occasion)
    except (Refusal, UndecidedConflict):
        # The page says why.
        return redirect("kept_quote", request.account.slug, kept.pk)
    return redirect("quote", request.account.slug, quote.pk)


@require_POST
@page(Action.CHANGE_SUBSCRIPTION)
def kept_remove(request: AccountRequest, kept_id: UUID) -> HttpResponse:
    """Keep a quote no longer."""
    kept_quotes.remove(_find(request, kept_id).pk, occasion=request.occasion)
    messages.success(request, _("The quote is removed, and its link no longer works."))
    return redirect("kept_quotes", request.account.slug)


@require_POST
@page(Action.CHANGE_SUBSCRIPTION)
def kept_link(request: AccountRequest, kept_id: UUID) -> HttpResponse:
    """Make the link by which whoever signs reads it, and show its address: this once."""
    kept = _find(request, kept_id)
    token = kept_quotes.make_link(kept.pk, occasion=request.occasion)
    kept.refresh_from_db()
    return _show(request, kept, address=f"{settings.ORIGIN}{reverse('kept_read', args=[token])}")


@require_POST
@page(Action.CHANGE_SUBSCRIPTION)
def kept_link_revoke(request: AccountRequest, kept_id: UUID) -> HttpResponse:
    """Let nobody read it by its link any more."""
    kept_quotes.revoke_link(_find(request, kept_id).pk, occasion=request.occasion)
    messages.success(request, _("The link is revoked: nobody reads the quote by it any more."))
    return redirect("kept_quote", request.account.slug, kept_id)


@require_safe
@page(Action.CHANGE_SUBSCRIPTION)
def kept_pdf(request: AccountRequest, kept_id: UUID) -> HttpResponse:
    """Hand out a kept quote as PDF, in the account's language; none where costs are not shown."""
    kept = _find(request, kept_id)
    if not request.account.shows_costs:
        raise Http404
    return _pdf(request.account, kept)


@require_safe
@login_not_required
def kept_read(request: Any, token: str) -> HttpResponse:
    """Show a kept quote, as PDF, to whoever holds its link; every other link is not there."""
    try:
        account = kept_quotes.account_of(token)
        kept = kept_quotes.find(token, occasion_of(request, account).at)
    except kept_quotes.KeptQuoteUnknown:
        raise Http404 from None
    # Whose texts and amounts the holder of the link reads.
    request.paid_for = account
    response = _pdf(account, kept, "inline")
    response["Referrer-Policy"] = "no-referrer"
    return response


def _pdf(account: Account, kept: KeptQuote, how: str = "attachment") -> HttpResponse:
    reading = loading.read(account, kept.on)
    assert reading is not None
    seller = settings.SELLER
    with override(account.language):
        told = presenter.told(kept, quote_json.load(kept.document), reading, account, seller)
    content = pdf.compose("quote.typ", told, name=f"quote {kept.pk}", day=kept.on, logo=seller.logo)
    headers = {"Content-Disposition": f'{how}; filename="quote-{kept.on}.pdf"'}
    return HttpResponse(content, content_type="application/pdf", headers=headers)


def _find(request: AccountRequest, kept_id: UUID) -> KeptQuote:
    found = KeptQuote.objects.filter(pk=kept_id, subscription_id=request.account.pk).first()
    if found is None:
        raise Http404
    return found
