"""Workers end in the middle, are killed, lose their database: nothing is doubled, no job stays "doing"."""

import asyncio
import signal
import time
from datetime import date, timedelta

import psutil
import pytest
from django.db import connection
from procrastinate import PsycopgConnector
from procrastinate.contrib.django import app, connector_params
from procrastinate.contrib.django.models import ProcrastinateJob

from accounts import clock
from accounts.models import TaskRun
from accounts.occasion import Occasion
from admin_center.server import jobs
from billing import reconciliation, renewal_run
from billing.models import Charge, Invoice, SandboxPayment, Subscription
from tests.billing.renewing import customer
from tests.console.test_outages import connected, nobody_gets_in, running
from tests.console.test_worker import until

pytestmark = pytest.mark.django_db(transaction=True)
# A provider that thinks for so long before it makes a payment, as real ones do.
SLOW = "tests.providers.Slow"
# Lost jobs are taken away every half minute; a row that failed is tried again after one minute, then two.
PATIENT = 300.0


def doing() -> list[str]:
    return list(ProcrastinateJob.objects.filter(status="doing").values_list("task_name", flat=True))


def place(**environment: str) -> dict[str, str]:
    here = {"DATABASE_NAME": str(connection.settings_dict["NAME"]), "EMAIL_URL": "dummymail://"}
    return here | environment


def finish() -> None:
    """Do what a worker left, until nothing is left."""
    for minutes in (0, 1, 2):
        at = clock.now() + timedelta(minutes=minutes)
        for _count in renewal_run.renew_due(at, lambda one, at=at: Occasion.of(one, at)):
            pass
        reconciliation.reconcile(at + timedelta(seconds=31))


def books_agree(accounts: int) -> None:
    """Every period since 27 October 2023 has one invoice, paid once; the provider has the same payments."""
    today = clock.now().date()
    years = [year for year in range(2023, today.year + 1) if date(year, 10, 27) <= today]
    for pk in Subscription.objects.values_list("pk", flat=True):
        starts = Invoice.objects.filter(subscription_id=pk, reason="renewal").order_by("period_start")
        assert [one.period_start.year for one in starts] == years
    numbers = sorted(Invoice.objects.values_list("number", flat=True))
    assert numbers == [f"INV-{number:06d}" for number in range(1, accounts * len(years) + 1)]
    assert Charge.objects.filter(state="succeeded").count() == Charge.objects.count() == len(numbers)
    theirs = set(SandboxPayment.objects.filter(status="succeeded").values_list("key", flat=True))
    assert theirs == {str(pk) for pk in Charge.objects.values_list("pk", flat=True)}


def test_told_to_end_in_the_middle_of_a_run_a_worker_ends_within_ten_seconds() -> None:
    """Of 12 renewals each charge takes a second; told after the first, it leaves the rest to others."""
    for number in range(12):
        customer(number)
    with running("manage.py", "work", **place(PAYMENT_PROVIDER=SLOW, SECONDS_OF_THOUGHT="1")) as worker:
        until(lambda: SandboxPayment.objects.exists())
        assert "billing.renewals" in doing()
        began = time.monotonic()
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(30) == 0
        assert time.monotonic() - began < 10
    assert doing() == []
    assert TaskRun.objects.filter(step="renewals", ended_at=None).count() == 0
    finish()
    books_agree(12)


def test_a_silent_provider_keeps_no_worker_from_ending() -> None:
    """The provider thinks for a minute: the charge is left in the middle, and asked for by the next."""
    customer(0)
    with running("manage.py", "work", **place(PAYMENT_PROVIDER=SLOW, SECONDS_OF_THOUGHT="60")) as worker:
        until(lambda: Charge.objects.filter(state="sending").exists())
        began = time.monotonic()
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(30) == 0
        assert time.monotonic() - began < 10
    assert doing() == []
    assert not SandboxPayment.objects.exists()
    finish()
    books_agree(1)


def test_a_worker_whose_database_is_restarted_in_the_middle_goes_on_and_leaves_no_job() -> None:
    for number in range(12):
        customer(number)
    with running("manage.py", "work", **place(PAYMENT_PROVIDER=SLOW, SECONDS_OF_THOUGHT="0.5")) as worker:
        until(lambda: connected() >= 2 and SandboxPayment.objects.exists())
        with nobody_gets_in():
            time.sleep(1)
        # The same process takes its work up again; its own lost jobs are taken away after half a minute.
        until(lambda: Subscription.objects.filter(paid_until__lte=clock.now().date()).count() == 0, PATIENT)
        until(lambda: not set(doing()) - {"accounts.send_letters", "billing.charges"}, PATIENT)
        assert worker.poll() is None
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(30) == 0
    finish()
    books_agree(12)


def test_what_a_killed_worker_was_at_is_taken_over() -> None:
    """Killed with -9 its job looks as if somebody did it; half a minute later another takes it away."""
    customer(0)
    with running("manage.py", "work", **place(PAYMENT_PROVIDER=SLOW, SECONDS_OF_THOUGHT="60")) as worker:
        until(lambda: Charge.objects.filter(state="sending").exists())
        psutil.Process(worker.pid).kill()
        worker.wait(10)
    assert "billing.renewals" in doing()
    assert asyncio.run(released()) == 0
    with connection.cursor() as cursor:
        cursor.execute("UPDATE procrastinate_workers SET last_heartbeat = now() - interval '31 seconds'")
    assert asyncio.run(released()) >= 1
    assert doing() == []
    finish()
    books_agree(1)


async def released() -> int:
    with app.replace_connector(PsycopgConnector(kwargs=connector_params())) as working:
        async with working.open_async():
            return await jobs.release_stalled(working)
