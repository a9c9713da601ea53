"""Change requests in words, for the Requests tab."""

from dataclasses import dataclass
from datetime import datetime

from django.http import QueryDict
from django.utils.timesince import timesince
from django.utils.translation import gettext as _

from accounts.models import Account
from admin_center import paging, sentences
from admin_center.sentences import Names
from billing.models import ChangeRequest
from billing.rules.wire import Malformed, changes_from_plain

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
class Open:
    """One page of open requests, the oldest first; `previous` and `next` are query strings."""

    rows: tuple[Requested, ...]
    previous: str
    next: str


def open_requests(account: Account, names: Names, asked: QueryDict, *, at: datetime, size: int) -> Open:
    """Return the open requests of an account as they stand at a moment, the oldest first, by pages."""
    waiting = ChangeRequest.objects.filter(subscription_id=account.pk, state=ChangeRequest.State.OPEN)
    found = paging.cut(waiting, OLDEST_FIRST, asked, size=size)
    rows = tuple(told(one, names, at=at) for one in found.rows)
    return Open(rows, found.previous, found.next)


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
