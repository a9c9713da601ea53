"""How many accounts were cancelled, by reason and by month."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Count, Q, QuerySet
from django.db.models.functions import TruncMonth

from billing.models import Cancellation

A_YEAR = timedelta(days=365)


@dataclass(frozen=True, slots=True)
class CancellationBar:
    """A row of the table and its bar: how many cancelled, how many of them were undone or restored.

    `share` is the bar's length, a hundred for the longest.
    """

    label: str | date
    at_once: int
    at_period_end: int
    undone: int
    share: int

    @property
    def all(self) -> int:
        """Return how many there were."""
        return self.at_once + self.at_period_end


def by_reason(rows: QuerySet[Cancellation]) -> Sequence[CancellationBar]:
    """Return the figures of every reason, the most frequent first; reasons without any too."""
    found = {reason: counts for reason, *counts in rows.values_list("reason").annotate(**_COUNTS)}
    named = [(one.label, found.get(one.value, [0] * len(_COUNTS))) for one in Cancellation.Reason]
    return sorted(_bars(named), key=lambda bar: -bar.all)


def by_month(rows: QuerySet[Cancellation]) -> Sequence[CancellationBar]:
    """Return the figures of every month in which somebody cancelled, in their order."""
    months = rows.annotate(month=TruncMonth("created_at", tzinfo=ZoneInfo("UTC")))
    found = months.values_list("month").annotate(**_COUNTS).order_by("month")
    return _bars([(month.date(), counts) for month, *counts in found])


# In the order of the columns.
_COUNTS = {
    "at_once": Count("pk", filter=Q(at_period_end=False)),
    "at_period_end": Count("pk", filter=Q(at_period_end=True)),
    "undone": Count("undone_at"),
}


def _bars(rows: Sequence[tuple[Any, Sequence[int]]]) -> list[CancellationBar]:
    most = max((at_once + at_end for _label, (at_once, at_end, _undone) in rows), default=0) or 1
    return [
        CancellationBar(label, at_once, at_end, undone, share=100 * (at_once + at_end) // most)
        for label, (at_once, at_end, undone) in rows
    ]
