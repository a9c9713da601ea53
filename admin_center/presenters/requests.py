"""Change requests in words, for their own page, the Requests tab and the back office."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from django.http import QueryDict
from django.utils.timesince import timesince
from django.utils.translation import gettext as _

from accounts.models import Account
from admin_center import pagination
from admin_center.wording import change_requests
from billing import change_request_letters, quote_json
from billing.models import ChangeRequest, Quote, RequestComment
from billing.rules import quoting
from billing.rules.change_json import MalformedChange, changes_from_plain
from billing.rules.change_request_base import base_of, moved
from billing.rules.change_requests import open_to_asking
from billing.rules.facts import Facts
from billing.rules.names import Names
from billing.rules.quoting import DatedChange, UndecidedConflict
from billing.rules.refusals import Refusal
from billing.storage.loading import LoadedFacts

PAGE_SIZE = 20
# How many of those that are over are listed.
DECIDED = 10
OLDEST_FIRST = pagination.Order("created_at", pagination.moment)


@dataclass(frozen=True, slots=True)
class RequestView:
    """A request with its words: from what to what, with the answers of its author.

    `approved` is what was approved where it was edited before; `receipt` leads to what was done;
    `moved` is what is no longer as it was when it was asked.
    """

    id: int
    requester: str
    created_at: datetime
    expires_at: datetime
    age: str
    note: str
    changes: tuple[str, ...]
    approved: tuple[str, ...] = ()
    receipt: UUID | None = None
    moved: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RequestCost:
    """What is due for a request, in minor units: at today's quote, and at that of the day it was made.

    `now` is None where it can't be made today, `then` where it is the same.
    """

    now: int | None
    then: int | None
    currency: str


@dataclass(frozen=True, slots=True)
class OpenRequests:
    """One page of open requests with costs, the oldest first; `previous` and `next` are query strings."""

    rows: tuple[tuple[RequestView, RequestCost | None], ...]
    previous: str
    next: str


def open_requests(
    account: Account, reading: LoadedFacts | None, asked: QueryDict, *, at: datetime, on: date
) -> OpenRequests:
    """Return the open requests of an account as they stand at a moment, the oldest first, by pages."""
    waiting = ChangeRequest.objects.filter(subscription_id=account.pk, state=ChangeRequest.State.OPEN)
    found = pagination.cut(waiting, OLDEST_FIRST, asked, size=PAGE_SIZE)
    names, held = (reading.names, reading.facts) if reading else (Names(), None)
    rows = tuple(
        (view_of(one, names, at=at, held=held), _cost(one, reading, on) if reading else None)
        for one in found.rows
    )
    return OpenRequests(rows, found.previous, found.next)


def decided(account: Account, names: Names, *, at: datetime) -> list[tuple[RequestView, str]]:
    """Return the requests that were decided, withdrawn or closed last, each with what became of it."""
    over = ChangeRequest.objects.filter(subscription_id=account.pk).exclude(state=ChangeRequest.State.OPEN)
    last = list(over.order_by("-decided_at", "-pk")[:DECIDED])
    made = receipts(last)
    return [(view_of(one, names, at=at, receipt=made.get(one.pk)), one.state) for one in last]


def receipts(asked: Iterable[ChangeRequest]) -> Mapping[int, Quote]:
    """Return the confirmed quote of each request that was approved."""
    keys = [one.pk for one in asked if one.state == ChangeRequest.State.APPROVED]
    if not keys:
        return {}
    found = Quote.objects.filter(request__in=keys, state=Quote.State.CONFIRMED)
    return {one.request_id: one for one in found if one.request_id is not None}


def quoted(one: ChangeRequest, reading: LoadedFacts, on: date) -> quoting.PricedQuote:
    """Return what a request comes to on a day, in the facts as they are. Raises Refusal, Malformed."""
    held = open_to_asking(reading.facts)
    try:
        return quoting.quote(held, changes_from_plain(one.changes), on)
    except UndecidedConflict as undecided:
        return undecided.provisional


def dated(
    one: ChangeRequest, told: RequestView, quote: quoting.PricedQuote | None
) -> list[tuple[str, DatedChange | None, bool]]:
    """Return each sentence of a request with when it takes effect today, and whether that is at once."""
    days = {timed.change: timed for timed in quote.timed} if quote else {}
    wanted = changes_from_plain(one.changes) if days else ()
    when = [days.get(change) for change in wanted] + [None] * len(told.changes)
    return [
        (sentence, timed, timed is not None and quote is not None and timed.on <= quote.on)
        for sentence, timed in zip(told.changes, when, strict=False)
    ]


def comments(one: ChangeRequest) -> list[RequestComment]:
    """Return what was said about a request, the oldest first."""
    return list(one.comments.order_by("pk"))


def _cost(one: ChangeRequest, reading: LoadedFacts, on: date) -> RequestCost:
    then = quote_json.load(one.document).settlement.due if one.document else None
    try:
        now = quoted(one, reading, on).settlement.due
    except (Refusal, MalformedChange):
        return RequestCost(None, then, reading.facts.currency)
    return RequestCost(now, then if then != now else None, reading.facts.currency)


def view_of(
    one: ChangeRequest,
    names: Names,
    *,
    at: datetime,
    held: Facts | None = None,
    receipt: Quote | None = None,
) -> RequestView:
    """Return a request with its words, as it stands at a moment.

    With the facts as they are (`held`) an open one also says what moved since it was asked.
    """
    approved = one.approved_changes
    if approved is None and receipt is not None:
        # Approved before it was kept with the request.
        approved = receipt.changes
    edited = approved is not None and change_request_letters.is_edited(one.changes, approved)
    return RequestView(
        id=one.pk,
        requester=one.requester_name,
        created_at=one.created_at,
        expires_at=one.expires_at,
        age=_age(one.created_at, at),
        note=one.note,
        changes=tuple(change_requests.sentences(one.changes, one.base, names)),
        approved=tuple(change_requests.sentences(approved, one.approved_base, names)) if edited else (),
        receipt=receipt.pk if receipt else None,
        moved=_moved(one, held, names) if held else (),
    )


def _age(created: datetime, at: datetime) -> str:
    """Return how long ago something was: "3 hours ago", or that it was just now."""
    if (at - created).total_seconds() < 60:
        return _("just now")
    return _("%(age)s ago") % {"age": timesince(created, at, depth=1)}


def _moved(one: ChangeRequest, held: Facts, names: Names) -> tuple[str, ...]:
    base = quote_json.load_base(one.base)
    if base is None or one.state != ChangeRequest.State.OPEN:
        return ()
    try:
        now = base_of(held, changes_from_plain(one.changes))
    except (Refusal, MalformedChange):
        # Then it can't be made at all, and the page says that.
        return ()
    return tuple(change_requests.moved(moved(base, now), names))
