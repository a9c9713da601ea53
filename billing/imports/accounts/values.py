"""Reads the cells of a file of accounts: a value of the expected kind, or what is wrong in words."""

import re
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from functools import lru_cache
from typing import Any, TypeAlias, TypeVar

from django.core.exceptions import ValidationError

from accounts.email_addresses import validate_address
from accounts.rules.texts import OddCharacter, code_point, named, tidy
from accounts.rules.time_zones import time_zones
from billing.rules.facts import ScheduledKind

LARGEST_QUANTITY = 1_000_000
FIRST_YEAR, LAST_YEAR = 1970, 2100

Reading: TypeAlias = Callable[[str], Any]
_E = TypeVar("_E", bound=StrEnum)

_WHOLE = re.compile(r"[0-9]{1,12}")
_AMOUNT = re.compile(r"-?[0-9]{1,12}(?:\.[0-9]{1,9})?")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_MONTH = re.compile(r"([0-9]{4})-([0-9]{2})")
_INVOICE_NUMBER = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._/ -]*[A-Za-z0-9])?")
_COUNTRY = re.compile(r"[A-Za-z]{2}")
_SLUG = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_KEY = re.compile(r"[a-z0-9]+(?:[-_][a-z0-9]+)*")
# How a spreadsheet shows a number that is too long for its cell, and how it keeps a day.
_ROUNDED = re.compile(r"[0-9][.,][0-9]+E\+?[0-9]+", re.IGNORECASE)
_SERIAL_DAY = re.compile(r"[1-9][0-9]{4}")


class WrongCell(Exception):
    """A cell that cannot be read; the text says what it is and what would be right."""


def shown(value: str) -> str:
    """Return a value in quotes, short and printable, for a message."""
    short = value if len(value) <= 40 else value[:40] + "…"
    return "“" + "".join(c if c.isprintable() else ascii(c)[1:-1] for c in short) + "”"


def check_encoding(value: str) -> None:
    """Refuse bytes that were not UTF-8."""
    if any("\udc80" <= character <= "\udcff" for character in value):
        raise WrongCell("is not UTF-8; save the file in that encoding (in Excel: “CSV UTF-8”)")


def tidied(value: str) -> str:
    """Return a text as it is kept; odd characters are refused by name."""
    try:
        return tidy(value)
    except OddCharacter as odd:
        why = "changes the direction of other text" if odd.turns else "can't be kept in a text"
        cure = "put it on one line" if odd.character in "\r\n" else "take it out"
        raise WrongCell(f"character {odd.place} is {odd.code} ({odd.called}), which {why}; {cure}") from None


def unread(value: str, wanted: str, ordinary: str) -> WrongCell:
    """Return what is wrong with a number or day: what stands there, and its first character out of place."""
    odd = next((c for c in value if c not in ordinary), None)
    if odd is None:
        return WrongCell(f"{shown(value)} is no {wanted}")
    return WrongCell(
        f"{shown(value)} is no {wanted}: character {value.index(odd) + 1} is {code_point(odd)} ({named(odd)})"
    )


def text(longest: int) -> Reading:
    """Return the reading of a text on one line."""

    def read(value: str) -> str:
        value = tidied(value)
        if len(value) > longest:
            raise WrongCell(f"has {len(value)} characters; at most {longest} are allowed")
        return value

    return read


def key(value: str) -> str:
    """Return the key of a product, edition or catalogue."""
    if len(value) > 60 or not _KEY.fullmatch(value):
        raise WrongCell(f"{shown(value)} is no key; name it as the price list does, in small letters")
    return value


def keys(value: str) -> tuple[str, ...]:
    """Return several keys with spaces between."""
    found = tuple(key(one) for one in value.split())
    if len(set(found)) < len(found):
        raise WrongCell("names a product twice")
    return found


def slug(value: str) -> str:
    """Return the part of the account's address: small letters, digits and single hyphens."""
    if len(value) > 60 or not _SLUG.fullmatch(value):
        raise WrongCell(
            f"{shown(value)} can't be an address; use up to 60 small letters a to z and digits, "
            "with single hyphens between"
        )
    return value


@lru_cache(maxsize=4096)
def email(value: str) -> str:
    """Return an e-mail address in lower case, so that one address is one person."""
    lower = tidied(value).lower()
    try:
        validate_address(lower)
    except ValidationError as wrong:
        if wrong.code == "unwritable":
            raise WrongCell(f"{shown(value)}: no letter can be sent to this address") from None
        raise WrongCell(f"{shown(value)} is no e-mail address") from None
    return lower


def choice(kind: type[_E]) -> Reading:
    """Return the reading of one of a few words."""

    def read(value: str) -> _E:
        try:
            return kind(value)
        except ValueError:
            raise WrongCell(f"{shown(value)} is not known; use one of {', '.join(kind)}") from None

    return read


def scheduled_kind(value: str) -> ScheduledKind:
    """Return what waits for the renewal; the end of all of it has a column of the subscription."""
    if value == ScheduledKind.CANCELLATION:
        raise WrongCell("an end of the whole subscription is cancel_at_period_end: yes of its subscription")
    return ScheduledKind(choice(ScheduledKind)(value))


