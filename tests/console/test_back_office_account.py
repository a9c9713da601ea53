"""An account's page: what it has, the latest of what hangs from it, and every act at hand."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts import clock
from accounts.models import Account
from billing import change_requests, suspensions
from billing.models import Cancellation, Subscription
from billing.rules.changes import AddProduct
from tests import acting, people, shop
from tests.console.reading import signed_in, text
from tests.console.test_invoices import invoice

# Documents that stand alone, and a subscription that is broken on purpose.
pytestmark = [pytest.mark.django_db, pytest.mark.breaks_invariants]
AT = datetime(2026, 5, 4, 12, tzinfo=UTC)


@pytest.fixture
def vera() -> Client:
    browser = signed_in(people.vera())
    # The first page of a session also writes when it began.
    browser.get("/vendor/")
    return browser


def page(account: Account) -> str:
    return reverse("vendor:accounts_account_change", args=[account.pk])


def managed() -> Account:
    """Acme, managed, with ten seats of Support, an invoice that is open, and Adam's request."""
    acme = people.acme(type="managed")
    shop.subscribe(acme, {"support": ("team", 10, "1.00")}, start=date(2026, 1, 1))
    invoice(acme, "INV-000001", "120.00")
    with acting.at(AT):
        occasion = acting.occasion(by=people.user("adam"), on=AT.date())
        change_requests.submit(acme, [AddProduct("guide", "team", 3)], note="", occasion=occasion)
    return acme


def acts(browser: Client, account: Account) -> tuple[list[str], list[str]]:
    """Return the words of the acts, and of those that stand apart."""
    overview = browser.get(page(account)).context["overview"]
    return [str(one.words) for one in overview.ordinary], [str(one.words) for one in overview.dangerous]


def test_vera_sees_everything_of_it_on_one_page(vera: Client) -> None:
    seen = text(vera.get(page(managed())))
    for words in (
        "Support Team 10 0",
        "INV-000001 14 July 2023 Open $120.00",
        "olivia@acme.example Account owner",
        "4 May 2026",
        "All requests Adam",
    ):
        assert words in seen, words


def test_every_act_is_at_hand_and_the_dangerous_ones_stand_apart(vera: Client) -> None:
    acme = managed()
    ordinary, dangerous = acts(vera, acme)
    assert ordinary == [
        "Change seats, sell temporary seats",
        "Agree a price with this account",
        "Change the billing profile",
    ]
    assert dangerous == ["Suspend the account", "End it for its owner"]
    body = vera.get(page(acme)).content.decode()
    assert body.count('class="button button--danger button--wide"') == 2
    for act in vera.get(page(acme)).context["overview"].acts:
        assert f'href="{act.url}"' in body
        assert vera.get(act.url).status_code == 200, act.words


def test_the_acts_follow_what_the_account_is(vera: Client) -> None:
    acme = managed()
    Subscription.objects.filter(pk=acme.pk).update(parked_at=AT, parked_because="gap support", tax_percent=20)
    suspensions.suspend(acme.pk, reason="Fraud", occasion=acting.occasion(by=people.vera(), at=AT))
    ordinary, dangerous = acts(vera, acme)
    assert {"Let it renew again", "Let the table of rates decide", "End the suspension"} <= set(ordinary)
    assert "Change seats, sell temporary seats" not in ordinary
    assert dangerous == ["End it for its owner"]
    # It serves itself: its owner ends it.
    Account.objects.filter(pk=acme.pk).update(type="self_service")
    assert acts(vera, acme)[1] == []


@pytest.mark.parametrize(("days", "found"), [(89, ["Give the account back"]), (91, [])])
def test_a_cancelled_account_can_only_be_given_back(vera: Client, days: int, found: list[str]) -> None:
    acme = people.acme()
    then = clock.now() - timedelta(days=days)
    Cancellation.objects.create(
        account=acme, reason="other", by_name="x", created_at=then, state_before="active"
    )
    Account.objects.filter(pk=acme.pk).update(state="cancelled", cancelled_at=then)
    assert acts(vera, acme) == (found, [])


def test_it_needs_the_same_statements_for_little_and_for_much(vera: Client) -> None:
    def statements(account: Account) -> int:
        with CaptureQueriesContext(connection) as captured:
            assert vera.get(page(account)).status_code == 200
        return len(captured.captured_queries)

    acme = managed()
    statements(acme)
    few = statements(acme)
    for number in range(2, 9):
        invoice(acme, f"INV-00000{number}", "9.00")
    assert statements(acme) == few
    assert few <= 26
