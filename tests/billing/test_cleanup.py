"""What only grows is taken away every night, and nothing that somebody still needs."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.core.management import call_command
from django.db import connection
from procrastinate.contrib.django.models import ProcrastinateJob

from accounts import clock
from accounts.models import Account, Draft
from billing import cleanup, quotes, tasks
from billing.models import PaymentSetup, Quote
from billing.rules.changes import AddSeats
from tests import acting, people, shop

NOW = datetime(2026, 11, 26, 3, 17, tzinfo=UTC)
HOUR = timedelta(hours=1)


def session(ends: datetime, key: str) -> str:
    Session.objects.create(session_key=key, session_data="", expire_date=ends)
    UserSession.objects.create(user=people.user("olivia"), session_key=key, ip="192.0.2.1", user_agent="")
    return key


def test_sessions_that_are_over_go_and_others_stay(acme: Account) -> None:
    session(NOW - HOUR, "over")
    session(NOW + HOUR, "alive")
    UserSession.objects.filter(session_key="over").update(created_at=NOW - timedelta(hours=13))
    UserSession.objects.filter(session_key="alive").update(created_at=NOW - timedelta(hours=11))
    assert cleanup.sessions(NOW) == 2
    assert list(Session.objects.values_list("pk", flat=True)) == ["alive"]
    assert list(UserSession.objects.values_list("session_key", flat=True)) == ["alive"]


@pytest.fixture
def bought(acme: Account) -> Account:
    shop.subscribe(acme, {"support": ("team", 10, "1.00")}, start=date(2026, 10, 27))
    return acme


def drawn(account: Account, **changed: Any) -> Quote:
    day = date(2026, 11, 20)
    with acting.at(datetime(2026, 11, 20, tzinfo=UTC)):
        quote = quotes.draw_up(
            account, [AddSeats("support", 11)], occasion=acting.occasion(by=people.user("olivia"), on=day)
        )
    Quote.objects.filter(pk=quote.pk).update(**changed)
    return quote


def test_quotes_go_a_month_after_they_came_to_nothing(bought: Account) -> None:
    """One of 31 days ago that was never confirmed goes; a younger one and a confirmed one stay."""
    old = drawn(bought, expires_at=NOW - timedelta(days=31))
    young = drawn(bought, expires_at=NOW - timedelta(days=29))
    made = drawn(bought)
    with acting.at(datetime(2026, 11, 20, tzinfo=UTC)):
        Account.objects.filter(pk=bought.pk).update(collection_method="send_invoice")
        quotes.confirm(made.pk, occasion=acting.occasion(by=people.user("olivia"), on=date(2026, 11, 20)))
    Quote.objects.filter(pk=made.pk).update(expires_at=NOW - timedelta(days=400))
    assert cleanup.quotes(NOW) == 1
    assert set(Quote.objects.values_list("pk", flat=True)) == {young.pk, made.pk}
    assert old.pk not in {young.pk, made.pk}


def test_what_was_typed_goes_after_its_time(bought: Account) -> None:
    olivia = people.user("olivia")
    for address, at in (("/old/", NOW - Draft.KEPT_FOR), ("/new/", NOW - Draft.KEPT_FOR + HOUR)):
        Draft.objects.create(account=bought, person=olivia, address=address, fields={}, typed_at=at)
    for name, ends in (("over", NOW), ("open", NOW + HOUR)):
        PaymentSetup.objects.create(
            subscription_id=bought.pk, person=olivia, state_hash=name, reference=name,
            created_at=NOW - HOUR, expires_at=ends,
        )  # fmt: skip
    assert cleanup.typed(NOW) == 2
    assert [draft.address for draft in Draft.objects.all()] == ["/new/"]
    assert [setup.reference for setup in PaymentSetup.objects.all()] == ["open"]


def test_the_cache_forgets_what_is_past_its_time(db: None) -> None:
    cache.set("short", 1, 60)
    cache.set("long", 1, 3600)
    assert cleanup.cache(clock.now() + timedelta(minutes=2)) == 1
    assert cache.get("long") == 1
    assert cache.get("short") is None


@pytest.mark.django_db(transaction=True)
def test_ended_jobs_go_after_two_weeks_and_waiting_ones_never() -> None:
    """By the rows of the queue: a failed job of three weeks ago, one of last week, one that waits."""
    with connection.cursor() as cursor:
        for task, status, days in (("old", "failed", 21), ("new", "failed", 7), ("waits", "todo", 21)):
            cursor.execute(
                "INSERT INTO procrastinate_jobs (queue_name, task_name, priority, status, args, attempts)"
                " VALUES ('default', %s, 0, %s, '{}', 0) RETURNING id",
                [task, status],
            )
            (job,) = cursor.fetchone()
            cursor.execute(
                "UPDATE procrastinate_events SET at = now() - %s * interval '1 day' WHERE job_id = %s",
                [days, job],
            )
            if status == "failed":
                cursor.execute(
                    "INSERT INTO procrastinate_events (job_id, type, at)"
                    " VALUES (%s, 'failed', now() - %s * interval '1 day')",
                    [job, days],
                )
    cleanup.jobs()
    assert sorted(ProcrastinateJob.objects.values_list("task_name", flat=True)) == ["new", "waits"]


def test_more_than_one_transaction_holds(acme: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cleanup, "AT_ONCE", 2)
    for number in range(5):
        Session.objects.create(session_key=f"s{number}", session_data="", expire_date=NOW)
    assert cleanup.sessions(NOW) == 5


@pytest.mark.django_db(transaction=True)
def test_a_step_that_fails_keeps_no_other(acme: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_at: datetime) -> int:
        raise RuntimeError("the disk is full")

    monkeypatch.setattr(cleanup, "quotes", broken)
    Session.objects.create(session_key="over", session_data="", expire_date=NOW - timedelta(days=400))
    done = tasks.clean_up()
    assert (done["quotes_failed"], done["sessions"]) == (1, 1)
    with pytest.raises(Exception, match="could not be cleaned up"):
        call_command("clean_up")
