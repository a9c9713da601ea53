"""The worker that does the background work beside a server: a child process that lives as long as it does."""

import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import structlog
from django.conf import settings

log = structlog.get_logger()

COMMAND = (sys.executable, str(settings.BASE_DIR / "manage.py"), "work", "--with-parent")
# How soon it is seen that the worker has ended, and how long until another is started.
SECONDS_TO_NOTICE = 0.5
SECONDS_TO_START_AGAIN = 5.0
# What a job that has begun may still take when the server ends.
SECONDS_TO_FINISH = 10.0


@contextmanager
def worker(command: Sequence[str] = COMMAND, *, again: float = SECONDS_TO_START_AGAIN) -> Iterator[None]:
    """Run the background worker until the block ends; start it `again` after so many seconds if it fails."""
    ending = threading.Event()
    keeper = threading.Thread(target=_keep, args=(command, again, ending), name="worker")
    keeper.start()
    try:
        yield
    finally:
        ending.set()
        keeper.join()


def _keep(command: Sequence[str], again: float, ending: threading.Event) -> None:
    """Keep one worker running until `ending` is set, then end it."""
    while not ending.is_set():
        with _start(command) as child:
            while child.poll() is None and not ending.wait(SECONDS_TO_NOTICE):
                pass
            if ending.is_set():
                _end(child)
                return
        log.warning("worker_failed", code=child.returncode, again_in_seconds=again)
        ending.wait(again)


def _start(command: Sequence[str]) -> "subprocess.Popen[bytes]":
    """Start a worker in a session of its own: Ctrl-C reaches the server alone, which ends it in order.

    It holds one end of a pipe and ends when the other is closed: also when this process is killed.
    """
    return subprocess.Popen(  # noqa: S603 - our own command
        command,
        stdin=subprocess.PIPE,
        # The demo's letters are read in the back office; printed, they would push away who can sign in.
        stdout=subprocess.DEVNULL if settings.DEMO else None,
        start_new_session=True,
    )


def _end(child: "subprocess.Popen[bytes]") -> None:
    assert child.stdin is not None  # it was opened with the process
    child.stdin.close()
    try:
        child.wait(SECONDS_TO_FINISH)
    except subprocess.TimeoutExpired:
        # Nothing is lost: what was not committed is done again by the next worker.
        child.kill()
        child.wait()
