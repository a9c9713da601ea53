"""Renewing beside the database's own limit: a COPY of every row that the run wrote, and the dates moved.

`python -m tests.bench.renewing --subscriptions 3000` prints the numbers and ends by itself. By turns: a
batch is renewed, then its rows are copied into a second database that is the same but for them. What counts
is the processors' time that client and server took together; the clock's stands beside it.
"""

import argparse
import io
import os
import resource
import secrets
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

if __name__ == "__main__":
    for name in ("DEMO", "DEBUG", "TESTING", "DATABASE_URL"):
        os.environ.pop(name, None)
    os.environ |= {
        "DJANGO_SETTINGS_MODULE": "tests.bench.settings",
        "SECRET_KEY": secrets.token_hex(32),
        "ORIGIN": "http://localhost:8000",
        "EMAIL_URL": "dummymail://",
        "PAYMENT_PROVIDER": "tests.providers.Unreachable",
        "DATABASE_NAME": "postgres",
    }

import django
import psycopg

from admin_center.server import database

if TYPE_CHECKING:
    from billing.renewal_run import RenewalCount

BATCH = 500
# How much of a renewal's time its rows alone take, at least.
PROMISED = 0.25
AT = datetime(2026, 3, 27, 12, tzinfo=UTC)
TICKS = os.sysconf("SC_CLK_TCK")
# What a renewal adds to, and by which column its new rows are told; the rest of it is the dates that move.
TABLES = {
    "billing_paidsegment": "id",
    "billing_invoice": "id",
    "billing_invoiceline": "id",
    "billing_balanceentry": "id",
    "billing_invoicepayment": "invoice_id",
    "billing_charge": "invoice_id",
    "accounts_activity": "id",
    "accounts_letter": "id",
}
MOVED = """
UPDATE billing_subscription SET version = version + 1, period_start = %(renews)s,
    period_end = %(renews)s::date + interval '1 month', paid_until = %(renews)s::date + interval '1 month'
WHERE account_id = ANY(%(accounts)s)
"""


@dataclass
class Spent:
    """Seconds: of the processor in this process, of it in the server, and of the clock."""

    client: float = 0.0
    server: float = 0.0
    clock: float = 0.0

    @property
    def cpu(self) -> float:
        return self.client + self.server

    @contextmanager
    def turn(self, backend: int) -> Iterator[None]:
        began = time.perf_counter(), time.process_time(), _server_seconds(backend)
        yield
        self.clock += time.perf_counter() - began[0]
        self.client += time.process_time() - began[1]
        self.server += _server_seconds(backend) - began[2]


def _server_seconds(backend: int) -> float:
    """Return how long a backend has used the processor so far."""
    parts = Path(f"/proc/{backend}/stat").read_text().rpartition(")")[2].split()
    return (int(parts[11]) + int(parts[12])) / TICKS


@dataclass
class Measured:
    """What a run took, and what copying its rows took."""

    subscriptions: int
    rows: int
    renewing: Spent
    copying: Spent
    peak: float

    @property
    def ratio(self) -> float:
        return self.copying.cpu / self.renewing.cpu


def by_turns(subscriptions: int, batch: int = BATCH) -> Measured:
    """Renew all, batch by batch, and after each copy its rows into the second database."""
    from django.db import connection

    from tests.bench import population

    source = population.database_of_renewals(subscriptions)
    renewing, copying, rows, ids = Spent(), Spent(), 0, 0
    with ExitStack() as stack:
        first = stack.enter_context(population.copied(source, "bench_renewing_a"))
        second = stack.enter_context(population.copied(source, "bench_renewing_b"))
        stack.enter_context(population.connected(first))
        limit = stack.enter_context(_direct(second))
        last = {table: _last(table, column) for table, column in TABLES.items()}
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_backend_pid()")
            own = cursor.fetchone()[0]
        run = _run(AT, batch)
        while True:
            with renewing.turn(own):
                count = next(run, None)
            if count is None:
                break
            assert count.failed == 0
            ids += count.renewed
            accounts = _renewed(last)
            copies = [(table, _new(table, column, last)) for table, column in TABLES.items()]
            rows += sum(number for _table, (_text, number) in copies)
            with copying.turn(limit.info.backend_pid), limit.transaction(), limit.cursor() as cursor:
                for table, (text, _number) in copies:
                    with cursor.copy(f"COPY {table} FROM STDIN") as into:
                        into.write(text)
                cursor.execute(MOVED, {"renews": population.DUE, "accounts": accounts})
        assert ids == subscriptions, ids
        assert sum(count.renewed for count in _run(AT, batch)) == 0  # a second run at once
    return Measured(
        subscriptions, rows, renewing, copying, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    )


