"""Who pays how is not who sees what: an account's invoices are charged, or sent (domain.md 3)."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from accounts import lifecycle
from accounts.models import Account
from accounts.rules.capabilities import CollectionMethod
from billing import payments, quotes, renewal
from billing.models import Charge, Invoice, InvoicePayment, PaymentMethod, Quote
from billing.rules.changes import AddSeats
from tests import acting, people, shop

TODAY = date(2023, 7, 14)
NOON = datetime(2023, 7, 14, 12, tzinfo=UTC)


@pytest.fixture
def by_invoice(acme: Account) -> Account:
    """Acme sees its prices and pays by transfer: 10 seats at 1.00 USD, annual, no method on file."""
    shop.subscribe(acme, {"support": ("team", 10, "1.00")}, start=date(2022, 10, 27))
    Account.objects.filter(pk=acme.pk).update(collection_method="send_invoice")
    return Account.objects.get(pk=acme.pk)


def test_a_change_makes_an_open_invoice_and_charges_nothing(by_invoice: Account) -> None:
    """10 -> 11 on 14 July: -34.52 + 37.97 = 3.45, to be paid by transfer, the seat is there at once."""
    bilal = people.user("bilal")
    with acting.at(NOON):
        quote = quotes.draw_up(
            by_invoice, [AddSeats("support", 11)], occasion=acting.occasion(by=bilal, on=TODAY)
        )
        assert (
            quotes.confirm(quote.pk, occasion=acting.occasion(by=bilal, on=TODAY)).state
            == Quote.State.CONFIRMED
        )
    invoice = Invoice.objects.get()
    assert (invoice.due.amount, invoice.due.currency.code) == (Decimal("3.45"), "USD")
    assert not Charge.objects.exists()
    assert not InvoicePayment.objects.exists()
    assert shop.line(by_invoice, "support").quantity == 11


def test_a_renewal_sends_its_invoice_and_leaves_the_account_active(by_invoice: Account) -> None:
    """10 x 1.00 x 12 = 120.00 on 27 October, open; nobody falls past due."""
    with acting.at(datetime(2023, 10, 27, 12, tzinfo=UTC)):
        renewal.renew(
            by_invoice.pk,
            occasion=acting.occasion(on=date(2023, 10, 27), at=datetime(2023, 10, 27, 12, tzinfo=UTC)),
        )
    assert Invoice.objects.get().due.amount == 120
    assert not Charge.objects.exists()
    assert Account.objects.get(pk=by_invoice.pk).state == "active"


def test_what_is_paid_by_transfer_is_not_charged_to_a_method_that_is_still_there(by_invoice: Account) -> None:
    PaymentMethod.objects.create(
        subscription_id=by_invoice.pk, kind="card", brand="Visa", last_four="4242", reference="test_approves"
    )
    olivia, on = people.user("olivia"), date(2023, 10, 27)
    with acting.at(datetime(2023, 10, 27, 12, tzinfo=UTC)):
        renewal.renew(
            by_invoice.pk, occasion=acting.occasion(on=on, at=datetime(2023, 10, 27, 12, tzinfo=UTC))
        )
        with pytest.raises(payments.PaidByInvoice):
            payments.pay(
                Invoice.objects.get().number,
                by_invoice,
                occasion=acting.occasion(by=olivia, on=on + timedelta(days=1)),
            )
    assert not Charge.objects.exists()


def test_staff_change_it_with_a_reason(by_invoice: Account) -> None:
    vera = people.vera()
    with acting.at(NOON):
        values = {"collection_method": "charge_automatically"}
        assert lifecycle.amend(
            by_invoice.pk, values, occasion=acting.occasion(by=vera), reason="Wants to pay by card"
        )
    account = Account.objects.get(pk=by_invoice.pk)
    assert account.collects is CollectionMethod.CHARGE_AUTOMATICALLY
    entry = account.activity.order_by("-pk").first()
    assert entry.before == {"collection_method": "send_invoice"}
    assert entry.reason == "Wants to pay by card"


def test_an_open_invoice_is_not_paid_without_a_method(by_invoice: Account) -> None:
    """It is charged automatically from now on, and nothing was put on file."""
    renews = datetime(2023, 10, 27, 12, tzinfo=UTC)
    olivia = acting.occasion(by=people.user("olivia"), on=renews.date(), at=renews)
    with acting.at(renews):
        renewal.renew(by_invoice.pk, occasion=acting.occasion(on=renews.date(), at=renews))
        Account.objects.filter(pk=by_invoice.pk).update(collection_method="charge_automatically")
        account = Account.objects.get(pk=by_invoice.pk)
        with pytest.raises(payments.NoPaymentMethod):
            payments.pay(Invoice.objects.get().number, account, occasion=olivia)
    assert not Charge.objects.exists()
