"""Eight clients at once, on real connections: nothing lost, nothing doubled, nobody waits for ever.

Each race was seen to fail with `select_for_update` taken out of `Account.objects.lock`: the seats
then ended at fewer than were sold, and two owners were refused only by the constraint.
"""

import random
import threading
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from django.db import connection, connections

from accounts import ownership, roles
from accounts.models import Account, Membership, OwnershipOffer
from accounts.rules.decision import NotAllowed
from accounts.rules.roles import Role
from billing import cancellation, payments, quotes, renewal
from billing.models import (
    Charge,
    Invoice,
    PaymentMethod,
    PromoCode,
    Quote,
    SandboxPayment,
    ScheduledChange,
    Subscription,
)
from billing.rules.changes import AddSeats, ReduceSeats, UsePromoCode
from billing.rules.refusals import Refusal
from tests import acting, people, shop
from tests.billing.confirming import NOON, TODAY

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("acting")]
EXPECTED = (
    quotes.QuoteChanged, quotes.QuoteOver, quotes.UndoTooLate, Refusal, NotAllowed, ownership.OfferOver,
    ownership.NotEligible, roles.OwnRole, roles.OwnerKeepsRole, cancellation.SheetChanged,
    ScheduledChange.DoesNotExist, payments.AlreadyPaid, Membership.DoesNotExist, OwnershipOffer.DoesNotExist,
)  # fmt: skip


