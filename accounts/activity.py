"""Writes the trail. Every verb records what it did in its own transaction."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime

from accounts.models import Account, Activity, User
from accounts.rules.activity import ActivityVerb, fault


@dataclass(frozen=True, slots=True)
class ActivityContext:
    """When and from where something is being done: set by the door, by tasks and by commands."""

    at: datetime
    address: str | None = None
    by_staff: bool = False


_occasion: ContextVar[ActivityContext | None] = ContextVar("occasion", default=None)


@contextmanager
def occasion(at: datetime, *, address: str | None = None, by_staff: bool = False) -> Iterator[None]:
    """Say when (aware) and from which address the acts inside are done."""
    token = _occasion.set(ActivityContext(at, address, by_staff))
    try:
        yield
    finally:
        _occasion.reset(token)


def current() -> ActivityContext:
    """Return the occasion; raise LookupError where none was set, because a trail without a time is none."""
    held = _occasion.get()
    if held is None:
        raise LookupError("acts are recorded inside `with activity.occasion(at=…)`")
    return held


def record(
    account: Account,
    verb: ActivityVerb,
    *,
    by: User | None,
    subject: str = "",
    before: Mapping[str, object] | None = None,
    after: Mapping[str, object] | None = None,
    reason: str = "",
    quote: str = "",
    invoice: str = "",
) -> Activity:
    """Add an entry to an account's trail; `by` is None for what happens by itself, such as a renewal.

    `before` and `after` are data of the shapes that `accounts.rules.activity` names; raises ValueError for
    any other.
    """
    made = entry(
        account,
        verb,
        by=by,
        subject=subject,
        before=before,
        after=after,
        reason=reason,
        quote=quote,
        invoice=invoice,
    )
    made.save(force_insert=True)
    return made


def entry(
    account: Account,
    verb: ActivityVerb,
    *,
    by: User | None,
    subject: str = "",
    before: Mapping[str, object] | None = None,
    after: Mapping[str, object] | None = None,
    reason: str = "",
    quote: str = "",
    invoice: str = "",
) -> Activity:
    """Return an entry as `record` adds it, unsaved: for commands that write those of many accounts."""
    if wrong := fault(before) or fault(after):
        raise ValueError(f"{verb} can't be recorded: {wrong}")
    held = current()
    return Activity(
        account=account,
        at=held.at,
        actor=by,
        actor_name=by.name if by else "",
        by_staff=held.by_staff or bool(by and by.is_staff),
        address=held.address,
        verb=verb,
        subject=subject,
        before=before,
        after=after,
        reason=reason,
        quote=quote,
        invoice=invoice,
    )
