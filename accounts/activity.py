"""Writes the trail. Every verb records what it did in its own transaction."""

import json
from collections.abc import Iterable, Mapping

from accounts import copying
from accounts.models import Account, Activity
from accounts.occasion import Occasion
from accounts.rules.activity import ActivityVerb, fault


def record(
    account: Account,
    verb: ActivityVerb,
    occasion: Occasion,
    *,
    subject: str = "",
    before: Mapping[str, object] | None = None,
    after: Mapping[str, object] | None = None,
    reason: str = "",
    quote: str = "",
    invoice: str = "",
) -> Activity:
    """Add an entry to an account's trail.

    `before` and `after` are data of the shapes that `accounts.rules.activity` names; raises ValueError for
    any other.
    """
    made = entry(
        account,
        verb,
        occasion,
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
    occasion: Occasion,
    *,
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
    by = occasion.by
    return Activity(
        account=account,
        at=occasion.at,
        actor=by,
        actor_name=by.name if by else "",
        by_staff=occasion.by_staff or bool(by and by.is_staff),
        address=occasion.address,
        verb=verb,
        subject=subject,
        before=before,
        after=after,
        reason=reason,
        quote=quote,
        invoice=invoice,
    )


_COLUMNS = (
    *("account_id", "at", "actor_id", "actor_name", "by_staff", "address", "verb", "subject"),
    *("before", "after", "reason", "quote", "invoice"),
)


def record_all(entries: Iterable[Activity]) -> None:
    """Add entries to the trails of many accounts, in one statement."""
    copying.copy(
        Activity, _COLUMNS, ([_stored(name, getattr(one, name)) for name in _COLUMNS] for one in entries)
    )


def _stored(name: str, value: object) -> object:
    return json.dumps(value) if name in ("before", "after") and value is not None else value
