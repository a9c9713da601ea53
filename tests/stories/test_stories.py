"""Dated lives of one subscription, with the sum beside each step (domain.md 5 and 6)."""

from datetime import date
from decimal import Decimal

import pytest

from accounts.models import Account
from billing.models import AgentSeat, BalanceEntry, Invoice, ScheduledChange, TemporarySeats
from billing.rules.changes import (
    AddProduct,
    AddSeats,
    Answer,
    BuyTemporarySeats,
    ChangeCycle,
    ChangeEdition,
    Choice,
    CombineIntoSuite,
    Extend,
    ReduceSeats,
    RemoveProduct,
)
from billing.rules.facts import ScheduledKind
from billing.rules.periods import Cycle
from tests import people, shop
from tests.stories.telling import change, open_account, renew, stored

pytestmark = pytest.mark.django_db(transaction=True)
JULY_14 = date(2023, 7, 14)


def total(invoice: Invoice | None) -> str:
    assert invoice is not None
    return f"{invoice.total.amount.normalize():f}"


def ledger(quantity: int = 10, price: str = "12.00") -> Account:
    return open_account({"support": ("team", quantity, price)}, start=date(2022, 10, 27))


def test_after_an_extension_a_seat_costs_both_terms() -> None:
    account = ledger(price="1.00")
    # The coming year early: 10 × 1.00 × 12
    assert total(change(account, JULY_14, Extend())) == "120"
    # 1.00 × 12 × 105/365 = 3.45 (37.97 − 34.52), and 12.00 for the year ahead
    assert total(change(account, JULY_14, AddSeats("support", 11))) == "15.45"
    # The paid end is 2024-10-27: nothing is due on 2023-10-27.
    assert renew(account, date(2023, 10, 27)) == []
    assert renew(account, date(2024, 10, 27)) == ["132"]


def test_seats_that_are_paid_are_not_paid_twice() -> None:
    account = ledger()
    assert change(account, JULY_14, ReduceSeats("support", 5)) is None
    drop = AddSeats("support", 15, (Answer(ScheduledKind.QUANTITY, "support", Choice.DROP),))
    # 5 more of 12.00: (15 − 10) × 12.00 × 12 × 105/365 = 621.37 − 414.25
    assert total(change(account, JULY_14, drop)) == "207.12"
    assert not ScheduledChange.objects.exists()


def test_team_ten_to_professional_eight() -> None:
    account = ledger()
    # 10 × 30.00 × 12 × 105/365 = 1035.62, less 10 × 12.00 × 12 × 105/365 = 414.25
    invoice = change(account, JULY_14, ChangeEdition("support", "professional"), ReduceSeats("support", 8))
    assert total(invoice) == "621.37"
    # 8 × 30.00 × 12
    assert renew(account, date(2023, 10, 27)) == ["2880"]


def test_professional_ten_to_team_twelve() -> None:
    account = open_account({"support": ("professional", 10, "30.00")}, start=date(2022, 10, 27))
    # 12 × 30.00 × 12 × 105/365 = 1242.74, less 1035.62
    invoice = change(account, JULY_14, ChangeEdition("support", "team"), AddSeats("support", 12))
    assert total(invoice) == "207.12"
    # 12 × 12.00 × 12
    assert renew(account, date(2023, 10, 27)) == ["1728"]


def test_a_suite_that_costs_less_gives_a_credit_note_that_pays_the_renewal() -> None:
    account = open_account(
        {"support": ("professional", 10, "30.00"), "guide": ("team", 10, "60.00")}, start=date(2022, 10, 27)
    )
    seat = shop.line(account, "support")
    AgentSeat.objects.create(
        subscription_id=account.pk, line=seat, membership=people.member("agnes", account)
    )
    note = change(account, JULY_14, CombineIntoSuite("suite", "team", 10))
    # −1035.62 − 2071.23 + 10 × 40.00 × 12 × 105/365 (1380.82)
    assert (total(note), note and note.kind) == ("-1726.03", "credit_note")
    assert stored(account, JULY_14).balance == 172603
    assert [line.product for line in stored(account, JULY_14).lines] == ["suite"]
    assert AgentSeat.objects.get().line.product.key == "suite"
    # 10 × 40.00 × 12 = 4800.00, of which the balance pays 1726.03
    assert renew(account, date(2023, 10, 27)) == ["4800"]
    assert str(Invoice.objects.latest("pk").due) == "$3,073.97"
    assert sum(entry.amount.amount for entry in BalanceEntry.objects.all()) == 0


def test_the_31st_of_each_month_through_a_leap_year() -> None:
    account = open_account({"support": ("team", 1, "12.00")}, start=date(2023, 12, 31), cycle="monthly")
    renew(account, date(2024, 5, 1))
    starts = Invoice.objects.order_by("pk").values_list("period_start", flat=True)
    assert list(starts) == [date(2024, 1, 31), date(2024, 2, 29), date(2024, 3, 31), date(2024, 4, 30)]


@pytest.mark.parametrize(
    ("currency", "price", "net"),
    [("JPY", "1500", "5178"), ("BHD", "1.500", "5.178"), ("EUR", "1.50", "5.18")],
)
def test_yen_dinars_and_euros(currency: str, price: str, net: str) -> None:
    account = open_account({"support": ("team", 10, price)}, start=date(2022, 10, 27), currency=currency)
    # One seat more: 1.500 × 12 × 105/365 = 5.178, 11 seats less 10, each rounded once
    assert total(change(account, JULY_14, AddSeats("support", 11))) == net


def test_tax_is_on_the_sum_and_rounded_once() -> None:
    account = open_account(
        {"support": ("team", 10, "1.00")}, start=date(2022, 10, 27), tax_percent=Decimal("20.00")
    )
    invoice = change(account, JULY_14, AddSeats("support", 11))
    assert invoice is not None
    # 3.45 × 20 % = 0.69
    assert (str(invoice.tax), str(invoice.due)) == ("$0.69", "$4.14")


def test_monthly_to_annual_at_the_renewal() -> None:
    account = open_account({"support": ("team", 2, "12.00")}, start=date(2023, 7, 1), cycle="monthly")
    assert change(account, JULY_14, ChangeCycle(Cycle.ANNUAL)) is None
    # 2 × 12.00 × 12
    assert renew(account, date(2023, 8, 1)) == ["288"]
    assert stored(account, date(2023, 8, 1)).paid_until == date(2024, 8, 1)


def test_temporary_seats_across_the_paid_end() -> None:
    account = ledger()
    bought = change(account, JULY_14, BuyTemporarySeats("support", 3, date(2023, 10, 20), 14))
    # 3 × 12.00 × 12 × 7/365 = 8.28 until 27 October, and × 7/366 = 8.26 in the leap year's term
    assert total(bought) == "16.54"
    assert TemporarySeats.objects.get().ends_on == date(2023, 11, 3)


def test_leaving_a_suite_leaves_what_is_sold_singly() -> None:
    account = open_account({"suite": ("team", 4, "40.00")}, start=date(2022, 10, 27))
    assert change(account, JULY_14, RemoveProduct("support")) is None
    # Talk is not sold singly: 4 × 6.00 × 12 for Guide alone
    assert renew(account, date(2023, 10, 27)) == ["288"]
    assert [line.product for line in stored(account, date(2023, 10, 27)).lines] == ["guide"]


def test_a_product_bought_in_the_middle_of_the_term() -> None:
    account = ledger()
    # 3 × 6.00 × 12 × 105/365
    assert total(change(account, JULY_14, AddProduct("guide", "team", 3))) == "62.14"
