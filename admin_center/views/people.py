"""Team members and their seats."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from zoneinfo import ZoneInfo

from django.db.models import CharField, Exists, OuterRef, Value
from django.db.models.functions import Cast, Concat, Left
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.models import Invitation, Letter, Membership, User
from accounts.rules.decision import Action
from admin_center import pagination
from admin_center.forms.people import PeopleSearch
from admin_center.pages import AccountRequest, page
from admin_center.presenters import seats as seat_presenter
from admin_center.presenters import temporary, unused_seats
from billing import seat_invitations
from billing.models import AgentSeat, PlannedInvitation, Quote
from billing.storage import loading

PAGE_SIZE = 50
BY_NAME = pagination.Order("listed_as", pagination.words)
# Open invitations that are listed; as one is accepted or revoked, the next comes into view.
MOST_INVITATIONS = 50


@require_safe
@page(Action.VIEW_PEOPLE)
def people(request: AccountRequest) -> HttpResponse:
    """List the members by name with their role and seats, and the seats bought and used on top."""
    at = request.occasion.at
    reading = loading.read(request.account, request.today)
    seated = seat_presenter.of(request, reading)
    form = PeopleSearch(request.GET, products=[(place.product, place.name) for place in seated])
    everyone = Membership.objects.filter(account=request.account).select_related("user")
    listed = pagination.cut(form.chosen(everyone, at=at), BY_NAME, request.GET, size=PAGE_SIZE)
    held, zone = _seat_products(listed.rows), ZoneInfo(request.account.timezone)
    filtered = any(form.data.get(name) for name in form.fields)
    return render(
        request,
        "people/list.html",
        {
            "form": form,
            "listed": listed,
            "rows": [_row(member, held[member.pk], zone) for member in listed.rows],
            "seated": seated,
            "surplus": [] if filtered else temporary.surplus(request.account, reading),
            "filtered": filtered,
            "may_manage": request.gate.may(Action.MANAGE_PEOPLE),
            "hints": [] if filtered else unused_seats.hints(request.account, seated, at=at),
            "planned": [] if filtered else _planned(request),
            "invitations": [] if filtered else _invitations(request),
        },
    )


@dataclass(frozen=True, slots=True)
class MemberRow:
    """A member as the list shows them; `seen_on` is the day of the last sign-in in the account's zone."""

    id: int
    user: User
    role: str
    seats: list[str]
    seen_on: date | None
    state: str


def _row(member: Membership, seats: list[str], zone: ZoneInfo) -> MemberRow:
    counts = member.suspended_at is None and member.user.is_active
    seen = member.user.last_login
    return MemberRow(
        member.pk,
        member.user,
        member.role,
        seats,
        seen.astimezone(zone).date() if seen else None,
        "active" if counts else "suspended",
    )


def _seat_products(members: Iterable[Membership]) -> defaultdict[int, list[str]]:
    """Return the names of the products in which each of these members holds a seat."""
    seats = AgentSeat.objects.filter(membership__in=[member.pk for member in members], line__ended_on=None)
    held = defaultdict(list)
    rows = seats.order_by("line__product__position").values_list("membership_id", "line__product__name")
    for member_id, name in rows:
        held[member_id].append(name)
    return held


def _planned(request: AccountRequest) -> list[tuple[Quote, list[PlannedInvitation]]]:
    """Return who waits for seats that were quoted and not bought, by the quote."""
    rows = groupby(seat_invitations.waiting(request.account.pk), key=lambda one: one.quote)
    return [(quote, list(waiting)) for quote, waiting in rows]


def _invitations(request: AccountRequest) -> list[Invitation]:
    """Return who was invited and has neither joined nor been told off, the newest first."""
    at = request.occasion.at
    waiting = Invitation.objects.filter(account=request.account, accepted_at=None, revoked_at=None)
    # As accounts/mail.py names the letter of an invitation.
    key = Left(
        Concat(Value("invited:"), Cast("pk", CharField()), Value(":"), "email", output_field=CharField()), 120
    )
    given_up = Letter.objects.filter(key=OuterRef("letter"), failed_at__isnull=False)
    waiting = waiting.annotate(letter=key).annotate(undelivered=Exists(given_up))
    found: list[Invitation] = list(waiting.order_by("-pk")[:MOST_INVITATIONS])
    for one in found:
        one.over = one.expires_at <= at  # type: ignore[attr-defined]
    return found
