"""The summary: what was bought, what renewal costs, who sees it, and in how many queries."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from djmoney.money import Money

from accounts.models import Account
from billing.models import (
    AgentSeat,
    BalanceEntry,
    Discount,
    Line,
    PaymentMethod,
    ScheduledChange,
    Subscription,
    TemporarySeats,
)
from tests import people, shop
from tests.console.reading import acme_at, open_as, text

PAGE = "/a/acme/billing/subscription/"


def ledger(**fields: Any) -> Account:
    """Ten seats at a grandfathered 1.00 a month, annual, 2022-10-27 to 2023-10-27."""
    account = acme_at(**fields)
    shop.subscribe(account, {"support": ("team", 10, "1.00")}, start=date(2022, 10, 27))
    return account


def schedule(account: Account, kind: str, product: str | None = None, **fields: Any) -> ScheduledChange:
    subscription = Subscription.objects.get(pk=account.pk)
    return ScheduledChange.objects.create(
        subscription=subscription,
        kind=kind,
        line=shop.line(account, product) if product else None,
        takes_effect_on=subscription.paid_until,
        created_by=people.user("bilal"),
        **fields,
    )


def test_the_ledger_renews_on_27_october_for_120_dollars_before_tax(db: None) -> None:
    ledger()
    seen = text(open_as("olivia", PAGE))
    assert "Renews on 27 October 2023 in 105 days, America/New York" in seen
    # 10 seats × 1.00 × 12 months
    assert "Renewal amount $120.00 before tax" in seen
    assert "10 × $1.00 × 12 months" in seen
    assert "Total per year before tax $120.00" in seen
    assert "27 October 2022 – 26 October 2023 last day included, America/New York" in seen
    assert "Billing cycle Annual" in seen
    assert "0 of 10 seats used" in seen


def test_who_loses_a_seat_when_temporary_ones_end_is_named_before_with_the_rule(db: None) -> None:
    account = acme_at()
    shop.subscribe(account, {"support": ("team", 1, "1.00")}, start=date(2022, 10, 27))
    line = shop.line(account, "support")
    TemporarySeats.objects.create(
        subscription_id=account.pk, line=line, quantity=1, starts_on=date(2023, 7, 1),
        ends_on=date(2023, 8, 1), charged=Money(0, "USD"), created_at=datetime(2023, 7, 1, tzinfo=UTC),
    )  # fmt: skip
    rule = "those who were given theirs last lose it"
    assert rule in text(open_as("olivia", PAGE))
    assert "more people than seats" not in text(open_as("olivia", PAGE))
    for day, name in ((2, "adam"), (3, "agnes")):
        AgentSeat.objects.create(
            subscription_id=account.pk, line=line, membership=people.member(name, account),
            assigned_at=datetime(2023, 7, day, tzinfo=UTC),
        )  # fmt: skip
    # 2 people − 1 seat: Agnes, who was given hers last.
    for page in (PAGE, "/a/acme/people/"):
        seen = text(open_as("olivia", page))
        assert "When temporary seats of Support end on 31 July 2023, 1 seat is left." in seen
        assert f"theirs was given out last: {people.user('agnes').name} They stay members" in seen


def test_a_grandfathered_price_is_named_beside_the_list_price_with_what_would_lose_it(db: None) -> None:
    account = ledger()
    seen = text(open_as("olivia", PAGE))
    assert "Grandfathered price $1.00 a seat and month; the list price is $12.00." in seen
    assert "It stays yours until you change this product’s edition or the billing cycle." in seen
    Line.objects.filter(subscription_id=account.pk).update(price_ends_on=date(2023, 10, 1))
    seen = text(open_as("olivia", PAGE))
    assert "ends this price on 1 October 2023: the first renewal from then on takes $12.00." in seen
    # 10 × 12.00 × 12 at renewal, 10 × 1.00 × 12 as it stands
    assert "Renewal amount $1,440.00 before tax" in seen
    assert "Total per year before tax $120.00" in seen
    assert "Support: your own price ends, and the list price applies. $1.00 → $12.00" in seen


def test_a_suite_names_its_products_and_an_add_on_and_a_flat_item_their_quantity(db: None) -> None:
    account = acme_at()
    shop.subscribe(
        account,
        {
            "suite": ("professional", 5, "90"),
            "copilot": ("standard", 1, "10"),
            "credits": ("standard", 2, "200"),
        },
        start=date(2023, 7, 1),
    )
    seen = text(open_as("olivia", PAGE))
    assert "Suite includes Support, Guide, Talk Professional 0 of 5 seats used 100 light agents" in seen
    assert "Copilot for 1 agent" in seen
    # A flat item costs its price per period, not per month: 2 × 200.00
    assert "Credits 2 × per period $400.00 2 × $200.00" in seen


def test_discounts_are_lines_of_their_own_and_tax_is_told_apart(db: None) -> None:
    account = acme_at()
    shop.subscribe(
        account, {"support": ("team", 10, "12")}, start=date(2023, 7, 1), tax_percent=Decimal("20.00")
    )
    first = {"subscription_id": account.pk, "source": "coupon", "kind": "percent"}
    Discount.objects.create(**first, code="LOYAL", percent=Decimal("12.5"))
    Discount.objects.create(
        subscription_id=account.pk,
        source="promo",
        kind="fixed",
        code="WELCOME",
        amount=Money(60, "USD"),
        periods_left=1,
    )
    seen = text(open_as("olivia", PAGE))
    assert "10 × $12.00 × 12 months" in seen
    # 1,440.00 − 12.5 % = 1,260.00; − 60.00 = 1,200.00; + 20 % = 1,440.00
    assert "Discount LOYAL (12.5 %) −$180.00" in seen
    assert "Discount WELCOME · for one more whole period −$60.00" in seen
    assert "Before tax $1,200.00 Tax (20 %) $240.00 Total per year $1,440.00" in seen
    assert "Renewal amount $1,440.00 $240.00 tax (20 %) included" in seen


def test_a_credit_balance_is_taken_off_what_renewal_charges(db: None) -> None:
    account = ledger()
    BalanceEntry.objects.create(
        subscription_id=account.pk, amount=Money(20, "USD"), reason=BalanceEntry.Reason.BROUGHT_IN
    )
    seen = text(open_as("olivia", PAGE))
    # 120.00 − 20.00
    assert "From the credit balance −$20.00 To be charged $100.00" in seen
    assert "Credit balance $20.00 applied to your next invoice" in seen


def test_a_scheduled_change_shows_its_date_its_effect_and_who_undoes_it(db: None) -> None:
    account = ledger()
    schedule(account, "quantity", "support", quantity=8)
    seen = text(open_as("olivia", PAGE))
    assert "Support: from 10 to 8 seats scheduled by Bilal Brahimi" in seen
    # 8 − 10 seats × 1.00 × 12 months
    assert "27 October 2023 (America/New York) −$24.00 Undo possible until 26 October 2023" in seen
    assert "Renewal amount $96.00" in seen
    assert "From 27 October 2023: Support Team × 8" in seen
    assert "As it stands today, before what is scheduled" in seen
    adams = text(open_as("adam", PAGE))
    assert "Only the account owner and billing admins can undo a scheduled change." in adams
    assert "possible until" not in adams


@pytest.mark.parametrize(
    ("kind", "product", "fields", "told"),
    [
        ("removal", "guide", {}, "Guide: removed"),
        ("cycle", None, {"cycle": "monthly"}, "Billing cycle: from annual to monthly"),
        ("cancellation", None, {}, "The account ends"),
    ],
)
def test_each_kind_of_scheduled_change_has_its_words(
    db: None, kind: str, product: str | None, fields: dict[str, Any], told: str
) -> None:
    account = acme_at()
    lines = {"support": ("team", 2, "12"), "guide": ("team", 2, "6")}
    shop.subscribe(account, lines, start=date(2022, 10, 27))
    schedule(account, kind, product, **fields)
    assert told in text(open_as("olivia", PAGE))


def test_a_cancelled_period_ends_instead_of_renewing(db: None) -> None:
    schedule(ledger(), "cancellation")
    seen = text(open_as("bilal", PAGE))
    assert "Ends on 27 October 2023" in seen
    assert "Nothing renews after that day, and nothing more is charged." in seen
    assert "Renewal amount" not in seen
    assert "Only the account owner can undo it." in seen


def test_a_change_without_a_price_at_renewal_is_explained_instead_of_failing(db: None) -> None:
    account = acme_at()
    lines = {"support": ("team", 2, "12"), "copilot": ("standard", 2, "10")}
    shop.subscribe(account, lines, start=date(2022, 10, 27))
    # The add-on is sold annually only.
    schedule(account, "cycle", cycle="monthly")
    response = open_as("olivia", PAGE)
    assert response.status_code == 200
    assert "What is scheduled for Copilot has no price in the new billing cycle." in text(response)


def test_temporary_seats_say_their_days_and_count_only_on_them(db: None) -> None:
    account = ledger()
    for quantity, first, until in (
        (3, date(2023, 7, 10), date(2023, 7, 20)),
        (5, date(2023, 8, 1), date(2023, 9, 1)),
    ):
        TemporarySeats.objects.create(
            subscription_id=account.pk,
            line=shop.line(account, "support"),
            quantity=quantity,
            starts_on=first,
            ends_on=until,
            charged=Money("1.23", "USD"),
        )
    seen = text(open_as("olivia", PAGE))
    # 10 bought + 3 today; from the 14th to the 19th are 6 days, until 1 August 18
    assert "0 of 13 seats used 10 bought, 3 temporary today" in seen
    assert "10 July 2023 – 19 July 2023 3 extra seats $1.23 when bought Active 6 days left" in seen
    assert (
        "1 August 2023 – 31 August 2023 5 extra seats $1.23 when bought Scheduled starts in 18 days" in seen
    )


def test_due_but_not_renewed_says_renewing(db: None) -> None:
    ledger(now=datetime(2023, 10, 27, 14, tzinfo=UTC))
    seen = text(open_as("olivia", PAGE))
    assert "The subscription is renewing" in seen
    assert "27 October 2022 – 26 October 2023" in seen


def test_after_an_extension_both_periods_are_told(db: None) -> None:
    account = ledger()
    Subscription.objects.filter(pk=account.pk).update(paid_until=date(2024, 10, 27))
    line = shop.line(account, "support")
    held = line.segments.get()
    held.pk, held.covers_from, held.covers_until = None, date(2023, 10, 27), date(2024, 10, 27)
    held.term_start, held.term_end = held.covers_from, held.covers_until
    held.save(force_insert=True)
    seen = text(open_as("olivia", PAGE))
    assert "Current period 27 October 2022 – 26 October 2023" in seen
    assert "Paid in advance until 26 October 2024" in seen
    assert "Renews on 27 October 2024" in seen


def test_a_card_shows_brand_and_last_four_and_who_may_change_it(db: None) -> None:
    account = ledger()
    PaymentMethod.objects.create(
        subscription_id=account.pk,
        kind="card",
        brand="Visa",
        last_four="4242",
        expires_month=3,
        expires_year=2025,
        reference="pm_secret_name",
    )
    seen = text(open_as("adam", PAGE))
    assert "Visa •••• ending in 4242 Card, expires 03/2025" in seen
    assert "Only the account owner can change the payment details. Who can: Olivia Owens" in seen
    assert "pm_secret_name" not in open_as("olivia", PAGE).content.decode()
