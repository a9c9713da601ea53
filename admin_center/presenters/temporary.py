"""Who loses a seat when temporary seats end, with names. Calculates nothing."""

from dataclasses import dataclass
from datetime import date, timedelta

from accounts.models import Account
from admin_center.wording import phrases
from billing import temporary_seats
from billing.storage.loading import LoadedFacts

# So many are named at once; the others open with a click.
NAMED = 20


@dataclass(frozen=True, slots=True)
class SurplusRow:
    """An end of temporary seats with those who then lose a seat, the last to get one first."""

    name: str
    last_day: date
    left: int
    number: int
    named: tuple[str, ...]
    others: tuple[str, ...]


def surplus(account: Account, reading: LoadedFacts | None) -> list[SurplusRow]:
    """Return the ends of temporary seats at which somebody loses a seat, if nothing changes until then."""
    if reading is None or not reading.facts.temporary:
        return []
    return [
        SurplusRow(
            phrases.product(reading.names, one.end.product),
            one.end.on - timedelta(days=1),
            one.end.left,
            len(one.people),
            one.people[:NAMED],
            one.people[NAMED:],
        )
        for one in temporary_seats.surplus(account, reading.facts)
    ]
