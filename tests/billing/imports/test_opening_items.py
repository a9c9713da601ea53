"""What a customer still owed in the system before is owed here, under its number, and can be paid.

240.00 of 2026/0815 and 60.00 of FA-17 are 300.00; less the credit of 25.00 that came along 275.00.
"""

import io
import re
import zipfile
from datetime import UTC, date, datetime
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts import mail
from accounts.models import Account, Letter
from accounts.rules.capabilities import Standing
from billing import account_statements, bank_payments, data_export, debts, document_letters, payments, quotes
from billing.imports.accounts import loading
from billing.imports.accounts.reading import read
from billing.models import BankBooking, Invoice, InvoicePayment, PaymentMethod
from billing.rules.changes import AddSeats
from tests import acting, people, shop
from tests.billing.imports.customers import ACME, Record, as_csv, as_json_lines, load, rows, small
from tests.billing.imports.test_accounts_profiles import PROFILE
from tests.console.paying_by_link import pay
from tests.console.reading import JULY_14, signed_in, text

pytestmark = pytest.mark.django_db(transaction=True)
TODAY = date(2023, 7, 14)

OPEN: list[Record] = [
    (
        "open_invoice",
        {"number": "2026/0815", "issued_on": "2023-05-02", "due_on": "2023-06-01", "amount": "240.00"},
    ),
    (
        "open_invoice",
        {"number": "FA-17", "issued_on": "2023-07-01", "amount": "60.00", "purchase_order": "PO-9"},
    ),
]
# Acme's records before them stand on the lines 2 to 15.
LINE = {"first": 16, "second": 17}
PAGE = "/a/acme/billing/invoices/2026~0815/"


@pytest.fixture(autouse=True)
def _price_list() -> None:
    shop.catalogue()


def of_account(cells: dict[str, str], records: list[Record]) -> list[Record]:
    """Return records with cells of the account's changed."""
    return [(kind, own | cells if kind == "account" else own) for kind, own in records]


def bring_in(tmp_path: Path, records: list[Record]) -> Account:
    file = tmp_path / "customers.csv"
    file.write_text(as_csv(("A-1", records)))
    assert load(file) == (0, "1 account: 1 new, 0 unchanged, 0 refused.", [])
    return Account.objects.get(external_id="A-1")


def olivia() -> Client:
    return signed_in(people.User.objects.get(email="olivia@acme.example"))


def test_it_is_owed_and_stands_in_list_statement_and_payment(tmp_path: Path) -> None:
    account = bring_in(tmp_path, [*ACME, *OPEN])
    first, second = Invoice.objects.order_by("issued_on")
    assert (first.number, str(first.due), first.due_on) == ("2026/0815", "$240.00", date(2023, 6, 1))
    # Without a day it is due at once.
    assert (second.due_on, second.purchase_order) == (date(2023, 7, 1), "PO-9")
    told = account_statements.read(account, date(2023, 1, 1), date(2023, 12, 31))
    assert [(row.movement.kind.value, row.movement.number, row.owed) for row in told.rows] == [
        ("opening_item", "2026/0815", 24000),
        ("opening_item", "FA-17", 30000),
        ("brought_in", "", 27500),
    ]
    reader = olivia()
    listed = reader.get("/a/acme/billing/invoices/")
    assert f'href="{PAGE}"' in listed.content.decode()
    assert "From the previous system" in text(listed)
    # By year: invoiced 300.00, nothing credited, all still to be paid, and no ZIP of it.
    assert "2023 $300.00 $0.00 $300.00 $300.00 –" in text(listed)
    statement = text(reader.get("/a/acme/billing/statement/?first=2023-01-01&last=2023-12-31"))
    assert "2 May 2023 Invoice brought in 2026/0815 $240.00" in statement
    assert "Invoices brought in $300.00" in statement
    assert "2026/0815" in text(reader.get("/a/acme/billing/payment/"))


def test_its_page_says_where_the_document_is_and_there_is_none_of_ours(tmp_path: Path) -> None:
    bring_in(tmp_path, [*ACME, *OPEN, *PROFILE])
    reader = olivia()
    page = text(reader.get(PAGE))
    assert "This invoice was issued before your account moved here." in page
    assert "Total $240.00 To be paid $240.00" in page
    for gone in ("PDF", "Factur-X", "Subtotal", "Parties", "How each line was calculated"):
        assert gone not in page
    for name in ("invoice_pdf", "invoice_ubl", "invoice_factur_x"):
        assert reader.get(reverse(name, args=["acme", "2026/0815"])).status_code == 404
    by_vera = acting.occasion(people.vera(), TODAY)
    brought_in = Invoice.objects.get(number="2026/0815")
    with pytest.raises(document_letters.NotSentOnce, match="no_document"):
        document_letters.send_again(brought_in.pk, ["olivia@acme.example"], reason="Lost", occasion=by_vera)
    empty = reader.get("/a/acme/billing/invoices.zip?year=2023")
    assert (empty.status_code, empty.headers["Location"]) == (302, "/a/acme/billing/invoices/")
    french = text(signed_in(people.User.objects.get(email="olivia@acme.example"), "fr").get(PAGE))
    assert "Cette facture a été émise avant l’arrivée de votre compte ici." in french


