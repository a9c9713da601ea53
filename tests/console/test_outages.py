"""The database goes and comes back: the embedded one is started again, and workers wait for any."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import psycopg
import pytest
from django.conf import settings
from django.db import connection

from accounts.models import Account, Letter
from tests.console.test_worker import post, until

# Starts a server of its own, keeps it, and ends when its input does.
KEEPING = """
import sys
from admin_center.server import database
database.start()
with database.kept():
    print(database.folder(), flush=True)
    sys.stdin.read()
"""


@contextmanager
def running(*command: str, **environment: str) -> Iterator["subprocess.Popen[str]"]:
    process = subprocess.Popen(
        [sys.executable, *command], cwd=settings.BASE_DIR, env=os.environ | environment,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    # Leaving it closes its pipes, which ends what waits for its input.
    with process:
        try:
            yield process
        finally:
            if process.poll() is None:
                process.terminate()


def answers(folder: str) -> bool:
    try:
        psycopg.connect(host=folder, user="postgres", dbname="postgres", connect_timeout=2).close()
    except psycopg.OperationalError:
        return False
    return True


def postmaster(folder: str) -> int:
    return int((Path(folder) / "postmaster.pid").read_text().split()[0])


def test_a_killed_server_is_back_within_seconds(tmp_path: Path) -> None:
    """Killed twice; the second time its note names a process that lives: this one."""
    with running("-c", KEEPING, DATA_DIR=str(tmp_path)) as keeper:
        assert keeper.stdout is not None
        folder = keeper.stdout.readline().strip()
        for note in ("", str(os.getpid())):
            killed = postmaster(folder)
            if note:
                file = Path(folder) / "postmaster.pid"
                file.write_text(file.read_text().replace(str(killed), note, 1))
            psutil.Process(killed).kill()
            began = time.monotonic()
            until(lambda: answers(folder))
            # Promised are five; a busy machine gets twice that.
            assert time.monotonic() - began < 10
            assert postmaster(folder) not in (killed, os.getpid())
        # Like every process that started it, this one takes the server with it when it ends in order.
        keeper.communicate(timeout=30)
    assert not answers(folder)


@contextmanager
def nobody_gets_in() -> Iterator[None]:
    """Close the test database to all but this connection, as a restart does, and cut off who is in."""
    here = connection.settings_dict
    name = connection.ops.quote_name(here["NAME"])
    beside = psycopg.connect(
        host=here["HOST"], port=here["PORT"], user=here["USER"], dbname="postgres", autocommit=True
    )
    with connection.cursor() as cursor, beside:
        beside.execute(f"ALTER DATABASE {name} WITH ALLOW_CONNECTIONS false")
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = %s AND pid <> pg_backend_pid()",
            [here["NAME"]],
        )
        try:
            yield
        finally:
            beside.execute(f"ALTER DATABASE {name} WITH ALLOW_CONNECTIONS true")


def connected() -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = %s AND pid <> pg_backend_pid()",
            [connection.settings_dict["NAME"]],
        )
        (count,) = cursor.fetchone()
    return int(count)


@pytest.mark.django_db(transaction=True)
def test_a_worker_waits_for_its_database(acme: Account) -> None:
    """The same process goes on, and ends in order when told to: also while it waits."""
    here = str(connection.settings_dict["NAME"])
    with running("manage.py", "work", DATABASE_NAME=here) as worker:
        until(lambda: connected() >= 2)
        with nobody_gets_in():
            time.sleep(1)
        post(acme, "1")
        until(lambda: Letter.objects.filter(sent_at__isnull=False).count() == 1)
        assert worker.poll() is None
        with nobody_gets_in():
            time.sleep(1)
            worker.send_signal(signal.SIGTERM)
            assert worker.wait(30) == 0
