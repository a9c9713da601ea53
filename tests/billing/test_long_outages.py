"""Provider down a day, mail server two, no run for three, a clock that jumps: all is made up, once."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from typing import Any
from unittest.mock import patch

import pytest
from django.core import mail as outbox
from django.core.mail.backends.locmem import EmailBackend

from accounts import mail, queues, row_failures
from accounts.models import Account, Letter, RowFailure
from accounts.occasion import Occasion
from accounts.rules.roles import Role
from billing import reconciliation, renewal_run, tasks
from billing.models import Charge, Invoice, InvoicePayment, PaymentMethod, SandboxPayment, Subscription
from billing.provider.base import ProviderUnreachable
from billing.provider.sandbox import METHODS, Sandbox
from tests import people, shop

pytestmark = pytest.mark.django_db(transaction=True)
# 10 seats at 12.00, monthly: 120.00 on each first of the month.
RENEWS = datetime(2026, 3, 1, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def customer(name: str, method: str = "test_approves", start: date = date(2026, 2, 1)) -> Account:
    owner = people.person(f"owner@{name}.example", f"Owner of {name}")
    made = people.account(name, name, [(owner, Role.OWNER)], timezone="UTC")
    shop.subscribe(made, {"support": ("team", 10, "12.00")}, start=start, cycle="monthly")
    known = METHODS[method]
    PaymentMethod.objects.create(
        subscription_id=made.pk,
        kind=known.kind,
        brand=known.brand,
        last_four=known.last_four,
        reference=method,
    )
    return made


def run(at: datetime) -> None:
    """Do what is due of money at a moment, as a worker does."""
    with patch("accounts.clock.now", lambda _account=None: at):
        for step in ("charges", "renewals", "dunning"):
            done = tasks.STEPS[step].act(at)
            assert not any("failed" in name and count for name, count in done.items())


@contextmanager
def provider_down(monkeypatch: pytest.MonkeyPatch, *, answers_lost: bool = False) -> Iterator[None]:
    """Reach nobody; or let a charge be made whose answer is lost."""
    real = Sandbox.charge

    def silent(self: Sandbox, *_parts: Any, **_named: Any) -> Any:
        raise ProviderUnreachable("down")

    def lost(self: Sandbox, **payment: Any) -> Any:
        real(self, **payment)
        raise ProviderUnreachable("down")

    with monkeypatch.context() as down:
        down.setattr(Sandbox, "charge", lost if answers_lost else silent)
        for name in ("look_up", "unasked", "abandon", "refund", "look_up_refund"):
            down.setattr(Sandbox, name, silent)
        yield


def each_paid_once(accounts: int) -> None:
    """Each has one invoice of 120.00, paid by one charge; the provider has taken it once."""
    assert Invoice.objects.count() == InvoicePayment.objects.count() == accounts
    paid = SandboxPayment.objects.filter(status="succeeded")
    assert [one.amount for one in paid] == [120_00] * accounts
    ours = Charge.objects.filter(state="succeeded").values_list("pk", flat=True)
    assert {one.key for one in paid} == {str(pk) for pk in ours}
    assert not Charge.objects.filter(state__in=Charge.OPEN).exists()
    assert set(Account.objects.values_list("state", flat=True)) == {"active"}


@pytest.mark.parametrize("hours", [23, 30])
@pytest.mark.parametrize("answers_lost", [False, True], ids=["never arrived", "answer lost"])
def test_the_provider_is_down_for_a_day(
    hours: int, answers_lost: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Back within a day the same charge is made; later it is given up, and the next try pays, once."""
    accounts = [customer(f"c{number}") for number in range(3)]
    with provider_down(monkeypatch, answers_lost=answers_lost):
        for after in range(hours):
            run(RENEWS + after * HOUR)
    assert set(Charge.objects.values_list("state", flat=True)) == {"unknown"}
    for after in range(hours, hours + 4):
        run(RENEWS + after * HOUR)
    arrived = answers_lost or hours < 24
    assert Charge.objects.filter(state="succeeded").count() == (len(accounts) if arrived else 0)
    for after in range(2, 5):
        run(RENEWS + after * DAY + 12 * HOUR)
    each_paid_once(len(accounts))
    assert Charge.objects.count() == len(accounts) * (1 if arrived else 2)


