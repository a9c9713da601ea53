"""What is left to pay of an invoice is given up: by staff, with a reason, and not while it may come in."""

from datetime import UTC, date, datetime
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from djmoney.money import Money

from accounts import mail
from accounts.models import Account, Activity, Letter
from billing import account_statements, bank_payments, payment_links, payments, quotes, write_offs
from billing.models import BankPayment, Charge, Invoice, InvoicePayment, SandboxPayment, WriteOff
from billing.provider.base import PaymentOutcome, PaymentStatus
from billing.rules.changes import AddSeats
from billing.rules.documents import InvoiceState
from billing.rules.statements import MovementKind
from billing.write_offs import WriteOffRefusal
from tests import acting, people
from tests.billing.test_credit_notes import credit, renewed
from tests.console.reading import signed_in, text

pytestmark = pytest.mark.django_db(transaction=True)
RENEWS = date(2023, 10, 27)
NOON = datetime(2023, 10, 27, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _acts_at_noon() -> Any:
    with acting.at(NOON):
        yield


def write_off(invoice: Invoice, *, reason: str = "Insolvent", on: date = RENEWS) -> WriteOff:
    return write_offs.write_off(invoice.pk, reason=reason, occasion=acting.occasion(people.vera(), on))


def refused(invoice: Invoice) -> WriteOffRefusal:
    with pytest.raises(write_offs.NotWrittenOff) as no:
        write_off(invoice)
    return no.value.why


def test_who_owed_it_is_told_that_they_no_longer_do() -> None:
    """144.00 is given up; the vendor's own reason is no business of theirs."""
    invoice = renewed(method="", collection_method="send_invoice")
    write_off(invoice, reason="Not worth a lawyer")
    told = Letter.objects.filter(kind="invoice_written_off").order_by("to")
    assert [one.to for one in told] == ["bilal@acme.example", "olivia@acme.example"]
    body = mail.message(told[0]).body
    assert f"wrote off what was left to pay of invoice {invoice.number}: $144.00." in body
    assert "lawyer" not in body


@pytest.mark.parametrize(
    ("booked", "credited", "given_up"),
    [
        # 144.00 less what came by transfer, less what was credited of it.
        (0, 0, 14400),
        (10000, 0, 4400),
        (10000, 1000, 3200),
    ],
)
def test_what_is_left_of_an_invoice_is_no_longer_owed(booked: int, credited: int, given_up: int) -> None:
    invoice = renewed(method="", collection_method="send_invoice")
    Account.objects.update(state="past_due")
    if booked:
        payment = BankPayment.objects.create(
            bank_id="B-1", received_on=RENEWS, amount=Money(booked // 100, "USD"), loaded_at=NOON
        )
        vera = acting.occasion(people.vera(), RENEWS)
        bank_payments.book(payment.pk, {invoice.number: booked}, reason="Told us", occasion=vera)
    if credited:
        credit(invoice, {1: credited})
    made = write_off(invoice)
    assert made.amount == Money(given_up / 100, "USD")
    invoice = Invoice.objects.get(pk=invoice.pk)
    assert invoice.state is InvoiceState.WRITTEN_OFF
    assert invoice in Invoice.objects.in_state(InvoiceState.WRITTEN_OFF)
    assert invoice not in Invoice.objects.in_state(InvoiceState.PAID)
    told = account_statements.read(Account.objects.get(), date(2023, 1, 1), date(2023, 12, 31))
    assert (told.moved(MovementKind.WRITTEN_OFF), told.closing) == (-given_up, 0)
    assert told.moved(MovementKind.PAID) == -booked
    assert Account.objects.get().state == "active"
    entry = Activity.objects.get(verb="invoice_written_off")
    assert (entry.actor_name, entry.reason, entry.invoice) == ("Vera Vance", "Insolvent", "INV-000001")
    assert entry.after == {"amount": {"minor": given_up, "currency": "USD"}}
    assert refused(invoice) is WriteOffRefusal.NOTHING_OPEN


def test_another_debt_keeps_the_account_closed() -> None:
    """Both were due within 30 days; on New Year's Eve one is given up, and then the other."""
    first = renewed(method="", collection_method="send_invoice")
    account, by = Account.objects.get(), acting.occasion(people.user("olivia"), RENEWS)
    quotes.confirm(quotes.draw_up(account, [AddSeats("support", 11)], occasion=by).pk, occasion=by)
    Account.objects.update(state="past_due")
    later = date(2023, 12, 31)
    write_off(first, on=later)
    assert Account.objects.get().state == "past_due"
    write_off(Invoice.objects.latest("pk"), on=later)
    assert Account.objects.get().state == "active"


def test_what_may_still_come_in_is_asked_for_first() -> None:
    """A debit that is on its way turns out paid: nothing is left to give up."""
    invoice = renewed("test_debit_later")
    assert Charge.objects.get().state == "processing"
    assert refused(invoice) is WriteOffRefusal.NOTHING_OPEN
    assert Charge.objects.get().state == "succeeded"
    assert not WriteOff.objects.exists()


def test_a_payment_that_waits_keeps_it_open() -> None:
    invoice = renewed("test_asks_3ds")
    assert Charge.objects.get().state == "action"
    assert refused(invoice) is WriteOffRefusal.UNDER_WAY
    assert not InvoicePayment.objects.exists()


def test_money_that_comes_after_all_is_given_back() -> None:
    """What was declined turns out paid after the invoice was written off: nobody owes it."""
    invoice = renewed("test_declines")
    write_off(invoice)
    charge = Charge.objects.get()
    SandboxPayment.objects.update(status="succeeded")
    payments.settle(charge.pk, PaymentOutcome(PaymentStatus.SUCCEEDED), occasion=acting.occasion())
    assert SandboxPayment.objects.get().refunded == 14400
    assert Charge.objects.get().refunded_at is not None


def test_its_pages_say_so_and_nobody_can_pay_it() -> None:
    invoice = renewed("test_declines")
    vera = acting.occasion(people.vera(), RENEWS)
    link = payment_links.send(invoice.pk, "books@keepers.example", reason="They pay", occasion=vera)
    write_off(invoice, reason="Insolvent")
    assert payment_links.over(Account.objects.get(), link, NOON) is payment_links.NoLinkReason.BY_VENDOR
    olivia = signed_in(people.user("olivia"))
    page = text(olivia.get("/a/acme/billing/invoices/INV-000001/"))
    assert "Written off" in page
    assert "$144.00 of this invoice was written off on" in page
    assert "Pay $144.00" not in page
    assert "Insolvent" in text(olivia.get("/a/acme/activity/"))


def test_only_staff_with_a_reason() -> None:
    invoice = renewed("test_declines")
    with pytest.raises(PermissionDenied):
        write_offs.write_off(invoice.pk, reason="x", occasion=acting.occasion(people.user("olivia"), RENEWS))
    with pytest.raises(ValueError, match="say why"):
        write_off(invoice, reason=" ")
    assert not WriteOff.objects.exists()
