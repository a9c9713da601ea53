"""What an account owed and owes: a statement that sums, as page, CSV and PDF; and the credit ledger."""

import csv
import io
import re
from datetime import UTC, date, datetime
from decimal import Decimal

import pypdf
import pytest
from djmoney.money import Money

from accounts.models import Account
from billing import account_statements
from billing.models import BalanceEntry, InvoicePayment
from tests import people
from tests.console.reading import open_as, signed_in, text
from tests.console.test_invoices import bought, invoice

# The documents here stand alone, without lines and numbering.
pytestmark = pytest.mark.breaks_invariants
PAGE = "/a/acme/billing/statement/"
CREDIT = "/a/acme/billing/credit/"
YEAR = "?first=2023-01-01&last=2023-12-31"


@pytest.fixture
def acme(db: None) -> Account:
    """Acme in New York: 100.00 of last year paid in this, 60.00 late in the evening, 40.00 back, 9.00 open.

    Carried over are 0.30, brought in 5.00: 100 + 60 + 9 + 0.30 − 40 − 100 − 60 − 5 = −35.70.
    """
    account = bought(timezone="America/New_York")
    old = invoice(account, "INV-000001", "100.00", issued_on=date(2022, 12, 30), issued_at=at(2022, 12, 30))
    paid(old, at(2023, 1, 4))
    second = invoice(account, "INV-000002", "60.00", issued_on=date(2023, 3, 1), issued_at=at(2023, 3, 1))
    # On 31 March in New York, on 1 April in UTC.
    paid(second, datetime(2023, 4, 1, 2, tzinfo=UTC))
    credit = invoice(account, "CN-000001", "-40.00", issued_on=date(2023, 5, 1), issued_at=at(2023, 5, 1))
    invoice(account, "INV-000003", "9.00", issued_on=date(2023, 6, 1), issued_at=at(2023, 6, 1))
    small = invoice(
        account,
        "INV-000004",
        "0.30",
        due="0",
        prepaid=Money(0, "USD"),
        carried_over=Money("0.30", "USD"),
        issued_on=date(2023, 6, 2),
        issued_at=at(2023, 6, 2),
    )
    for amount, reason, document, day in (
        ("5.00", "brought_in", None, at(2023, 1, 2)),
        ("40.00", "credit_note", credit, at(2023, 5, 1)),
        ("-0.30", "carried_over", small, at(2023, 6, 2)),
    ):
        BalanceEntry.objects.create(
            subscription_id=account.pk,
            amount=Money(amount, "USD"),
            reason=reason,
            invoice=document,
            created_at=day,
        )
    return account


def at(year: int, month: int, day: int) -> datetime:
    return datetime(year, month, day, 15, tzinfo=UTC)


def paid(one: object, when: datetime) -> None:
    InvoicePayment.objects.create(invoice=one, paid_at=when)


def test_the_page_says_what_was_owed_what_moved_it_and_what_is_owed(acme: Account) -> None:
    seen = text(open_as("olivia", PAGE + YEAR))
    assert "2 January 2023 Credit brought in $5.00 $95.00" in seen
    assert "4 January 2023 Payment INV-000001 $100.00 −$5.00" in seen
    assert "31 March 2023 Payment INV-000002 $60.00 −$5.00" in seen, "on the account's own day"
    assert "1 May 2023 Credit note CN-000001 $40.00 −$45.00" in seen
    assert "Owed before $100.00 Invoiced $69.30 Credited −$40.00 Paid −$160.00" in seen
    assert "Owed at the end −$35.70" in seen
    assert "it is your credit" in seen


