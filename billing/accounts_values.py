"""Reads the cells of a file of accounts: a value of the expected kind, or what is wrong in words."""

import re
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from functools import cache
from typing import Any, TypeAlias, TypeVar
from zoneinfo import available_timezones

from django.core.exceptions import ValidationError
from django.core.validators import validate_email

LARGEST_QUANTITY = 1_000_000
FIRST_YEAR, LAST_YEAR = 1970, 2100

Reading: TypeAlias = Callable[[str], Any]
_E = TypeVar("_E", bound=StrEnum)

_WHOLE = re.compile(r"[0-9]{1,12}")
_AMOUNT = re.compile(r"-?[0-9]{1,12}(?:\.[0-9]{1,9})?")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_MONTH = re.compile(r"([0-9]{4})-([0-9]{2})")
_SLUG = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_KEY = re.compile(r"[a-z0-9]+(?:[-_][a-z0-9]+)*")
# Twelve digits or more, whatever stands between them.
_LONG_NUMBER = re.compile(r"[0-9](?:[ .\-]?[0-9]){11,}")


class Wrong(Exception):  # noqa: N818 - what is wrong is the cell
    """A cell that cannot be read; the text says what it is and what would be right."""


def shown(value: str) -> str:
    """Return a value in quotes, short and printable, for a message."""
    short = value if len(value) <= 40 else value[:40] + "…"
    return "“" + "".join(c if c.isprintable() else ascii(c)[1:-1] for c in short) + "”"


def check_encoding(value: str) -> None:
    """Refuse bytes that were not UTF-8 and characters that cannot be shown."""
    if any("\udc80" <= character <= "\udcff" for character in value):
        raise Wrong("is not UTF-8; save the file in that encoding")
    if not value.isprintable():
        raise Wrong("holds a line break or another character that cannot be shown")


def has_long_number(value: str) -> bool:
    """Tell whether a text holds as many digits in a row as a card number."""
    return _LONG_NUMBER.search(value) is not None


def has_card_number(value: str) -> bool:
    """Tell whether a text holds 13 to 19 digits in a row whose check digit is that of a card."""
    runs = ([int(c) for c in found if c.isdigit()] for found in _LONG_NUMBER.findall(value))
    return any(13 <= len(digits) <= 19 and _luhn(digits) for digits in runs)


def _luhn(digits: list[int]) -> bool:
    doubled = (digit * 2 for digit in digits[-2::-2])
    return (sum(digits[-1::-2]) + sum(d - 9 if d > 9 else d for d in doubled)) % 10 == 0


def text(longest: int) -> Reading:
    """Return the reading of a text on one line."""

    def read(value: str) -> str:
        if len(value) > longest:
            raise Wrong(f"has {len(value)} characters; at most {longest} are allowed")
        return value

    return read


def key(value: str) -> str:
    """Return the key of a product, edition or catalogue."""
    if len(value) > 60 or not _KEY.fullmatch(value):
        raise Wrong(f"{shown(value)} is no key; name it as the price list does, in small letters")
    return value


def keys(value: str) -> tuple[str, ...]:
    """Return several keys with spaces between."""
    found = tuple(key(one) for one in value.split())
    if len(set(found)) < len(found):
        raise Wrong("names a product twice")
    return found


def slug(value: str) -> str:
    """Return the part of the account's address: small letters, digits and single hyphens."""
    if len(value) > 60 or not _SLUG.fullmatch(value):
        raise Wrong(
            f"{shown(value)} can't be an address; use up to 60 small letters a to z and digits, "
            "with single hyphens between"
        )
    return value


def email(value: str) -> str:
    """Return an e-mail address in lower case, so that one address is one person."""
    lower = value.lower()
    try:
        validate_email(lower)
    except ValidationError:
        raise Wrong(f"{shown(value)} is no e-mail address") from None
    if len(lower) > 254:
        raise Wrong("is longer than an e-mail address can be")
    return lower


