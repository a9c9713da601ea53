"""The chooser and the home page: figures, what waits and who acts, and what agents are told."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from djmoney.money import Money

from accounts import roles
from accounts.models import Account, Invitation, Membership
from accounts.rules.capabilities import AccountState, AccountType
from accounts.rules.roles import Role
from billing import seats
from billing.models import (
    AgentSeat,
    BalanceEntry,
    ChangeRequest,
    Line,
    PaidSegment,
    PaymentMethod,
    ScheduledChange,
    TemporarySeats,
)
from tests import acting, people, shop
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


def test_the_next_charge_has_its_day_and_amount_and_how_it_is_paid(db: None) -> None:
    """14 July 2023; the year from 14 August 2022 ends in 31 days."""
    account = acme_at()
    with_support(account, start=date(2022, 8, 14))
    # 10 × 12.00 × 12
    told = "Next charge $1,440.00 on 14 August 2023, in 31 days Charged to Visa 4242"
    assert told in text(open_as("olivia", PAGE))
    assert told in text(open_as("adam", PAGE))
    BalanceEntry.objects.create(subscription_id=account.pk, amount=Money(40, "USD"), reason="brought_in")
    # 1,440.00 − 40.00
    told = "$1,400.00 after $40.00 from the credit balance on 14 August 2023"
    assert told in text(open_as("olivia", PAGE))


def test_a_renewal_that_is_due_a_cancellation_and_changes_that_wait(db: None) -> None:
    account = acme_at()
    with_support(account, start=date(2022, 7, 14))
    assert "The subscription is renewing" in text(open_as("olivia", PAGE))
    on = date(2023, 7, 14)
    common = {"subscription_id": account.pk, "takes_effect_on": on}
    ScheduledChange.objects.create(**common, kind="quantity", line=shop.line(account, "support"), quantity=5)
    seen = text(open_as("olivia", PAGE))
    assert "1 change is scheduled Support: from 10 to 5 seats Who acts: nobody has to" in seen
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
    assert "seats are in use" not in text(open_as("olivia", PAGE))
    AgentSeat.objects.create(subscription_id=account.pk, line=line, membership=fifth)
    assert "Support: all 5 seats are in use Who acts: you or Bilal Brahimi Add seats" in text(
        open_as("olivia", PAGE)
    )
    told = "Support: all 5 seats are in use Who acts: Olivia Owens or Bilal Brahimi Request more seats"
    assert told in text(open_as("adam", PAGE))
    TemporarySeats.objects.create(
        subscription_id=account.pk,
        line=line,
        quantity=1,
        starts_on=date(2023, 7, 14),
        ends_on=date(2023, 7, 15),
        charged=Money(1, "USD"),
    )
    # 5 of 6 today: eight tenths again.
    assert "seats are in use" not in text(open_as("olivia", PAGE))


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
    assert "2 change requests wait for a decision Who acts: you or Olivia Owens Decide" in text(response)
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
    assert "expire" not in text(open_as("adam", PAGE))
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
    seen = text(response)
    assert "Next renewal 1 August 2023 in 18 days Support Team × 10" in seen
    # Of ten, the smallest order of one is kept.
    assert "Support: 9 seats are neither in use nor promised" in seen
    assert "$" not in seen
    assert "1,440" not in response.content.decode()
    for absent in ("Spending by month", "Last invoices"):
        assert absent not in seen


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


def test_unused_seats_have_what_they_cost_a_year_and_one_way_to_fewer(db: None) -> None:
    account = acme_at()
    with_support(account)
    line = shop.line(account, "support")
    for name in ("agnes", "adam", "olivia"):
        member = people.member(name, account)
        AgentSeat.objects.create(subscription_id=account.pk, line=line, membership=member)
    # 7 of 10 at 12.00 × 12
    told = "$1,008.00 a year before tax, at the price of the coming renewal"
    response = open_as("olivia", PAGE)
    assert f"{told} Support: 7 seats are neither in use nor promised Reduce to 3" in text(response)
    assert b"/a/acme/billing/subscription/manage/?seats-support=3" in response.content
    assert f"{told} Support: 7 seats are neither in use nor promised Ask to reduce to 3" in text(
        open_as("adam", PAGE)
    )


def test_seats_have_twelve_months_from_what_was_paid_and_given_out(db: None) -> None:
    """14 July 2023. Ten seats since February; the first given out on 31 March at 23:30 in New York."""
    account = acme_at()
    with_support(account, start=date(2023, 2, 1))
    line = shop.line(account, "support")
    for name, at in (
        ("agnes", datetime(2023, 4, 1, 3, 30, tzinfo=UTC)),
        ("adam", datetime(2023, 6, 2, 12, tzinfo=UTC)),
    ):
        with acting.at(at):
            occasion = acting.occasion(by=people.user("olivia"), on=at.date())
            seats.assign(line.pk, people.member(name, account).pk, occasion=occasion)
    seen = text(open_as("olivia", PAGE))
    assert "Support Team 2 of 10 seats used" in seen
    assert "At the end of February 2023: 0 of 10 in use." in seen
    months = "Jan. 2023 0 0 Feb. 2023 0 10 March 2023 1 10 April 2023 1 10 May 2023 1 10 June 2023 2 10"
    assert f"{months} July 2023 2 10" in seen


@pytest.mark.breaks_invariants
def test_spending_is_what_was_invoiced_less_what_was_credited_and_sums(db: None) -> None:
    account = acme_at()
    with_support(account)
    early = {"issued_on": date(2022, 8, 1), "issued_at": datetime(2022, 8, 1, 12, tzinfo=UTC)}
    invoice(account, "INV-000001", "100.00", due="0", **early)
    before = {"issued_on": date(2022, 7, 31), "issued_at": datetime(2022, 7, 31, 12, tzinfo=UTC)}
    invoice(account, "INV-000000", "999.00", due="0", **before)
    invoice(account, "INV-000002", "60.00", due="0")
    invoice(account, "CN-000001", "-25.00")
    invoice(account, "OLD-1", "70.00", due="0", reason="brought_in", **early)
    response = open_as("bilal", PAGE)
    seen = text(response)
    # July 2023: 60.00 − 25.00; what was brought in is of another system, 31 July 2022 a month too early.
    assert "Aug. 2022 $100.00" in seen
    assert "July 2023 $35.00 Together $135.00" in seen
    assert 'width="41.00%"' in response.content.decode()
    assert "CN-000001 14 July 2023 Change Credited −$25.00" in seen
    assert "INV-000000" not in seen
    assert "Spending" not in text(open_as("adam", PAGE))


@pytest.mark.breaks_invariants
def test_it_takes_the_same_few_queries_whatever_there_is_and_answers_only_get_and_head(db: None) -> None:
    account = acme_at()
    with_support(account)
    # Session, person, membership, permissions, the facts, lists of the frame, a promised seat and
    # the seats promised to others, what was paid, what was given out.
    assert _asked("adam") == 10
    few = _asked("olivia")
    line = shop.line(account, "support")
    for number in range(40):
        invoice(account, f"INV-{number:06}", "10.00", due="0")
    for member in Membership.objects.filter(account=account):
        with acting.at(JULY_14):
            occasion = acting.occasion(by=people.user("olivia"), on=date(2023, 7, 14))
            if member.role != Role.LIGHT_AGENT:
                seats.assign(line.pk, member.pk, occasion=occasion)
    for number in range(5):
        Invitation.objects.create(
            account=account,
            email=f"new{number}@acme.example",
            role=Role.AGENT,
            seat="support",
            token_hash=str(number),
            created_at=JULY_14,
            expires_at=JULY_14 + timedelta(days=7),
        )
    # Now there is something promised: its lines; and spending.
    assert _asked("adam") == 11
    assert _asked("olivia") == few + 2
    client = signed_in(people.user("adam"))
    for address in ("/", PAGE):
        assert client.head(address).status_code in (200, 302)
        assert client.post(address).status_code == 405


def _asked(name: str) -> int:
    """Return how many statements the page takes, once what processes keep is kept."""
    client = signed_in(people.user(name))
    client.get(PAGE)
    with CaptureQueriesContext(connection) as asked:
        client.get(PAGE)
    return len(asked)
