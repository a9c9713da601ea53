"""The background work as the staff see it: runs, what is behind, rows that fail and are tried again."""

import re
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import connection
from django.test import Client

from accounts import clock, mail, queues, task_runs
from accounts.models import Account, Letter, RowFailure, TaskRun
from admin_center.back_office import background
from billing import backlog, erasure, renewal_run, tasks
from billing.models import Subscription
from tests import people, shop
from tests.console.reading import signed_in, text

# A parked subscription is broken on purpose.
pytestmark = [pytest.mark.django_db, pytest.mark.breaks_invariants]
RUNS, ROWS = "/vendor/accounts/taskrun/", "/vendor/accounts/rowfailure/"
NOW = f"{RUNS}now/"


@pytest.fixture
def vera() -> Client:
    return signed_in(people.vera())


def test_every_step_queue_and_kind_has_a_name() -> None:
    assert {*tasks.STEPS, *tasks.NIGHTLY} == background.STEPS.keys()
    assert backlog._DUE.keys() <= background.NAMES.keys()
    # Whatever rows go through a fence.
    modules = [path.read_text() for room in ("accounts", "billing") for path in Path(room).rglob("*.py")]
    queued = {code for text in modules for code in re.findall(r'queues\.each\(\s*"(\w+)"', text)}
    assert len(queued) > 8
    assert queued | {renewal_run.QUEUE, erasure.QUEUE} <= background.NAMES.keys()


def test_vera_reads_how_far_behind_the_work_is(acme: Account, vera: Client) -> None:
    page = text(vera.get(NOW))
    assert "There is none" in page
    assert "Due, the oldest first Nothing" in page
    shop.subscribe(acme, {"support": ("team", 10, "1.00")}, start=clock.now().date())
    Subscription.objects.update(parked_at=clock.now(), parked_because="gap support")
    mail.post_to_address("role_given", acme, email="adam@acme.example", facts={}, key="1")
    Letter.objects.update(created_at=clock.now() - timedelta(hours=2, minutes=5))
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO procrastinate_workers (last_heartbeat) VALUES (now() - interval '7 s')")
    page = text(vera.get(NOW))
    assert "Worker It is there." in page
    assert "Letters: for 2 hours, 5 minutes" in page
    assert "Failed rows None Parked subscriptions 1" in page


def test_vera_reads_what_ran_and_what_went_wrong(acme: Account, vera: Client) -> None:
    now = clock.now()
    run = task_runs.begin("renewals", at=now - timedelta(minutes=3))
    task_runs.end(run, {"renewals": 12}, rows_failed=1, at=now - timedelta(minutes=2, seconds=30))
    broken = task_runs.begin("exports", at=now)
    task_runs.end(broken, {}, error="OperationalError: the disk is full", at=now)
    task_runs.begin("letters", at=now - timedelta(days=2))
    task_runs.begin("dunning", at=now - timedelta(minutes=10))
    page = text(vera.get(RUNS))
    assert NOW in vera.get(RUNS).content.decode()
    assert "Renewals 30.0 s Renewals: 12 1 –" in page
    assert "OperationalError: the disk is full" in page
    assert "under way for 10 minutes" in page
    task_runs.remove_old(now)
    killed = TaskRun.objects.get(step="letters")
    assert "its process was ended" in text(vera.get(f"{RUNS}{killed.pk}/change/"))
    of_renewals = text(vera.get(f"{RUNS}?step=renewals"))
    assert "the disk is full" not in of_renewals
    assert "Renewals 30.0 s" in of_renewals
    assert vera.get(f"{RUNS}?step=nothing").status_code == 200


def test_vera_finds_a_failed_row_at_its_account_and_lets_it_be_tried_again(
    acme: Account, globex: Account, vera: Client
) -> None:
    now = clock.now()
    for account in (acme, globex):
        queues.each("renewals", [(account.pk, account.pk)], lambda _pk: 1 // 0, at=now)
    found = text(vera.get(f"{ROWS}?q=acme"))
    assert "Acme Renewals ZeroDivisionError: integer division or modulo by zero 1" in found
    assert "Globex" not in found
    assert "Renewals: 2" in text(vera.get(NOW))
    one = RowFailure.objects.get(account=acme)
    assert f"{ROWS}?q=acme" in vera.get(f"/vendor/accounts/account/{acme.pk}/change/").content.decode()
    assert "Try it again now" in text(vera.get(f"{ROWS}{one.pk}/change/"))
    # Until then it waits; another queue's run does not look at it.
    assert queues.each("renewals", [(acme.pk, acme.pk)], bool, at=now) == (0, 0)
    answer = vera.post(f"{ROWS}{one.pk}/again/", follow=True)
    assert "It is tried again with the next run." in text(answer)
    assert queues.each("renewals", [(acme.pk, acme.pk)], bool, at=now) == (1, 0)
    assert list(RowFailure.objects.values_list("account", flat=True)) == [globex.pk]


def test_nobody_else_and_nothing_that_is_not_there(acme: Account, vera: Client, client: Client) -> None:
    queues.each("renewals", [(acme.pk, acme.pk)], lambda _pk: 1 // 0, at=clock.now())
    again = f"{ROWS}{RowFailure.objects.get().pk}/again/"
    assert signed_in(people.user("olivia")).post(again).status_code == 404
    assert client.post(again).status_code == 302
    assert vera.get(again).status_code == 405
    assert vera.post(f"{ROWS}9999/again/").status_code == 404
    assert RowFailure.objects.get().next_try_at is not None
