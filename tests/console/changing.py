"""Changing a subscription through the pages: the ledger of domain.md 6, and the form as it is posted."""

from datetime import date
from typing import Any

import pytest
from django.test import Client

from accounts.models import Account
from billing.models import PaymentMethod
from tests import people, shop
from tests.console.reading import acme_at, signed_in

MANAGE = "/a/acme/billing/subscription/manage/"
PREVIEW = f"{MANAGE}preview"
LIVE = {"hx-request": "true"}


def pay_by_card(account: Account, reference: str = "test_approves") -> None:
    """Let an account pay by one of the sandbox's test cards."""
    PaymentMethod.objects.create(
        subscription_id=account.pk, kind="card", brand="Visa", last_four="4242", reference=reference
    )


@pytest.fixture
def ledger(db: None) -> Account:
    """Ten seats at a grandfathered 1.00 a month, annual; today is 14 July 2023, 105 days before the end."""
    account = acme_at()
    shop.subscribe(account, {"support": ("team", 10, "1.00")}, start=date(2022, 10, 27))
    pay_by_card(account)
    return account


@pytest.fixture
def olivia(ledger: Account) -> Client:
    """Olivia's browser: she owns Acme."""
    return signed_in(people.user("olivia"))


def wish(**fields: Any) -> dict[str, Any]:
    """Return the whole form as the page posts it, with some fields changed: `seats_support=11`."""
    return {"seats-support": 10, "edition-support": "team", "cycle": "annual"} | {
        name.replace("_", "-", 1): value for name, value in fields.items()
    }


def review(client: Client, typed: dict[str, Any]) -> str:
    """Post the form, and return the address of the review it leads to."""
    answer = client.post(MANAGE, typed)
    assert answer.status_code == 302, answer.content.decode()
    return answer.headers["Location"]
