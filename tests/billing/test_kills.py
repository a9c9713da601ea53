"""The process is killed at every step between drawing up and receipt, and at random moments.

After a restart and `reconcile` no charge is doubled, none is forgotten, no quote is stuck, and our
books equal the provider's. With the charge created only after the answer (tried once), the kill at
`charge_answered` left a payment that our books did not know.
"""

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
from billing import quotes, reconciliation
from billing.models import Charge, Invoice, InvoicePayment, PaymentMethod, Quote, SandboxPayment
from billing.rules.changes import AddSeats
from tests import acting, people, shop
from tests.billing.confirming import NOON, TODAY

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("acting")]
STEPS = [
    "confirm_written",
    "confirm_committed",
    "charge_sending",
    "charge_answered",
    "settle_written",
    "settle_committed",
]


def quote_for(number: int, method: str = "test_approves") -> Quote:
    """Draw up one more seat for an account of its own: 3.45 due."""
    olivia = people.person(f"olivia{number}@acme{number}.example", f"Olivia {number}")
    account = people.account(f"acme{number}", f"Acme {number}", [(olivia, "owner")], timezone="UTC")
    shop.subscribe(account, {"support": ("team", 10, "1.00")}, start=date(2022, 10, 27))
    PaymentMethod.objects.create(
        subscription_id=account.pk, kind="card", brand="Visa", last_four="4242", reference=method
    )
    return quotes.draw_up(account, [AddSeats("support", 11)], occasion=acting.occasion(by=olivia, on=TODAY))


def process(*found: Quote, kill_at: str = "") -> subprocess.Popen[str]:
    """Start a process that confirms quotes, in the test database."""
    environment = os.environ | {
        "DATABASE_NAME": str(connection.settings_dict["NAME"]),
        "KILL_AT": kill_at,
        "TESTING": "1",
    }
    return subprocess.Popen(
        [sys.executable, "-m", "tests.billing.confirming", *(str(quote.pk) for quote in found)],
        cwd=settings.BASE_DIR, env=environment, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip


def books_agree() -> None:
    """Compare our books with the provider's, one to one, and with what was applied."""
    ours = {str(c.pk): c.state for c in Charge.objects.all()}
    theirs = {payment.key: payment.status for payment in SandboxPayment.objects.all()}
    assert {key for key, state in ours.items() if state == "succeeded"} == {
        key for key, status in theirs.items() if status == "succeeded"
    }
    assert not Charge.objects.filter(state__in=Charge.OPEN).exists()
    assert not Quote.objects.filter(state=Quote.State.HELD).exists()
    confirmed = Quote.objects.filter(state=Quote.State.CONFIRMED)
    assert confirmed.count() == Invoice.objects.count() == InvoicePayment.objects.count() == len(theirs)
    for quote in confirmed:
        assert shop.line(Account.objects.get(pk=quote.subscription_id), "support").quantity == 11


@pytest.mark.parametrize("step", STEPS)
def test_killed_at_a_named_step(step: str) -> None:
    quote = quote_for(1)
    with process(quote, kill_at=step) as child:
        assert child.wait(timeout=60) == 9
    with acting.at(NOON + timedelta(minutes=1)):
        reconciliation.reconcile(NOON + timedelta(minutes=1))
        # The customer looks again, and confirms where nothing had happened yet.
        quotes.confirm(quote.pk, occasion=acting.occasion(by=quote.person, on=TODAY))
    books_agree()
    assert Quote.objects.get().state == Quote.State.CONFIRMED
    assert [payment.amount for payment in SandboxPayment.objects.all()] == [345]


@pytest.mark.parametrize("size", [20, pytest.param(200, marks=pytest.mark.soak)])
def test_killed_at_random_moments(size: int) -> None:
    seed = random.randrange(10**6)
    print(f"seed {seed}")  # noqa: T201 - shown when it fails
    chance = random.Random(seed)
    waiting = [quote_for(number) for number in range(size)]
    for _kill in range(size):
        still = list(
            Quote.objects.filter(pk__in=[q.pk for q in waiting]).exclude(state="confirmed").order_by("pk")[:8]
        )
        if not still:
            break
        with process(*still) as child:
            assert child.stdout is not None
            child.stdout.readline()
            time.sleep(chance.uniform(0, 0.12))
            child.kill()
    with acting.at(NOON + timedelta(minutes=1)):
        reconciliation.reconcile(NOON + timedelta(minutes=1))
        for quote in waiting:
            quotes.confirm(quote.pk, occasion=acting.occasion(by=quote.person, on=TODAY))
    books_agree()
    assert Quote.objects.filter(state=Quote.State.CONFIRMED).count() == size