def test_our_own_run_has_no_gap_and_its_documents_are_handed_out(tmp_path: Path) -> None:
    # Theirs begin as ours do, and are none of ours.
    theirs = ("open_invoice", OPEN[1][1] | {"number": "INV-17"})
    records = [record for record in [*ACME, OPEN[0], theirs] if record[0] != "balance"]
    account = bring_in(tmp_path, records)
    PaymentMethod.objects.update(reference="test_approves")
    with acting.at(JULY_14):
        by = acting.occasion(people.User.objects.get(email="olivia@acme.example"), TODAY)
        quotes.confirm(quotes.draw_up(account, [AddSeats("support", 12)], occasion=by).pk, occasion=by)
    assert Invoice.objects.of_ours().get().number == "INV-000001"
    archive = olivia().get("/a/acme/billing/invoices.zip?year=2023")
    named = zipfile.ZipFile(BytesIO(b"".join(archive.streaming_content))).namelist()  # type: ignore[arg-type]
    assert named == ["INV-000001.pdf"]


def test_it_is_paid_by_the_method_on_file(tmp_path: Path) -> None:
    account = bring_in(tmp_path, [*ACME, *OPEN])
    PaymentMethod.objects.update(reference="test_approves")
    done = olivia().post(f"{PAGE}pay/", follow=True)
    assert "Paid. Thank you." in text(done)
    assert InvoicePayment.objects.get().invoice.number == "2026/0815"
    # 300.00 − 240.00 − 25.00 of credit
    assert account_statements.read(account, TODAY, TODAY).closing == 3500
    # The receipt has no document of ours to attach.
    letter = Letter.objects.filter(kind="payment_received").first()
    assert letter is not None
    assert mail.message(letter).attachments == []


def test_it_is_paid_by_a_link(tmp_path: Path) -> None:
    bring_in(tmp_path, [*ACME, *OPEN])
    invoice = Invoice.objects.get(number="2026/0815")
    fields = {"email": "books@keepers.example", "reason": "They pay for Acme"}
    signed_in(people.vera()).post(f"/vendor/billing/invoice/{invoice.pk}/link/", fields)
    found = re.search(
        r"https?://\S+/pay/\S+", str(mail.message(Letter.objects.get(kind="invoice_payable")).body)
    )
    assert found
    link = urlsplit(found[0]).path
    page = text(Client().get(link))
    assert "Pay invoice 2026/0815" in page
    assert "its lines are on the document from then" in page
    assert "Invoice 2026/0815 is paid" in pay(Client(), link)


@pytest.mark.parametrize(
    ("reference", "amount", "booked"),
    [
        ("2026/0815", "240.00", {"2026/0815": "240.000"}),
        ("Acme, fa-17 and 2026/0815", "300.00", {"2026/0815": "240.000", "FA-17": "60.000"}),
        ("2026/0815 first part", "100.00", {"2026/0815": "100.000"}),
        ("2026/0815", "240.01", {}),
        ("no number", "240.00", {}),
        # What was never a number here leaves no doubt.
        ("2026/0815 and OLD-1", "240.00", {"2026/0815": "240.000"}),
    ],
)
def test_a_transfer_that_names_it_is_booked(
    reference: str, amount: str, booked: dict[str, str], tmp_path: Path
) -> None:
    records = of_account({"collection_method": "send_invoice"}, [*ACME[:-1], *OPEN])
    bring_in(tmp_path, records)
    page = text(olivia().get(PAGE))
    # The bank account of the vendor, and the number as reference.
    assert "IBAN" in page
    assert "Reference 2026/0815" in page
    transfer = bank_payments.ListedTransfer(
        "B-1", date(2023, 7, 13), int(float(amount) * 100), "USD", reference
    )
    bank_payments.receive(
        [transfer], at=JULY_14, occasion_of=lambda one: acting.occasion(on=TODAY, at=JULY_14)
    )
    found = BankBooking.objects.values_list("invoice__number", "amount")
    assert {number: str(part) for number, part in found} == booked


