"""The server under measurement and the one client that asks it."""

import http.client
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from admin_center.server.database import ROOT

LOOPBACK = "127.0.0.1"
SECONDS_TO_START = 30
WORKERS = 2
# Names the database that a request is about.
HEADER = "X-Bench-Database"


@contextmanager
def running() -> Iterator[int]:
    """Serve on a free port of this machine as production does; end with the block."""
    port = free_port()
    process = subprocess.Popen([sys.executable, "-m", "tests.bench.server", str(port)], cwd=ROOT)
    try:
        _wait_for(port, process)
        yield port
    finally:
        process.terminate()
        process.wait(timeout=10)


class Browser:
    """One connection that stays open: all that is compared is served by the same worker."""

    def __init__(self, port: int) -> None:
        self.connection = http.client.HTTPConnection(LOOPBACK, port, timeout=30)

    def read(self, path: str, *, session: str, database: str, holds: str) -> None:
        """Get a page, and refuse to count one that is not what was asked for."""
        self.ask("GET", path, holds=holds, Cookie=f"session={session}", **{HEADER: database})

    def ask(self, method: str, path: str, *, holds: str, body: str = "", **headers: str) -> str:
        """Send a request and return the page; refuse to count one that is not what was asked for."""
        self.connection.request(method, path, body, headers)
        answer = self.connection.getresponse()
        page = answer.read().decode()
        if answer.status != http.client.OK or holds not in page:
            raise RuntimeError(f"{path} answered {answer.status}: {page[:300]}")
        return page


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])


def _wait_for(port: int, process: "subprocess.Popen[bytes]") -> None:
    for _try in range(SECONDS_TO_START * 10):
        if process.poll() is not None:
            raise RuntimeError(f"the server ended with {process.returncode}")
        try:
            connection = http.client.HTTPConnection(LOOPBACK, port, timeout=SECONDS_TO_START)
            connection.request("GET", "/healthz", headers={HEADER: "postgres"})
            if connection.getresponse().status == http.client.OK:
                return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError("the server did not start")


if __name__ == "__main__":
    from admin_center.management.commands import serve

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.bench.settings")
    serve.run("tests.bench.wsgi:application", LOOPBACK, int(sys.argv[1]), WORKERS, started=lambda: None)
