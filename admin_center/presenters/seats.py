"""Seats of each product as the People pages show them, with the ways to more and to fewer."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.rules.decision import Action
from admin_center.pages import AccountRequest
from admin_center.presenters import subscription
from admin_center.presenters.subscription import Seats
from admin_center.wording import phrases
from billing import promised_seats
from billing.rules.facts import LineFacts
from billing.storage import loading
from billing.storage.loading import LoadedFacts


@dataclass(frozen=True, slots=True)
class SeatLink:
    """A link to the Manage page with a number of seats filled in; `asks` where it can only be asked for."""

    seats: int
    url: str
    asks: bool


@dataclass(frozen=True, slots=True)
class ProductSeats:
    """A product whose seats people hold.

    `promised` counts the seats that open invitations promise. `more` leads to as many seats more as
    are promised beyond those left, at least one, where at most one is left that is not promised;
    `fewer` leads to the number in use or promised.
    """

    product: str
    name: str
    edition: str
    seats: Seats
    promised: int
    more: SeatLink | None
    fewer: SeatLink | None

    @property
    def missing(self) -> int:
        """Return how many seats are promised beyond those left."""
        return max(self.promised - self.seats.left, 0)

    @property
    def standing(self) -> str:
        """Return how many are left, and how many of them are promised."""
        left = ngettext("%(count)s left", "%(count)s left", self.seats.left) % {"count": self.seats.left}
        if not self.promised:
            return left
        words = ngettext("%(left)s, %(count)s promised", "%(left)s, %(count)s promised", self.promised)
        return words % {"left": left, "count": self.promised}


def of(request: AccountRequest, reading: LoadedFacts | None) -> list[ProductSeats]:
    """Return the seats of each line that people hold seats of, in the catalogue's order."""
    if reading is None or not reading.facts.has_bought:
        return []
    promised = promised_seats.promised(request.account.pk, request.occasion.at)
    return [
        _seating(request, reading, line, seats, promised[line.product])
        for line in reading.facts.lines
        if (seats := subscription.seats(reading.facts, line, request.today)) is not None
    ]


def warn(request: AccountRequest, product: str) -> None:
    """Tell, after an act, that more seats of a product are promised than are left."""
    for place in of(request, loading.read(request.account, request.today)):
        if place.product == product and place.missing:
            told = {"product": place.name, "standing": place.standing}
            words = _(
                "%(product)s: %(standing)s. Anyone who finds no seat joins without one, and you are both "
                "notified by e-mail: get more before that."
            )
            messages.warning(request, words % told)


def _seating(
    request: AccountRequest, reading: LoadedFacts, line: LineFacts, seats: Seats, promised: int
) -> ProductSeats:
    known = reading.facts
    wanted = line.quantity + max(promised - seats.left, 1)
    # What is promised is not offered to be given up.
    least = max(seats.used + promised, known.product(line.product).minimum)
    waits = any(one.product == line.product for one in known.scheduled)
    reducible = least < line.quantity and not waits
    return ProductSeats(
        product=line.product,
        name=phrases.product(reading.names, line.product),
        edition=phrases.edition(reading.names, line.product, line.edition),
        seats=seats,
        promised=promised,
        more=None if seats.left - promised > 1 else _way(request, Action.ADD_SEATS, line.product, wanted),
        fewer=_way(request, Action.REDUCE, line.product, least) if reducible else None,
    )


def _way(request: AccountRequest, action: Action, product: str, seats: int) -> SeatLink | None:
    """Return the way to another number of seats for this person: to change it, or to ask for it."""
    direct = bool(request.gate.may(action))
    if not direct and not request.gate.may(Action.REQUEST_CHANGE):
        return None
    query: dict[str, Any] = {f"seats-{product}": seats} | ({} if direct else {"as": "request"})
    address = reverse("manage", args=[request.account.slug])
    return SeatLink(seats, f"{address}?{urlencode(query)}", asks=not direct)
