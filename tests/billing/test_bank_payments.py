"""Incoming transfers: booked by themselves, in parts, several at once, by the staff; and never twice."""

import io
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from django.core.exceptions import PermissionDenied
from django.core.management import call_command

from accounts.models import Account, Activity, Letter
from billing import account_statements, bank_payments, payments, quotes
from billing.models import BankBooking, BankPayment, Charge, Invoice, InvoicePayment
from billing.rules.changes import AddSeats
from tests import acting, people, shop
from tests.console.reading import open_as, text

pytestmark = pytest.mark.django_db(transaction=True)
TODAY = date(2023, 7, 14)
NOON = datetime(2023, 7, 14, 12, tzinfo=UTC)
HEAD = "bank_id,date,amount,currency,reference,payer"


@pytest.fixture
def acme() -> Account:
    """Acme pays by transfer: 11 seats instead of 10 are 3.45, 12 instead of 11 again 3.46."""
    account = people.acme(timezone="UTC", collection_method="send_invoice")
    shop.subscribe(account, {"support": ("team", 10, "1.00")}, start=date(2022, 10, 27))
    olivia = people.user("olivia")
    with acting.at(NOON):
        for seats in (11, 12):
            by = acting.occasion(olivia, TODAY)
            quotes.confirm(quotes.draw_up(account, [AddSeats("support", seats)], occasion=by).pk, occasion=by)
    return account


def load(tmp_path: Path, *rows: str, dry: bool = False) -> str:
    file = tmp_path / "bank.csv"
    file.write_text("\n".join([HEAD, *rows]), encoding="utf-8")
    said = io.StringIO()
    call_command("load_payments", str(file), dry_run=dry, stdout=said, stderr=said)
    return said.getvalue()


def dues() -> dict[str, str]:
    return {one.number: str(one.due.amount) for one in Invoice.objects.order_by("pk")}


def test_what_leaves_no_doubt_is_booked_and_told(acme: Account, tmp_path: Path) -> None:
    """3.45 for the first: paid, with a receipt to Olivia and Bilal; again the same file changes nothing."""
    assert dues() == {"INV-000001": "3.450", "INV-000002": "3.450"}
    row = "B-1,2023-07-20,3.45,USD,INV-000001,Acme Inc"
    assert load(tmp_path, row, dry=True) == "1 new of 1. Dry run: nothing was written.\n"
    assert load(tmp_path, row) == "1 new of 1, 1 booked, 0 wait for the staff.\n"
    assert load(tmp_path, row, row) == "0 new of 1, 0 booked, 0 wait for the staff.\n"
    assert InvoicePayment.objects.get().invoice.number == "INV-000001"
    assert BankBooking.objects.get().booked_by is None
    assert Letter.objects.filter(kind="payment_received").count() == 2
    entry = Activity.objects.get(verb="bank_payment_booked")
    assert entry.after == {"amount": {"minor": 345, "currency": "USD"}}
    page = text(open_as("olivia", "/a/acme/billing/invoices/INV-000001/"))
    assert "Paid by transfer 20 July 2023 $3.45" in page


def test_several_at_once_and_a_part(acme: Account, tmp_path: Path) -> None:
    """A part of 2.00 leaves 1.45, which comes together with the 3.45 of the other: 4.90."""
    load(tmp_path, "B-1,2023-07-20,2.00,USD,INV-000001,Acme")
    page = text(open_as("olivia", "/a/acme/billing/invoices/INV-000001/"))
    assert "Left to pay: $1.45, by transfer with the reference INV-000001." in page
    assert not InvoicePayment.objects.exists()
    said = load(tmp_path, "B-2,2023-07-21,4.90,USD,INV-000001 and INV-000002,Acme")
    assert said.startswith("1 new of 1, 1 booked")
    assert InvoicePayment.objects.count() == 2
    told = account_statements.read(acme, date(2023, 1, 1), date(2023, 12, 31))
    assert [row.movement.amount for row in told.rows] == [345, 345, -200, -145, -345]
    assert told.closing == 0


def test_what_does_not_match_waits_and_is_booked_by_the_staff(acme: Account, tmp_path: Path) -> None:
    """10.00 without a reference: 3.45 and 3.45 are booked, 3.10 is left over."""
    assert "1 wait for the staff" in load(tmp_path, "B-1,2023-07-20,10.00,USD,thank you,Acme Inc")
    payment = BankPayment.objects.get()
    assert list(bank_payments.waiting()) == [payment]
    vera = people.vera()
    with acting.at(NOON):
        by = acting.occasion(vera, TODAY)
        bank_payments.book(
            payment.pk, {"INV-000001": 345, "INV-000002": 345}, reason="Told on the phone", occasion=by
        )
        for parts, reason in (
            ({"INV-000001": 1}, "unknown"),
            ({"INV-999999": 1}, "unknown"),
        ):
            with pytest.raises(bank_payments.NotBookable) as refused:
                bank_payments.book(payment.pk, parts, reason="x", occasion=by)
            assert refused.value.reason == reason
    assert bank_payments.left_over(payment) == 310
    assert InvoicePayment.objects.count() == 2


def test_it_opens_an_account_that_owed_nothing_else(acme: Account, tmp_path: Path) -> None:
    Account.objects.update(state="past_due")
    load(tmp_path, "B-1,2023-07-20,3.45,USD,INV-000001,Acme")
    assert Account.objects.get().state == "past_due"
    load(tmp_path, "B-2,2023-07-20,3.45,USD,INV-000002,Acme")
    assert Account.objects.get().state == "active"


