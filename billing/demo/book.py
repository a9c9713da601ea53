"""Reads the demo's accounts from its file, with days told from today."""

import re
import tomllib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from billing.demo.crowd import people
from billing.imports.accounts.listing import BadAccount, ListedAccount
from billing.imports.accounts.reading import bundle_of
from billing.imports.accounts.records import listed
from billing.rules.periods import add_months

FILE = Path(__file__).with_name("accounts.toml")

_DAY = re.compile(r"(today|anchor)((?: [+-] [0-9]+ (?:day|month)s?)*)")
_STEP = re.compile(r"([+-]) ([0-9]+) (day|month)")
# What the book says beside the columns of a file of accounts.
_OWN_KEYS = ("event", "crowd", "loaded_on", "profile")


class BadBook(Exception):
    """The demo's own file does not hold what a file of accounts must; for whoever edits it."""


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happens in an account on a day; `by` is the e-mail address of who does it."""

    on: date
    by: str
    told: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Story:
    """An account as it is loaded on its first day, and what happens until today."""

    account: ListedAccount
    begins_on: date
    # Whom its invoices are made out to, as the book writes it; empty: nobody entered it yet.
    profile: Mapping[str, Any]
    events: tuple[Event, ...]


@dataclass(frozen=True, slots=True)
class Guest:
    """One of those who may sign in to look around: their address, and what they will see."""

    email: str
    sees: str


def guests(file: Path = FILE) -> tuple[Guest, ...]:
    """Return whom the demo presents, in the order of its file."""
    return tuple(Guest(**one) for one in _parsed(file)["guest"])


def stories(
    now: datetime, *, currencies: Collection[str], without: Collection[str] = (), file: Path = FILE
) -> Iterator[Story]:
    """Yield the story of each account, told from the day that `now` is in its zone; BadBook.

    `without` are the external ids of accounts that are there already.
    """
    for number, account in enumerate(_parsed(file)["account"], 1):
        if account["account"] in without:
            continue
        today = now.astimezone(ZoneInfo(account["time_zone"])).date()
        yield _story(account, number, today, currencies)


def _parsed(file: Path) -> dict[str, Any]:
    return tomllib.loads(file.read_text(encoding="utf-8"))


def _story(told: Mapping[str, Any], number: int, today: date, currencies: Collection[str]) -> Story:
    days = {"today": today}
    if "subscription" in told:
        days["anchor"] = day(told["subscription"]["anchor"], days)
    dated = _dated(told, days)
    values = {name: value for name, value in dated.items() if name not in _OWN_KEYS}
    values |= _with_people(dated)
    account = listed(bundle_of(_as_text(values), number), currencies)
    if isinstance(account, BadAccount):
        faults = "; ".join(f"{fault.column}: {fault.text}" for fault in account.faults)
        raise BadBook(f"{told['account']}: {faults}")
    first = account.subscription.period_from if account.subscription else day(dated["loaded_on"], days)
    events = tuple(
        Event(day(event["on"], days), event.get("by", ""), event) for event in dated.get("event", ())
    )
    return Story(account, first, dated.get("profile", {}), tuple(sorted(events, key=lambda event: event.on)))


def day(text: str, days: Mapping[str, date]) -> date:
    """Return the day that a text such as `today - 9 days - 16 months` tells, step by step."""
    found = _DAY.fullmatch(text)
    if found is None:
        return date.fromisoformat(text)
    reached = days[found[1]]
    for sign, count, unit in _STEP.findall(found[2]):
        steps = int(sign + count)
        reached = add_months(reached, steps) if unit == "month" else reached + timedelta(days=steps)
    return reached


def _dated(value: Any, days: Mapping[str, date]) -> Any:
    """Return a value with each day in it written out; a card expires in a month."""
    if isinstance(value, dict):
        dated = {name: _dated(one, days) for name, one in value.items()}
        return dated | ({"expires": dated["expires"][:7]} if "expires" in dated else {})
    if isinstance(value, list):
        return [_dated(one, days) for one in value]
    if isinstance(value, str) and _DAY.fullmatch(value):
        return day(value, days).isoformat()
    return value


def _with_people(told: Mapping[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """Return members and seats as a file of accounts has them, the crowd included."""
    named = [*told["members"], *people(**told["crowd"])] if "crowd" in told else told["members"]
    members = [{name: value for name, value in one.items() if name != "seats"} for one in named]
    seats = [{"product": seat, "email": one["email"]} for one in named for seat in one.get("seats", ())]
    return {"members": members, "seats": seats}


def _as_text(value: Any) -> Any:
    """Return whole numbers as a file of accounts has them."""
    if isinstance(value, dict):
        return {name: _as_text(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_as_text(one) for one in value]
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value
