"""Change requests in words, for the Requests tab."""

from dataclasses import dataclass
from datetime import date, datetime

from django.http import QueryDict
from django.utils.timesince import timesince
from django.utils.translation import gettext as _

from accounts.models import Account
from admin_center import paging, sentences
from admin_center.sentences import Names
from billing import carrying_out, documents
from billing.facts import Reading
from billing.models import ChangeRequest
from billing.rules import quoting
from billing.rules.quoting import Quote, Undecided
from billing.rules.refusals import Refusal
from billing.rules.wire import Malformed, changes_from_plain

PAGE_SIZE = 20
# How many of those that are over are listed.
DECIDED = 10
OLDEST_FIRST = paging.Order("created_at", paging.moment)


@dataclass(frozen=True, slots=True)
class Requested:
    """A request with its words."""

    id: int
    requester: str
    created_at: datetime
    expires_at: datetime
    age: str
    note: str
    changes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Cost:
    """What is due for a request, in minor units: at today's quote, and at that of the day it was made.

    `now` is None where it can't be made today, `then` where it is the same.
    """

    now: int | None
    then: int | None
    currency: str


@dataclass(frozen=True, slots=True)
class Open:
    """One page of open requests with costs, the oldest first; `previous` and `next` are query strings."""

    rows: tuple[tuple[Requested, Cost | None], ...]
    previous: str
    next: str


def open_requests(
    account: Account, reading: Reading | None, asked: QueryDict, *, at: datetime, on: date
) -> Open:
    """Return the open requests of an account as they stand at a moment, the oldest first, by pages."""
    waiting = ChangeRequest.objects.filter(subscription_id=account.pk, state=ChangeRequest.State.OPEN)
    found = paging.cut(waiting, OLDEST_FIRST, asked, size=PAGE_SIZE)
    names = reading.names if reading else {}
    rows = tuple(
        (told(one, names, at=at), _cost(one, reading, on) if reading else None) for one in found.rows
    )
    return Open(rows, found.previous, found.next)


def decided(account: Account, names: Names, *, at: datetime) -> list[tuple[Requested, str]]:
    """Return the requests that were decided, withdrawn or closed last, each with what became of it."""
    over = ChangeRequest.objects.filter(subscription_id=account.pk).exclude(state=ChangeRequest.State.OPEN)
    return [(told(one, names, at=at), one.state) for one in over.order_by("-decided_at", "-pk")[:DECIDED]]


def quoted(one: ChangeRequest, reading: Reading, on: date) -> Quote:
    """Return what a request comes to on a day, in the facts as they are. Raises Refusal, Malformed."""
    held = carrying_out.open_to_staff(reading.facts)
    try:
        return quoting.quote(held, changes_from_plain(one.changes), on)
    except Undecided as undecided:
        return undecided.provisional


def _cost(one: ChangeRequest, reading: Reading, on: date) -> Cost:
    then = documents.load(one.document).settlement.due if one.document else None
    try:
        now = quoted(one, reading, on).settlement.due
    except (Refusal, Malformed):
        return Cost(None, then, reading.facts.currency)
    return Cost(now, then if then != now else None, reading.facts.currency)


def told(one: ChangeRequest, names: Names, *, at: datetime) -> Requested:
    """Return a request with its words, as it stands at a moment."""
    return Requested(
        id=one.pk,
        requester=one.requester_name,
        created_at=one.created_at,
        expires_at=one.expires_at,
        age=timesince(one.created_at, at, depth=1),
        note=one.note,
        changes=_changes(one.changes, names),
    )


def _changes(stored: object, names: Names) -> tuple[str, ...]:
    """Return what is asked for; a request from before a change of the wire format says so."""
    try:
        return tuple(sentences.change(one, names) for one in changes_from_plain(stored))
    except Malformed:
        return (_("This request can no longer be read. Please ask for it to be made again."),)
