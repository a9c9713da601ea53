"""Seats that go with their holders to the lines that replace theirs, and stay as old as they are."""

from collections.abc import Collection, Iterable
from datetime import datetime

from django.db.models import Min

from billing.models import AgentSeat, Line
from billing.rules.facts import LineFacts


def given(lines: Collection[int]) -> dict[int, datetime]:
    """Return since when each member has held a seat of any of these lines, by the membership's id."""
    if not lines:
        return {}
    held = AgentSeat.objects.filter(line__in=lines)
    return dict(held.values_list("membership_id").annotate(Min("assigned_at")))


def add(made: Iterable[tuple[LineFacts, Line]], since: dict[int, datetime], *, size: int) -> None:
    """Give the holders of new lines their seats, with the day on which they got the first of them."""
    AgentSeat.objects.bulk_create(
        (
            AgentSeat(
                subscription_id=row.subscription_id,
                line=row,
                membership_id=holder,
                **({"assigned_at": since[holder]} if holder in since else {}),
            )
            for line, row in made
            for holder in sorted(line.holders)
        ),
        batch_size=size,
    )
