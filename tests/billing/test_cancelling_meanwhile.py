"""Olivia cancels while something else is under way, at every named step of it and at random moments.

Whatever the order: the account is closed whole or stays as it was, no charge is begun after the
cancellation's commit, and money that was on its way is used for an invoice or given back.
"""

import random
import threading
import time
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from django.db import connections

from accounts.models import Account
from billing import cancellation, change_requests, payments, quotes, reconciliation, renewal
from billing.models import (
    ChangeRequest,
    Charge,
    Invoice,
    InvoicePayment,
    PaymentMethod,
    Quote,
    SandboxPayment,
)
from billing.rules.changes import AddSeats
from tests import acting, people, shop
from tests.billing.confirming import NOON, TODAY
from tests.billing.test_races import EXPECTED

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("acting")]
RENEWS = date(2023, 10, 27)
# Seconds that a paused act waits for the other: one that needs its lock waits as long for it.
PAUSE = 0.4


@pytest.fixture
def ledger() -> Account:
    account = people.acme(timezone="UTC")
    shop.subscribe(account, {"support": ("team", 10, "1.00")}, start=date(2022, 10, 27))
    PaymentMethod.objects.create(
        subscription_id=account.pk, kind="card", brand="Visa", last_four="4242", reference="test_approves"
    )
    return account


# --- What is under way: returns the act, and the day on which all happens ---------------------------

Act = Callable[[], Any]


def confirming(account: Account) -> tuple[Act, date]:
    bilal = people.user("bilal")
    quote = quotes.draw_up(account, [AddSeats("support", 11)], occasion=acting.occasion(by=bilal, on=TODAY))
    return lambda: quotes.confirm(quote.pk, occasion=acting.occasion(by=bilal, on=TODAY)), TODAY


def approving(account: Account) -> tuple[Act, date]:
    bilal = people.user("bilal")
    asked = change_requests.submit(
        account,
        [AddSeats("support", 11)],
        note="",
        occasion=acting.occasion(by=people.user("adam"), on=TODAY),
    )
    quote = change_requests.draw_up(asked.pk, occasion=acting.occasion(by=bilal, on=TODAY))
    return lambda: quotes.confirm(quote.pk, occasion=acting.occasion(by=bilal, on=TODAY)), TODAY


def renewing(account: Account) -> tuple[Act, date]:
    return lambda: renewal.renew(account.pk, occasion=acting.occasion(on=RENEWS, at=NOON)), RENEWS


def paying(account: Account) -> tuple[Act, date]:
    """Pay the invoice of a renewal that was declined."""
    PaymentMethod.objects.update(reference="test_declines")
    renewal.renew(account.pk, occasion=acting.occasion(on=RENEWS, at=NOON))
    PaymentMethod.objects.update(reference="test_approves")
    account.refresh_from_db()
    bilal = people.user("bilal")
    return lambda: payments.pay("INV-000001", account, occasion=acting.occasion(by=bilal, on=RENEWS)), RENEWS


# --- Two at once -------------------------------------------------------------------------------------


def run(act: Act, answers: dict[str, object], name: str) -> threading.Thread:
    def work() -> None:
        try:
            with acting.at(NOON):
                answers[name] = act()
        except EXPECTED as refusal:
            answers[name] = refusal
        finally:
            connections.close_all()

    thread = threading.Thread(target=work, name=name)
    thread.start()
    return thread


def cancelling(account: Account, on: date) -> Act:
    mark = cancellation.consequences(account, on).mark
    olivia = people.user("olivia")
    return lambda: cancellation.cancel_now(
        account, mark=mark, reason="other", text="", occasion=acting.occasion(by=olivia, on=on)
    )


