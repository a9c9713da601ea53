"""What may be asked of the vendor's staff."""

from datetime import UTC, datetime, timedelta

import pytest

from accounts.rules.capabilities import AccountType
from billing.rules import refusals
from billing.rules.change_requests import needs_a_price, open_to_asking, reminder
from billing.rules.changes import AddProduct, AddSeats, ChangeEdition, FirstPurchase, Item
from billing.rules.periods import Cycle
from billing.rules.quoting import quote
from tests.rules import shop

SUPPORT = shop.bought("support", "team", 10)
ELITE = ChangeEdition("support", "elite")


@pytest.mark.parametrize("kind", ["assisted", "managed"])
def test_an_edition_sold_by_talking_can_be_asked_for_where_staff_decide(kind: str) -> None:
    facts = shop.acme(SUPPORT, account_type=AccountType(kind))
    assert needs_a_price(facts, [ELITE])
    found = quote(open_to_asking(facts), [ELITE], shop.TODAY)
    assert found.after.lines[0].edition == "elite"
    # It stands at nothing until they give a price.
    assert found.renewal.settlement.subtotal == 0
    # Not open to assisted accounts, and asked for all the same.
    assert quote(open_to_asking(facts), [AddProduct("talk", "team", 3)], shop.TODAY).due > 0


def test_a_self_service_account_asks_for_what_is_on_sale() -> None:
    facts = shop.acme(SUPPORT)
    assert open_to_asking(facts) is facts
    with pytest.raises(refusals.SalesOnly):
        quote(open_to_asking(facts), [ELITE], shop.TODAY)


def test_what_has_a_list_price_needs_none() -> None:
    facts = shop.acme(SUPPORT)
    for change in (AddSeats("support", 12), ChangeEdition("support", "professional")):
        assert not needs_a_price(facts, [change])
    first = FirstPurchase(Cycle.ANNUAL, (Item("talk", "team", 3), Item("suite", "enterprise", 3)))
    assert needs_a_price(shop.nothing(), [first])


@pytest.mark.parametrize(
    ("days", "reminded", "due"),
    [(2, 0, None), (3, 0, 3), (6, 3, None), (7, 3, 7), (7, 0, 7), (30, 7, None)],
)
def test_who_decides_is_reminded_after_three_and_seven_days(
    days: int, reminded: int, due: int | None
) -> None:
    asked = datetime(2023, 7, 14, 12, tzinfo=UTC)
    assert reminder(asked, reminded, asked + timedelta(days=days)) == due
