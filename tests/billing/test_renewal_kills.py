"""A renewal run is killed at every step and at random moments; the next finds what is left, each once."""

import os
import random
import subprocess
import sys
import time
from datetime import date, timedelta

import pytest
from django.conf import settings
from django.db import connection

from accounts.models import Account
from accounts.occasion import Occasion
from billing import reconciliation, renewal_run
from billing.models import Charge, Invoice, InvoicePayment, SandboxPayment, Subscription
from tests.billing.renewing import AT, TOTAL, customer
from tests.billing.test_races import at_once

pytestmark = pytest.mark.django_db(transaction=True)
STEPS = [
    *("renewal_decided", "renewal_moved", "invoices_numbered", "renewal_written", "renewal_committed"),
    *("charge_sending", "charge_answered", "settle_written", "settle_committed"),
]


def occasion_of(account: Account | None) -> Occasion:
    return Occasion.of(account, AT + timedelta(minutes=1))


def process(size: int, kill_at: str = "") -> subprocess.Popen[str]:
    """Start a process that renews in batches of a size, in the test database."""
    named = {"DATABASE_NAME": str(connection.settings_dict["NAME"]), "KILL_AT": kill_at, "TESTING": "1"}
    return subprocess.Popen(
        [sys.executable, "-m", "tests.billing.renewing", str(size)],
        cwd=settings.BASE_DIR, env=os.environ | named, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip


def run() -> int:
    """Renew what is left, and ask for what was sent; return how many periods were renewed."""
    counts = list(renewal_run.renew_due(AT + timedelta(minutes=1), occasion_of, size=5))
    assert sum(one.failed for one in counts) == 0
    reconciliation.reconcile(AT + timedelta(minutes=1))
    return sum(one.renewed for one in counts)


def books_agree(size: int) -> None:
    """Each has one invoice for the period, paid once; numbers have no gap; the provider says the same."""
    invoices = Invoice.objects.filter(reason="renewal")
    assert set(invoices.values_list("subscription_id", flat=True)) == {
        *Subscription.objects.filter(paid_until=date(2024, 10, 27)).values_list("pk", flat=True)
    }
    assert invoices.count() == Subscription.objects.count() == InvoicePayment.objects.count() == size
    numbers = sorted(invoices.values_list("number", flat=True))
    assert numbers == [f"INV-{number:06d}" for number in range(1, size + 1)]
    theirs = {payment.key: payment.amount for payment in SandboxPayment.objects.all()}
    assert theirs == {str(charge.pk): TOTAL * 100 for charge in Charge.objects.filter(state="succeeded")}
    assert len(theirs) == size
    assert not Charge.objects.exclude(state="succeeded").exists()


@pytest.mark.parametrize("step", STEPS)
def test_killed_at_a_named_step(step: str) -> None:
    for number in range(3):
        customer(number)
    with process(2, kill_at=step) as child:
        assert child.wait(timeout=60) == 9
    run()
    books_agree(3)
    assert run() == 0


@pytest.mark.parametrize(
    ("accounts", "kills"), [(40, 20), pytest.param(400, 200, marks=pytest.mark.soak)], ids=["20", "200"]
)
def test_killed_at_random_moments(accounts: int, kills: int) -> None:
    seed = random.randrange(10**6)
    print(f"seed {seed}")  # noqa: T201 - shown when it fails
    chance = random.Random(seed)
    for number in range(accounts):
        customer(number)
    killed = 0
    while killed < kills and Subscription.objects.exclude(paid_until=date(2024, 10, 27)).exists():
        # Often two workers at once.
        children = [process(4) for _worker in range(chance.choice((1, 2, 2)))]
        for child in children:
            assert child.stdout is not None
            child.stdout.readline()
        time.sleep(chance.uniform(0, 0.4))
        for child in children:
            child.kill()
            child.communicate()
        killed += len(children)
    run()
    books_agree(accounts)
    assert run() == 0


def test_workers_at_once_renew_each_once() -> None:
    for number in range(20):
        customer(number)
    counts = at_once(*[lambda: list(renewal_run.renew_due(AT, occasion_of, size=5))] * 3)
    assert sum(one.renewed for own in counts for one in own) == 20
    assert sum(one.failed for own in counts for one in own) == 0
    books_agree(20)
    assert run() == 0