def test_nobody_but_the_staff_books_and_nothing_beyond_what_there_is(acme: Account, tmp_path: Path) -> None:
    load(tmp_path, "B-1,2023-07-20,3.00,USD,?,Acme", "B-2,2023-07-20,3.45,EUR,INV-000001,Acme")
    dollars, euros = BankPayment.objects.order_by("pk")
    with acting.at(NOON):
        with pytest.raises(PermissionDenied):
            bank_payments.book(
                dollars.pk,
                {"INV-000001": 1},
                reason="x",
                occasion=acting.occasion(people.user("olivia"), TODAY),
            )
        by = acting.occasion(people.vera(), TODAY)
        for payment, parts, reason in (
            (dollars, {"INV-000001": 301}, "too_much"),
            (dollars, {"INV-000001": 0}, "too_much"),
            (dollars, {"INV-000001": -5}, "too_much"),
            (euros, {"INV-000001": 345}, "currency"),
        ):
            with pytest.raises(bank_payments.NotBookable) as refused:
                bank_payments.book(payment.pk, parts, reason="x", occasion=by)
            assert refused.value.reason == reason
        with pytest.raises(ValueError, match="say why"):
            bank_payments.book(dollars.pk, {"INV-000001": 300}, reason=" ", occasion=by)
    assert not BankBooking.objects.exists()


def refused(payment: BankPayment, *numbers: str) -> str:
    """Return why staff can't book one cent of a transfer for each of some invoices; empty where they can."""
    by = acting.occasion(people.vera(), TODAY, NOON)
    try:
        bank_payments.book(payment.pk, dict.fromkeys(numbers, 1), reason="x", occasion=by)
    except bank_payments.NotBookable as no:
        return str(no.reason)
    return ""


def test_a_transfer_is_of_one_account_and_pays_an_invoice_once(acme: Account, tmp_path: Path) -> None:
    globex = people.globex(timezone="UTC", collection_method="send_invoice")
    shop.subscribe(globex, {"support": ("team", 10, "1.00")}, start=date(2022, 10, 27))
    stella = acting.occasion(globex.memberships.get().user, TODAY, NOON)
    quotes.confirm(quotes.draw_up(globex, [AddSeats("support", 11)], occasion=stella).pk, occasion=stella)
    load(tmp_path, "B-1,2023-07-20,9.00,USD,?,Acme")
    transfer = BankPayment.objects.get()
    assert refused(transfer, "INV-000001", "INV-000003") == "accounts"
    assert refused(transfer, "INV-000001") == ""
    assert refused(transfer, "INV-000001") == "twice"
    assert refused(transfer, "INV-000003") == "accounts"


def test_what_a_card_is_paying_is_not_booked_meanwhile(acme: Account, tmp_path: Path) -> None:
    load(tmp_path, "B-1,2023-07-20,9.00,USD,?,Acme")
    invoice = Invoice.objects.earliest("pk")
    charge = Charge.objects.create(
        subscription_id=acme.pk, invoice=invoice, amount=invoice.due, method="m", created_at=NOON
    )
    assert refused(BankPayment.objects.get(), "INV-000001") == "under_way"
    Charge.objects.filter(pk=charge.pk).update(state="failed")
    assert refused(BankPayment.objects.get(), "INV-000001") == ""


def test_a_card_is_not_charged_for_what_is_paid_in_part(acme: Account, tmp_path: Path) -> None:
    load(tmp_path, "B-1,2023-07-20,2.00,USD,INV-000001,Acme")
    Account.objects.update(collection_method="charge_automatically")
    acme.refresh_from_db()
    with acting.at(NOON), pytest.raises(payments.PaidInPart):
        payments.pay("INV-000001", acme, occasion=acting.occasion(people.user("olivia"), TODAY))


def test_a_file_with_faults_is_not_taken(acme: Account, tmp_path: Path) -> None:
    with pytest.raises(SystemExit):
        load(
            tmp_path,
            "B-1,2023-07-20,3.45,USD,INV-000001,Acme",
            "B-1,2023-07-20,3.46,USD,INV-000001,Acme",
            ",2023-07-20,3.45,USD,,",
            "B-2,20 July,3.45,USD,,",
            "B-3,2023-07-20,-3.45,USD,,",
            "B-4,2023-07-20,3.455,USD,,",
            "B-5,2023-07-20,3.45,XYZ,,",
            "B-6,2023-07-20,٣,USD,,",
            "B-7,2023-07-20,1e400,USD,,",
            f"B-8,2023-07-20,1.00,USD,{'x' * 301},",
        )
    assert not BankPayment.objects.exists()


def test_each_fault_is_told_with_its_line(tmp_path: Path) -> None:
    from billing.imports.bank_payments.reading import BadBankFile, read

    file = tmp_path / "bank.csv"
    for nothing in (b"", b"\xef\xbb\xbf"):
        file.write_bytes(nothing)
        with pytest.raises(BadBankFile, match=r"bank\.csv: is empty"):
            read(file, currencies={"USD": 1})
    file.write_text("bank_id;date;amount\nB-1;2023-07-20;3.45", encoding="utf-8")
    with pytest.raises(BadBankFile, match=r":1: currency is missing"):
        read(file, currencies={"USD": 1})
    file.write_text(f"{HEAD}\n,2023-07-20,0,USD,,", encoding="utf-8")
    with pytest.raises(BadBankFile) as bad:
        read(file, currencies={"USD": 1})
    assert len(bad.value.faults) == 2
    assert all(f"{file}:2: " in one for one in bad.value.faults)
