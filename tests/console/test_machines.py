"""What machines ask: is the process alive, can it do its work. Soon, truthfully, and under any name."""

import json
import os
import re
import socket
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from django.db import connection, connections
from django.test import Client

from accounts import clock, mail, queues
from accounts.models import Account, Letter
from admin_center.server import readiness, request_times
from billing import tasks
from billing.models import Subscription
from tests import people, shop
from tests.console.test_worker import until

HEALTH = ["/healthz", "/readyz"]
TOKEN = "0123456789abcdef0123456789abcdef"


@pytest.mark.parametrize("address", HEALTH)
def test_health_answers_by_address(transactional_db: None, address: str) -> None:
    """A balancer knows machines by address; pages go on answering for their own names alone."""
    client = Client(HTTP_HOST="10.1.2.3:8000")
    assert (client.get(address).status_code, client.get("/sign-in/").status_code) == (200, 400)


def test_ready_says_no_where_nothing_can_be_written(transactional_db: None) -> None:
    """A replica, or a disk that is full, reads well; every act on it would fail."""
    name = connection.ops.quote_name(connection.settings_dict["NAME"])
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
    try:
        answer = Client().get("/readyz")
    finally:
        with connection.cursor() as cursor:
            cursor.execute(f"ALTER DATABASE {name} RESET default_transaction_read_only")
    assert (answer.status_code, answer.content) == (503, b"the database takes no changes")
    assert Client().get("/readyz").status_code == 200


