"""Until when a card works, and when whoever pays by it is warned."""

from calendar import monthrange
from datetime import date

# Days before its last one (domain.md 9), the first warning first.
WARNED_BEFORE = (30, 7)


def last_day(year: int, month: int) -> date:
    """Return the last day on which a card works: it is valid until the end of its month."""
    return date(year, month, monthrange(year, month)[1])


def warning(last: date, on: date) -> int | None:
    """Return which warning is due on a day: 30 or 7, 0 once the card no longer works; None before."""
    left = (last - on).days
    if left < 0:
        return 0
    return min((days for days in WARNED_BEFORE if left <= days), default=None)
