"""`manage.py renew`: what it says, what it refuses, and several processes at once."""

from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from accounts import clock
from accounts.models import Account
from billing.models import Charge, Invoice, PaidSegment, SandboxPayment, Subscription
from tests.billing.renewing import customer

pytestmark = pytest.mark.django_db(transaction=True)


def renew(*options: str) -> str:
    told = StringIO()
    call_command("renew", *options, stdout=told)
    return told.getvalue()


def until_today(accounts: int) -> None:
    """Make customers whose paid year ended a week ago."""
    ended = clock.now().date() - timedelta(days=7)
    for number in range(accounts):
        customer(number)
    began = ended.replace(year=ended.year - 1, day=min(ended.day, 28))
    ended = began.replace(year=began.year + 1)
    dates = {"period_start": began, "period_end": ended, "paid_until": ended}
    Subscription.objects.update(anchor=began, **dates)
    PaidSegment.objects.update(covers_from=began, covers_until=ended, term_start=began, term_end=ended)


def test_it_says_how_many_and_the_second_time_none() -> None:
    until_today(3)
    assert renew("--batch=2").startswith("3 renewed, in ")
    # Each was charged once it was committed.
    assert SandboxPayment.objects.count() == Charge.objects.filter(state="succeeded").count() == 3
    assert renew().startswith("0 renewed, in ")
    assert Invoice.objects.count() == 3


def test_by_a_day_only_what_was_due_then() -> None:
    until_today(1)
    paid = Subscription.objects.get().paid_until
    assert paid is not None
    assert renew(f"--on={paid - timedelta(days=1)}").startswith("0 renewed")
    assert renew(f"--on={paid}").startswith("1 renewed")


@pytest.mark.breaks_invariants
def test_an_account_that_fails_ends_it_with_an_error() -> None:
    until_today(2)
    broken = Account.objects.get(slug="c1")
    PaidSegment.objects.filter(subscription_id=broken.pk).update(taxes=[{"rate": "a fifth"}])
    with pytest.raises(SystemExit):
        renew()
    assert Invoice.objects.count() == 1


@pytest.mark.parametrize(
    ("option", "why"),
    [
        ("--on=tomorrow", "a day, such as"),
        ("--on=2999-01-01", "is still to come"),
        ("--batch=0", "a number from 1 to 1000"),
        ("--batch=2000", "a number from 1 to 1000"),
        ("--workers=-1", "a number from 1 to 32"),
    ],
)
def test_what_it_refuses(option: str, why: str) -> None:
    with pytest.raises(CommandError, match=why):
        renew(option)


def test_two_workers_share_the_work(monkeypatch: pytest.MonkeyPatch) -> None:
    until_today(8)
    monkeypatch.setenv("DATABASE_NAME", str(connection.settings_dict["NAME"]))
    monkeypatch.setenv("TESTING", "1")
    assert "8 renewed, in " in renew("--workers=2", "--batch=2")
    assert Invoice.objects.values("subscription").distinct().count() == Invoice.objects.count() == 8
