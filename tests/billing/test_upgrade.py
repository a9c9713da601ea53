"""A demo of before, as its database was, is upgraded to what stands here and loses nothing.

`tests/data/demo-2026-11-26.sql.gz` is a plain dump of it (docs/migrations.md says how one is made).
"""

import gzip
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from importlib import import_module

import psycopg
import pytest
from django.db import ProgrammingError, connection
from djmoney.money import Money
from psycopg import sql

from admin_center.server.database import ROOT
from billing import quote_json
from billing.models import Invoice, InvoiceLine
from billing.rules.periods import Period
from billing.rules.tax import at_rate
from tests import people, shop

TERM = Period(date(2022, 10, 27), date(2023, 10, 27))
DUMP = ROOT / "tests" / "data" / "demo-2026-11-26.sql.gz"
# What nothing but an act of somebody may make more or fewer.
KEPT = (
    "accounts_account",
    "accounts_user",
    "accounts_membership",
    "accounts_activity",
    "billing_subscription",
    "billing_line",
    "billing_paidsegment",
    "billing_scheduledchange",
    "billing_invoice",
    "billing_invoiceline",
    "billing_charge",
    "billing_balanceentry",
    "billing_changerequest",
    "billing_agentseat",
)


def connect(name: str) -> "psycopg.Connection[tuple[int]]":
    settings = connection.settings_dict
    return psycopg.connect(
        host=settings["HOST"],
        port=settings["PORT"] or None,
        user=settings["USER"],
        password=settings["PASSWORD"] or None,
        dbname=name,
        autocommit=True,
    )


@pytest.fixture
def before(db: None) -> Iterator[str]:
    """Return the name of a database that holds the demo of then."""
    name = f"upgraded_{os.getpid()}"
    with connect("postgres") as server:
        server.execute(sql.SQL("DROP DATABASE IF EXISTS {}").format(sql.Identifier(name)))
        server.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(sql.Identifier(name)))
        with connect(name) as old:
            old.execute(gzip.decompress(DUMP.read_bytes()))
        yield name
        server.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def counts(name: str) -> dict[str, int]:
    with connect(name) as held:
        return {
            table: held.execute(
                sql.SQL("SELECT count(*) FROM public.{}").format(sql.Identifier(table))
            ).fetchone()[0]  # type: ignore[index]
            for table in KEPT
        }


def manage(name: str, *words: str) -> str:
    """Run a command against that database, and return what it says."""
    settings = connection.settings_dict
    address = {
        "DATABASE_URL": f"postgresql://{settings['USER']}:{settings['PASSWORD']}@/{name}?host={settings['HOST']}"
    }
    named = address if os.environ.get("DATABASE_URL") else {"DATABASE_NAME": name}
    ran = subprocess.run(
        [sys.executable, "manage.py", *words],
        cwd=ROOT,
        env=os.environ | {"TESTING": "1"} | named,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, f"{ran.stdout[-1500:]}{ran.stderr[-1500:]}"
    return ran.stdout


def test_the_demo_of_before_is_upgraded_whole(before: str) -> None:
    had = counts(before)
    assert had["accounts_account"] == 17
    manage(before, "migrate", "--no-input")
    assert counts(before) == had
    manage(before, "check_invariants")
    assert "No planned migration operations" in manage(before, "migrate", "--plan")


def test_what_was_taxed_then_keeps_its_rate(before: str) -> None:
    """A line knew one rate in percent; it is a list of taxes now, and quotes are read as they were shown."""
    tables = ("billing_paidsegment", "billing_invoiceline")
    rates = "SELECT id, tax_percent FROM {} WHERE tax_percent IS NOT NULL ORDER BY id"
    taxes = "SELECT id, (taxes #>> '{{0,rate}}')::numeric FROM {} WHERE taxes <> '[]' ORDER BY id"
    with connect(before) as held:
        then = [held.execute(sql.SQL(rates).format(sql.Identifier(table))).fetchall() for table in tables]
        shown = held.execute("SELECT document FROM billing_quote").fetchall()
    assert all(then)
    manage(before, "migrate", "--no-input")
    with connect(before) as held:
        now = [held.execute(sql.SQL(taxes).format(sql.Identifier(table))).fetchall() for table in tables]
    assert now == then
    assert shown
    for (document,) in shown:
        quote = quote_json.load(document)
        assert quote.settlement.tax == sum(row["amount"] for row in document["settlement"]["taxes"])
        assert [line.taxes for line in quote.lines] == [
            at_rate(None if line["tax_rate"] is None else Decimal(line["tax_rate"]))
            for line in document["lines"]
        ]


@pytest.mark.breaks_invariants
@pytest.mark.parametrize(
    ("currency", "unit", "worth", "less"),
    [("USD", "1", "34.52", "34.51"), ("JPY", "100", "3452", "3451"), ("BHD", "1", "34.521", "34.520")],
)
def test_credits_of_before_say_whether_they_were_capped(
    db: None, currency: str, unit: str, worth: str, less: str
) -> None:
    """10 seats, 12 months, 105 of 365 days: 34.5205… of 1.00; what gave back a minor unit less was capped."""
    account = people.acme(currency=currency)
    shop.subscribe(account, {"support": ("team", 10, unit)}, start=TERM.start)
    note = Invoice.objects.create(
        number="CN-000001",
        subscription_id=account.pk,
        kind=Invoice.Kind.CREDIT_NOTE,
        reason=Invoice.Reason.CHANGE,
        issued_on=date(2023, 7, 14),
        issued_at=datetime(2023, 7, 14, tzinfo=UTC),
        currency=currency,
        language="en",
        **{name: Money(-1, currency) for name in ("subtotal", "total")},
        **{name: Money(0, currency) for name in ("tax", "prepaid", "carried_over", "due")},
    )
    for position, gross in enumerate((worth, less), 1):
        InvoiceLine.objects.create(
            invoice=note,
            position=position,
            kind="credit",
            product="support",
            edition="team",
            covers_from=TERM.end - timedelta(days=105),
            covers_until=TERM.end,
            term_start=TERM.start,
            term_end=TERM.end,
            quantity=10,
            months=12,
            cycle="annual",
            unit_price=Money(unit, currency),
            gross=Money(f"-{gross}", currency),
            amount=Money(f"-{gross}", currency),
            because="add_seats",
        )
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute(import_module("billing.migrations.0014_capped_lines").SAY_CAPPED)
    assert list(note.lines.values_list("capped", flat=True)) == [False, True]
    with pytest.raises(ProgrammingError, match="Cannot update"):
        note.lines.update(capped=False)
