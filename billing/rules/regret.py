"""The regret window: seats that were added in the last days can be given back for full credit, once."""

from dataclasses import dataclass
from datetime import date, timedelta

from billing.rules.facts import Facts, LineFacts, ProductKind

# The day of the purchase is the first of them.
DAYS = 7
# What people hold a seat of: whether anything else was used nobody sees.
HELD = (ProductKind.PRODUCT, ProductKind.SUITE)


@dataclass(frozen=True, slots=True)
class RegretWindow:
    """What of a line can still be given back: how many seats of those that were added on a day.

    `most` are free on the day asked for; `least` is what the line then has.
    """

    product: str
    bought_on: date
    last_day: date
    quantity: int
    added: int
    most: int

    @property
    def least(self) -> int:
        """Return the seats of the line once all is given back that can be."""
        return self.quantity - self.most


def window(facts: Facts, line: LineFacts, on: date) -> RegretWindow | None:
    """Return what of a line's last purchase can be given back on a day; None where nothing can.

    Open while what the purchase opened is all that lies ahead, and the vendor credited nothing of it; `most`
    may be zero, because somebody holds each seat.
    """
    ahead = [segment for segment in line.segments if segment.covers.end > on]
    if not ahead or facts.product(line.product).kind not in HELD:
        return None
    bought_on, added = ahead[0].covers.start, ahead[0].added
    last_day = bought_on + timedelta(days=DAYS - 1)
    whole = all(segment.added == added and not segment.credited for segment in ahead)
    if not added or not whole or not bought_on <= on <= last_day:
        return None
    minimum = max(line.seats_in_use, facts.product(line.product).minimum)
    most = max(min(added, line.quantity - minimum), 0)
    return RegretWindow(line.product, bought_on, last_day, line.quantity, added, most)
