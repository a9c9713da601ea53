"""The own clock of a sandbox account: put on it, and moved forward with all that lies in between.

The clock is moved from one moment to the next at which something may be due: the beginning of each day
of the account, and whatever ends at a time of day. At each, the steps of the background work are taken.
"""

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import transaction

from accounts import activity, mail, staff
from accounts.models import Account, Activity, Invitation, Letter, OwnershipOffer
from accounts.occasion import Occasion
from accounts.rules.activity import ActivityVerb
from billing import own_clock_steps, payments
from billing.models import ChangeRequest, ClockMove, PaymentMethod
from billing.provider import is_sandbox
from billing.rules.change_requests import REMIND_AFTER

# So far a clock is moved at once.
MOST = timedelta(days=366)
# What one pass brings about may bring about more at the same moment.
PASSES = 10


class NotASandbox(Exception):
    """Only a sandbox account, or one of the demo, has a clock of its own."""


class RealMoney(Exception):
    """A method on file would be charged in earnest."""


class OnItsClock(Exception):
    """The account has a clock of its own already."""


class NoOwnClock(Exception):
    """The account goes by the clock of everybody."""


class NotForward(Exception):
    """A clock is only moved forward, by a day at least."""


class TooFar(Exception):
    """A clock is moved by a year at most."""


class Erased(Exception):
    """Nothing happens any more to an account whose data is erased."""


class MovedMeanwhile(Exception):
    """Somebody else moved the clock at the same time."""


REFUSALS = (NotASandbox, RealMoney, OnItsClock, NoOwnClock, NotForward, TooFar, Erased, MovedMeanwhile)


@transaction.atomic
def start(account_id: int, *, reason: str, occasion: Occasion) -> None:
    """Put a sandbox account on a clock of its own, which stands still at this moment until it is moved.

    An account of the demo becomes a sandbox by it. Raises PermissionDenied for anyone but the vendor's
    staff, ValueError without a reason, NotASandbox, OnItsClock, Erased, RealMoney.
    """
    staff.demand(occasion.person, reason)
    account = Account.objects.lock(account_id)
    if account.clock is not None:
        raise OnItsClock
    if not may_have_one(account):
        raise NotASandbox
    _demand_movable(account)
    account.is_sandbox, account.clock = True, occasion.at
    account.save(update_fields=["is_sandbox", "clock"])
    activity.record(
        account,
        ActivityVerb.ACCOUNT_CLOCK_STARTED,
        occasion,
        subject="account",
        after={"clock": occasion.on.isoformat()},
        reason=reason.strip(),
    )


def may_have_one(account: Account) -> bool:
    """Tell whether an account may be put on a clock of its own."""
    return account.is_sandbox or settings.DEMO


def next_day(account: Account) -> date | None:
    """Return the day after the one that an account's own clock shows."""
    return _day(account, account.clock) + timedelta(days=1) if account.clock else None


def move(account_id: int, until: date | None, *, reason: str, occasion: Occasion, now: datetime) -> ClockMove:
    """Move an account's clock forward to a day, or without one until something happens.

    At each moment in between all that is due is done, in its order, as if the time had passed. The time
    of day stays; where something happens first, the clock stands at its moment. Letters go out on the way,
    at `now`, the moment that it is elsewhere: what ends an account takes back those that wait. Raises
    PermissionDenied for anyone but the vendor's staff, ValueError without a reason, NoOwnClock, NotForward,
    TooFar, Erased, RealMoney, MovedMeanwhile.
    """
    staff.demand(occasion.person, reason)
    made, account = _begin(account_id, until, reason, occasion)
    payments.outside_a_transaction()
    target = _target(account, until)
    at = made.began_at
    # First what is due already.
    for stop in [at, *_moments(account, target), target]:
        _set(account_id, at, stop)
        at = made.ended_at = stop
        happened = _pass_time(made, Occasion.of(account, stop))
        if happened:
            mail.send_waiting(now, account_id)
            made.save(update_fields=["ended_at", "stops"])
        if happened and until is None:
            break
    made.save(update_fields=["ended_at"])
    return made


