"""What can be given back of the seats that were added in the last days, with the amount that comes back."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from admin_center.wording import phrases, refusals
from billing.rules import quoting, regret
from billing.rules.changes import GiveBackSeats
from billing.rules.refusals import Refusal
from billing.storage.loading import LoadedFacts


@dataclass(frozen=True, slots=True)
class RegretRow:
    """A window that is open: `back` is what comes back for `most` seats, after tax, in minor units.

    `why` says why nothing is given back just now.
    """

    product: str
    name: str
    window: regret.RegretWindow
    back: int | None = None
    why: str = ""


def rows(reading: LoadedFacts | None, on: date, vendor: str) -> list[RegretRow]:
    """Return the windows that are open on a day, in the order of the lines."""
    return list(_rows(reading, on, vendor)) if reading is not None else []


def _rows(reading: LoadedFacts, on: date, vendor: str) -> Iterator[RegretRow]:
    facts = reading.facts
    for line in facts.lines:
        found = regret.window(facts, line, on)
        if found is None:
            continue
        name, back, why = phrases.product(reading.names, line.product), None, ""
        if found.most:
            try:
                priced = quoting.quote(facts, (GiveBackSeats(line.product, found.least),), on)
                back = -priced.settlement.total
            except Refusal as refusal:
                why = refusals.explain(refusal, reading.names, vendor)
        yield RegretRow(line.product, name, found, back, why)
