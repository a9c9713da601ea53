"""The demo: every kind of customer, made once, still sensible on any later day."""

import io
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from unittest.mock import Mock

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.test.utils import override_settings

from accounts.models import Account, Letter, Membership, User
from billing import account_statements, documents, invariants
from billing.demo import making
from billing.demo.book import day, stories
from billing.imports.accounts.listing import ListedAccount
from billing.models import BalanceEntry, Invoice, ScheduledChange, TemporarySeats
from billing.rules.changes import AddSeats
from billing.rules.documents import InvoiceState
from billing.rules.money import to_minor
from billing.rules.quoting import quote
from billing.storage import loading
from tests.billing.imports.customers import rows

NOW = datetime(2026, 11, 23, 15, tzinfo=UTC)
CURRENCIES = ("USD", "EUR", "JPY")


def made(now: datetime) -> int:
    """Make the demo, or what is missing of it."""
    return making.make(now, tell=lambda text: None)


def only(monkeypatch: pytest.MonkeyPatch, wanted: Callable[[str], bool]) -> None:
    """Let the demo's book hold only some accounts: two thousand members take their time."""
    whole = making.stories
    monkeypatch.setattr(
        making, "stories", lambda now, **k: (s for s in whole(now, **k) if wanted(s.account.external_id))
    )


@pytest.mark.django_db
def test_it_is_not_made_in_production() -> None:
    with override_settings(DEMO=False), pytest.raises(CommandError, match="DEMO=1"):
        call_command("demo")
    assert not User.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_it_has_every_kind_of_customer_and_is_made_once() -> None:
    assert made(NOW) == 17
    accounts = Account.objects.all()
    assert {one.type for one in accounts} == {"self_service", "assisted", "managed"}
    assert {one.state for one in accounts} == {"trial", "active", "past_due", "suspended", "cancelled"}
    assert {one.currency for one in accounts} == set(CURRENCIES)
    assert {one.subscription.cycle for one in accounts} == {"monthly", "annual"}
    for one in accounts:
        # What is owed is what is open, less the credit; and every document is what was issued.
        told = account_statements.read(one, date(2020, 1, 1), date(2026, 12, 31))
        unpaid = Invoice.objects.filter(subscription_id=one.pk).in_state(InvoiceState.OPEN)
        credit = BalanceEntry.objects.filter(subscription_id=one.pk)
        owed = sum(invoice.due.amount for invoice in unpaid) - sum(entry.amount.amount for entry in credit)
        assert told.closing == to_minor(Decimal(owed), one.currency), one
    assert list(documents.changed()) == []
    kinds = set(ScheduledChange.objects.values_list("kind", flat=True))
    assert kinds == {"quantity", "edition", "removal", "cycle", "cancellation"}
    today = date(2026, 11, 23)
    assert {one.starts_on <= today for one in TemporarySeats.objects.filter(ends_on__gt=today)} == {
        True,
        False,
    }
    assert Membership.objects.filter(account__slug="polaris-logistics").count() == 2000
    _numbers_follow_dates()
    _everybody_can_sign_in()
    _eleven_seats_cost_what_a_real_invoice_says()
    assert not Letter.objects.filter(sent_at=None).exists()
    assert invariants.broken() == []

    before = rows()
    assert made(NOW + timedelta(hours=2)) == 0
    assert rows() == before


def _numbers_follow_dates() -> None:
    issued = list(Invoice.objects.order_by("number").values_list("issued_at", flat=True))
    assert len(issued) > 20
    assert issued == sorted(issued)


def _everybody_can_sign_in() -> None:
    """See that each guest comes to a page: their account, or the news that it is closed."""
    for guest in making.visitors():
        user = User.objects.get(email=guest.email)
        assert user.check_password(making.PASSWORD), guest.email
        client = Client()
        client.force_login(user)
        answer = client.get("/", follow=True)
        expected = 410 if guest.email == "oscar@oldmill.example" else 200
        assert answer.status_code == expected, guest.email


