"""The summary: who sees it, what is hidden from whom, in which language, and in how many queries."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from djmoney.money import Money

from accounts import roles
from accounts.models import Account
from accounts.rules.capabilities import AccountState, AccountType
from accounts.rules.roles import Role
from billing.models import (
    AgentSeat,
    BalanceEntry,
    ChangeRequest,
    Discount,
    Edition,
    Line,
    Product,
    ScheduledChange,
    Subscription,
    TemporarySeats,
)
from tests import people, shop
from tests.console.reading import JULY_14, acme_at, open_as, signed_in, text
from tests.console.test_invoices import invoice

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


@pytest.mark.parametrize(
    ("name", "has", "has_not"),
    [
        ("olivia", ["Manage", "Go to cancellations"], ["Request a change", "Only the account owner"]),
        ("bilal", ["Manage", "Only the account owner can cancel the account"], ["Go to cancellations"]),
        (
            "adam",
            ["Request a change", "Only the account owner and billing admins can change the subscription"],
            ["Go to cancellations", "Manage "],
        ),
    ],
)
def test_a_button_or_in_its_place_why_not(db: None, name: str, has: list[str], has_not: list[str]) -> None:
    ledger()
    seen = text(open_as(name, PAGE))
    assert [one for one in has if one not in seen] == []
    assert [one for one in has_not if one in seen] == []


def test_agnes_is_told_who_can_and_stella_finds_nothing(db: None) -> None:
    ledger()
    people.globex()
    refused = open_as("agnes", PAGE)
    assert refused.status_code == 403
    assert "Olivia Owens" in text(refused)
    assert "Bilal Brahimi" in text(refused)
    stella = signed_in(people.person("stella@globex.example", "Stella Stern"))
    absent = stella.get("/a/no-such-account/billing/subscription/")
    assert stella.get(PAGE).status_code == absent.status_code == 404


@pytest.mark.parametrize("account_type", [AccountType.ASSISTED, AccountType.MANAGED])
@pytest.mark.parametrize("address", ["", "?tab=requests"])
def test_where_costs_are_hidden_no_amount_is_anywhere(db: None, account_type: str, address: str) -> None:
    account = acme_at(type=account_type)
    lines = {"suite": ("professional", 7, "83.17"), "credits": ("standard", 3, "211.31")}
    shop.subscribe(account, lines, start=date(2023, 2, 1), tax_percent=Decimal("19.60"))
    Discount.objects.create(
        subscription_id=account.pk, kind="fixed", source="coupon", code="DEAL", amount=Money("47.77", "USD")
    )
    BalanceEntry.objects.create(
        subscription_id=account.pk, amount=Money("5.55", "USD"), reason=BalanceEntry.Reason.BROUGHT_IN
    )
    TemporarySeats.objects.create(
        subscription_id=account.pk,
        line=shop.line(account, "suite"),
        quantity=2,
        starts_on=date(2023, 7, 1),
        ends_on=date(2023, 8, 1),
        charged=Money("64.91", "USD"),
    )
    schedule(account, "quantity", "suite", quantity=6)
    for name in ("olivia", "bilal", "adam"):
        response = open_as(name, PAGE + address)
        whole = response.content.decode() + str(response.headers)
        # Unit prices, what they come to (7 × 83.17 × 12 = 6,986.28), tax, discount, balance, charge.
        for amount in (
            "83.17",
            "6,986",
            "6986",
            "211.31",
            "633.93",
            "19.6",
            "47.77",
            "5.55",
            "64.91",
            "$",
            "DEAL",
        ):
            assert amount not in whole, (name, amount)
    assert "Renews on 1 February 2024" in text(open_as("olivia", PAGE))


def test_requests_are_counted_and_listed_with_requester_age_and_note(db: None) -> None:
    account = ledger()
    asked_at = JULY_14 - timedelta(days=3)
    ChangeRequest.objects.create(
        subscription_id=account.pk,
        requester=people.user("adam"),
        requester_name="Adam Adler",
        changes=[
            {"change": "add_seats", "product": "support", "quantity": 12},
            {
                "change": "temporary_seats",
                "product": "support",
                "quantity": 1,
                "start": "2023-08-01",
                "days": 31,
            },
        ],
        note="<b>Three</b> new colleagues",
        created_at=asked_at,
        expires_at=asked_at + timedelta(days=30),
    )
    assert "Requests 1" in text(open_as("bilal", PAGE))
    listed = open_as("bilal", PAGE + "?tab=requests")
    seen = text(listed)
    assert "Adam Adler Support: 12 seats Support: 1 seat from 1 August 2023 to 31 August 2023 3 days" in seen
    assert "expires on 10 August 2023" in seen
    assert b"<b>Three" not in listed.content


def test_a_request_that_can_not_be_read_any_more_says_so(db: None) -> None:
    account = ledger()
    ChangeRequest.objects.create(
        subscription_id=account.pk,
        requester_name="Adam Adler",
        changes=[{"change": "no such change"}],
        created_at=JULY_14,
        expires_at=JULY_14 + timedelta(days=30),
    )
    assert "can no longer be read" in text(open_as("olivia", PAGE + "?tab=requests"))


def test_a_trial_and_an_account_that_bought_nothing_say_what_comes_next(db: None) -> None:
    account = acme_at(state=AccountState.TRIAL, trial_ends_on=date(2023, 7, 30))
    assert "The trial ends on 30 July 2023 (America/New York)." in text(open_as("olivia", PAGE))
    Account.objects.filter(pk=account.pk).update(state=AccountState.ACTIVE, trial_ends_on=None)
    # Without a price list nothing is on sale, and whom to ask is said.
    assert "Sales of Acme" in text(open_as("olivia", PAGE))
    Subscription.objects.create(account=account, catalogue=shop.catalogue(), currency="USD", cycle="annual")
    for name, way in (("olivia", "Choose what to buy"), ("adam", "Request a change")):
        seen = text(open_as(name, PAGE))
        assert "Nothing has been bought yet" in seen
        assert way in seen


@pytest.mark.breaks_invariants
def test_past_due_says_what_still_works(db: None) -> None:
    invoice(ledger(state=AccountState.PAST_DUE), "INV-000001", "120.00")
    assert "Invoice INV-000001 is unpaid." in text(open_as("olivia", PAGE))


def test_in_french_words_dates_and_amounts_are_french(db: None) -> None:
    ledger()
    seen = text(open_as("olivia", PAGE, language="fr"))
    assert "27 octobre 2023" in seen
    assert "120,00 $US" in seen or "120,00 $" in seen


@pytest.mark.parametrize(
    ("currency", "price", "total"), [("JPY", "1500", "¥180,000"), ("BHD", "1.250", "BHD 150.000")]
)
def test_yen_and_dinars_keep_their_decimals(db: None, currency: str, price: str, total: str) -> None:
    account = acme_at(currency=currency)
    # 10 seats × 12 months × 1,500 yen, or × 1.250 dinars
    shop.subscribe(account, {"support": ("team", 10, price)}, start=date(2023, 1, 1))
    assert f"Renewal amount {total} before tax" in text(open_as("olivia", PAGE))


def test_head_is_answered_and_other_methods_are_not(db: None) -> None:
    ledger()
    client = signed_in(people.user("olivia"))
    assert client.head(PAGE).status_code == 200
    assert [client.generic(way, PAGE).status_code for way in ("POST", "PUT", "PATCH", "DELETE")] == [405] * 4


def many_lines(account: Account) -> None:
    """Give Acme thirty lines of invented products."""
    catalogue = Subscription.objects.get(pk=account.pk).catalogue
    pattern = shop.line(account, "support")
    for number in range(30):
        product = Product.objects.create(
            catalogue=catalogue, key=f"p{number}", name=f"P{number}", position=50 + number
        )
        edition = Edition.objects.create(product=product, key="one", name="One", supports_temporary=True)
        pattern.pk, pattern.product, pattern.edition = None, product, edition
        pattern.save(force_insert=True)


def many_members(account: Account) -> None:
    """Give Acme 2,000 more members, each with a seat."""
    from accounts.models import Membership, User

    users = User.objects.bulk_create(
        User(email=f"m{number}@acme.example", name=f"Member {number}") for number in range(2000)
    )
    roles.enrol(account, [(user, Role.AGENT) for user in users])
    Line.objects.filter(subscription_id=account.pk).update(quantity=3000)
    line = shop.line(account, "support")
    AgentSeat.objects.bulk_create(
        AgentSeat(subscription_id=account.pk, line=line, membership=member)
        for member in Membership.objects.filter(account=account, role=Role.AGENT)
    )


@pytest.mark.breaks_invariants  # quantities are raised without being paid for
@pytest.mark.parametrize("grown", [None, many_lines, many_members])
def test_the_summary_takes_six_queries_whatever_its_size(db: None, grown: Any) -> None:
    account = ledger()
    for day in (1, 2, 3):
        ChangeRequest.objects.create(
            subscription_id=account.pk,
            requester_name="Adam Adler",
            created_at=JULY_14 - timedelta(days=day),
            expires_at=JULY_14 + timedelta(days=27),
        )
    if grown:
        grown(account)
    # Session, person, membership with account, permissions, lists of the frame, the facts;
    # Adam's page names people besides.
    for name, address, most in (("olivia", "", 6), ("adam", "", 7), ("adam", "?tab=requests", 8)):
        client = signed_in(people.user(name))
        client.get(PAGE + address)
        with CaptureQueriesContext(connection) as asked:
            assert client.get(PAGE + address).status_code == 200
        assert len(asked) == most, [query["sql"][:90] for query in asked]
