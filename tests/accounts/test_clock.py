"""What day it is depends on whose day: the account's zone, and the own clock of a sandbox account."""

from datetime import UTC, date, datetime

import pytest
import time_machine
from django.db import IntegrityError, transaction

from accounts import clock
from accounts.models import Account
from tests import people

LATE = datetime(2026, 11, 23, 23, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("zone", "day"),
    [
        ("UTC", date(2026, 11, 23)),
        # 18:30 of the same day.
        ("America/New_York", date(2026, 11, 23)),
        # 08:30 of the next.
        ("Asia/Tokyo", date(2026, 11, 24)),
        ("Pacific/Kiritimati", date(2026, 11, 24)),
        ("Pacific/Pago_Pago", date(2026, 11, 23)),
    ],
)
def test_today_is_the_date_in_the_accounts_zone(zone: str, day: date) -> None:
    account = Account(timezone=zone)
    with time_machine.travel(LATE, tick=False):
        assert clock.today(account) == day
        assert clock.now(account) == LATE


def test_the_day_changes_with_summer_time(db: None) -> None:
    """New York goes from UTC-5 to UTC-4 on 8 March 2026: midnight moves from 05:00 to 04:00 UTC."""
    account = Account(timezone="America/New_York")
    for moment, day in [
        (datetime(2026, 3, 8, 4, 59, tzinfo=UTC), date(2026, 3, 7)),
        (datetime(2026, 3, 8, 5, 0, tzinfo=UTC), date(2026, 3, 8)),
        (datetime(2026, 3, 9, 3, 59, tzinfo=UTC), date(2026, 3, 8)),
        (datetime(2026, 3, 9, 4, 0, tzinfo=UTC), date(2026, 3, 9)),
    ]:
        with time_machine.travel(moment, tick=False):
            assert clock.today(account) == day


def test_a_sandbox_account_carries_its_own_time() -> None:
    """The account `ledger` of the demo stands at 2023-07-14."""
    ledger = Account(timezone="UTC", is_sandbox=True, clock=datetime(2023, 7, 14, 12, tzinfo=UTC))
    assert clock.today(ledger) == date(2023, 7, 14)
    assert clock.now(ledger) == clock.now(ledger)


def test_only_a_sandbox_account_may_carry_its_own_time(acme: Account) -> None:
    with pytest.raises(IntegrityError, match="account_clock_only_in_sandbox"), transaction.atomic():
        Account.objects.filter(pk=acme.pk).update(clock=LATE)
    # And even a clock that got there would not be read.
    with time_machine.travel(LATE, tick=False):
        assert clock.now(Account(timezone="UTC", clock=datetime(2020, 1, 1, tzinfo=UTC))) == LATE


def test_the_gate_asks_for_the_day_of_the_account(db: None) -> None:
    tokyo = people.acme(timezone="Asia/Tokyo", state="trial", trial_ends_on=date(2026, 11, 24))
    with time_machine.travel(LATE, tick=False):
        assert clock.today(tokyo) == tokyo.trial_ends_on