@contextmanager
def _direct(name: str) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(
        host=str(database.folder()), port=5432, user="postgres", dbname=name, autocommit=True
    ) as found:
        yield found


def _last(table: str, column: str) -> int:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(f"SELECT coalesce(max({column}), 0) FROM {table}")
        return int(cursor.fetchone()[0])


def _renewed(last: dict[str, int]) -> list[int]:
    """Return the subscriptions that were renewed since the last time."""
    from billing.models import Invoice

    new = Invoice.objects.filter(pk__gt=last["billing_invoice"])
    return list(new.values_list("subscription_id", flat=True))


def _new(table: str, column: str, last: dict[str, int]) -> tuple[bytes, int]:
    """Return the rows that a table was given since the last time, as COPY writes them, and how many."""
    from django.db import connection

    since, text = last[table], io.BytesIO()
    with connection.cursor() as cursor:
        with cursor.copy(f"COPY (SELECT * FROM {table} WHERE {column} > {since}) TO STDOUT") as out:
            for part in out:
                text.write(part)
        cursor.execute(f"SELECT count(*) FROM {table} WHERE {column} > {since}")
        number = cursor.fetchone()[0]
    last[table] = max(since, _last(table, column))
    return text.getvalue(), number


# --- Side by side ---------------------------------------------------------------------------------


def side_by_side(subscriptions: int, workers: int, batch: int = BATCH) -> float:
    """Let so many processes renew all of a database together; return how many seconds they took."""
    from tests.bench import population

    source = population.database_of_renewals(subscriptions)
    with population.copied(source, "bench_renewing_together") as name:
        command = [sys.executable, "-m", "tests.bench.renewing", "--worker", name, "--batch", str(batch)]
        children = [
            subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            for _worker in range(workers)
        ]
        for child in children:
            assert child.stdout is not None
            assert child.stdout.readline() == "ready\n"
        began = time.perf_counter()
        for child in children:
            assert child.stdin is not None
            child.stdin.write("go\n")
            child.stdin.flush()
        told = [int(child.communicate(timeout=3600)[0]) for child in children]
        took = time.perf_counter() - began
    assert sum(told) == subscriptions, told
    return took


def worker(name: str, batch: int) -> None:
    """Renew what is due in a database, once somebody says so."""
    from tests.bench import population

    with population.connected(name):
        list(_run(AT - timedelta(days=40), batch))
        print("ready", flush=True)
        sys.stdin.readline()
        print(sum(one.renewed for one in _run(AT, batch)))


def _run(at: datetime, batch: int) -> "Iterator[RenewalCount]":
    from accounts.occasion import Occasion
    from billing import renewal_run

    return renewal_run.renew_due(
        at, lambda account: Occasion.of(account, at), size=batch, collect=lambda _charges: None
    )


def renewals(subscriptions: int, batch: int = BATCH) -> tuple[list[str], bool]:
    """Measure; return lines to print, and whether what is promised holds."""
    found = by_turns(subscriptions, batch)
    each = 1000 / found.subscriptions
    lines = [
        f"{f'renewal of {subscriptions:,}, processor milliseconds each':<58} {'all':>6} {'here':>8} clock"
    ]
    lines += [
        f"{name:<58} {spent.cpu * each:6.3f} {spent.client * each:8.3f} {spent.clock * each:7.3f}"
        for name, spent in (
            (f"  {batch} in a transaction", found.renewing),
            (
                f"  a COPY of their {found.rows / found.subscriptions:.0f} rows each, the dates moved",
                found.copying,
            ),
        )
    ]
    held = found.ratio >= PROMISED
    told = f"≥ {PROMISED:.2f} {'held' if held else 'MISSED'}"
    lines.append(f"{'  the COPY as a part of the renewal':<58} {found.ratio:6.2f}   {told}")
    one, two = side_by_side(subscriptions, 1, batch), side_by_side(subscriptions, 2, batch)
    told = "  seconds of the clock: one worker, two, how much faster"
    lines.append(f"{told:<58} {one:6.1f} {two:8.1f} {one / two:7.2f}")
    lines.append(f"{'  memory at its peak, MB':<58} {found.peak:6.0f}")
    return lines, held


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.renewing", description=__doc__)
    parser.add_argument("--subscriptions", type=int, default=3000)
    parser.add_argument("--batch", type=int, default=BATCH)
    parser.add_argument("--worker", metavar="DATABASE", help=argparse.SUPPRESS)
    options = parser.parse_args()
    database.start()
    django.setup()
    if options.worker:
        worker(options.worker, options.batch)
        return 0
    lines, held = renewals(options.subscriptions, options.batch)
    print(*lines, sep="\n")
    return 0 if held else 1


if __name__ == "__main__":
    sys.exit(main())
