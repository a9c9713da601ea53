"""Pages of long lists by key, not by number: the last page costs what the first one costs."""

import base64
import binascii
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Model, Q, QuerySet
from django.http import QueryDict

GREATEST_ID = 2**63 - 1
# A name and an address, each letter written as \uXXXX and in base64, and an id.
LONGEST = 3200


def number(pk: object) -> int:
    """Read an id that is a number; raise ValueError for anything else."""
    if type(pk) is not int or not 0 <= pk <= GREATEST_ID:
        raise ValueError(pk)
    return pk


def uuid(pk: object) -> UUID:
    """Read an id that is a UUID; raise ValueError for anything else."""
    return UUID(str(pk))


@dataclass(frozen=True, slots=True)
class Order:
    """What a list is sorted by: a field (or annotation) with the reader of its text, then the id."""

    field: str
    read: Callable[[str], Any]
    descending: bool = False
    key: Callable[[object], Any] = number

    def sorted(self, rows: QuerySet[Any], *, backwards: bool) -> QuerySet[Any]:
        """Return the rows in this order, or in the other one."""
        sign = "-" if self.descending is not backwards else ""
        return rows.order_by(f"{sign}{self.field}", f"{sign}pk")

    def beyond(self, place: tuple[Any, Any], *, backwards: bool) -> Q:
        """Return the condition of what lies behind a place; written so that an index serves it."""
        value, pk = place
        way = "lt" if self.descending is not backwards else "gt"
        return Q(**{f"{self.field}__{way}e": value}) & (
            Q(**{f"{self.field}__{way}": value}) | Q(**{f"pk__{way}": pk})
        )


@dataclass(frozen=True, slots=True)
class Slice:
    """One page of a list; `previous` and `next` are query strings, empty where there is none."""

    rows: list[Any]
    previous: str
    next: str


def moment(text: str) -> datetime:
    """Read an aware moment; raise ValueError for anything else."""
    at = datetime.fromisoformat(text)
    if at.tzinfo is None or not 1900 <= at.year <= 9000:
        raise ValueError(text)
    return at


def words(text: str) -> str:
    """Read a text that a database can compare with; raise ValueError for one that it can't."""
    # Half a surrogate pair has no bytes (UnicodeEncodeError is a ValueError).
    if b"\x00" in text.encode():
        raise ValueError("NUL")
    return text


def cut(rows: QuerySet[Any], order: Order, asked: QueryDict, *, size: int) -> Slice:
    """Return the page that `after` or `before` in the address asks for; the first where it can't be read."""
    backwards = "before" in asked and "after" not in asked
    place = _place(asked.get("before" if backwards else "after", ""), order)
    backwards = backwards and place is not None
    if place is not None:
        rows = rows.filter(order.beyond(place, backwards=backwards))
    found = list(order.sorted(rows, backwards=backwards)[: size + 1])
    more, found = len(found) > size, found[:size]
    if backwards:
        found.reverse()
    earlier = more if backwards else place is not None
    later = (bool(found) and backwards) or more
    return Slice(
        found,
        _query(asked, "before", found[0], order) if earlier and found else "",
        _query(asked, "after", found[-1], order) if later and found else "",
    )


def _place(text: str, order: Order) -> tuple[Any, Any] | None:
    if not text or len(text) > LONGEST:
        return None
    try:
        value, pk = json.loads(base64.urlsafe_b64decode(text.encode()))
        return (order.read(value), order.key(pk)) if isinstance(value, str) else None
    except (ValueError, TypeError, binascii.Error, RecursionError):
        return None


def _query(asked: QueryDict, way: str, row: Model, order: Order) -> str:
    """Return the query string of the page before or after a row, with the filters as they are."""
    value = getattr(row, order.field)
    text = value.isoformat() if isinstance(value, datetime) else str(value)
    place = base64.urlsafe_b64encode(
        json.dumps([text, row.pk if isinstance(row.pk, int) else str(row.pk)]).encode()
    ).decode()
    query = asked.copy()
    for name in ("before", "after"):
        query.pop(name, None)
    query[way] = place
    return "?" + query.urlencode()