def _eleven_seats_cost_what_a_real_invoice_says() -> None:
    """10 → 11 seats on 14 July 2023: −34.52, +37.97, net 3.45 (domain.md 6)."""
    held = loading.read(Account.objects.get(slug="ledger"), date(2023, 7, 14))
    assert held is not None
    priced = quote(held.facts, [AddSeats("inbox", 11)], date(2023, 7, 14))
    assert ([line.amount for line in priced.lines], priced.due) == ([-3452, 3797], 345)


@pytest.mark.django_db(transaction=True)
def test_it_is_made_on_a_leap_day_and_catches_up_when_it_was_left_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    only(monkeypatch, lambda external_id: external_id != "demo-polaris")
    leap = datetime(2028, 2, 29, 3, tzinfo=UTC)
    assert made(leap) == 16
    assert invariants.broken() == []
    invoices = Invoice.objects.count()
    assert made(leap + timedelta(days=45)) == 0
    assert Invoice.objects.count() > invoices
    behind = Account.objects.filter(
        state="active", is_sandbox=False, subscription__paid_until__lt=date(2028, 4, 13)
    )
    assert [one.slug for one in behind] == []
    # Sable & Co cancelled to the end of its period, which has come.
    assert Account.objects.get(slug="sable-and-co").state == "cancelled"
    assert invariants.broken() == []


def test_its_accounts_are_right_on_every_kind_of_day() -> None:
    """Ends of months, leap days, and the hours in which New York and Tokyo have another day."""
    days = [
        datetime(2026, 12, 1, hour, tzinfo=UTC) + timedelta(days=29 * n)
        for n in range(40)
        for hour in (3, 22)
    ]
    for now in [*days, datetime(2028, 2, 29, 12, tzinfo=UTC), datetime(2027, 12, 31, 23, tzinfo=UTC)]:
        told = list(stories(now, currencies=CURRENCIES, without=["demo-polaris"]))
        assert len(told) == 16
        for story in told:
            assert isinstance(story.account, ListedAccount)
            assert all(story.begins_on <= event.on <= now.date() for event in story.events), (now, story)


def test_days_are_told_step_by_step() -> None:
    days = {"today": date(2027, 3, 31), "anchor": date(2026, 1, 31)}
    assert day("today", days) == date(2027, 3, 31)
    # First four days back, then a month: 27 March, 27 February.
    assert day("today - 4 days - 1 month", days) == date(2027, 2, 27)
    assert day("anchor + 1 month", days) == date(2026, 2, 28)
    assert day("2023-07-14", days) == date(2023, 7, 14)


@pytest.mark.django_db(transaction=True)
def test_the_command_says_who_can_sign_in(monkeypatch: pytest.MonkeyPatch) -> None:
    only(monkeypatch, lambda external_id: external_id in ("demo-acme", "demo-ledger"))
    told = io.StringIO()
    with override_settings(DEMO=True):
        call_command("demo", "--fresh", stdout=told)
        call_command("demo", stdout=told)
    assert "The demo is ready: 2 accounts made." in told.getvalue()
    assert told.getvalue().count(f"with the password “{making.PASSWORD}”") == 2
    assert "olivia@acme.example  Account owner, Acme" in told.getvalue()
    assert "vera@vendor.example  Vendor's staff" in told.getvalue()


@pytest.mark.django_db(transaction=True)
def test_it_says_when_it_was_interrupted(monkeypatch: pytest.MonkeyPatch) -> None:
    only(monkeypatch, lambda external_id: external_id in ("demo-ledger", "demo-kestrel"))
    with monkeypatch.context() as interrupted:
        interrupted.setattr(making, "_give_passwords", Mock(side_effect=KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            made(NOW)
    told: list[str] = []
    making.make(NOW, tell=told.append)
    assert "--fresh" in told[0]
