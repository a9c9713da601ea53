"""Parked renewals: nothing is charged until what is broken is mended and staff say so, with a reason."""

import re
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from django.test import Client

from accounts.models import Account, Activity
from admin_center.back_office.parking import FAULTS
from billing import renewal
from billing.models import Invoice, PaidSegment, Subscription
from billing.rules import invariants
from billing.rules.refusals import NoPriceInCycle
from tests import acting, people, shop
from tests.console.reading import acme_at, signed_in, text

# An account whose books are broken on purpose.
pytestmark = [pytest.mark.django_db, pytest.mark.breaks_invariants]
NOON = datetime(2023, 10, 27, 16, tzinfo=UTC)
LIST = "/vendor/billing/subscription/"


@pytest.fixture
def vera() -> Client:
    return signed_in(people.vera())


@pytest.fixture
def parked(db: None) -> Account:
    """Acme, due on 27 October 2023, with a day that nobody paid: its renewal is parked."""
    account = acme_at(NOON)
    shop.subscribe(account, {"support": ("team", 10, "1.00")}, start=date(2022, 10, 27))
    PaidSegment.objects.update(covers_until=date(2023, 10, 26))
    with acting.at(NOON):
        assert renewal.renew(account.pk, occasion=acting.occasion(on=date(2023, 10, 27), at=NOON)) == []
    return account


def unpark(account: Account) -> str:
    return f"{LIST}{account.pk}/unpark/"


def test_vera_finds_it_reads_why_and_cannot_wave_it_through(
    parked: Account, globex: Account, vera: Client
) -> None:
    shop.subscribe(globex, {"support": ("team", 5, "12")}, start=date(2026, 1, 1))
    found = text(vera.get(f"{LIST}?parked=yes"))
    assert "Acme" in found
    assert "Globex" not in found
    page = text(vera.get(f"{LIST}{parked.pk}/change/"))
    assert "support: what was paid does not end where the subscription says" in page
    assert "Let it renew again" in page
    refused = vera.post(unpark(parked), {"reason": "Looks fine to me"})
    assert refused.status_code == 422
    assert "It can’t renew yet: support: what was paid does not end where the subscription says." in text(
        refused
    )
    assert Subscription.objects.get(pk=parked.pk).parked_at is not None
    assert not Activity.objects.filter(verb="subscription_unparked").exists()


def test_once_mended_it_renews_with_what_is_due_and_the_owner_reads_why(
    parked: Account, vera: Client
) -> None:
    PaidSegment.objects.update(covers_until=date(2023, 10, 27))
    done = vera.post(unpark(parked), {"reason": "The loader lost a day"}, follow=True)
    assert "The subscription renews again, with what is due now." in text(done)
    entry = Activity.objects.get(verb="subscription_unparked")
    assert (entry.actor_name, entry.by_staff, entry.reason) == (
        "Vera Vance",
        True,
        "The loader lost a day",
    )
    assert not Invoice.objects.exists()
    with acting.at(NOON):
        renewal.renew(parked.pk, occasion=acting.occasion(on=date(2023, 10, 27), at=NOON))
    # 10 × 1.00 × 12
    assert str(Invoice.objects.get().total) == "$120.00"
    trail = text(signed_in(people.user("olivia")).get("/a/acme/activity/"))
    assert "The loader lost a day" in trail
    again = vera.post(unpark(parked), {"reason": "Once more"}, follow=True)
    assert "This subscription is not parked." in text(again)


@pytest.mark.parametrize("reason", ["", "  ", "x" * 501])
def test_without_a_reason_nothing_happens(parked: Account, vera: Client, reason: str) -> None:
    PaidSegment.objects.update(covers_until=date(2023, 10, 27))
    answer = vera.post(unpark(parked), {"reason": reason})
    assert answer.status_code == 422
    assert "errorlist" in answer.content.decode()
    assert Subscription.objects.get(pk=parked.pk).parked_at is not None


def test_nobody_else_and_nothing_that_is_not_there(parked: Account, vera: Client, client: Client) -> None:
    assert signed_in(people.user("olivia")).post(unpark(parked), {"reason": "Mine"}).status_code == 404
    assert client.post(unpark(parked), {"reason": "Mine"}).status_code == 302
    for number in (0, 4711, 2**70):
        assert vera.get(f"{LIST}{number}/unpark/").status_code == 404
    assert Subscription.objects.get(pk=parked.pk).parked_at is not None


def test_every_fault_of_the_rules_has_words() -> None:
    """A code stands in `Fault("code")`, or as a key of the table of checks."""
    written = Path(invariants.__file__).read_text()
    found = set(re.findall(r'^ {8}"([a-z_]+)":|Fault\("([a-z_]+)"', written, re.MULTILINE))
    assert {key or code for key, code in found} | {NoPriceInCycle.code} == set(FAULTS)
