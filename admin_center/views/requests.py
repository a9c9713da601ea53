"""One change request: who asks for what, what it costs, what is said about it, and the decision."""

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.rules.decision import Action
from accounts.rules.texts import OddCharacter, tidy
from admin_center import drafts
from admin_center.due_renewals import renew_first
from admin_center.forms.fields import refusal
from admin_center.pages import AccountRequest, page
from admin_center.presenters import approvals as approval_presenter
from admin_center.presenters import contacts, requests
from admin_center.presenters import quotes as quote_presenter
from admin_center.wording import refusals
from billing import change_request_talk, change_requests, quote_json
from billing.models import ChangeRequest
from billing.rules import quoting
from billing.rules.quoting import UndecidedConflict
from billing.rules.refusals import AlreadyBought, AlreadyScheduled, HeldChange, NoChange, Refusal
from billing.rules.settlement import Settlement
from billing.storage import loading
from billing.storage.loading import LoadedFacts

# Why a request closes by itself where what it asks for was done on another way.
SO_ALREADY = {NoChange.code, AlreadyBought.code, AlreadyScheduled.code}


@require_safe
@page(Action.VIEW_SUBSCRIPTION)
def request(request: AccountRequest, request_id: int) -> HttpResponse:
    """Show a request with its cost at today's quote and at that of the day it was made."""
    kept = drafts.of(request)
    typed = kept.first if kept else {}
    return _show(
        request,
        _find(request, request_id),
        text=typed.get("reason", ""),
        said=typed.get("comment", ""),
        kept=kept,
    )


def _find(request: AccountRequest, request_id: int) -> ChangeRequest:
    found = ChangeRequest.objects.filter(pk=request_id, subscription_id=request.account.pk).first()
    if found is None:
        raise Http404
    return found


def _show(
    request: AccountRequest,
    asked: ChangeRequest,
    *,
    error: str = "",
    text: str = "",
    said: str = "",
    unsaid: str = "",
    kept: drafts.FormDraft | None = None,
    status: int = 200,
) -> HttpResponse:
    reading = loading.read(request.account, request.today, holders=True)
    assert reading is not None  # the request refers to the subscription
    costs_shown = bool(request.gate.may(Action.SEE_COSTS))
    then = None
    if asked.document:
        shown = quote_json.load(asked.document)
        then = quote_presenter.of(shown, reading, costs_shown=costs_shown)
    quote, refusal = _today(request, asked, reading)
    now = quote_presenter.of(quote, reading, costs_shown=costs_shown) if quote else None
    told = requests.view_of(
        asked,
        reading.names,
        at=request.occasion.at,
        held=reading.facts,
        receipt=requests.receipts([asked]).get(asked.pk),
    )
    context = {
        "asked": asked,
        "told": told,
        "dated": requests.dated(asked, told, quote),
        "now": now,
        "then": then,
        "differs": bool(now and then and _sums(now) != _sums(then)),
        "so_already": asked.reason in SO_ALREADY,
        "refusal": refusal,
        "rule": None
        if change_requests.decided_by_staff(request.account)
        else approval_presenter.rule_of(request.account, asked, quote, reading.facts),
        "comments": requests.comments(asked),
        "may_comment": request.gate.may(Action.REQUEST_CHANGE),
        "rejecting": "reject" in request.GET or bool(text),
        "may_decide": request.gate.may(Action.DECIDE_REQUESTS),
        "own": asked.requester_id == request.user.pk,
        "staff_decide": change_requests.decided_by_staff(request.account),
        "kept": kept,
        "error": error,
        "text": text,
        "said": said,
        "unsaid": unsaid,
    }
    return render(request, "requests/page.html", context, status=status)


def _sums(one: quote_presenter.QuoteView) -> tuple[Settlement, int]:
    """Return what a quote costs now and at the renewal."""
    return one.settlement, one.renewal.amount


def _today(
    request: AccountRequest, asked: ChangeRequest, reading: LoadedFacts
) -> tuple[quoting.PricedQuote | None, str]:
    """Return what the request would be today, or why it can't be made today."""
    if asked.state != ChangeRequest.State.OPEN:
        return None, ""
    try:
        return requests.quoted(asked, reading, request.today), ""
    except Refusal as refusal:
        return None, refusals.explain(refusal, reading.names, contacts.vendor_contact(request.account))