@transaction.atomic
def _begin(account_id: int, until: date | None, reason: str, occasion: Occasion) -> tuple[ClockMove, Account]:
    """Check under the lock, and write down that the clock is moved."""
    account = Account.objects.lock(account_id)
    if account.clock is None:
        raise NoOwnClock
    _demand_movable(account)
    today = _day(account, account.clock)
    if until is not None and until <= today:
        raise NotForward
    if until is not None and until > today + MOST:
        raise TooFar
    entry = activity.record(
        account,
        ActivityVerb.ACCOUNT_CLOCK_MOVED,
        occasion,
        subject="account",
        before={"clock": today.isoformat()},
        after={"clock": until.isoformat()} if until else None,
        reason=reason.strip(),
    )
    made = ClockMove(account=account, entry=entry, began_at=account.clock, ended_at=account.clock)
    letter = Letter.objects.filter(account=account).order_by("-pk").values_list("pk", flat=True).first()
    made.stops = [_stop(account.clock, entry.pk, letter or 0, [])]
    made.save()
    return made, account


@transaction.atomic
def _set(account_id: int, before: datetime, after: datetime) -> None:
    """Put the clock from one moment to the next."""
    account = Account.objects.lock(account_id)
    if account.clock != before:
        raise MovedMeanwhile
    account.clock = after
    account.save(update_fields=["clock"])


def _demand_movable(account: Account) -> None:
    """Raise Erased, or RealMoney where what comes due would be charged in earnest."""
    if account.erased_at is not None:
        raise Erased
    in_play = is_sandbox() or settings.STRIPE_TEST_MODE
    if not in_play and PaymentMethod.objects.filter(subscription=account.pk).exists():
        raise RealMoney


def _target(account: Account, until: date | None) -> datetime:
    """Return the moment to which the clock goes at most: on a day at the time that it is."""
    assert account.clock is not None
    local = account.clock.astimezone(ZoneInfo(account.timezone))
    day = until or local.date() + MOST
    return datetime.combine(day, local.time(), local.tzinfo)


def _moments(account: Account, target: datetime) -> Iterator[datetime]:
    """Yield the moments after the clock's and before the target at which something may be due."""
    assert account.clock is not None
    at, zone = account.clock, ZoneInfo(account.timezone)
    found = set(_ends(account))
    day = _day(account, at)
    while (day := day + timedelta(days=1)) <= _day(account, target):
        found.add(datetime.combine(day, time.min, zone))
    yield from sorted(one for one in found if at < one < target)


def _ends(account: Account) -> Iterator[datetime]:
    """Yield when what is open of an account ends, or is reminded of, at a time of day."""
    for expires_at, created_at in ChangeRequest.objects.filter(
        subscription=account.pk, state=ChangeRequest.State.OPEN
    ).values_list("expires_at", "created_at"):
        yield expires_at
        yield from (created_at + timedelta(days=days) for days in REMIND_AFTER)
    invited = Invitation.objects.filter(account=account, accepted_at=None, revoked_at=None)
    yield from invited.values_list("expires_at", flat=True)
    offered = OwnershipOffer.objects.filter(account=account, state=OwnershipOffer.State.OPEN)
    yield from offered.values_list("expires_at", flat=True)


def _pass_time(made: ClockMove, occasion: Occasion) -> bool:
    """Do what is due at a moment until nothing more is; write down and return whether anything happened."""
    before = made.stops[-1]
    known, failed = (before["activity"], before["letter"]), set[str]()
    for _again in range(PASSES):
        taken = own_clock_steps.take(made.account_id, occasion)
        failed |= set(taken.failed)
        if not taken.tried:
            break
        now = _last(made.account_id, *known)
        if now == known:
            break
        known = now
    if known == (before["activity"], before["letter"]) and not failed:
        return False
    made.stops.append(_stop(occasion.at, *known, sorted(failed)))
    return True


def _last(account_id: int, entry: int, letter: int) -> tuple[int, int]:
    """Return the last entry of the trail and the last letter, given those that were the last before."""
    entries = Activity.objects.filter(account=account_id, pk__gt=entry).order_by("-pk")
    letters = Letter.objects.filter(account=account_id, pk__gt=letter).order_by("-pk")
    last_entry = entries.values_list("pk", flat=True).first()
    return last_entry or entry, letters.values_list("pk", flat=True).first() or letter


def _stop(at: datetime, entry: int, letter: int, failed: list[str]) -> dict[str, Any]:
    return {"at": at.isoformat(), "activity": entry, "letter": letter, "failed": failed}


def _day(account: Account, at: datetime) -> date:
    return at.astimezone(ZoneInfo(account.timezone)).date()