@pytest.fixture
def frozen(transactional_db: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Name a server that takes connections and says nothing for new connections."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        there = connections.settings["default"] | {"HOST": "127.0.0.1", "PORT": str(port)}
        monkeypatch.setitem(connections.settings, "default", there)
        yield
    until(lambda: not [one for one in threading.enumerate() if one.name == "readiness"])


def test_ready_says_no_soon_where_the_database_is_frozen(frozen: None) -> None:
    """However many ask: none waits longer than the first, and none adds a thread that hangs."""
    began = time.monotonic()
    for _try in range(2):
        assert readiness.ask(clock.now(), within=0.2).fault == "the database does not answer"
    assert time.monotonic() - began < 10
    assert len([one for one in threading.enumerate() if one.name == "readiness"]) == 1


def test_ready_says_no_where_nothing_is_migrated(
    transactional_db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = connections.settings["default"] | {"NAME": "postgres"}
    monkeypatch.setitem(connections.settings, "default", there)
    assert readiness.ask(clock.now()).fault == "the database is not migrated: run manage.py prepare"


def test_ready_says_no_where_migrations_wait(transactional_db: None) -> None:
    """A new version on the database of the one before: no page would do what it should."""
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM django_migrations WHERE name = '0016_background_work' RETURNING *")
        (taken,) = cursor.fetchall()
        try:
            answer = Client().get("/readyz")
        finally:
            cursor.execute("INSERT INTO django_migrations VALUES (%s, %s, %s, %s)", taken)
    assert answer.status_code == 503
    assert answer.content == b"migrations wait (accounts.0016_background_work): run manage.py prepare"
    assert Client().get("/readyz").status_code == 200


@pytest.fixture
def late(transactional_db: None) -> Account:
    """Acme was to renew 10 days ago, Globex is parked, a letter waits for an hour, a reminder fails."""
    acme, globex = people.acme(timezone="UTC"), people.globex()
    now = clock.now()
    for account in (acme, globex):
        shop.subscribe(account, {"support": ("team", 10, "1.00")}, start=now.date() - timedelta(days=375))
    Subscription.objects.filter(pk=acme.pk).update(paid_until=now.date() - timedelta(days=10))
    Subscription.objects.filter(pk=globex.pk).update(parked_at=now, parked_because="gap support")
    mail.post_to_address("role_given", acme, email="adam@acme.example", facts={"by": "Olivia"}, key="1")
    Letter.objects.update(created_at=now - timedelta(hours=1))
    queues.each("reminders", [(acme.pk, acme.pk)], lambda _pk: 1 // 0, at=now)
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO procrastinate_workers (last_heartbeat) VALUES (now() - interval '7 s')")
    return acme


@pytest.mark.breaks_invariants
def test_ready_tells_how_the_work_stands(late: Account) -> None:
    lines = Client().get("/readyz").content.decode().splitlines()
    assert (lines[0], lines[-2], lines[-1]) == ("ok", "failed rows: reminders 1", "parked accounts: 1")
    told = {name: int(seconds) for name, seconds in re.findall(r"(\w+) (?:for )?(\d+) s", "\n".join(lines))}
    assert 7 <= told["beat"] <= 60
    assert 3600 <= told["letters"] <= 3700
    # Since midnight of its day.
    assert 10 <= told["renewals"] / 86400 < 11
    assert set(told) == {"beat", "letters", "renewals"}
    # Nothing of any account.
    assert "acme" not in "".join(lines).lower()
    tasks.work()
    lines = Client().get("/readyz").content.decode().splitlines()
    assert lines[2:] == ["oldest due: nothing", "failed rows: reminders 1", "parked accounts: 1"]


def test_of_nobody_who_works_ready_says_so(transactional_db: None) -> None:
    assert Client().get("/readyz").content == (b"ok\nworker: none\noldest due: nothing\nparked accounts: 0")


def metrics(client: Client, token: str = TOKEN) -> dict[str, float]:
    answer = client.get("/metrics", headers={"Authorization": f"Bearer {token}"})
    assert answer["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    found = {}
    for line in answer.content.decode().splitlines():
        if not line.startswith("#"):
            name, value = line.rsplit(" ", 1)
            found[name.removeprefix("admin_center_")] = float(value)
    return found


@pytest.mark.breaks_invariants
def test_metrics_say_the_same_to_who_bears_the_token(
    late: Account, settings: SimpleNamespace, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert client.get("/metrics").status_code == 404
    settings.METRICS_TOKEN = TOKEN
    for wrong in ("", f"Bearer {TOKEN}x", TOKEN, f"Basic {TOKEN}", "Bearer é"):
        assert client.get("/metrics", headers={"Authorization": wrong}).status_code == 404
    tasks.clean_up()
    monkeypatch.setattr(request_times, "_counted", {})
    for _time in range(2):
        client.get("/a/acme/?secret=1")
    found = metrics(client)
    assert (found["ready"], found["pending_migrations"], found["parked_accounts"]) == (1, 0, 1)
    assert found['failed_rows{queue="reminders"}'] == 1
    assert 3600 <= found['oldest_due_seconds{kind="letters"}'] <= 3700
    assert found['oldest_due_seconds{kind="exports"}'] == 0
    assert 7 <= found["worker_beat_age_seconds"] <= 60
    assert found["worker_alive"] == 1
    assert found['step_ended_timestamp_seconds{step="erased"}'] == pytest.approx(
        clock.now().timestamp(), abs=60
    )
    asked = 'method="GET",route="/a/<slug:slug>/",status="302"'
    assert found[f"request_seconds_count{{{asked}}}"] == 2
    assert found[f'request_seconds_bucket{{{asked},le="+Inf"}}'] == 2
    assert found[f'request_seconds_bucket{{{asked},le="10"}}'] == 2
    assert found[f"request_seconds_sum{{{asked}}}"] > 0
    assert not any("secret" in name for name in found)


def test_processes_of_a_server_count_together(monkeypatch: pytest.MonkeyPatch) -> None:
    """Here it took 30 and 700 ms; in another, that has ended, 10 ms."""
    monkeypatch.setattr(request_times, "_counted", {})
    monkeypatch.setattr(request_times, "_writer", None)
    with request_times.shared():
        folder = Path(os.environ[request_times.FOLDER])
        other = [["GET", "/", 200, 1, 0.01, [1, *[0] * len(request_times.BUCKETS)]]]
        (folder / "0.json").write_text(json.dumps(other))
        for seconds in (0.03, 0.7):
            request_times.observe("GET", "/", 200, seconds)
        times = request_times.total()["GET", "/", 200]
        assert (times.count, round(times.seconds, 3)) == (3, 0.74)
        # Up to 25, 50, 100, 250, 500, 1000 ms …
        assert times.buckets[:6] == [1, 1, 0, 0, 0, 1]
        until(lambda: [path for path in folder.glob("*.json") if path.name != "0.json"])
    until(lambda: not [one for one in threading.enumerate() if one.name == "request-times"])
