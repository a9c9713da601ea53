"""Charges as staff see them: what is under way, what failed and why, what is to be given back."""

from datetime import UTC, date, datetime
from typing import Any

import pytest
from django.test import Client
from djmoney.money import Money

from accounts.models import Account
from admin_center.wording.activity import REASONS
from billing import renewal
from billing.models import Charge, PaymentMethod, Quote
from billing.provider.base import Failure
from tests import acting, people, shop
from tests.console.reading import signed_in, text

# Charges of quotes that nobody drew up, written past the verbs.
pytestmark = [pytest.mark.django_db, pytest.mark.breaks_invariants]
LIST = "/vendor/billing/charge/"
AT = datetime(2026, 11, 20, 12, tzinfo=UTC)


@pytest.fixture
def vera() -> Client:
    return signed_in(people.vera())


def charge(account: Account, amount: int, state: str, **fields: Any) -> Charge:
    quote = Quote.objects.create(
        subscription_id=account.pk,
        person=account.memberships.get(role="owner").user,
        changes=[],
        document={},
        version=1,
        on=AT.date(),
        created_at=AT,
        expires_at=AT,
        state="closed",
    )
    return Charge.objects.create(
        subscription_id=account.pk,
        quote=quote,
        amount=Money(amount, "USD"),
        method="test_approves",
        state=state,
        created_at=AT,
        **fields,
    )


@pytest.fixture
def charges(acme: Account, globex: Account) -> dict[str, Charge]:
    for account in (acme, globex):
        shop.subscribe(account, {"support": ("team", 5, "12")}, start=date(2026, 1, 1))
    return {
        "waiting": charge(acme, 11, "unknown"),
        "paid": charge(acme, 12, "succeeded", settled_at=AT),
        "declined": charge(acme, 13, "failed", failure="insufficient_funds", settled_at=AT),
        "too late": charge(globex, 14, "succeeded", refund_due=True, settled_at=AT),
    }


def shown(vera: Client, query: str = "") -> set[int]:
    return {int(row.amount.amount) for row in vera.get(LIST + query).context["cl"].result_list}


def test_without_a_search_the_list_shows_what_is_not_at_an_end(
    charges: dict[str, Charge], vera: Client
) -> None:
    assert shown(vera) == {11, 14}
    assert shown(vera, "?q=acme") == {11, 12, 13}
    assert shown(vera, "?q=glob") == {14}
    assert shown(vera, "?q=nobody") == set()


def test_a_declined_charge_says_why_and_nothing_secret(charges: dict[str, Charge], vera: Client) -> None:
    for address in (f"{LIST}?q=acme", f"{LIST}{charges['declined'].pk}/change/"):
        page = text(vera.get(address))
        assert "there was not enough money on the card or account" in page
        assert "insufficient_funds" not in page
        assert "test_approves" not in page
    assert vera.post(f"{LIST}{charges['waiting'].pk}/change/", {"state": "succeeded"}).status_code == 403


def test_the_subscription_leads_to_its_charges(
    charges: dict[str, Charge], acme: Account, vera: Client
) -> None:
    page = vera.get(f"/vendor/billing/subscription/{acme.pk}/change/").content.decode()
    assert f'href="{LIST}?q=acme"' in page


def test_every_reason_of_a_provider_has_words() -> None:
    assert {failure.value for failure in Failure} <= set(REASONS)


@pytest.mark.django_db(transaction=True)
def test_an_invoice_shows_each_try_to_collect_it(acme: Account, vera: Client) -> None:
    """5 × 12.00 × 12 = 720.00, declined on the renewal day."""
    shop.subscribe(acme, {"support": ("team", 5, "12")}, start=date(2025, 11, 20))
    PaymentMethod.objects.create(
        subscription_id=acme.pk, kind="card", brand="Visa", last_four="4242", reference="test_declines_funds"
    )
    with acting.at(AT):
        (invoice,) = renewal.renew(acme.pk, occasion=acting.occasion(on=AT.date(), at=AT))
    page = text(vera.get(f"/vendor/billing/invoice/{invoice.pk}/change/"))
    assert "Tries to collect it" in page
    assert "$720.00 Declined there was not enough money on the card or account" in page
