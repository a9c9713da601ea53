"""Lets more and more clients into the whole console: `make load`. Exit code 1 where a promise is broken."""

import argparse
import atexit
import os
import platform
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.bench.server import free_port

# Before settings are read: a server of its own, charged by the sandbox, whose letters go nowhere.
FOLDER, PORT = Path(tempfile.mkdtemp(prefix="load-")), free_port()
# Runs last: what stops the embedded PostgreSQL is registered when that starts.
atexit.register(shutil.rmtree, FOLDER, ignore_errors=True)
signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
for name in ("DEBUG", "TESTING", "DATABASE_URL", "DATABASE_NAME", "WORKERS", "WITHOUT_WORKER"):
    os.environ.pop(name, None)
os.environ |= {
    "DATA_DIR": str(FOLDER),
    "DEMO": "1",
    "DJANGO_SETTINGS_MODULE": "admin_center.settings",
    "EMAIL_URL": "dummymail://",
    "LOG_LEVEL": "INFO",
    "ORIGIN": f"http://localhost:{PORT}",
}

import django  # noqa: E402

from admin_center.server import database  # noqa: E402

CLIENTS = (8, 64, 256)
SECONDS_TO_START, SECONDS_TO_WARM_UP = 60, 8


def main() -> int:
    """Make the accounts, serve them, and let more and more clients in; return the exit code."""
    parser = argparse.ArgumentParser(prog="make load", description=__doc__)
    parser.add_argument("--seconds", type=float, default=20, help="of each step")
    parser.add_argument("--clients", type=int, nargs="+", default=CLIENTS, help="of each step")
    options = parser.parse_args()
    database.start()
    django.setup()
    from django.core.management import call_command

    from billing.models import PaymentMethod
    from tests.bench import population
    from tests.bench.visitors import visitors
    from tests.load.steps import HEADING, step

    accounts = max(options.clients)
    print(f"Making {accounts} accounts …", flush=True)
    name = population.database(accounts)
    with population.connected(name):
        call_command("prepare", verbosity=0)
        PaymentMethod.objects.update(reference="test_approves")
    people = visitors(name, accounts)
    print(f"\nPython {platform.python_version()}, {os.cpu_count()} cores, {options.seconds:g} s each step\n")
    print(HEADING)
    broken = []
    with _served(name):
        # Each worker reads its templates with its first pages.
        step(PORT, people[: min(options.clients)], SECONDS_TO_WARM_UP)
        for clients in options.clients:
            found = step(PORT, people[:clients], options.seconds)
            print(found, flush=True)
            broken += [f"{clients} clients: {promise}" for promise in found.broken()]
    print("", *(broken or ["All promises were kept."]), sep="\n")
    return 1 if broken else 0


@contextmanager
def _served(name: str) -> Iterator[None]:
    """Serve that database as `manage.py serve` does, worker included; end with the block."""
    log = FOLDER / "log"
    with log.open("w") as file:
        serving = subprocess.Popen(
            [sys.executable, "manage.py", "serve", "--port", str(PORT)],
            cwd=database.ROOT, env=os.environ | {"DATABASE_NAME": name}, stdout=file, stderr=file,
        )  # fmt: skip
    try:
        last = time.monotonic() + SECONDS_TO_START
        while "answers" not in log.read_text():
            if serving.poll() is not None or time.monotonic() > last:
                raise RuntimeError(f"the server did not start: {log.read_text()}")
            time.sleep(0.1)
        yield
    finally:
        serving.terminate()
        serving.wait()


if __name__ == "__main__":
    sys.exit(main())