def choice(kind: type[_E]) -> Reading:
    """Return the reading of one of a few words."""

    def read(value: str) -> _E:
        try:
            return kind(value)
        except ValueError:
            raise Wrong(f"{shown(value)} is not known; use one of {', '.join(kind)}") from None

    return read


def one_of(*allowed: str) -> Reading:
    """Return the reading of one of a few words that are no enumeration."""

    def read(value: str) -> str:
        if value not in allowed:
            raise Wrong(f"{shown(value)} is not known; use one of {', '.join(allowed)}")
        return value

    return read


def time_zone(value: str) -> str:
    """Return a name of the IANA time zone database."""
    if value not in _time_zones():
        raise Wrong(f"{shown(value)} is no time zone; use a name such as Europe/Paris")
    return value


@cache
def _time_zones() -> frozenset[str]:
    return frozenset(available_timezones())


def flag(value: str) -> bool:
    """Return yes or no."""
    if value.lower() in ("yes", "true"):
        return True
    if value.lower() in ("no", "false"):
        return False
    raise Wrong(f"{shown(value)} is neither yes nor no")


def whole(least: int, most: int = LARGEST_QUANTITY) -> Reading:
    """Return the reading of a whole number between two."""

    def read(value: str) -> int:
        if not _WHOLE.fullmatch(value) or not least <= int(value) <= most:
            raise Wrong(f"{shown(value)} is no whole number from {least} to {most}")
        return int(value)

    return read


def amount(value: str) -> Decimal:
    """Return an amount as it is written; its decimals are compared with the currency's later."""
    if not _AMOUNT.fullmatch(value):
        hint = "; use a point for decimals, no currency and no spaces" if "," in value or " " in value else ""
        raise Wrong(f"{shown(value)} is no amount such as 12.50{hint}")
    return Decimal(value)


def percent(value: str) -> Decimal:
    """Return a percentage from 0 to 100 with up to two decimals."""
    read = amount(value)
    if not 0 <= read <= 100 or read != read.quantize(Decimal("0.01")):
        raise Wrong(f"{shown(value)} is no percentage from 0 to 100 with up to two decimals")
    return read


def day(value: str) -> date:
    """Return a day written as 2026-10-07."""
    if not _DAY.fullmatch(value):
        raise Wrong(f"{shown(value)} is no date such as 2026-10-07")
    try:
        read = date.fromisoformat(value)
    except ValueError:
        raise Wrong(f"{shown(value)} does not exist in the calendar") from None
    if not FIRST_YEAR <= read.year <= LAST_YEAR:
        raise Wrong(f"{shown(value)} is not between the years {FIRST_YEAR} and {LAST_YEAR}")
    return read


def moment(value: str) -> datetime:
    """Return a moment with its offset from UTC, such as 2023-07-14T12:00:00+00:00."""
    try:
        read = datetime.fromisoformat(value)
    except ValueError:
        read = None
    if read is None or read.tzinfo is None or not FIRST_YEAR < read.year < LAST_YEAR:
        raise Wrong(f"{shown(value)} is no moment such as 2023-07-14T12:00:00+00:00")
    return read


def month(value: str) -> tuple[int, int]:
    """Return year and month of a card's expiry, written as 2028-05."""
    found = _MONTH.fullmatch(value)
    if found is None or not 1 <= int(found[2]) <= 12 or not 2000 <= int(found[1]) <= LAST_YEAR:
        raise Wrong("must be the month of expiry, such as 2028-05")
    return int(found[1]), int(found[2])


def last_four(value: str) -> str:
    """Return four digits; a message never repeats what stood there, because it may be a whole number."""
    if not re.fullmatch(r"[0-9]{4}", value):
        raise Wrong("must be the last four digits of the number, and nothing else")
    return value


def brand(value: str) -> str:
    """Return a card's brand or a bank's name, without a number in it."""
    if len(value) > 40 or re.search(r"[0-9]{5}", value):
        raise Wrong("must be a brand such as Visa, of up to 40 characters, without a number")
    return value