@require_POST
@page(Action.DECIDE_REQUESTS)
def approve(request: AccountRequest, request_id: int) -> HttpResponse:
    """Draw up a new quote for the one who decides, and lead to its review."""
    asked = _find(request, request_id)
    renew_first(request)
    try:
        quote = change_requests.draw_up(asked.pk, occasion=request.occasion)
    except change_requests.OwnRequest:
        return _show(request, asked, error=_("Nobody decides their own request."), status=403)
    except change_requests.RequestOver:
        messages.warning(request, _("It was decided, withdrawn or closed meanwhile."))
        return redirect("request", request.account.slug, asked.pk)
    except UndecidedConflict:
        messages.info(request, _("It conflicts with a scheduled change: please choose."))
        return redirect(f"{reverse('manage', args=[request.account.slug])}?request={asked.pk}")
    except Refusal:
        return _show(request, asked, status=422)
    return redirect("quote", request.account.slug, quote.pk)


@require_POST
@page(Action.DECIDE_REQUESTS)
def reject(request: AccountRequest, request_id: int) -> HttpResponse:
    """Say no, with a reason that the requester is told."""
    asked, reason = _find(request, request_id), request.POST.get("reason", "")
    try:
        reason = tidy(reason, lines=True)
        change_requests.reject(asked.pk, reason=reason, occasion=request.occasion)
    except change_requests.OwnRequest:
        return _show(request, asked, error=_("Nobody decides their own request."), status=403)
    except OddCharacter as odd:
        error = refusal(odd).messages[0]
        return _show(request, asked, error=error, text=reason[:5000], status=422)
    except change_requests.NoteTooLong:
        error = _("Give a reason of 1 to 2,000 characters.")
        return _show(request, asked, error=error, text=reason[:5000], status=422)
    except change_requests.RequestOver:
        messages.warning(request, _("It was decided, withdrawn or closed meanwhile."))
    else:
        messages.success(request, _("The request is rejected. The requester is notified."))
    return redirect("request", request.account.slug, asked.pk)


@require_POST
@page(Action.VIEW_SUBSCRIPTION)
def withdraw(request: AccountRequest, request_id: int) -> HttpResponse:
    """Take one's own request back."""
    asked = _find(request, request_id)
    try:
        change_requests.withdraw(asked.pk, occasion=request.occasion)
    except ChangeRequest.DoesNotExist:
        return _show(request, asked, error=_("Only the requester can withdraw it."), status=403)
    except HeldChange:
        messages.warning(request, _("It is being paid already, and can no longer be withdrawn."))
    except change_requests.RequestOver:
        messages.warning(request, _("It was decided, withdrawn or closed meanwhile."))
    else:
        messages.success(request, _("The request is withdrawn."))
    return redirect("request", request.account.slug, asked.pk)


@require_POST
@page(Action.REQUEST_CHANGE)
def comment(request: AccountRequest, request_id: int) -> HttpResponse:
    """Say something about an open request; everybody in the conversation is told."""
    asked, text = _find(request, request_id), request.POST.get("comment", "")
    try:
        text = tidy(text, lines=True)
        change_request_talk.comment(asked.pk, text=text, occasion=request.occasion)
    except OddCharacter as odd:
        return _show(request, asked, said=text[:5000], unsaid=refusal(odd).messages[0], status=422)
    except change_requests.NoteTooLong:
        error = _("Write 1 to 2,000 characters.")
        return _show(request, asked, said=text[:5000], unsaid=error, status=422)
    except change_request_talk.TooManyComments:
        error = _("This request has 100 comments, and takes no more. Please decide it, or write an e-mail.")
        return _show(request, asked, said=text[:5000], unsaid=error, status=422)
    except change_requests.RequestOver:
        messages.warning(request, _("It was decided, withdrawn or closed meanwhile."))
        asked.refresh_from_db()
        return _show(request, asked, said=text[:5000], status=422)
    messages.success(request, _("Your comment is written. The others are notified."))
    return redirect(f"{reverse('request', args=[request.account.slug, asked.pk])}#conversation")
