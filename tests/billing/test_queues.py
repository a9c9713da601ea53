"""One row that raises stops neither its queue nor the next step."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core.management import call_command
from django.db import transaction
from procrastinate.contrib.django import app
from procrastinate.contrib.django.models import ProcrastinateJob

from accounts import clock, mail, queues, row_failures
from accounts.models import Account, RowFailure, TaskRun
from admin_center.management.commands.work import PLACES
from billing import data_export, erasure, reconciliation, renewal_run, tasks
from billing.tasks import Step
from tests import people

pytestmark = pytest.mark.django_db(transaction=True)


def test_two_cancelled_accounts_one_named_as_the_other_will_be_are_both_erased() -> None:
    acme, globex = people.acme(), people.globex()
    long_ago = clock.now() - timedelta(days=200)
    Account.objects.filter(pk=globex.pk).update(slug=f"erased-{acme.pk}")
    Account.objects.update(state="cancelled", cancelled_at=long_ago)
    call_command("erase_cancelled_accounts")
    assert Account.objects.filter(erased_at=None).count() == 0
    assert Account.objects.values("slug").distinct().count() == 2


def test_an_account_that_cannot_be_erased_keeps_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    people.acme(), people.globex()
    Account.objects.update(state="cancelled", cancelled_at=clock.now() - timedelta(days=200))
    names = iter([RuntimeError("broken")])

    def free(name: str, taken: Any) -> str:
        for error in names:
            raise error
        return name

    monkeypatch.setattr(erasure, "_free", free)
    assert erasure.erase_due(clock.now()) == (1, 1)


def test_rows_that_fail_are_counted_in_their_step_and_end_a_run_with_an_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Of three rows the middle one raises: two are done, one is counted, cron is told."""
    rows = [(1, None), (0, None), (2, None)]

    def act(at: datetime) -> dict[str, int]:
        return {"letters": queues.each("letters", rows, lambda key: 1 // key, at=at)[0]}

    monkeypatch.setitem(tasks.STEPS, "letters", Step(act))
    done = tasks.work()
    # 1 // 2 is nothing that counts.
    assert (done["letters"], done["letters_rows_failed"]) == (1, 1)
    row_failures.try_again("letters")
    with pytest.raises(SystemExit):
        call_command("billing_tick")


def test_what_fails_is_written_to_its_account_and_tried_again_after_longer_and_longer_waits() -> None:
    """At 0, 1, 3, 8, 23, 53 minutes, then 1, 2, 6, 6 … hours later; mended, it is forgotten."""
    acme, noon = people.acme(), clock.now()
    tried: list[timedelta] = []

    def act(_row: int) -> None:
        tried.append(at - noon)
        raise RuntimeError("no such zone")

    for minutes in range(24 * 60):
        at = noon + timedelta(minutes=minutes)
        queues.each("reminders", [(acme.pk, acme.pk)], act, at=at)
    assert [int(one.total_seconds() // 60) for one in tried] == [
        *(0, 1, 3, 8, 23, 53),
        *(113, 233, 593, 953, 1313),
    ]
    failure = RowFailure.objects.get()
    assert (failure.account, failure.queue, failure.error) == (
        acme,
        "reminders",
        "RuntimeError: no such zone",
    )
    assert (failure.tries, failure.failed_at) == (11, noon)
    # Another queue's row of the same key is none of its business.
    assert queues.each("trials", [(acme.pk, acme.pk)], bool, at=at) == (1, 0)
    assert queues.each("reminders", [(acme.pk, acme.pk)], bool, at=at) == (0, 0)
    assert row_failures.try_again("reminders", str(acme.pk)) == 1
    assert queues.each("reminders", [(acme.pk, acme.pk)], bool, at=at) == (1, 0)
    assert not RowFailure.objects.exists()


def test_a_run_is_kept_with_what_it_did_and_of_idle_ones_the_last(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two ticks: nothing is due. Then a step breaks, and one was killed a day ago."""
    for _tick in range(2):
        tasks.work()
    assert TaskRun.objects.filter(step="renewals", idle=True).count() == 1
    assert TaskRun.objects.count() == len(tasks.STEPS)
    monkeypatch.setitem(tasks.STEPS, "letters", Step(lambda _at: {"letters": 3}))
    monkeypatch.setitem(tasks.STEPS, "charges", Step(lambda _at: {"charges": 1 // 0}))
    now = clock.now()
    killed = TaskRun.objects.create(step="letters", machine="m:1", began_at=now - timedelta(days=2))
    old = TaskRun.objects.create(step="letters", machine="m:1", began_at=now - timedelta(days=20))
    assert tasks.work()["charges_failed"] == 1
    kept = TaskRun.objects.filter(step="letters").latest("pk")
    assert (kept.done, kept.error, kept.ended_at is not None) == ({"letters": 3}, "", True)
    broken = TaskRun.objects.filter(step="charges").latest("pk")
    assert broken.error == "ZeroDivisionError: integer division or modulo by zero"
    assert tasks.clean_up()["background"] == 1
    assert not TaskRun.objects.filter(pk=old.pk).exists()
    killed.refresh_from_db()
    assert killed.error == "broken off"


def test_each_step_has_a_schedule_and_a_place_of_its_own() -> None:
    """No step waits for another of the same tick; a commit wakes the same task that its schedule does."""
    periodic = {one.task.name: one for one in app.periodic_registry.periodic_tasks.values()}
    for name, step in (tasks.STEPS | tasks.NIGHTLY).items():
        task = periodic[step.woken_as or f"billing.{name}"]
        assert (task.cron, task.task.queue, task.task.queueing_lock) == (step.cron, step.queue, name)
        assert (task.task.lock is None) is step.several
    assert len(periodic) == len(tasks.STEPS) + len(tasks.NIGHTLY)
    assert set(PLACES) == set(tasks.WorkerQueue)
    with transaction.atomic():
        mail.post_to_address("role_given", people.acme(), email="a@b.example", facts={}, key="1")
    job = ProcrastinateJob.objects.get()
    assert (job.task_name, job.queue_name) == ("accounts.send_letters", "letters")


@pytest.mark.parametrize(
    ("module", "name", "step"),
    [
        (reconciliation, "reconcile", "charges"),
        (data_export, "prepare_waiting", "exports"),
        (renewal_run, "renew_due", "renewals"),
    ],
)
def test_a_step_that_fails_stops_no_other(
    monkeypatch: pytest.MonkeyPatch, module: Any, name: str, step: str
) -> None:
    def broken(*_args: object) -> None:
        raise RuntimeError("broken")

    monkeypatch.setattr(module, name, broken)
    done = tasks.work()
    assert done[f"{step}_failed"] == 1
    assert "letters" in done
    with pytest.raises(SystemExit):
        call_command("billing_tick")
