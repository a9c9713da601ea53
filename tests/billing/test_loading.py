"""Freezing a subscription: two statements, whole minor units, whatever the size."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Account
from billing.models import AgentSeat, Subscription
from billing.rules.periods import Cycle, Period
from billing.rules.tax import at_rate
from billing.rules.taxation import TaxBuyer, TaxSeller
from billing.storage import loading
from tests import people, shop, taxed


def test_acmes_ten_seats_at_twelve_dollars_are_1200_cents_each(acme: Account) -> None:
    shop.subscribe(acme, {"support": ("team", 10, "12.00")}, start=date(2026, 1, 31), cycle="monthly")
    line = shop.line(acme, "support")
    AgentSeat.objects.create(subscription_id=acme.pk, line=line, membership=people.member("agnes", acme))
    with CaptureQueriesContext(
        connection,
    ) as queries:
        reading = loading.read(acme, date(2026, 2, 3), holders=True)
    assert len(queries) == 2
    assert reading is not None
    held = reading.facts
    assert (held.currency, held.cycle, held.period) == (
        "USD",
        Cycle.MONTHLY,
        Period(date(2026, 1, 31), date(2026, 2, 28)),
    )
    (support,) = held.lines
    assert (support.unit, support.quantity, support.seats_in_use) == (1200, 10, 1)
    assert support.holders == {people.member("agnes", acme).pk}
    # 10 seats × 12.00 × 1 month
    assert [segment.charged for segment in support.segments] == [12000]
    assert reading.names["support"] == "Support"


@pytest.mark.parametrize(("currency", "price", "unit"), [("JPY", "1500", 1500), ("BHD", "1.500", 1500)])
def test_yen_have_no_decimals_and_dinars_three(db: None, currency: str, price: str, unit: int) -> None:
    acme = people.acme(currency=currency)
    shop.subscribe(acme, {"support": ("team", 1, price)}, start=date(2026, 1, 1))
    reading = loading.read(acme, date(2026, 1, 1))
    assert reading is not None
    assert reading.facts.lines[0].unit == unit


def test_an_account_without_subscription_reads_as_none(acme: Account) -> None:
    assert loading.read(acme, date(2026, 1, 1)) is None


def test_tax_is_exact(acme: Account) -> None:
    shop.subscribe(acme, {"support": ("team", 1, "1.00")}, start=date(2026, 1, 1))
    Subscription.objects.update(tax_percent="5.50")
    reading = loading.read(acme, date(2026, 1, 1))
    assert reading is not None
    assert reading.facts.taxes("support", date(2026, 1, 1)) == at_rate(Decimal("5.50"))


def test_country_number_and_rates_come_in_the_same_statement(acme: Account) -> None:
    shop.subscribe(acme, {"support": ("team", 1, "1.00")}, start=date(2026, 1, 1))
    taxed.rates()
    taxed.place(acme, "DE", number="136695976")
    with CaptureQueriesContext(connection) as queries:
        reading = loading.read(acme, date(2026, 1, 1))
    assert len(queries) == 2
    assert reading is not None
    found = reading.facts.taxation
    assert (found.seller, found.buyer) == (
        TaxSeller("FR", registered=frozenset({"FR"})),
        TaxBuyer("DE", number_of="DE"),
    )
    # Of the seller's country, and the customer's, which has none here; Canada is nobody's.
    assert [(one.country, one.name, one.percent) for one in found.rates] == [("FR", "TVA", 20)]


def test_monaco_takes_the_rates_of_france(acme: Account, settings: Any) -> None:
    shop.subscribe(acme, {"support": ("team", 1, "1.00")}, start=date(2026, 1, 1))
    taxed.rates()
    taxed.place(acme, "MC")
    taxed.sells(settings, replace(taxed.QUEBECOIS, tax_ids=taxed.FRENCH.tax_ids))
    reading = loading.read(acme, date(2026, 1, 1))
    assert reading is not None
    assert [(tax.name, tax.rate) for tax in reading.facts.taxes("support", date(2026, 1, 1))] == [("TVA", 20)]
