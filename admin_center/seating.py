"""Seats of each product as the People pages show them, with the ways to more and to fewer."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse

from accounts.rules.decision import Action
from admin_center import sentences, summary
from admin_center.pages import AccountRequest
from admin_center.summary import Seats
from billing.facts import Reading
from billing.rules.facts import LineFacts


@dataclass(frozen=True, slots=True)
class Way:
    """A link to the Manage page with a number of seats filled in; `asks` where it can only be asked for."""

    seats: int
    url: str
    asks: bool


@dataclass(frozen=True, slots=True)
class Seating:
    """A product whose seats people hold.

    `more` leads to one seat more where at most one is left, `fewer` to the number in use.
    """

    product: str
    name: str
    edition: str
    seats: Seats
    more: Way | None
    fewer: Way | None


def of(request: AccountRequest, reading: Reading | None) -> list[Seating]:
    """Return the seats of each line that people hold seats of, in the catalogue's order."""
    if reading is None or not reading.facts.has_bought:
        return []
    return [
        _seating(request, reading, line, seats)
        for line in reading.facts.lines
        if (seats := summary.seats(reading.facts, line, request.today)) is not None
    ]


def _seating(request: AccountRequest, reading: Reading, line: LineFacts, seats: Seats) -> Seating:
    facts = reading.facts
    least = max(seats.used, facts.product(line.product).minimum)
    waits = any(one.product == line.product for one in facts.scheduled)
    reducible = least < line.quantity and not waits
    return Seating(
        product=line.product,
        name=sentences.product(reading.names, line.product),
        edition=sentences.edition(reading.names, line.product, line.edition),
        seats=seats,
        more=None if seats.left > 1 else _way(request, Action.ADD_SEATS, line.product, line.quantity + 1),
        fewer=_way(request, Action.REDUCE, line.product, least) if reducible else None,
    )


def _way(request: AccountRequest, action: Action, product: str, seats: int) -> Way | None:
    """Return the way to another number of seats for this person: to change it, or to ask for it."""
    direct = bool(request.gate.may(action))
    if not direct and not request.gate.may(Action.REQUEST_CHANGE):
        return None
    query: dict[str, Any] = {f"seats-{product}": seats} | ({} if direct else {"as": "request"})
    address = reverse("manage", args=[request.account.slug])
    return Way(seats, f"{address}?{urlencode(query)}", asks=not direct)
