"""The subscription summary (domain.md 4)."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.rules.decision import Action, DenialReason
from admin_center import drafts
from admin_center.pages import AccountRequest, page
from admin_center.presenters import contacts, regret, requests, temporary
from admin_center.presenters import subscription as subscription_presenter
from admin_center.wording import labels, notices, phrases
from billing.rules.names import Names
from billing.storage import loading


@require_safe
@page(Action.VIEW_SUBSCRIPTION)
def subscription(request: AccountRequest) -> HttpResponse:
    """Show what the company has bought, what it costs, and what waits for renewal."""
    asked = request.GET.get("tab") == "requests"
    # Who holds seats decides what combining products would cost.
    reading = loading.read(request.account, request.today, holders=asked)
    shown: dict[str, object] = _frame(request, reading)
    if asked:
        return _requests(request, reading, shown)
    shown["surplus"] = temporary.surplus(request.account, reading)
    shown["summary"] = summed = subscription_presenter.of(reading, request.today)
    reduces = request.gate.may(Action.REDUCE)
    # Where the type of the account gives nothing back, nothing is offered.
    open_to_it = reduces.reason is not DenialReason.ACCOUNT_TYPE
    shown |= {
        "may_reduce": reduces,
        "regret": regret.rows(reading, request.today, contacts.vendor_contact(request.account))
        if summed and open_to_it
        else [],
    }
    if shown["regret"]:
        shown["kept"] = drafts.of(request)
    if reading and summed and summed.renewal:
        costs_shown = bool(request.gate.may(Action.SEE_COSTS))
        shown["consequences"] = notices.sentences(
            summed.renewal.notices, reading.names, reading.labels, costs_shown=costs_shown
        )
    return render(request, "subscription/summary.html", shown)


def _requests(
    request: AccountRequest, reading: loading.LoadedFacts | None, shown: dict[str, object]
) -> HttpResponse:
    """Show the requests that wait, and those that were decided last."""
    at = request.occasion.at
    shown["requests"] = requests.open_requests(request.account, reading, request.GET, at=at, on=request.today)
    shown["decided"] = requests.decided(request.account, reading.names if reading else Names(), at=at)
    return render(request, "subscription/requests.html", shown)


def _frame(request: AccountRequest, reading: loading.LoadedFacts | None) -> dict[str, object]:
    """Return what both tabs show: what this person may do, the number of requests, the account's terms."""
    may = request.gate.may
    return {
        "open_requests": reading.open_requests if reading else 0,
        "may_manage": may(Action.CHANGE_SUBSCRIPTION),
        "may_request": may(Action.REQUEST_CHANGE),
        "may_undo": may(Action.UNDO_CHANGE),
        "may_cancel": may(Action.CANCEL_ACCOUNT),
        "zone": phrases.zone(request.account.timezone),
        "account_type": labels.account_type(request.account.type),
    }
