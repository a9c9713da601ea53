"""What is told of a trial that is over from 14 July 2023 on, day by day."""

from datetime import date, timedelta

import pytest

from accounts.rules.trials import TrialNotice, notice

ENDS = date(2023, 7, 14)


@pytest.mark.parametrize(
    ("days_before", "told"),
    [
        (30, None),
        (8, None),
        (7, TrialNotice.WEEK),
        # A run that was missed makes up for it, until the next has its day.
        (2, TrialNotice.WEEK),
        (1, TrialNotice.DAY),
        (0, TrialNotice.ENDED),
        (-7, TrialNotice.ENDED),
        # Later it is no news.
        (-8, None),
    ],
)
def test_what_is_told_by_day(days_before: int, told: TrialNotice | None) -> None:
    assert notice(ENDS, ENDS - timedelta(days=days_before)) is told
