"""The staff book a transfer that waits: which invoice, how much, and why."""

from datetime import date

import pytest
from djmoney.money import Money

from billing.models import BankBooking, BankPayment, InvoicePayment
from tests import people
from tests.console.reading import JULY_14, signed_in, text
from tests.console.test_invoices import bought, invoice

# The documents here stand alone, without lines and numbering.
pytestmark = [pytest.mark.breaks_invariants, pytest.mark.usefixtures("db")]


@pytest.fixture
def transfer() -> BankPayment:
    """Somebody sent 10.00 and wrote nothing; Acme owes 9.00."""
    account = bought()
    invoice(account, "INV-000001", "9.00")
    return BankPayment.objects.create(
        bank_id="B-1",
        received_on=date(2023, 7, 20),
        amount=Money("10.00", "USD"),
        payer="Acme Inc",
        loaded_at=JULY_14,
    )


def test_what_waits_is_listed_and_booked(transfer: BankPayment) -> None:
    vera = signed_in(people.vera())
    assert "Acme Inc" in text(vera.get("/vendor/billing/bankpayment/"))
    page = f"/vendor/billing/bankpayment/{transfer.pk}/book/"
    assert "Not booked of it: $10.00" in text(vera.get(page))
    answer = vera.post(page, {"number": "inv-000001", "amount": "9.00", "reason": "Told on the phone"})
    assert answer.status_code == 302
    assert InvoicePayment.objects.get().invoice.number == "INV-000001"
    seen = text(vera.get(f"/vendor/billing/bankpayment/{transfer.pk}/change/"))
    assert "INV-000001: $9.00 (Vera Vance)" in seen
    assert "$1.00" in seen
    assert "Acme Inc" in text(vera.get("/vendor/billing/bankpayment/?q=acme"))


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        ({"number": "INV-999999", "amount": "1.00"}, "There is no open invoice of this number."),
        ({"number": "INV-000001", "amount": "9.01"}, "more than is left"),
        ({"number": "INV-000001", "amount": "0"}, "more than is left"),
        ({"number": "INV-000001", "amount": "1.005"}, "The currency has fewer decimals."),
        ({"number": "", "amount": "1.00"}, "This field is required."),
    ],
)
def test_what_can_not_be_booked_is_told_at_its_field(
    transfer: BankPayment, asked: dict[str, str], why: str
) -> None:
    vera = signed_in(people.vera())
    answer = vera.post(f"/vendor/billing/bankpayment/{transfer.pk}/book/", {**asked, "reason": "x"})
    assert answer.status_code == 422
    assert why in text(answer)
    assert not BankBooking.objects.exists()


def test_nobody_else_gets_there(transfer: BankPayment) -> None:
    olivia = signed_in(people.user("olivia"))
    assert olivia.get(f"/vendor/billing/bankpayment/{transfer.pk}/book/").status_code == 404
    assert signed_in(people.vera()).get("/vendor/billing/bankpayment/999999/book/").status_code == 404
