"""What the rules say of used-up discounts, two codes and staff prices, through the verbs and the tables."""

import importlib
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection

from accounts.models import Account
from billing import change_requests, promo_codes, quote_json, quotes
from billing.models import Charge, Discount, Invoice, PaidSegment, PaymentMethod, PromoRedemption, Quote
from billing.rules import quoting
from billing.rules.changes import (
    AddSeats,
    Change,
    ChangeEdition,
    CombineIntoSuite,
    FirstPurchase,
    Item,
    UsePromoCode,
)
from billing.rules.facts import Facts
from billing.rules.periods import Cycle
from billing.rules.refusals import Contradiction
from billing.storage import loading
from tests import acting, people, shop

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("acting")]
TODAY = date(2023, 7, 14)


def trial() -> Account:
    """Return Acme before it bought anything, with a card that pays."""
    account = people.acme(timezone="UTC")
    shop.subscribe(account, {}, start=date(2022, 10, 27))
    account.subscription.__class__.objects.update(
        anchor=None, period_start=None, period_end=None, paid_until=None
    )
    Account.objects.update(state="trial", trial_ends_on=date(2023, 8, 1))
    PaymentMethod.objects.create(
        subscription_id=account.pk, kind="card", brand="Visa", last_four="4242", reference="test_approves"
    )
    account.refresh_from_db()
    return account


def code(name: str, **terms: Any) -> None:
    products = terms.pop("products", ())
    terms = promo_codes.Terms(name, **terms, products=products)  # type: ignore[assignment]
    promo_codes.create(shop.catalogue(), terms, occasion=acting.occasion(by=people.vera()), reason="Campaign")  # type: ignore[arg-type]


def change(account: Account, *changes: Change) -> Quote:
    quote = quotes.draw_up(account, changes, occasion=acting.occasion(by=people.user("olivia"), on=TODAY))
    return quotes.confirm(quote.pk, occasion=acting.occasion(by=people.user("olivia"), on=TODAY))


def held(account: Account) -> Facts:
    reading = loading.read(account, TODAY)
    assert reading is not None
    return reading.facts


FIRST = FirstPurchase(Cycle.ANNUAL, (Item("support", "team", 10),))
SUITE = CombineIntoSuite("suite", "team", 10)


@pytest.mark.parametrize("stored_before", [False, True], ids=["today", "migrated"])
def test_half_off_support_for_one_period_does_not_make_a_suite_cheaper(stored_before: bool) -> None:
    """4,800.00 − 720.00 = 4,080.00, and the discount is named as lost.

    It was 1,680.00 in silence while a segment didn't keep the products of its discounts.
    """
    account = trial()
    code("SPRING", percent=Decimal(50), products=("support",), periods=1)
    change(account, FIRST, UsePromoCode("SPRING"))
    assert not Discount.objects.filter(ended_at=None).exists()
    segment = PaidSegment.objects.get()
    assert segment.discounts == [{"code": "SPRING", "percent": "50.00", "share": 0, "products": ["support"]}]
    if stored_before:
        one = {"code": "SPRING", "percent": "50.00", "share": 0}
        PaidSegment.objects.update(discounts=[one, {"code": "GIFT", "percent": None, "share": 5}])
        migration = importlib.import_module("billing.migrations.0010_segment_discount_products")
        with connection.cursor() as cursor:
            cursor.execute(migration.SAY_PRODUCTS)
        segment.refresh_from_db()
        assert [(d["code"], d["products"]) for d in segment.discounts] == [
            ("SPRING", ["support"]),
            ("GIFT", []),
        ]
        PaidSegment.objects.update(discounts=segment.discounts[:1])
    shown = quote_json.load(change(account, SUITE).document)
    assert shown.due == 408000
    assert [n.data["code"] for n in shown.notices if n.code == "discount_lost"] == ["SPRING"]
    assert Invoice.objects.order_by("-number")[0].total.amount == Decimal(4080)


def test_two_codes_in_one_change_are_refused_before_anything() -> None:
    """An IntegrityError after the money was taken, before."""
    account = trial()
    code("SPRING", percent=Decimal(50))
    code("AUTUMN", percent=Decimal(10))
    for codes in (("SPRING", "AUTUMN"), ("SPRING", "SPRING")):
        with pytest.raises(Contradiction):
            change(account, FIRST, *(UsePromoCode(one) for one in codes))
    assert not Quote.objects.exists()
    assert not Charge.objects.exists()
    assert not PromoRedemption.objects.exists()


def test_a_staff_price_holds_for_the_line_and_not_for_what_it_becomes() -> None:
    """Team at renewal, 12 seats now: 12 × 12.00 × 12 = 1,728.00 on the quote as on the renewal's invoice.

    It was 3,600.00 on the quote while all editions took the price given.
    """
    account = people.acme(timezone="UTC")
    shop.subscribe(account, {"support": ("professional", 10, "30.00")}, start=date(2022, 10, 27))
    Account.objects.update(type="managed")
    account.refresh_from_db()
    changes = [ChangeEdition("support", "team"), AddSeats("support", 12)]
    request = change_requests.submit(
        account, changes, note="", occasion=acting.occasion(by=people.user("adam"), on=TODAY)
    )
    quote = change_requests.accept_as_staff(
        request.pk,
        prices={"support": 2500},
        reason="contract",
        occasion=acting.occasion(by=people.vera(), on=TODAY),
    )
    shown = quote_json.load(quote.document)
    assert shown.renewal.amount == 172800
    assert "given_price_ends" in [notice.code for notice in shown.notices]
    coming = quoting.renewal(held(account), TODAY)
    assert coming is not None
    assert coming.amount == 172800