def one_of(*allowed: str) -> Reading:
    """Return the reading of one of a few words that are no enumeration."""

    def read(value: str) -> str:
        if value not in allowed:
            raise WrongCell(f"{shown(value)} is not known; use one of {', '.join(allowed)}")
        return value

    return read


def invoice_number(value: str) -> str:
    """Return an invoice's number: it stands in addresses and in the references of transfers."""
    value = tidied(value)
    if len(value) > 40 or not _INVOICE_NUMBER.fullmatch(value):
        raise WrongCell(
            f"{shown(value)} can't be the number of an invoice; use up to 40 letters A to Z and digits, with "
            "points, hyphens, slashes, underscores or spaces between"
        )
    return value


def country(value: str) -> str:
    """Return a country's code in two capitals; whether there is one is asked with what it is for."""
    if not _COUNTRY.fullmatch(value):
        raise WrongCell(f"{shown(value)} is no country; use its two letters of ISO 3166, such as FR")
    return value.upper()


def time_zone(value: str) -> str:
    """Return the name of a place's time zone in the IANA database."""
    if value not in time_zones():
        raise WrongCell(f"{shown(value)} is no time zone; use a name such as Europe/Paris")
    return value


def flag(value: str) -> bool:
    """Return yes or no."""
    if value.lower() in ("yes", "true"):
        return True
    if value.lower() in ("no", "false"):
        return False
    raise WrongCell(f"{shown(value)} is neither yes nor no")


def whole(least: int, most: int = LARGEST_QUANTITY) -> Reading:
    """Return the reading of a whole number between two."""

    def read(value: str) -> int:
        if not _WHOLE.fullmatch(value) or not least <= int(value) <= most:
            if _ROUNDED.fullmatch(value):
                raise WrongCell(f"{shown(value)} was rounded by a spreadsheet; write all of its digits")
            raise unread(value, f"whole number from {least} to {most}", "0123456789")
        return int(value)

    return read


def amount(value: str) -> Decimal:
    """Return an amount as it is written; its decimals are compared with the currency's later."""
    if not _AMOUNT.fullmatch(value):
        told = str(unread(value, "amount such as 12.50", "-.0123456789"))
        raise WrongCell(f"{told}; use a point for decimals, no currency and no spaces")
    return Decimal(value)


def percent(value: str) -> Decimal:
    """Return a percentage from 0 to 100 with up to two decimals."""
    return _percentage(value, "two", Decimal("0.01"))


def tax_percent(value: str) -> Decimal:
    """Return a percentage from 0 to 100 with up to three decimals, as rates of taxes have them."""
    return _percentage(value, "three", Decimal("0.001"))


def _percentage(value: str, decimals: str, step: Decimal) -> Decimal:
    read = amount(value)
    if not 0 <= read <= 100 or read != read.quantize(step):
        raise WrongCell(f"{shown(value)} is no percentage from 0 to 100 with up to {decimals} decimals")
    return read


def day(value: str) -> date:
    """Return a day written as 2026-10-07."""
    if not _DAY.fullmatch(value):
        if _SERIAL_DAY.fullmatch(value):
            raise WrongCell(f"{shown(value)} is a spreadsheet's number of a day; write it such as 2026-10-07")
        raise unread(value, "date such as 2026-10-07", "-0123456789")
    try:
        read = date.fromisoformat(value)
    except ValueError:
        raise WrongCell(f"{shown(value)} does not exist in the calendar") from None
    if not FIRST_YEAR <= read.year <= LAST_YEAR:
        raise WrongCell(f"{shown(value)} is not between the years {FIRST_YEAR} and {LAST_YEAR}")
    return read


def moment(value: str) -> datetime:
    """Return a moment with its offset from UTC, such as 2023-07-14T12:00:00+00:00."""
    try:
        read = datetime.fromisoformat(value)
    except ValueError:
        read = None
    if read is None or read.tzinfo is None or not FIRST_YEAR < read.year < LAST_YEAR:
        raise unread(value, "moment such as 2023-07-14T12:00:00+00:00", "-+:.TZ0123456789")
    return read


def month(value: str) -> tuple[int, int]:
    """Return year and month of a card's expiry, written as 2028-05."""
    found = _MONTH.fullmatch(value)
    if found is None or not 1 <= int(found[2]) <= 12 or not 2000 <= int(found[1]) <= LAST_YEAR:
        raise unread(value, "month of expiry such as 2028-05", "-0123456789")
    return int(found[1]), int(found[2])


def last_four(value: str) -> str:
    """Return four digits; a message never repeats what stood there, because it may be a whole number."""
    if not re.fullmatch(r"[0-9]{4}", value):
        raise WrongCell("must be the last four digits of the number, and nothing else")
    return value


def brand(value: str) -> str:
    """Return a card's brand or a bank's name, without a number in it."""
    value = tidied(value)
    if len(value) > 40 or re.search(r"[0-9]{5}", value):
        raise WrongCell("must be a brand such as Visa, of up to 40 characters, without a number")
    return value
