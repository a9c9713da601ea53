"""Invites people to seats: at once where these are there, else with the purchase of what is missing."""

from collections.abc import Sequence
from uuid import UUID

from django.db import transaction

from accounts import invitations
from accounts.gate import Gate
from accounts.models import Account
from accounts.occasion import Occasion
from accounts.rules.decision import Action
from accounts.rules.roles import Role, given_by_owner
from billing import planned_invitations, promised_seats, quotes, renewal
from billing.models import PlannedInvitation, Quote
from billing.rules.changes import AddSeats
from billing.storage import loading


class NothingPlanned(Exception):
    """Nobody waits for the seats of a quote."""


def invite(
    account: Account,
    people: Sequence[invitations.Invitee],
    role: Role,
    *,
    occasion: Occasion,
    seat: str = "",
    buy: bool = False,
) -> Quote | None:
    """Invite people, all or none; return the quote of the seats to buy first, None where they are invited.

    With `buy` the seats of `seat` that are missing for them are quoted, once for all, and the
    invitations wait for its confirmation. Raises NotAllowed, NotInvited with the address, and as
    `quotes.draw_up`.
    """
    _demand(account, role, occasion)
    if seat and buy:
        renewal.renew(account.pk, occasion=occasion)
    with transaction.atomic():
        locked = Account.objects.lock(account.pk)
        missing = _missing(locked, seat, len(people), occasion) if seat and buy else 0
        if not missing:
            for one in people:
                invitations.invite(locked, one.email, one.name, role, occasion=occasion, seat=seat)
            return None
        invitations.check(locked, people, role, at=occasion.at)
        return _quote(locked, people, role, seat, missing, occasion)


def resume(quote: Quote, *, occasion: Occasion) -> Quote | None:
    """Draw up anew what people wait for, with as many seats as are missing by now; None where none is.

    Then they are invited at once. Raises NothingPlanned, NotAllowed, NotInvited, and as `quotes.draw_up`.
    """
    waiting = list(PlannedInvitation.objects.filter(quote=quote, invitation=None, refusal="").order_by("pk"))
    if not waiting or quote.state in (Quote.State.HELD, Quote.State.CONFIRMED):
        raise NothingPlanned
    people = [invitations.Invitee(one.email, one.name) for one in waiting]
    account = Account.objects.get(pk=quote.subscription_id)
    made = invite(account, people, Role(waiting[0].role), occasion=occasion, seat=waiting[0].seat, buy=True)
    PlannedInvitation.objects.filter(pk__in=[one.pk for one in waiting]).delete()
    return made


@transaction.atomic
def discard(quote_id: UUID, *, occasion: Occasion) -> None:
    """Forget whom a quote was for, and close it; nobody is invited, nothing is bought. Raises NotAllowed."""
    account = Account.objects.lock_for(Quote, quote_id)
    Gate(occasion.person, account, on=occasion.on).demand(Action.MANAGE_PEOPLE)
    PlannedInvitation.objects.filter(quote=quote_id, invitation=None, quote__state__in=_LEFT).delete()
    Quote.objects.filter(pk=quote_id, state=Quote.State.OPEN).update(state=Quote.State.CLOSED)


# What a quote may be while those it is for still wait for somebody to go on.
_LEFT = (Quote.State.OPEN, Quote.State.CLOSED, Quote.State.FAILED, Quote.State.WITHDRAWN)


def waiting(account_id: int) -> list[PlannedInvitation]:
    """Return who waits for seats that were quoted and not bought, the newest quote first."""
    rows = PlannedInvitation.objects.filter(
        quote__subscription_id=account_id, quote__state__in=_LEFT, invitation=None, refusal=""
    )
    return list(rows.select_related("quote__person").order_by("-quote__created_at", "pk"))


def _demand(account: Account, role: Role, occasion: Occasion) -> None:
    gate = Gate(occasion.person, account, on=occasion.on)
    gate.demand(Action.MANAGE_ROLES if given_by_owner(role) else Action.MANAGE_PEOPLE)


def _missing(account: Account, seat: str, wanted: int, occasion: Occasion) -> int:
    """Return how many seats are missing for so many people, beside those that are promised already."""
    reading = loading.read(account, occasion.on, holders=True)
    line = next((one for one in reading.facts.lines if one.product == seat), None) if reading else None
    if reading is None or line is None:
        return 0
    extra = sum(
        one.quantity
        for one in reading.facts.temporary
        if one.product == seat and one.covers.contains(occasion.on)
    )
    left = line.quantity + extra - line.seats_in_use
    return max(0, wanted - left + promised_seats.promised(account.pk, occasion.at)[seat])


def _quote(
    account: Account,
    people: Sequence[invitations.Invitee],
    role: Role,
    seat: str,
    missing: int,
    occasion: Occasion,
) -> Quote:
    """Draw up the one quote for all of them, and let them wait for it."""
    reading = loading.read(account, occasion.on)
    assert reading is not None  # seats are missing of one of its lines
    bought = next(one.quantity for one in reading.facts.lines if one.product == seat)
    made = quotes.draw_up(account, [AddSeats(seat, bought + missing)], occasion=occasion)
    planned_invitations.plan(made, people, role, seat)
    return made
