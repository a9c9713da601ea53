"""What machines ask: is the process alive, can it do its work. Soon, truthfully, and under any name."""

import socket
import threading
import time
from collections.abc import Iterator

import pytest
from django.db import connection, connections
from django.test import Client

from admin_center.server import readiness
from tests.console.test_worker import until

HEALTH = ["/healthz", "/readyz"]


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
        assert readiness.fault(within=0.2) == "the database does not answer"
    assert time.monotonic() - began < 10
    assert len([one for one in threading.enumerate() if one.name == "readiness"]) == 1


def test_ready_says_no_where_nothing_is_migrated(
    transactional_db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = connections.settings["default"] | {"NAME": "postgres"}
    monkeypatch.setitem(connections.settings, "default", there)
    assert readiness.fault() == "the database is not migrated: run manage.py prepare"