def whole(account: Account, answers: dict[str, object]) -> None:
    """Say that one of the two orders came of it, after what was on its way has arrived."""
    reconciliation.reconcile(NOON + timedelta(minutes=1))
    account.refresh_from_db()
    cancelled = not isinstance(answers["cancel"], Exception)
    assert (account.state == "cancelled") is cancelled, answers
    kept = sum(one.amount - one.refunded for one in SandboxPayment.objects.filter(status="succeeded"))
    paid = sum(int(one.charge.amount.amount * 100) for one in InvoicePayment.objects.select_related("charge"))
    assert kept == paid
    assert not Charge.objects.filter(state__in=Charge.OPEN).exists()
    quote = Quote.objects.first()
    if quote is not None:
        confirmed = quote.state == Quote.State.CONFIRMED
        assert shop.line(account, "support").quantity == (11 if confirmed else 10)
        assert Invoice.objects.count() == confirmed
    if cancelled:
        assert not Quote.objects.filter(state__in=["open", "held"]).exists()
        assert not ChangeRequest.objects.filter(state="open").exists()


FLOWS = {
    confirming: ["confirm_written", "confirm_committed"],
    approving: ["confirm_written", "confirm_committed"],
    renewing: [],
    paying: [],
}
CHARGED = ["charge_sending", "charge_answered", "settle_written", "settle_committed"]


@pytest.mark.parametrize(
    ("flow", "name"),
    [(flow, name) for flow, names in FLOWS.items() for name in [*names, *CHARGED]],
    ids=lambda one: getattr(one, "__name__", one),
)
def test_cancelled_at_a_named_step(
    ledger: Account, monkeypatch: pytest.MonkeyPatch, flow: Callable[[Account], tuple[Act, date]], name: str
) -> None:
    act, on = flow(ledger)
    reached, resumed = threading.Event(), threading.Event()

    def pause(step: str) -> None:
        if step == name and threading.current_thread().name == "act" and not reached.is_set():
            reached.set()
            resumed.wait(PAUSE)

    monkeypatch.setattr(quotes, "step", pause)
    monkeypatch.setattr(payments, "step", pause)
    answers: dict[str, object] = {}
    cancel = cancelling(ledger, on)
    first = run(act, answers, "act")
    assert reached.wait(10), answers
    second = run(cancel, answers, "cancel")
    second.join(PAUSE / 2)
    done_first = "cancel" in answers and not isinstance(answers["cancel"], Exception)
    sent = SandboxPayment.objects.filter(status="succeeded").count()
    resumed.set()
    first.join(30)
    second.join(30)
    if done_first and name == "confirm_committed":
        # It was not begun when the account ended, so it never is.
        assert SandboxPayment.objects.count() == sent == 0
    whole(ledger, answers)


@pytest.mark.parametrize("flow", FLOWS, ids=lambda flow: flow.__name__)
@pytest.mark.parametrize(
    "turn", [*range(3), *(pytest.param(n, marks=pytest.mark.soak) for n in range(3, 25))]
)
def test_cancelled_at_a_random_moment(
    ledger: Account, monkeypatch: pytest.MonkeyPatch, flow: Callable[[Account], tuple[Act, date]], turn: int
) -> None:
    act, on = flow(ledger)
    moments = random.Random(turn)

    def linger(_step: str) -> None:
        time.sleep(moments.random() / 50)

    monkeypatch.setattr(quotes, "step", linger)
    monkeypatch.setattr(payments, "step", linger)
    answers: dict[str, object] = {}
    cancel = cancelling(ledger, on)
    first = run(act, answers, "act")
    time.sleep(moments.random() / 20)
    second = run(cancel, answers, "cancel")
    first.join(30)
    second.join(30)
    whole(ledger, answers)


def test_two_tabs_cancel_once(ledger: Account) -> None:
    answers: dict[str, object] = {}
    acts = [cancelling(ledger, TODAY), cancelling(ledger, TODAY)]
    threads = [run(act, answers, name) for act, name in zip(acts, ("cancel", "again"), strict=True)]
    for thread in threads:
        thread.join(30)
    refused = [one for one in answers.values() if isinstance(one, Exception)]
    assert len(refused) == 1
    assert ledger.cancellations.filter(undone_at=None).count() == 1
    ledger.refresh_from_db()
    assert ledger.state == "cancelled"
