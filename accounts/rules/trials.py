"""Which letter of its coming end a trial is due, by day: a week and a day before, and once it has ended."""

from datetime import date
from enum import StrEnum

# A run that was missed tells of an end for as long as this; later it is no news.
TOLD_WITHIN_DAYS = 7


class TrialNotice(StrEnum):
    """What is told of a trial's end."""

    WEEK = "week"
    DAY = "day"
    ENDED = "ended"


def notice(ends_on: date, on: date) -> TrialNotice | None:
    """Return what is to be told on a day of a trial that is over from `ends_on` on, None where nothing is.

    One that was missed is made up until the next has its day.
    """
    days = (ends_on - on).days
    if days > 7 or days < -TOLD_WITHIN_DAYS:
        return None
    if days > 1:
        return TrialNotice.WEEK
    return TrialNotice.DAY if days == 1 else TrialNotice.ENDED
