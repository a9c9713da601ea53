"""What was decided before the lock is asked again behind it: who was cancelled meanwhile is left alone.

Each verb of money is called by who may, with the account as the page has read it, and the account is
cancelled before the verb holds the lock.
"""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest

from accounts.models import Account
from accounts.rules.decision import NotAllowed
from billing import (
    cancellation,
    change_requests,
    payment_methods,
    payments,
    quotes,
    reconciliation,
    renewal,
    seats,
)
from billing.models import Charge, PaymentMethod, SandboxPayment
from billing.rules.changes import AddSeats, ReduceSeats
from tests import acting, people, shop
from tests.billing.confirming import NOON, TODAY
from tests.sweeps.test_closed import rows_of

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("acting")]
RENEWS = date(2023, 10, 27)
MORE = [AddSeats("support", 11)]
Act = Callable[[], Any]


@pytest.fixture
def ledger() -> Account:
    account = people.acme(timezone="UTC")
    shop.subscribe(account, {"support": ("team", 10, "1.00")}, start=date(2022, 10, 27))
    pay_by(account, "test_approves")
    return account


def pay_by(account: Account, reference: str) -> None:
    PaymentMethod.objects.update_or_create(
        subscription_id=account.pk,
        defaults={"kind": "card", "brand": "Visa", "last_four": "4242", "reference": reference},
    )


def paying(account: Account) -> Act:
    pay_by(account, "test_declines")
    renewal.renew(account.pk, occasion=acting.occasion(on=RENEWS, at=NOON))
    pay_by(account, "test_approves")
    account.refresh_from_db()
    return lambda: payments.pay(
        "INV-000001", account, occasion=acting.occasion(by=people.user("bilal"), on=RENEWS)
    )


def drawing_up(account: Account) -> Act:
    return lambda: quotes.draw_up(account, MORE, occasion=acting.occasion(by=people.user("bilal"), on=TODAY))


def confirming(account: Account) -> Act:
    quote = drawing_up(account)()
    return lambda: quotes.confirm(quote.pk, occasion=acting.occasion(by=people.user("bilal"), on=TODAY))


def withdrawing(account: Account) -> Act:
    pay_by(account, "test_asks_3ds")
    quote = confirming(account)()
    return lambda: quotes.withdraw(quote.pk, occasion=acting.occasion(by=people.user("bilal"), on=TODAY))


def undoing(account: Account) -> Act:
    bilal = people.user("bilal")
    quote = quotes.draw_up(account, [ReduceSeats("support", 8)], occasion=acting.occasion(by=bilal, on=TODAY))
    quotes.confirm(quote.pk, occasion=acting.occasion(by=bilal, on=TODAY))
    change = account.subscription.scheduled.get()
    return lambda: quotes.undo(change.pk, occasion=acting.occasion(by=bilal, on=TODAY))


def submitting(account: Account) -> Act:
    return lambda: change_requests.submit(
        account, MORE, note="", occasion=acting.occasion(by=people.user("adam"), on=TODAY)
    )


def approving(account: Account) -> Act:
    asked = submitting(account)()
    return lambda: change_requests.draw_up(
        asked.pk, occasion=acting.occasion(by=people.user("bilal"), on=TODAY)
    )


def rejecting(account: Account) -> Act:
    asked = submitting(account)()
    return lambda: change_requests.reject(
        asked.pk, reason="no", occasion=acting.occasion(by=people.user("bilal"), on=TODAY)
    )


def taking_back(account: Account) -> Act:
    asked = submitting(account)()
    return lambda: change_requests.withdraw(
        asked.pk, occasion=acting.occasion(by=people.user("adam"), on=TODAY)
    )


def assigning(account: Account) -> Act:
    line, member = shop.line(account, "support"), people.member("agnes", account)
    return lambda: seats.assign(
        line.pk, member.pk, occasion=acting.occasion(by=people.user("adam"), on=TODAY)
    )


def replacing_the_method(account: Account) -> Act:
    olivia = people.user("olivia")
    return lambda: payment_methods.begin(
        account, occasion=acting.occasion(by=olivia, on=TODAY), return_url="/back/"
    )


def ending_later(account: Account) -> Act:
    olivia, mark = people.user("olivia"), cancellation.consequences(account, TODAY, at_end=True).mark
    return lambda: cancellation.cancel_at_period_end(
        account, mark=mark, reason="other", text="", occasion=acting.occasion(by=olivia, on=TODAY)
    )


VERBS = [
    *(paying, drawing_up, confirming, withdrawing, undoing, submitting, approving, rejecting, taking_back),
    *(assigning, replacing_the_method, ending_later),
]
REFUSALS = (NotAllowed, change_requests.RequestOver, quotes.QuoteOver)


@pytest.mark.parametrize("verb", VERBS, ids=lambda verb: verb.__name__)
def test_cancelled_between_the_door_and_the_lock(ledger: Account, verb: Callable[[Account], Act]) -> None:
    """Seen with the question behind the lock taken out of `payments.pay`: a cancelled account was charged."""
    # The act holds the account as its page read it: active.
    act = verb(ledger)
    on = RENEWS if verb is paying else TODAY
    olivia, mark = people.user("olivia"), cancellation.consequences(ledger, on).mark
    cancellation.cancel_now(
        ledger, mark=mark, reason="other", text="", occasion=acting.occasion(by=olivia, on=on)
    )
    before, sent = rows_of(ledger), SandboxPayment.objects.count()
    with pytest.raises(REFUSALS):
        act()
    assert rows_of(ledger) == before
    assert SandboxPayment.objects.count() == sent


def test_a_charge_that_never_arrived_is_not_sent_after_the_cancellation(
    ledger: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The process died between `sending` and the call: seen sent again with the state not asked."""
    act = confirming(ledger)
    monkeypatch.setattr(payments, "_send", stopped)
    with pytest.raises(Stopped):
        act()
    monkeypatch.undo()
    assert Charge.objects.get().state == Charge.State.SENDING
    olivia, mark = people.user("olivia"), cancellation.consequences(ledger, TODAY).mark
    cancellation.cancel_now(
        ledger, mark=mark, reason="other", text="", occasion=acting.occasion(by=olivia, on=TODAY)
    )
    reconciliation.reconcile(NOON + timedelta(minutes=1))
    assert Charge.objects.get().failure == "not_received"
    assert not SandboxPayment.objects.exists()


class Stopped(Exception):
    """Stands for a process that was killed."""


def stopped(_charge: Charge) -> None:
    """Die before anything is sent."""
    raise Stopped
