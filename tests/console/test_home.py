"""The chooser and the home page: what needs attention, where to go, and what agents are told."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from djmoney.money import Money

from accounts import roles
from accounts.models import Account, Membership
from accounts.rules.capabilities import AccountState, AccountType
from accounts.rules.roles import Role
from billing.models import (
    AgentSeat,
    ChangeRequest,
    Line,
    PaidSegment,
    PaymentMethod,
    ScheduledChange,
    TemporarySeats,
)
from tests import people, shop
from tests.console.reading import JULY_14, acme_at, open_as, signed_in, text
from tests.console.test_invoices import invoice

PAGE = "/a/acme/"


def with_support(account: Account, quantity: int = 10, start: date = date(2023, 7, 1)) -> None:
    subscription = shop.subscribe(account, {"support": ("team", quantity, "12")}, start=start)
    PaymentMethod.objects.create(
        subscription=subscription,
        kind="card",
        brand="Visa",
        last_four="4242",
        expires_month=1,
        expires_year=2030,
    )


def test_who_belongs_to_one_account_goes_straight_there(db: None) -> None:
    acme_at()
    response = open_as("olivia", "/")
    assert (response.status_code, response["Location"]) == (302, PAGE)


def test_who_belongs_to_several_chooses_and_sees_roles_and_states(db: None) -> None:
    acme_at()
    globex = people.globex(state=AccountState.PAST_DUE)
    roles.enrol(globex, [(people.user("olivia"), Role.AGENT)])
    seen = text(open_as("olivia", "/"))
    assert "Acme Account owner Globex Past due Agent" in seen


def test_who_belongs_to_none_is_told_what_to_do(db: None) -> None:
    nobody = people.person("nora@nowhere.example", "Nora None")
    assert "You belong to no account" in text(signed_in(nobody).get("/"))


def test_nothing_to_do_is_said(db: None) -> None:
    account = acme_at()
    with_support(account)
    shop.profile(account)
    assert "Nothing needs your attention." in text(open_as("olivia", PAGE))


def test_a_coming_renewal_names_its_day_and_amount_from_30_days_on(db: None) -> None:
    # 31 days before 14 August, then 30.
    with_support(acme_at(now=datetime(2023, 7, 14, 14, tzinfo=UTC)), start=date(2022, 8, 14))
    assert "renews in" not in text(open_as("olivia", PAGE))
    Account.objects.update(clock=datetime(2023, 7, 15, 14, tzinfo=UTC))
    # 10 × 12.00 × 12
    seen = text(open_as("olivia", PAGE))
    assert "The subscription renews in 30 days On 14 August 2023. Renewal amount: $1,440.00." in seen


def test_a_renewal_that_is_due_a_cancellation_and_changes_that_wait(db: None) -> None:
    account = acme_at()
    with_support(account, start=date(2022, 7, 14))
    assert "The subscription is renewing" in text(open_as("olivia", PAGE))
    on = date(2023, 7, 14)
    common = {"subscription_id": account.pk, "takes_effect_on": on}
    ScheduledChange.objects.create(**common, kind="quantity", line=shop.line(account, "support"), quantity=5)
    seen = text(open_as("olivia", PAGE))
    assert "1 change is scheduled Support: from 10 to 5 seats" in seen
    ScheduledChange.objects.create(**common, kind="cancellation")
    assert "The account ends on 14 July 2023" in text(open_as("olivia", PAGE))


def test_seats_nearly_used_up_are_pointed_out_with_the_way_to_more(db: None) -> None:
    account = acme_at()
    with_support(account, quantity=5)
    line = shop.line(account, "support")
    *four, fifth = Membership.objects.filter(account=account)
    for member in four:
        AgentSeat.objects.create(subscription_id=account.pk, line=line, membership=member)
    # 4 of 5 are eight tenths: not yet.
    assert "Support:" not in text(open_as("olivia", PAGE))
    AgentSeat.objects.create(subscription_id=account.pk, line=line, membership=fifth)
    assert "Support: all 5 seats are in use Add seats" in text(open_as("olivia", PAGE))
    assert "Support: all 5 seats are in use Request more seats" in text(open_as("adam", PAGE))
    TemporarySeats.objects.create(
        subscription_id=account.pk,
        line=line,
        quantity=1,
        starts_on=date(2023, 7, 14),
        ends_on=date(2023, 7, 15),
        charged=Money(1, "USD"),
    )
    # 5 of 6 today: eight tenths again.
    assert "Support:" not in text(open_as("olivia", PAGE))


def test_open_requests_lead_to_their_tab(db: None) -> None:
    account = acme_at()
    with_support(account)
    for _number in range(2):
        ChangeRequest.objects.create(
            subscription_id=account.pk,
            requester_name="Adam Adler",
            created_at=JULY_14,
            expires_at=JULY_14 + timedelta(days=30),
        )
    response = open_as("bilal", PAGE)
    assert "2 change requests wait for a decision Decide" in text(response)
    assert b'href="/a/acme/billing/subscription/?tab=requests"' in response.content
    assert "See the requests" in text(open_as("adam", PAGE))


def test_a_missing_or_expiring_method_is_told_to_who_sees_payments(db: None) -> None:
    account = acme_at()
    shop.subscribe(account, {"support": ("team", 10, "12")}, start=date(2023, 7, 1))
    assert "No payment method is on file" in text(open_as("bilal", PAGE))
    assert "payment method is on file" not in text(open_as("adam", PAGE))
    method = PaymentMethod(subscription_id=account.pk, kind="card", brand="Visa", last_four="4242")
    # Renewal on 1 July 2024: a card is valid until the end of its month.
    for month, told in ((6, True), (7, False)):
        method.expires_month, method.expires_year = month, 2024
        method.save()
        assert ("expires before the renewal" in text(open_as("bilal", PAGE))) is told


def test_a_card_that_expires_soon_is_named_until_nothing_more_is_charged(db: None) -> None:
    """Today is 14 July 2023; the subscription renews on 1 July 2024."""
    account = acme_at()
    shop.subscribe(account, {"support": ("team", 10, "12")}, start=date(2023, 7, 1))
    july = {"kind": "card", "brand": "Visa", "expires_month": 7, "expires_year": 2023}
    for use, last_four in (("default", "4242"), ("backup", "1881"), ("spare", "0002")):
        PaymentMethod.objects.create(
            subscription_id=account.pk, use=use, last_four=last_four, reference=last_four, **july
        )
    shown = text(open_as("bilal", PAGE))
    assert "Visa 4242 expires on 31 July 2023 Replace it in time." in shown
    assert "Visa 1881 expires on 31 July 2023" in shown
    assert "0002" not in shown
    PaymentMethod.objects.filter(use="default").update(expires_month=6)
    assert "Visa 4242 has expired" in text(open_as("bilal", PAGE))
    assert "4242" not in text(open_as("adam", PAGE))
    ScheduledChange.objects.create(
        subscription_id=account.pk,
        kind="cancellation",
        takes_effect_on=date(2024, 7, 1),
        created_at=JULY_14,
    )
    assert "Visa" not in text(open_as("bilal", PAGE))


@pytest.mark.breaks_invariants
@pytest.mark.parametrize(
    ("fields", "name", "told"),
    [
        ({"state": AccountState.PAST_DUE}, "olivia", "See invoice INV-000001"),
        ({"state": AccountState.PAST_DUE}, "adam", "Who can: Olivia Owens Bilal Brahimi"),
        ({"state": AccountState.SUSPENDED}, "olivia", "The account is suspended"),
        ({"state": AccountState.SUSPENDED}, "adam", "Who can: Olivia Owens Bilal Brahimi"),
        (
            {"state": AccountState.TRIAL, "trial_ends_on": date(2023, 7, 15)},
            "olivia",
            "1 day left in the trial",
        ),
        ({"state": AccountState.TRIAL, "trial_ends_on": date(2023, 7, 14)}, "olivia", "The trial has ended"),
        ({"state": AccountState.PAST_DUE, "type": AccountType.MANAGED}, "olivia", "Sales of Acme"),
    ],
)
def test_the_accounts_state_comes_first(db: None, fields: dict[str, object], name: str, told: str) -> None:
    account = acme_at(**fields)
    shop.subscribe(account, {"support": ("team", 10, "12")}, start=date(2023, 7, 1))
    if "trial_ends_on" in fields:
        PaidSegment.objects.all().delete()
        Line.objects.all().delete()
    else:
        invoice(account, "INV-000001", "120.00")
    seen = text(open_as(name, PAGE))
    assert told in seen
    assert "Nothing needs your attention" not in seen


def test_where_costs_are_hidden_the_home_page_names_no_amount(db: None) -> None:
    account = acme_at(type=AccountType.ASSISTED)
    with_support(account, start=date(2022, 8, 1))
    response = open_as("olivia", PAGE)
    assert "renews in 18 days On 1 August 2023." in text(response)
    assert "1,440" not in response.content.decode()


def test_an_agent_reads_what_this_is_their_seats_and_who_helps(db: None) -> None:
    account = acme_at()
    with_support(account)
    AgentSeat.objects.create(
        subscription_id=account.pk,
        line=shop.line(account, "support"),
        membership=people.member("agnes", account),
    )
    response = open_as("agnes", PAGE)
    seen = text(response)
    assert response.status_code == 200
    assert "Your role Agent Your seats Support Team" in seen
    assert "Olivia Owens olivia@acme.example Account owner" in seen
    assert "$" not in seen
    assert "none: light agents need none" in text(open_as("leo", PAGE))


def test_it_takes_a_handful_of_queries_and_answers_only_get_and_head(db: None) -> None:
    with_support(acme_at())
    client = signed_in(people.user("adam"))
    client.get(PAGE)
    with CaptureQueriesContext(connection) as asked:
        client.get(PAGE)
    # Session, person, membership, permissions, the facts, lists of the frame, a promised seat.
    assert len(asked) == 7
    for address in ("/", PAGE):
        assert client.head(address).status_code in (200, 302)
        assert client.post(address).status_code == 405
