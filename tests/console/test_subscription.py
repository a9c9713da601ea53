"""The summary: what was bought, what renewal costs, who sees it, and in how many queries."""

import re
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from djmoney.money import Money

from accounts.models import Account, Membership, User
from accounts.rules.roles import Role
from billing.models import (
    AgentSeat,
    BalanceEntry,
    ChangeRequest,
    Discount,
    Edition,
    Line,
    PaymentMethod,
    ScheduledChange,
    Subscription,
    TemporarySeats,
)
from tests import people, shop

PAGE = "/a/acme/billing/subscription/"
# 14 July 2023, morning in New York.
NOW = datetime(2023, 7, 14, 14, tzinfo=UTC)


def acme_at(now: datetime = NOW, **fields: Any) -> Account:
    """Make Acme in a sandbox whose clock stands still."""
    return people.acme(is_sandbox=True, clock=now, **fields)


def open_as(name: str, path: str = PAGE) -> Any:
    client = Client()
    client.force_login(people.user(name))
    return client.get(path)


def text(response: Any) -> str:
    """Return what a reader sees: no tags, single spaces, the spaces inside amounts as plain ones."""
    plain = re.sub(r"<[^>]+>", " ", response.content.decode())
    return re.sub(r"\s+", " ", plain.replace("\xa0", " ").replace("\u202f", " ").replace("&#x27;", "'"))


def ledger() -> Account:
    """Ten seats at a grandfathered 1.00 a month, annual, 2022-10-27 to 2023-10-27."""
    account = acme_at()
    shop.subscribe(account, {"support": ("team", 10, "1.00")}, start=date(2022, 10, 27))
    return account


def test_the_ledger_renews_on_27_october_for_120_dollars_before_tax(db: None) -> None:
    ledger()
    seen = text(open_as("olivia"))
    assert "Renews on 27 October 2023 in 105 days, America/New York" in seen
    # 10 seats × 1.00 × 12 months
    assert "It will cost $120.00 before tax" in seen
    assert "10 × $1.00 × 12 months" in seen
    assert "Total per year before tax $120.00" in seen
    assert "27 October 2022 – 26 October 2023" in seen
    assert "Billing cycle Annual" in seen
