"""Writes the trail. Every verb records what it did in its own transaction."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from accounts import copying
from accounts.models import Account, Activity
from accounts.occasion import Occasion
from accounts.rules.activity import ActivityVerb, fault


@dataclass(frozen=True, slots=True)
class NewEntry:
    """An entry as `record` adds it, unsaved: for commands that write those of many accounts."""

    account: Account
    verb: ActivityVerb
    occasion: Occasion
    subject: str = ""
    before: Mapping[str, object] | None = None
    after: Mapping[str, object] | None = None
    reason: str = ""
    quote: str = ""
    invoice: str = ""

    def __post_init__(self) -> None:
        """Refuse data of other shapes than `accounts.rules.activity` names: ValueError."""
        if wrong := fault(self.before) or fault(self.after):
            raise ValueError(f"{self.verb} can't be recorded: {wrong}")


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
    new = NewEntry(account, verb, occasion, subject, before, after, reason, quote, invoice)
    made = Activity(
        account=account, before=before, after=after, **dict(zip(_PLAIN, _plain(new), strict=True))
    )
    made.save(force_insert=True)
    return made


_PLAIN = (
    *("at", "actor_id", "actor_name", "by_staff", "address", "verb", "subject"),
    *("reason", "quote", "invoice"),
)


def _plain(new: NewEntry) -> tuple[object, ...]:
    """Return the values of the columns that are no JSON."""
    occasion, by = new.occasion, new.occasion.by
    return (
        *(occasion.at, by.pk if by else None, by.name if by else ""),
        *(occasion.by_staff or bool(by and by.is_staff), occasion.address, new.verb, new.subject),
        *(new.reason, new.quote, new.invoice),
    )


def record_all(entries: Iterable[NewEntry]) -> None:
    """Add entries to the trails of many accounts, in one statement."""
    copying.copy(
        Activity,
        (*_PLAIN, "account_id", "before", "after"),
        [(*_plain(one), one.account.id, _text(one.before), _text(one.after)) for one in entries],
    )


def _text(facts: Mapping[str, object] | None) -> str | None:
    return None if facts is None else json.dumps(facts)