def at_once(*acts: Callable[[], Any]) -> list[Any]:
    """Do all acts at the same moment, each on a connection of its own; return answers or refusals."""
    start, answers = threading.Barrier(len(acts)), [None] * len(acts)

    def run(number: int, act: Callable[[], Any]) -> None:
        start.wait()
        try:
            with acting.at(NOON):
                answers[number] = act()
        except EXPECTED as refusal:
            answers[number] = refusal
        except BaseException as broken:  # shown by the assertion below
            answers[number] = broken
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=one) for one in enumerate(acts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    unexpected = [a for a in answers if isinstance(a, BaseException) and not isinstance(a, EXPECTED)]
    assert unexpected == []
    return answers


@pytest.fixture
def ledger() -> Account:
    account = people.acme(timezone="UTC")
    shop.subscribe(account, {"support": ("team", 10, "1.00")}, start=date(2022, 10, 27))
    PaymentMethod.objects.create(
        subscription_id=account.pk, kind="card", brand="Visa", last_four="4242", reference="test_approves"
    )
    return account


def money_agrees() -> None:
    """Compare what the provider took with what we charged, each once."""
    taken = {p.key: p.amount for p in SandboxPayment.objects.filter(status="succeeded")}
    charged = {str(c.pk): int(c.amount.amount * 100) for c in Charge.objects.filter(state="succeeded")}
    assert taken == charged


def test_eight_clients_on_one_subscription_lose_no_seat(ledger: Account) -> None:
    clients = [people.person(f"admin{n}@acme.example", f"Admin {n}") for n in range(8)]
    roles.enrol(ledger, [(client, Role.BILLING_ADMIN) for client in clients])

    def act(client: Any) -> Callable[[], Any]:
        def buy() -> int:
            bought = 0
            for _try in range(40):
                quantity = shop.line(ledger, "support").quantity + 1
                try:
                    quote = quotes.draw_up(
                        ledger, [AddSeats("support", quantity)], occasion=acting.occasion(by=client, on=TODAY)
                    )
                    quotes.confirm(quote.pk, occasion=acting.occasion(by=client, on=TODAY))
                    bought += 1
                    break
                except (quotes.QuoteChanged, quotes.QuoteOver, Refusal):
                    continue
            return bought

        return buy

    bought = sum(at_once(*(act(client) for client in clients)))
    assert shop.line(ledger, "support").quantity == 10 + bought
    assert Invoice.objects.count() == SandboxPayment.objects.count() == bought
    assert bought >= 1
    money_agrees()


def test_eight_clients_on_eight_subscriptions_all_succeed(db: None) -> None:
    acts = []
    for number in range(8):
        olivia = people.person(f"o{number}@x.example", f"O {number}")
        account = people.account(f"x{number}", f"X {number}", [(olivia, Role.OWNER)], timezone="UTC")
        shop.subscribe(account, {"support": ("team", 10, "1.00")}, start=date(2022, 10, 27))
        PaymentMethod.objects.create(
            subscription_id=account.pk, kind="card", brand="V", last_four="4242", reference="test_approves"
        )
        quote = quotes.draw_up(
            account, [AddSeats("support", 11)], occasion=acting.occasion(by=olivia, on=TODAY)
        )
        acts.append(
            lambda q=quote, p=olivia: quotes.confirm(q.pk, occasion=acting.occasion(by=p, on=TODAY)).state
        )
    assert at_once(*acts) == ["confirmed"] * 8
    assert sorted(Invoice.objects.values_list("number", flat=True)) == [f"INV-{n:06d}" for n in range(1, 9)]
    money_agrees()


def test_a_double_click_and_eight_more_are_one_charge(ledger: Account) -> None:
    olivia = people.user("olivia")
    quote = quotes.draw_up(ledger, [AddSeats("support", 11)], occasion=acting.occasion(by=olivia, on=TODAY))
    at_once(*[lambda: quotes.confirm(quote.pk, occasion=acting.occasion(by=olivia, on=TODAY))] * 8)
    assert [payment.amount for payment in SandboxPayment.objects.all()] == [345]
    assert Invoice.objects.count() == 1
    money_agrees()


def test_twenty_use_a_promo_code_that_works_once(db: None) -> None:
    acts = []
    for number in range(20):
        olivia = people.person(f"o{number}@x.example", f"O {number}")
        account = people.account(f"x{number}", f"X {number}", [(olivia, Role.OWNER)], timezone="UTC")
        shop.subscribe(account, {"support": ("team", 10, "1.00")}, start=date(2022, 10, 27))
        if number == 0:
            PromoCode.objects.create(
                catalogue=shop.catalogue(), code="ONCE", percent=10, limit_total=1, periods=1
            )
        quote = quotes.draw_up(account, [UsePromoCode("ONCE")], occasion=acting.occasion(by=olivia, on=TODAY))
        acts.append(
            lambda q=quote, p=olivia: quotes.confirm(q.pk, occasion=acting.occasion(by=p, on=TODAY)).state
        )
    answers = at_once(*acts)
    assert [answer for answer in answers if answer == "confirmed"] == ["confirmed"]
    assert PromoCode.objects.get().used == 1


def test_renewing_eight_times_at_once_renews_once(ledger: Account) -> None:
    on = date(2023, 10, 27)
    answers = at_once(*[lambda: len(renewal.renew(ledger.pk, occasion=acting.occasion(on=on, at=NOON)))] * 8)
    assert sum(answers) == 1
    # 10 × 1.00 × 12
    assert [payment.amount for payment in SandboxPayment.objects.all()] == [12000]
    money_agrees()


@pytest.mark.parametrize("time", range(5))
def test_undoing_and_renewing_end_in_one_of_the_two_orders(ledger: Account, time: int) -> None:
    olivia, on = people.user("olivia"), date(2023, 10, 27)
    quote = quotes.draw_up(ledger, [ReduceSeats("support", 5)], occasion=acting.occasion(by=olivia, on=TODAY))
    quotes.confirm(quote.pk, occasion=acting.occasion(by=olivia, on=TODAY))
    change = ScheduledChange.objects.get()
    at_once(
        lambda: quotes.undo(change.pk, occasion=acting.occasion(by=olivia, on=date(2023, 10, 26))),
        lambda: renewal.renew(ledger.pk, occasion=acting.occasion(on=on, at=NOON)),
    )
    quantity = shop.line(ledger, "support").quantity
    assert (quantity, str(Invoice.objects.get().total)) in [(10, "$120.00"), (5, "$60.00")]


@pytest.mark.parametrize("time", range(5))
def test_cancelling_and_renewing_never_charge_after_the_end(ledger: Account, time: int) -> None:
    olivia, on = people.user("olivia"), date(2023, 10, 27)
    mark = cancellation.consequences(ledger, on).mark
    answers = at_once(
        lambda: cancellation.cancel_now(
            ledger, mark=mark, reason="other", text="", occasion=acting.occasion(by=olivia, on=on)
        ),
        lambda: renewal.renew(ledger.pk, occasion=acting.occasion(on=on, at=NOON)),
    )
    ledger.refresh_from_db()
    cancelled = not isinstance(answers[0], Exception)
    assert (ledger.state == "cancelled") is cancelled
    if cancelled and not Invoice.objects.exists():
        assert SandboxPayment.objects.count() == 0
    money_agrees()


@pytest.mark.parametrize("time", range(5))
def test_cancelling_and_confirming_never_leave_half_a_change(ledger: Account, time: int) -> None:
    olivia, bilal = people.user("olivia"), people.user("bilal")
    quote = quotes.draw_up(ledger, [AddSeats("support", 11)], occasion=acting.occasion(by=bilal, on=TODAY))
    mark = cancellation.consequences(ledger, TODAY).mark
    at_once(
        lambda: cancellation.cancel_now(
            ledger, mark=mark, reason="other", text="", occasion=acting.occasion(by=olivia, on=TODAY)
        ),
        lambda: quotes.confirm(quote.pk, occasion=acting.occasion(by=bilal, on=TODAY)),
    )
    quote.refresh_from_db()
    paid = SandboxPayment.objects.filter(status="succeeded", refunded=0).count()
    assert paid == Invoice.objects.count() == (quote.state == Quote.State.CONFIRMED)
    assert shop.line(ledger, "support").quantity == 10 + paid


def test_fifty_transfers_demotions_and_acceptances_leave_one_owner(ledger: Account) -> None:
    """At every moment in between, too: a watcher counts owners all the while."""
    olivia, bilal = people.user("olivia"), people.user("bilal")
    olivias, bilals, adams = (people.member(name, ledger).pk for name in ("olivia", "bilal", "adam"))
    offer = ownership.offer(bilals, occasion=acting.occasion(by=olivia, on=TODAY))
    acts: list[Callable[[], Any]] = [
        lambda: ownership.accept(offer.pk, occasion=acting.occasion(by=bilal)),
        lambda: roles.give(bilals, Role.ADMIN, occasion=acting.occasion(by=olivia, on=TODAY)),
        lambda: ownership.offer(bilals, occasion=acting.occasion(by=olivia, on=TODAY)),
        lambda: ownership.offer(adams, occasion=acting.occasion(by=bilal, on=TODAY)),
        lambda: roles.give(adams, Role.BILLING_ADMIN, occasion=acting.occasion(by=bilal, on=TODAY)),
        lambda: ownership.withdraw(offer.pk, occasion=acting.occasion(by=olivia, on=TODAY)),
        lambda: roles.give(olivias, Role.AGENT, occasion=acting.occasion(by=bilal, on=TODAY)),
        lambda: roles.suspend(bilals, occasion=acting.occasion(by=olivia, on=TODAY)),
        lambda: roles.leave(bilals, occasion=acting.occasion(by=olivia, on=TODAY)),
        lambda: roles.leave(olivias, occasion=acting.occasion(by=bilal, on=TODAY)),
    ]
    over, seen = threading.Event(), set()

    def watch() -> None:
        while not over.is_set():
            seen.add(Membership.objects.filter(account=ledger, role=Role.OWNER).count())
        connections.close_all()

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        answers = at_once(*random.sample(acts * 5, 50))
    finally:
        over.set()
        watcher.join()
    assert seen == {Membership.objects.filter(account=ledger, role=Role.OWNER).count()} == {1}
    assert not all(isinstance(answer, Exception) for answer in answers)


def test_no_deadlock_was_seen(ledger: Account) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
        assert cursor.fetchone() == (0,)
    assert Subscription.objects.count() == 1