def test_the_mail_server_is_down_for_two_days(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of five letters written over the two days each goes out once, and none is given up."""
    account = customer("acme")

    def refused(self: EmailBackend, messages: object) -> int:
        raise ConnectionRefusedError("down")

    minutes = range(0, 48 * 60, 5)
    with monkeypatch.context() as down:
        down.setattr(EmailBackend, "send_messages", refused)
        for minute in minutes:
            if minute % 600 == 0:
                facts = {"by": "Olivia", "role": "admin"}
                mail.post_to_address(
                    "role_given", account, email="x@acme.example", facts=facts, key=f"{minute}"
                )
            assert mail.send_waiting(RENEWS + timedelta(minutes=minute)) == 0
    assert Letter.objects.filter(failed_at=None, sent_at=None).count() == 5
    assert outbox.outbox == []
    for minute in range(48 * 60, 72 * 60, 5):
        mail.send_waiting(RENEWS + timedelta(minutes=minute))
    assert not Letter.objects.filter(sent_at=None).exists()
    sent = [one.extra_headers["Message-ID"] for one in outbox.outbox]
    assert len(sent) == len(set(sent)) == 5


def test_a_run_that_was_missed_for_three_days_bills_each_period_on_its_own_day() -> None:
    """Due on 28 February, 1, 2 and 3 March; nobody ran from the 28th to the 3rd."""
    starts = [date(2026, 1, 28), date(2026, 2, 1), date(2026, 2, 2), date(2026, 2, 3)]
    accounts = [customer(f"c{number}", start=start) for number, start in enumerate(starts)]
    run(datetime(2026, 2, 27, 23, tzinfo=UTC))
    assert not Invoice.objects.exists()
    for _time in range(3):
        run(datetime(2026, 3, 3, 0, 5, tzinfo=UTC))
    days = {one.subscription_id: one.period_start for one in Invoice.objects.all()}
    due = [date(2026, 2, 28), date(2026, 3, 1), date(2026, 3, 2), date(2026, 3, 3)]
    assert days == dict(zip((one.pk for one in accounts), due, strict=True))
    each_paid_once(4)


def test_a_clock_that_jumps_ahead_and_back_doubles_nothing_and_forgets_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """For some minutes the machine says that it is a year later: what failed then doesn't wait for a year."""
    account, later = customer("acme"), RENEWS + 365 * DAY
    facts = {"by": "Olivia", "role": "admin"}
    mail.post_to_address("role_given", account, email="x@acme.example", facts=facts, key="1")
    with monkeypatch.context() as down:
        down.setattr(EmailBackend, "send_messages", lambda *_parts: 1 // 0)
        mail.send_waiting(later)
        queues.each("reminders", [(account.pk, account.pk)], lambda _pk: 1 // 0, at=later)
    with provider_down(monkeypatch):
        renewals(RENEWS)
    charge = Charge.objects.get()
    reconciliation.reconcile(later - timedelta(days=364, hours=1))
    Charge.objects.update(asked_at=later)
    # The clock is right again.
    at = RENEWS + HOUR
    assert mail.send_waiting(at) >= 1
    assert queues.each("reminders", [(account.pk, account.pk)], bool, at=at) == (1, 0)
    assert not RowFailure.objects.exists()
    reconciliation.reconcile(at)
    charge.refresh_from_db()
    assert charge.state == "succeeded"
    # And behind by two days nothing is renewed again, or charged.
    for when in (RENEWS - 2 * DAY, at, at + HOUR):
        renewals(when)
    each_paid_once(1)
    assert row_failures.remove_old(at) == 0
    assert Subscription.objects.get().paid_until == date(2026, 4, 1)


def renewals(at: datetime) -> None:
    for _count in renewal_run.renew_due(at, lambda one: Occasion.of(one, at)):
        pass
