"""The front page of the back office: what waits, since when, each with the way to its list; and a chart."""

import re
from datetime import date, timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from djmoney.money import Money

from accounts import clock
from accounts.models import Account, Letter, RowFailure
from accounts.rules.roles import Role
from billing.models import BankPayment, Cancellation, ChangeRequest, Charge, Subscription
from tests import people, shop
from tests.console.reading import signed_in
from tests.console.test_invoices import invoice
from tests.sweeps import money

# What waits is written past the verbs.
pytestmark = [pytest.mark.django_db, pytest.mark.breaks_invariants]
DAYS = {"days": 3}


@pytest.fixture
def vera() -> Client:
    browser = signed_in(people.vera())
    # The first page of a session also writes when it began.
    browser.get("/vendor/")
    return browser


def make(name: str) -> Account:
    """Return a managed account with ten seats, of one person."""
    owner = (people.person(f"owner@{name}.example", name.title()), Role.OWNER)
    account = people.account(name, name.title(), [owner], type="managed")
    shop.subscribe(account, {"support": ("team", 10, "1.00")}, start=date(2026, 1, 1))
    return account


def something_in_every_queue(account: Account, number: int) -> None:
    """Let one of each wait for three days."""
    then = clock.now() - timedelta(**DAYS)
    Subscription.objects.filter(pk=account.pk).update(parked_at=then, parked_because="gap support")
    ChangeRequest.objects.create(
        subscription_id=account.pk,
        requester=account.memberships.get().user,
        requester_name="x",
        changes=[],
        document={},
        created_at=then,
        expires_at=then + timedelta(days=14),
    )
    owed = invoice(account, f"INV-00000{number}", "9.00")
    fields = {
        "subscription_id": account.pk,
        "amount": Money("9.00", "USD"),
        "method": "x",
        "created_at": then,
    }
    Charge.objects.create(**fields, invoice=owed, state="failed")
    Charge.objects.create(**fields, invoice=invoice(account, f"INV-00001{number}", "9.00"), state="unknown")
    refund = money.requested_refund(account)
    type(refund).objects.filter(pk=refund.pk).update(created_at=then)
    BankPayment.objects.create(
        bank_id=f"B-{number}", received_on=then.date(), amount=Money("10.00", "USD"), loaded_at=then
    )
    letter = {"kind": "request_expired", "to": "x@y.example", "language": "en", "failed_at": then}
    Letter.objects.create(account=account, key=f"k{number}", **letter)
    RowFailure.objects.create(
        queue="renewals", row=str(number), account=account, error="x", failed_at=then, tried_at=then
    )


def shown(browser: Client) -> dict[str, tuple[int, str, str]]:
    """Return what each queue on the front page says: how many, for how long the oldest, and its list."""
    queues = browser.get("/vendor/").context["queues"]
    return {str(one.words): (one.count, one.oldest, one.url) for one in queues}


def test_each_queue_says_how_many_wait_and_for_how_long_and_leads_to_exactly_those(vera: Client) -> None:
    assert {(count, oldest) for count, oldest, _url in shown(vera).values()} == {(0, "")}
    assert vera.get("/vendor/").content.decode().count("Nothing waits") == 8
    for number, name in enumerate(("acme", "globex")):
        something_in_every_queue(make(name), number)
    queues = shown(vera)
    assert len(queues) == 8
    for words, (count, oldest, url) in queues.items():
        assert count == 2, words
        # The transfer waits since midnight of its day.
        assert oldest.replace("\N{NO-BREAK SPACE}", " ") == "3 days", words
        assert len(vera.get(url).context["cl"].result_list) == 2, words
    page = vera.get("/vendor/").content.decode()
    assert "The oldest for 3\N{NO-BREAK SPACE}days" in page


def test_what_is_done_waits_no_more(vera: Client) -> None:
    account = make("acme")
    something_in_every_queue(account, 1)
    declined = Charge.objects.get(state="failed")
    words = "Declined charges, still owed"
    assert shown(vera)[words][0] == 1
    # A later try of the same invoice is the one to look at; after sixty days nothing is tried any more.
    later = Charge.objects.create(
        subscription_id=account.pk,
        invoice=declined.invoice,
        amount=declined.amount,
        method="x",
        state="failed",
        created_at=clock.now(),
    )
    assert shown(vera)[words][0] == 1
    Charge.objects.filter(pk=later.pk).update(state="succeeded")
    assert shown(vera)[words][0] == 0
    Charge.objects.filter(pk=later.pk).delete()
    Charge.objects.filter(pk=declined.pk).update(created_at=clock.now() - timedelta(days=61))
    assert shown(vera)[words][0] == 0
    # Adam's company decides by itself once it serves itself.
    Account.objects.filter(pk=account.pk).update(type="self_service")
    assert shown(vera)["Requests to decide"][0] == 0


def test_a_long_queue_is_counted_to_99(vera: Client) -> None:
    account = make("acme")
    letter = {
        "account": account,
        "kind": "x",
        "to": "x@y.example",
        "language": "en",
        "failed_at": clock.now(),
    }
    Letter.objects.bulk_create(Letter(key=f"k{number}", **letter) for number in range(99))
    assert '<span class="figure__value">99</span>' in vera.get("/vendor/").content.decode()
    Letter.objects.create(key="one more", **letter)
    assert '<span class="figure__value">99+</span>' in vera.get("/vendor/").content.decode()


def statements(browser: Client) -> int:
    with CaptureQueriesContext(connection) as captured:
        browser.get("/vendor/")
    return len(captured.captured_queries)


def test_it_needs_the_same_statements_for_nothing_and_for_much(vera: Client) -> None:
    few = statements(vera)
    for number, name in enumerate(("acme", "globex", "initech")):
        something_in_every_queue(make(name), number)
    assert statements(vera) == few
    # The session, the person, eight queues and the chart; twice a savepoint.
    assert few <= 13


def test_the_chart_counts_the_reasons_of_twelve_months_beside_their_table(vera: Client) -> None:
    account, now = make("acme"), clock.now()
    for reason, days, undone in (
        ("hard_to_use", 1, True),
        ("hard_to_use", 300, True),
        ("other", 2, True),
        ("too_expensive", 366, True),
    ):
        Cancellation.objects.create(
            account=account,
            reason=reason,
            by_name="x",
            created_at=now - timedelta(days=days),
            undone_at=now if undone else None,
            state_before="active",
        )
    page = vera.get("/vendor/").content.decode()
    drawn = re.findall(
        r'chart__label" y="14">([^<]+)</text>\s*<text class="chart__amount" x="100%" y="14">(\d+)</text>\s*'
        r'<rect class="chart__bar" x="1" y="21" width="(\d+)%"',
        page,
    )
    # Two of two is the whole width, one of two is half of it.
    assert drawn[:3] == [
        ("Hard to use", "2", "100"),
        ("Another reason", "1", "50"),
        ("Too expensive", "0", "0"),
    ]
    rows = re.findall(
        r'<th scope="row">([^<]+)</th>\s*<td class="num">(\d+)</td>\s*<td class="num">(\d+)</td>', page
    )
    assert rows[:2] == [("Hard to use", "2", "2"), ("Another reason", "1", "1")]
    assert len(rows) == len(drawn) == len(Cancellation.Reason)


def test_the_page_of_an_app_leads_to_the_front_page(vera: Client) -> None:
    assert vera.get("/vendor/billing/")["Location"] == "/vendor/"
