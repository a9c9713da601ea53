"""The coming renewal: what renews at which price, what changes, and who holds the seats (domain.md 4)."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.rules.decision import Action
from admin_center.pages import AccountRequest, page
from admin_center.presenters import renewal as renewal_presenter
from admin_center.presenters import seats as seat_presenter
from admin_center.presenters import subscription as subscription_presenter
from admin_center.presenters import unused_seats
from admin_center.wording import phrases
from billing.models import CalendarLink
from billing.rules.refusals import Refusal
from billing.rules.renewal_comparison import RenewalComparison, compare
from billing.storage import loading


@require_safe
@page(Action.VIEW_SUBSCRIPTION)
def renewal(request: AccountRequest) -> HttpResponse:
    """Show the coming renewal beside today; nothing is changed here: its ways lead to where that is done."""
    account, may = request.account, request.gate.may
    reading = loading.read(account, request.today)
    seated = seat_presenter.of(request, reading)
    comparison = _comparison(request, reading)
    costs_shown = bool(may(Action.SEE_COSTS))
    shown = {
        "summary": subscription_presenter.of(reading, request.today),
        "view": renewal_presenter.of(comparison, reading, costs_shown=costs_shown)
        if comparison and reading
        else None,
        "seats": renewal_presenter.seat_use(account, seated),
        "hints": unused_seats.hints(account, seated, at=request.occasion.at),
        "calendar_link": CalendarLink.objects.filter(membership=request.membership).first(),
        "may_manage": may(Action.CHANGE_SUBSCRIPTION),
        "may_request": may(Action.REQUEST_CHANGE),
        "may_undo": may(Action.UNDO_CHANGE),
        "may_cancel": may(Action.CANCEL_ACCOUNT),
        "zone": phrases.zone(account.timezone),
    }
    return render(request, "renewal/renewal.html", shown)


def _comparison(request: AccountRequest, reading: loading.LoadedFacts | None) -> RenewalComparison | None:
    """Return the renewal beside today; None where nothing is bought, or it can't be priced yet."""
    try:
        return compare(reading.facts, request.today) if reading else None
    except Refusal:
        return None