@pytest.mark.parametrize(
    ("state", "said"),
    [("past_due", "See invoice 2026/0815"), ("suspended", "The account is suspended")],
)
def test_an_account_that_owes_opens_when_the_last_one_is_paid(state: str, said: str, tmp_path: Path) -> None:
    account = bring_in(tmp_path, of_account({"state": state}, [*ACME, *OPEN]))
    PaymentMethod.objects.update(reference="test_approves")
    assert debts.way_out(account, Standing(state), TODAY)
    assert not debts.is_old(account)
    reader = olivia()
    assert said in text(reader.get("/a/acme/"))
    for number, after in (("2026~0815", state), ("FA-17", "active")):
        reader.post(f"/a/acme/billing/invoices/{number}/pay/")
        account.refresh_from_db()
        assert account.state == after


@pytest.mark.parametrize("state", ["past_due", "suspended"])
def test_without_open_invoices_the_staff_settle_the_old_debt(state: str, tmp_path: Path) -> None:
    account = bring_in(tmp_path, of_account({"state": state}, ACME))
    assert debts.is_old(account)
    vera = people.vera()
    act = reverse("vendor:accounts_account_settle", args=[account.pk])
    signed_in(vera).post(act, {"reason": "Paid by cheque in May"})
    account.refresh_from_db()
    assert account.state == "active"


def test_a_managed_account_shows_none_of_it_and_opens_by_a_transfer(tmp_path: Path) -> None:
    account = bring_in(tmp_path, of_account({"type": "managed", "state": "suspended"}, [*ACME[:-1], *OPEN]))
    assert olivia().get(PAGE).status_code in (403, 404)
    transfer = bank_payments.ListedTransfer("B-1", date(2023, 7, 13), 30000, "USD", "2026/0815 FA-17")
    bank_payments.receive(
        [transfer], at=JULY_14, occasion_of=lambda one: acting.occasion(on=TODAY, at=JULY_14)
    )
    account.refresh_from_db()
    assert account.state == "active"


def test_who_ended_owes_it_by_a_link(tmp_path: Path) -> None:
    """The last invoice came after the end: it was open by then."""
    ended = {"state": "cancelled", "cancelled_on": "2023-06-10"}
    bring_in(tmp_path, of_account(ended, [*ACME[:12], *OPEN]))
    invoice = Invoice.objects.get(number="FA-17")
    fields = {"email": "books@keepers.example", "reason": "They pay for Acme"}
    signed_in(people.vera()).post(f"/vendor/billing/invoice/{invoice.pk}/link/", fields)
    found = re.search(
        r"https?://\S+/pay/\S+", str(mail.message(Letter.objects.get(kind="invoice_payable")).body)
    )
    assert found
    assert "is paid" in pay(Client(), urlsplit(found[0]).path)


def test_the_export_of_the_accounts_data_has_it(tmp_path: Path) -> None:
    account = bring_in(tmp_path, [*ACME, *OPEN])
    told = list(data_export._invoices(account, TODAY))
    assert [(row["number"], row["product"], str(row["total_of_invoice"])) for row in told] == [
        ("2026/0815", "", "240.000"),
        ("FA-17", "", "60.000"),
    ]


FAULTS: dict[str, tuple[str, dict[str, str], str, str]] = {
    "a number like ours": ("first", {"number": "INV-000815"}, "number", "such as OLD-INV-000815"),
    "a credit note like ours": ("first", {"number": "cn-000815"}, "number", "such as OLD-cn-000815"),
    "a number that breaks addresses": ("first", {"number": "a~b"}, "number", "letters A to Z and digits"),
    "a number of dots": ("first", {"number": ".."}, "number", "can't be the number of an invoice"),
    "41 characters": ("first", {"number": "7" + "a" * 40}, "number", "up to 40"),
    "a header": ("first", {"number": "7\nBcc: x@y.example"}, "number", "line break"),
    "no number": ("first", {"number": ""}, "number", "is missing"),
    "twice in one account": ("second", {"number": "2026/0815"}, "number", "stands here already"),
    "nothing to pay": ("first", {"amount": "0"}, "amount", "what the vendor owes is a balance"),
    "a credit": ("first", {"amount": "-5.00"}, "amount", "what the vendor owes is a balance"),
    "more decimals than cents": ("first", {"amount": "1.005"}, "amount", "USD has 2"),
    "issued tomorrow": ("first", {"issued_on": "2023-07-15", "due_on": ""}, "issued_on", "has not come yet"),
    "due before it was issued": ("first", {"due_on": "2023-05-01"}, "due_on", "before the day of issue"),
    "a day that isn't one": ("second", {"issued_on": "2023-02-30"}, "issued_on", "does not exist"),
    "a card number": ("first", {"number": "4111 1111 1111 1111"}, "number", "looks like a card number"),
}


