"""Until when a card works, and when whoever pays by it is warned."""

from datetime import date

import pytest

from billing.rules import card_expiry


@pytest.mark.parametrize(
    ("on", "due"),
    [
        (date(2023, 6, 30), None),
        # Good until 31 July: the 30th day before is the 1st.
        (date(2023, 7, 1), 30),
        (date(2023, 7, 23), 30),
        (date(2023, 7, 24), 7),
        (date(2023, 7, 31), 7),
        (date(2023, 8, 1), 0),
    ],
)
def test_a_card_is_warned_of_thirty_and_seven_days_before_its_last(on: date, due: int | None) -> None:
    assert card_expiry.warning(card_expiry.last_day(2023, 7), on) == due


def test_a_card_works_until_the_end_of_its_month() -> None:
    assert card_expiry.last_day(2024, 2) == date(2024, 2, 29)
    assert card_expiry.last_day(2023, 12) == date(2023, 12, 31)
