"""Documents: what a PDF and an e-invoice take, a statement beside a plain sum, and a year as a ZIP.

A PDF is promised in milliseconds of the processor: it is arithmetic, and what else runs is no part of it.
"""

import os
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path

from django.db import connection

from tests.bench import measuring, population
from tests.bench.measuring import Comparison, Limit, Sample

INVOICES = 10_000
YEARS = 10
PAGE = os.sysconf("SC_PAGE_SIZE")
# What a statement is made of: its documents and payments, and what they come to.
MOVEMENTS = """
SELECT issued_on AS day, number, total AS moved FROM billing_invoice WHERE subscription_id = %(account)s
UNION ALL
SELECT (p.paid_at AT TIME ZONE %(zone)s)::date, i.number, -i.due
FROM billing_invoicepayment p JOIN billing_invoice i ON i.id = p.invoice_id
WHERE i.subscription_id = %(account)s
"""
PLAIN_ROWS = f"SELECT * FROM ({MOVEMENTS}) m ORDER BY day"
PLAIN_SUM = f"SELECT sum(moved) FROM ({MOVEMENTS}) m"


def documents(rounds: int) -> list[Limit]:
    """Return what a PDF takes, and one with the e-invoice inside, over documents of every kind of buyer."""
    from admin_center.documents import einvoice, pdf
    from admin_center.presenters import documents as presenter
    from tests.documents.shapes import shapes

    found = [document for _name, document in shapes()]

    def plain(number: int) -> None:
        document = found[number % len(found)]
        pdf.write(document, presenter.told(document))

    def with_e_invoice(number: int) -> None:
        document = found[number % len(found)]
        told = presenter.told(document)
        notes = list(presenter.notes(document))
        einvoice.factur_x(document, pdf.write(document, told), told, notes)

    acts: dict[str, tuple[Callable[[int], None], float]] = {
        "an invoice as PDF": (plain, 60.0),
        "an invoice as PDF with its e-invoice": (with_e_invoice, 200.0),
    }
    return [
        Limit(name, _of_the_processor(act, rounds).median, most, " ms") for name, (act, most) in acts.items()
    ]


def _of_the_processor(act: Callable[[int], None], rounds: int) -> Sample:
    """Do a thing again and again; return what it took of the processor, all threads together."""
    seconds = []
    for number in range(rounds + 5):
        began = time.process_time()
        act(number)
        seconds.append(time.process_time() - began)
    return Sample(tuple(seconds[5:]))


def statement(rounds: int) -> tuple[dict[str, Sample], list[Comparison]]:
    """Compare the statement over all invoices of an account with their rows fetched and summed in SQL."""
    from accounts.models import Account
    from admin_center.server import memory
    from billing import account_statements

    # As a serving process does.
    memory.freeze()
    with population.connected(population.database_of_invoices(INVOICES)):
        account = Account.objects.get()
        whose = {"account": account.pk, "zone": account.timezone}

        def told(_number: int) -> None:
            read = account_statements.read(account, date(1990, 1, 1), date(2090, 1, 1))
            assert len(read.rows) >= INVOICES

        def plain(_number: int) -> None:
            with connection.cursor() as cursor:
                cursor.execute(PLAIN_SUM, whose)
                assert cursor.fetchone()
                cursor.execute(PLAIN_ROWS, whose)
                assert len(cursor.fetchall()) >= INVOICES

        name = f"a statement over {INVOICES:,} invoices"
        samples = measuring.by_turns(
            {name: told, "their rows and sum in SQL": plain}, rounds=rounds, warm_up=3
        )
    own, beside = samples.values()
    return samples, [Comparison(name, own, beside, limit=3.0)]


def archive() -> list[Limit]:
    """Return by how much the process grows while a year goes into a ZIP, after the first hundred PDFs."""
    from accounts.models import Account
    from admin_center.documents.archive import pdfs, zipped
    from billing.models import Invoice

    with population.connected(population.database_of_invoices(INVOICES)):
        account = Account.objects.get()
        year = Invoice.objects.filter(subscription_id=account.pk).latest("issued_on").issued_on.year - 1
        issued = Invoice.objects.filter(subscription_id=account.pk, issued_on__year=year)
        sizes, sent = [], 0
        for piece in zipped(pdfs(issued.values_list("pk", flat=True))):
            sent += len(piece)
            sizes.append(_memory())
        assert len(sizes) > INVOICES / YEARS
    name = f"memory after {len(sizes) - 1:,} PDFs ({sent / 1e6:.0f} MB), as a multiple of after 100"
    return [Limit(name, sizes[-1] / sizes[100], 1.10)]


def _memory() -> int:
    """Return what the process holds in memory, in bytes."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * PAGE
