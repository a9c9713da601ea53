"""Which requests are approved automatically, and which need two people (domain.md 7, "Limits")."""

from collections.abc import Collection, Iterable
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum

from billing.rules.changes import AddSeats, Change, ReduceSeats, RemoveProduct
from billing.rules.facts import Facts, LineFacts, ScheduledKind
from billing.rules.notices import NoticeCode
from billing.rules.quoting import PricedQuote, renewal
from billing.rules.refusals import Refusal


@dataclass(frozen=True, slots=True)
class Limits:
    """What the owner allows: amounts in minor units after tax; None where a limit is off.

    Up to `amount` and `seats` a month requests are approved automatically; above `two_above` two
    people approve.
    """

    amount: int | None = None
    seats: int | None = None
    two_above: int | None = None

    @property
    def approves(self) -> bool:
        """Tell whether any request is approved automatically."""
        return self.amount is not None or self.seats is not None

    @property
    def agree(self) -> bool:
        """Tell whether what is approved automatically never needs two people."""
        return self.amount is None or self.two_above is None or self.amount <= self.two_above


@dataclass(frozen=True, slots=True)
class LimitUse:
    """What a request takes of the limits, or what those of one month took together, in minor units.

    `amount` is what is charged now after tax, before the balance; `growth` what the renewal costs more.
    """

    amount: int = 0
    seats: int = 0
    growth: int = 0


class NotAutomatic(StrEnum):
    """Why a request is for people to decide."""

    OFF = "off"
    TWO_NEEDED = "two_needed"
    OWN = "own"
    NOT_OWNERS = "not_owners"
    PRODUCT_REMOVED = "product_removed"
    NOT_SEATS = "not_seats"
    PRICE_LOST = "price_lost"
    SEATS = "seats"
    AMOUNT = "amount"
    GROWTH = "growth"
    BEING_PAID = "being_paid"
    NO_METHOD = "no_method"
    NOT_PAID = "not_paid"


def use_of(quote: PricedQuote, before: Facts, not_in_seats: Collection[str] = ()) -> LimitUse:
    """Return what a request takes of the limits, by its quote and the facts that it was made from.

    `not_in_seats` are the products that are counted in something else: none of it counts as seats.
    """
    held = {line.product: line for line in before.lines}
    added = 0
    for line in quote.after.lines:
        if line.product not in not_in_seats:
            old = held.get(line.product)
            now = line.quantity - (old.quantity if old else 0)
            # A reduction that no longer waits gives back what it would have taken.
            then = _renewing(line, quote.after) - (_renewing(old, before) if old else 0)
            added += max(0, now, then)
    temporary = list(quote.after.temporary)
    for one in before.temporary:
        if one in temporary:
            temporary.remove(one)
    growth = quote.renewal.amount
    with suppress(Refusal):
        if usual := renewal(before, quote.on):
            growth -= usual.amount
    return LimitUse(quote.settlement.total, added + sum(one.quantity for one in temporary), growth)


def _renewing(line: LineFacts, facts: Facts) -> int:
    """Return with how many a line renews."""
    waits = facts.waiting(ScheduledKind.QUANTITY, line.product)
    return line.quantity if waits is None or waits.quantity is None else waits.quantity


def needs_two(limits: Limits, use: LimitUse) -> bool:
    """Tell whether two different people must approve what a quote takes."""
    return limits.two_above is not None and max(use.amount, use.growth) > limits.two_above


def not_automatic(
    limits: Limits,
    use: LimitUse,
    spent: LimitUse,
    quote: PricedQuote,
    changes: Iterable[Change],
    not_in_seats: Collection[str] = (),
) -> NotAutomatic | None:
    """Return why people decide a request, None where it is approved automatically.

    `spent` is what was so approved in this month before; `not_in_seats` as for `use_of`.
    """
    changes = tuple(changes)
    if not limits.approves:
        return NotAutomatic.OFF
    if needs_two(limits, use):
        return NotAutomatic.TWO_NEEDED
    if any(isinstance(one, RemoveProduct) for one in changes):
        return NotAutomatic.PRODUCT_REMOVED
    if limits.amount is None and not all(
        isinstance(one, AddSeats | ReduceSeats) and one.product not in not_in_seats for one in changes
    ):
        # A number of seats alone says nothing of what else may be bought.
        return NotAutomatic.NOT_SEATS
    if any(notice.code == NoticeCode.GRANDFATHERED_PRICE_LOST for notice in quote.notices):
        return NotAutomatic.PRICE_LOST
    if limits.seats is not None and spent.seats + use.seats > limits.seats:
        return NotAutomatic.SEATS
    if limits.amount is not None and spent.amount + use.amount > limits.amount:
        return NotAutomatic.AMOUNT
    if limits.amount is not None and use.growth > limits.amount:
        return NotAutomatic.GROWTH
    return None


@dataclass(frozen=True, slots=True)
class Approval:
    """What the first of two people approved: the changes, the version they were priced on, and their cost."""

    changes: tuple[Change, ...]
    version: int
    amount: int
    renewal: int

    def covers(self, other: "Approval") -> bool:
        """Tell whether it still counts for a quote: the same changes and version, and nothing costs more.

        With each day less is due for the rest of a period; that is no other quote to whoever approved more.
        """
        same = set(self.changes) == set(other.changes) and self.version == other.version
        return same and other.amount <= self.amount and other.renewal <= self.renewal


def approval_of(quote: PricedQuote) -> Approval:
    """Return what approving a quote approves."""
    return Approval(quote.changes, quote.version, quote.settlement.total, quote.renewal.amount)
