"""The background worker beside the server: real processes, ended in order and when the server is killed."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest
from django.conf import settings
from django.db import connection, transaction

from accounts import mail
from accounts.models import Account, Letter
from admin_center.server import worker

SECONDS = 90


def until(holds: Callable[[], object], seconds: float = SECONDS) -> None:
    """Wait until something holds; fail if it never does."""
    last = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < last, "waited in vain"
        time.sleep(0.05)


@contextmanager
def server(*flags: str) -> Iterator["subprocess.Popen[bytes]"]:
    """Serve on a free port, from the test database; letters are printed."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = os.environ | {"DATABASE_NAME": str(connection.settings_dict["NAME"])}
    process = subprocess.Popen(
        [sys.executable, "manage.py", "serve", "--port", str(port), "--workers", "1", *flags],
        cwd=settings.BASE_DIR, env=environment, stdout=subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None
    try:
        while b"answers" not in process.stdout.readline():
            assert process.poll() is None
        yield process
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def post(acme: Account, key: str) -> None:
    facts = {"by": "Olivia Owens", "role": "admin"}
    with transaction.atomic():
        mail.post_to_address("role_given", acme, email="adam@acme.example", facts=facts, key=key)


def running(processes: list[psutil.Process]) -> list[psutil.Process]:
    return [one for one in processes if one.is_running() and one.status() != psutil.STATUS_ZOMBIE]


@pytest.mark.django_db(transaction=True)
def test_letters_go_out_at_once_and_nothing_outlives_the_server(acme: Account) -> None:
    """Ctrl-C ends both in order; after `kill -9` of the server its children see that it is gone.

    Without the pipe the worker went on for ever, and without the watch granian kept the port.
    """
    with server() as process:
        until(lambda: [c for c in psutil.Process(process.pid).children() if "work" in c.cmdline()])
        children = psutil.Process(process.pid).children(recursive=True)
        post(acme, "1")
        until(lambda: Letter.objects.filter(sent_at__isnull=False).count() == 1)
        process.send_signal(signal.SIGINT)
        assert process.wait(SECONDS) == 0
        assert process.stdout is not None
        assert b"To: adam@acme.example" in process.stdout.read()
        until(lambda: running(children) == [])
    with server() as process:
        until(lambda: [c for c in psutil.Process(process.pid).children() if "work" in c.cmdline()])
        children = psutil.Process(process.pid).children(recursive=True)
        process.kill()
        until(lambda: running(children) == [])


@pytest.mark.django_db(transaction=True)
def test_a_server_may_leave_the_work_to_others() -> None:
    with server("--without-worker") as process:
        assert not [c for c in psutil.Process(process.pid).children() if "work" in c.cmdline()]


def test_a_worker_that_fails_is_started_again(tmp_path: Path) -> None:
    """Each of these workers leaves a mark and fails; the third waits for the end of its input."""
    marks = tmp_path / "marks"
    script = (
        f"import sys; f = open({str(marks)!r}, 'a+'); f.write('x'); f.seek(0); n = len(f.read()); f.close();"
        "sys.exit(1) if n < 3 else sys.stdin.read()"
    )
    with worker.worker([sys.executable, "-c", script], again=0.01):
        until(lambda: marks.exists() and marks.read_text() == "xxx")
    assert marks.read_text() == "xxx"
