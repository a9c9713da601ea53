"""A member's private calendar of what is coming: its secret link made and revoked, and what is behind it."""

from http import HTTPStatus

from allauth.core.internal.ratelimit import consume
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.gate import Gate
from accounts.rules.capabilities import AccountState
from accounts.rules.decision import Action, DenialReason
from admin_center.occasions import occasion_of
from admin_center.pages import AccountRequest, page
from admin_center.presenters import calendar as calendar_presenter
from billing import calendar_links
from billing.models import CalendarLink
from billing.storage import loading

# A calendar is read about once a day, by a few programs.
READINGS = {"calendar": "60/h/key"}


@require_POST
@page(Action.VIEW_SUBSCRIPTION)
def calendar_make(request: AccountRequest) -> HttpResponse:
    """Make the link, in the place of an earlier one, and show its address: this once."""
    token = calendar_links.make(request.account, occasion=request.occasion)
    address = f"{settings.ORIGIN}{reverse('calendar', args=[token])}"
    return render(request, "calendar/made.html", {"address": address})


@require_POST
@page(Action.VIEW_SUBSCRIPTION)
def calendar_revoke(request: AccountRequest) -> HttpResponse:
    """Revoke the link: calendars that have it get nothing more."""
    if calendar_links.revoke(request.account, occasion=request.occasion):
        messages.success(request, _("The link is revoked: calendars that have it get nothing more."))
    return redirect("renewal", request.account.slug)


@require_safe
@login_not_required
def calendar(request: HttpRequest, token: str) -> HttpResponse:
    """Hand out what is coming to whoever holds the link, by what its member may see at this moment."""
    try:
        link = calendar_links.find(token)
    except calendar_links.CalendarLinkUnknown:
        raise Http404 from None
    if not _counted(request, link):
        return HttpResponse(status=HTTPStatus.TOO_MANY_REQUESTS, headers={"Retry-After": "3600"})
    member = link.membership
    account, person = member.account, member.user
    if account.state == AccountState.CANCELLED:
        return HttpResponse(status=HTTPStatus.GONE)
    occasion = occasion_of(request, account)
    gate = Gate(person, account, on=occasion.on)
    seen = gate.may(Action.VIEW_SUBSCRIPTION)
    if seen.reason is DenialReason.ROLE:
        raise Http404
    calendar_links.note_reading(link, occasion.at)
    # Where the account is closed for now, a suspended one, nothing is planned.
    reading = loading.read(account, occasion.on) if seen else None
    with translation.override(person.language or account.language):
        content = calendar_presenter.of(
            account,
            reading,
            on=occasion.on,
            at=occasion.at,
            costs_shown=bool(gate.may(Action.SEE_COSTS)),
        )
    headers = {"Content-Disposition": 'inline; filename="renewals.ics"'}
    return HttpResponse(content, content_type="text/calendar; charset=utf-8", headers=headers)


def _counted(request: HttpRequest, link: CalendarLink) -> bool:
    """Count a reading of a link; return whether there may be one more."""
    usage = consume(
        request, app="calendar", action="calendar", config=READINGS, key=str(link.pk), limit_get=True
    )
    return usage is not None