@pytest.mark.parametrize("which", FAULTS, ids=lambda which: which.replace(" ", "-"))
@pytest.mark.parametrize("writer", [as_csv, as_json_lines])
def test_what_can_t_be_owed_is_named_by_line_and_column(which: str, writer: Any, tmp_path: Path) -> None:
    place, cells, column, words = FAULTS[which]
    records = [(record, dict(own)) for record, own in OPEN]
    records[list(LINE).index(place)][1].update(cells)
    file = tmp_path / ("a.csv" if writer is as_csv else "a.jsonl")
    file.write_text(writer(("A-1", [*ACME, *records])))
    before = rows()
    code, _told, wrong = load(file)
    assert code == 1
    assert rows() == before
    where = f"{LINE[place]}: {column}: " if writer is as_csv else "1: open_invoices["
    assert [one for one in wrong if one.startswith(where) and column in one and words in one], wrong
    assert load(file, "--dry-run")[2] == wrong


@pytest.mark.parametrize("writer", [as_csv, as_json_lines])
def test_one_number_is_owed_once_whichever_account_names_it(writer: Any, tmp_path: Path) -> None:
    """N-1 has it; N-2 of the same file is refused, and so is a file of later; the rehearsal says the same."""
    (first, records), (second, others), (third, more) = small("N-1"), small("N-2"), small("N-3")
    file = tmp_path / ("a.csv" if writer is as_csv else "a.jsonl")
    file.write_text(
        writer((first, [*records, OPEN[0]]), (second, [*others, OPEN[0]]), (third, [*more, OPEN[1]]))
    )
    code, told, wrong = load(file, "--dry-run")
    assert told.startswith("3 accounts: 2 new, 0 unchanged, 1 refused.")
    assert "“2026/0815” is the number of an invoice that is here already" in wrong[0]
    assert load(file) == (code, told.removesuffix(" Dry run: nothing was written."), wrong)
    assert load(file)[1] == "3 accounts: 0 new, 2 unchanged, 1 refused."
    assert Invoice.objects.count() == 2


def test_a_hundred_open_invoices_take_no_more_statements_than_two(tmp_path: Path) -> None:
    """The first file also reads the catalogue, which the process then keeps."""
    counts = []
    for prefix, number in (("F", 2), ("M", 100)):
        file = tmp_path / f"{prefix}.csv"
        made = [
            (external_id, [*records, ("open_invoice", OPEN[0][1] | {"number": external_id})])
            for external_id, records in (small(f"{prefix}-{n}") for n in range(number))
        ]
        file.write_text(as_csv(*made))
        with CaptureQueriesContext(connection) as captured:
            assert load(file)[0] == 0
        counts.append(len(captured))
    assert counts[1] <= counts[0] <= 45


def test_a_payment_of_it_can_t_be_begun_twice(tmp_path: Path) -> None:
    account = bring_in(tmp_path, [*ACME, *OPEN])
    PaymentMethod.objects.update(reference="test_approves")
    by = acting.occasion(people.User.objects.get(email="olivia@acme.example"), TODAY, at=JULY_14)
    with acting.at(JULY_14):
        payments.pay("FA-17", account, occasion=by)
        with pytest.raises(payments.AlreadyPaid):
            payments.pay("FA-17", account, occasion=by)


def test_the_sample_of_a_move_comes_in_whole() -> None:
    """As a spreadsheet saves it: one that pays by transfer, one past due, one with an old debt."""
    call_command("load_catalogue", "billing/catalogues/northwind-desk.toml", stdout=io.StringIO())
    call_command("load_tax_rates", "billing/tax_rates/2026-11.toml", stdout=io.StringIO())
    found = read(Path("tests/data/moving-in.csv"), currencies=("EUR", "USD"))
    results = [*loading.load_all(found, at=datetime(2026, 11, 23, 12, tzinfo=UTC))]
    assert results == ["new", "new", "new"]
    owed = dict(Invoice.objects.values_list("number", "due"))
    assert {number: str(due) for number, due in owed.items()} == {
        "FA-2026-0815": "348.000",
        "FA-2026-0902": "120.000",
        "2026/1177": "140.000",
    }
    daurade, werft, harbor = Account.objects.order_by("external_id")
    assert [debts.is_old(one) for one in (daurade, werft, harbor)] == [False, False, True]
    # 348.00 + 120.00 − 42.50
    assert account_statements.read(daurade, date(2026, 1, 1), date(2026, 12, 31)).closing == 42550