def test_it_is_what_is_open_less_the_credit(acme: Account) -> None:
    """Open are 9.00, the credit is 5.00 + 40.00 − 0.30 = 44.70."""
    told = account_statements.read(acme, date(2023, 1, 1), date(2023, 12, 31))
    assert told.closing == 900 - 4470
    parts = [
        account_statements.read(acme, first, last)
        for first, last in (
            (date(2023, 1, 1), date(2023, 3, 31)),
            (date(2023, 4, 1), date(2023, 5, 1)),
            (date(2023, 5, 2), date(2023, 12, 31)),
        )
    ]
    assert [one.opening for one in parts[1:]] == [one.closing for one in parts[:-1]]
    assert parts[-1].closing == told.closing
    assert sum(len(one.rows) for one in parts) == len(told.rows)


def test_the_csv_sums_in_a_spreadsheet(acme: Account) -> None:
    answer = open_as("olivia", f"{PAGE[:-1]}.csv{YEAR}")
    body = b"".join(answer.streaming_content).decode("utf-8-sig")
    opening, *rows = csv.DictReader(io.StringIO(body))
    assert (opening["Day"], opening["What"], opening["Owed"]) == ("2023-01-01", "Owed before", "100.00")
    assert Decimal(opening["Owed"]) + sum(Decimal(row["Amount"]) for row in rows) == Decimal("-35.70")
    assert rows[-1]["Owed"] == "-35.70"
    assert answer["Content-Disposition"] == (
        'attachment; filename="statement-acme-2023-01-01-2023-12-31.csv"'
    )


def test_the_pdf_says_the_same_in_the_accounts_language(acme: Account) -> None:
    Account.objects.update(language="fr")
    answer = open_as("olivia", f"{PAGE[:-1]}.pdf{YEAR}")
    pages = pypdf.PdfReader(io.BytesIO(answer.content)).pages
    told = re.sub(r"[\s\u00a0\u202f]+", " ", " ".join(page.extract_text() for page in pages))
    assert "Relevé de compte" in told
    assert "Dû auparavant 100,00 $US" in told
    assert "−35,70 $US" in told
    assert "INV-000003" in told


@pytest.mark.parametrize(
    "query",
    ["?first=yesterday", "?first=2023-12-31&last=2023-01-01", "?last=9999-99-99", "?first=0001-01-01"],
)
def test_days_that_can_not_be_read_are_refused_at_their_field(acme: Account, query: str) -> None:
    page = open_as("olivia", PAGE + query)
    assert page.status_code == 200
    assert b"errorlist" in page.content
    for suffix in ("csv", "pdf"):
        answer = open_as("olivia", f"{PAGE[:-1]}.{suffix}{query}")
        assert (answer.status_code, answer.url.startswith(PAGE)) == (302, True)


def test_without_days_it_is_this_year_until_today(acme: Account) -> None:
    """Today is 14 July 2023."""
    told = open_as("olivia", PAGE).context["statement"]
    assert (told.first, told.last) == (date(2023, 1, 1), date(2023, 7, 14))


def test_the_credit_ledger_says_the_balance_after_each_entry(acme: Account) -> None:
    seen = text(open_as("olivia", CREDIT))
    assert "Small amount carried over INV-000004 −$0.30 $44.70" in seen
    assert "Credit note CN-000001 +$40.00 $45.00" in seen
    assert "Brought in with the account +$5.00 $5.00" in seen


def test_the_balance_goes_on_from_page_to_page(acme: Account) -> None:
    BalanceEntry.objects.bulk_create(
        BalanceEntry(
            subscription_id=acme.pk,
            amount=Money("1.00", "USD"),
            reason="credit_note",
            created_at=at(2023, 7, 1),
        )
        for _ in range(70)
    )
    olivia = signed_in(people.user("olivia"))
    first = olivia.get(CREDIT).context
    second = olivia.get(CREDIT + first["listed"].next).context
    balances = [row.balance for row in [*first["rows"], *second["rows"]]]
    # 44.70 and 70 times 1.00.
    assert balances == [*range(11470, 4470, -100), 4470, 4500, 500]


def test_who_sees_no_invoices_sees_neither(acme: Account) -> None:
    for address in (PAGE, f"{PAGE[:-1]}.csv", f"{PAGE[:-1]}.pdf", CREDIT):
        assert open_as("adam", address).status_code == 403
