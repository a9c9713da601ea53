"""Whatever the line and the banks do: the charges at the provider are those of our ledger, each once.

Random customers buy, renew, pay, withdraw, change their method and cancel, while every question may be
lost on its way or its answer on the way back. When the line is well again, the provider's own
books are compared with ours. A failure names its seed; FAULTS_SEED repeats it.

Seen to fail with the question taken out before a second sending: what was given up had been paid.
"""

import os
import random
from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from django.utils.module_loading import import_string

from accounts.rules.decision import NotAllowed
from accounts.rules.roles import Role
from billing import (
    cancellation,
    invariants,
    payment_methods,
    payments,
    quotes,
    reconciliation,
    refunds,
    renewal,
)
from billing.models import (
    Charge,
    Invoice,
    InvoicePayment,
    PaymentMethod,
    PaymentSetup,
    ProviderMessage,
    Quote,
    Refund,
)
from billing.provider.base import (
    Method,
    PaymentOutcome,
    PaymentReference,
    ProviderUnreachable,
    RefundOutcome,
    Setup,
)
from billing.rules.changes import AddSeats
from billing.rules.money import to_minor
from billing.rules.refusals import Refusal
from tests import acting, people, shop
from tests.billing.provider_benches import MODES, Bench

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("acting")]
TODAY, RENEWS, BACK = date(2023, 7, 14), date(2023, 10, 27), "https://console.example/back/"
# What the verbs may answer to somebody who comes at the wrong moment: no failure.
NOT_NOW = (
    *(Refusal, NotAllowed, ProviderUnreachable, quotes.QuoteChanged, quotes.QuoteOver),
    *(payments.AlreadyPaid, payments.NoPaymentMethod, payment_methods.SetupOver),
    *(refunds.NotRefunded, payment_methods.MethodOnFile, payment_methods.TooManyMethods),
)


class BadLine:
    """A provider behind a line that loses questions, and answers."""

    inner, rate, chance = "", 0.0, random.Random(0)

    def __init__(self) -> None:
        """Reach the provider behind."""
        self.behind = import_string(self.inner)()

    def _through(self, ask: Callable[[], Any]) -> Any:
        if self.chance.random() < self.rate:
            raise ProviderUnreachable("lost")
        answer = ask()
        if self.chance.random() < self.rate:
            raise ProviderUnreachable("silent")
        return answer

    def charge(self, **asked: Any) -> PaymentOutcome:
        answer: PaymentOutcome = self._through(lambda: self.behind.charge(**asked))
        return answer

    def look_up(self, payment: PaymentReference) -> PaymentOutcome | None:
        answer: PaymentOutcome | None = self._through(lambda: self.behind.look_up(payment))
        return answer

    def abandon(self, payment: PaymentReference) -> PaymentOutcome | None:
        answer: PaymentOutcome | None = self._through(lambda: self.behind.abandon(payment))
        return answer

    def unasked(self, since: datetime) -> Iterable[tuple[str, PaymentOutcome]]:
        answer: Iterable[tuple[str, PaymentOutcome]] = self._through(lambda: list(self.behind.unasked(since)))
        return answer

    def refund(self, payment: PaymentReference, **asked: Any) -> RefundOutcome:
        answer: RefundOutcome = self._through(lambda: self.behind.refund(payment, **asked))
        return answer

    def look_up_refund(self, payment: PaymentReference, *, key: str) -> RefundOutcome | None:
        answer: RefundOutcome | None = self._through(lambda: self.behind.look_up_refund(payment, key=key))
        return answer

    def begin_setup(self, **asked: Any) -> Setup:
        answer: Setup = self._through(lambda: self.behind.begin_setup(**asked))
        return answer

    def finish_setup(self, reference: str) -> Method | None:
        answer: Method | None = self._through(lambda: self.behind.finish_setup(reference))
        return answer

    # Where the provider behind sends messages, so does this one.
    webhook_name = "stripe"

    def read_message(self, *_asked: Any, **_named: Any) -> None:
        """Read none: what came is kept already."""

    def tell(self, reference: str) -> tuple[str, PaymentOutcome] | None:
        if not hasattr(self.behind, "tell"):
            return None
        answer: tuple[str, PaymentOutcome] | None = self._through(lambda: self.behind.tell(reference))
        return answer


class Customer:
    """An account and what may happen to it, in any order."""

    def __init__(self, number: int, bench: Bench, chance: random.Random) -> None:
        """Make an account with ten seats for the year until 27 October 2023."""
        self.bench, self.chance = bench, chance
        self.owner = people.person("olivia@acme.example", "Olivia Owens")
        self.account = people.account(f"acme-{number}", "Acme", [(self.owner, Role.OWNER)], timezone="UTC")
        shop.subscribe(self.account, {"support": ("team", 10, "1.00")}, start=date(2022, 10, 27))
        self.on = TODAY

    def acts(self) -> list[Callable[[], object]]:
        """Return what may happen next; some more often than others."""
        often = [self.buys, self.buys, self.pays, self.tick, self.bank_answers]
        return [
            *often,
            *often,
            self.replaces,
            self.withdraws,
            self.gets_back,
            self.gets_back,
            self.renews,
            self.day_passes,
            self.hears,
            self.cancels,
        ]

    def replaces(self) -> None:
        mode = self.chance.choice(list(MODES))
        begun = payment_methods.begin(
            self.account, occasion=acting.occasion(by=self.owner, on=self.on), return_url=BACK
        )
        page = PaymentSetup.objects.filter(subscription_id=self.account.pk).latest("pk")
        self.bench.enter(Setup(page.reference, begun.address), mode)
        payment_methods.finish(self.account, begun.state, occasion=acting.occasion(by=self.owner, on=self.on))
        PaymentMethod.objects.filter(subscription_id=self.account.pk).update(kind=MODES[mode].kind)

    def buys(self) -> None:
        seats = shop.line(self.account, "support").quantity + self.chance.randint(1, 3)
        quote = quotes.draw_up(
            self.account, [AddSeats("support", seats)], occasion=acting.occasion(by=self.owner, on=self.on)
        )
        quotes.confirm(quote.pk, occasion=acting.occasion(by=self.owner, on=self.on), return_url=BACK)

    def withdraws(self) -> None:
        for quote in Quote.objects.filter(subscription_id=self.account.pk, state=Quote.State.HELD):
            quotes.withdraw(quote.pk, occasion=acting.occasion(by=self.owner, on=self.on))

    def renews(self) -> None:
        self.on = RENEWS
        renewal.renew(self.account.pk, occasion=acting.occasion(on=RENEWS))

    def pays(self) -> None:
        for invoice in Invoice.objects.filter(subscription_id=self.account.pk, payment=None, due__gt=0):
            payments.pay(
                invoice.number,
                self.account,
                occasion=acting.occasion(by=self.owner, on=self.on),
                return_url=BACK,
            )

    def gets_back(self) -> None:
        """Let the vendor's staff give a part of a charge back."""
        paid = Charge.objects.filter(subscription_id=self.account.pk, state=Charge.State.SUCCEEDED)
        for charge in paid.filter(refund_due=False).order_by("created_at")[:1]:
            left = refunds.refundable(charge).left
            amount = self.chance.randint(1, max(left, 1))
            occasion = acting.occasion(by=people.vera(), on=self.on)
            refunds.request(charge.pk, amount, reason="x", may_be_owed=True, occasion=occasion)

    def bank_answers(self) -> None:
        self.bench.banks_answer(agree=self.chance.random() < 0.6)

    def tick(self) -> None:
        """Ask a minute after the last time."""
        at = acting.now()
        Charge.objects.filter(asked_at__gt=at).update(asked_at=at)
        reconciliation.reconcile(at + timedelta(minutes=1))
        Refund.objects.filter(asked_at__gt=at).update(asked_at=at)
        refunds.reconcile(at + timedelta(minutes=1))

    def day_passes(self) -> None:
        for charge in Charge.objects.filter(subscription_id=self.account.pk):
            earlier = charge.created_at - timedelta(hours=25)
            Charge.objects.filter(pk=charge.pk).update(created_at=earlier, asked_at=None)
        for refund in Refund.objects.filter(subscription_id=self.account.pk, sent_at__isnull=False):
            earlier = refund.created_at - timedelta(hours=25)
            Refund.objects.filter(pk=refund.pk).update(sent_at=earlier, asked_at=None)

    def hears(self) -> None:
        """Get a message of each payment: true, late or of nothing new."""
        at = acting.now()
        for charge in Charge.objects.filter(subscription_id=self.account.pk).exclude(reference=""):
            name = f"evt_{self.chance.random()}"
            ProviderMessage.objects.create(id=name, reference=charge.reference, received_at=at)
        reconciliation.process_waiting(at)

    def cancels(self) -> None:
        if self.chance.random() < 0.2:
            mark = cancellation.consequences(self.account, self.on).mark
            cancellation.cancel_now(
                self.account,
                mark=mark,
                reason="other",
                text="",
                occasion=acting.occasion(by=self.owner, on=self.on),
            )


def live(number: int, bench: Bench, seed: str) -> list[str]:
    """Let one customer live on a bad line until it is well again; return what was done."""
    chance = random.Random(f"{seed} {number}")
    BadLine.chance, BadLine.rate = chance, 0.0
    customer = Customer(number, bench, chance)
    customer.replaces()
    BadLine.rate = chance.choice([0.05, 0.2, 0.5])
    done = []
    for _time in range(chance.randint(8, 16)):
        act = chance.choice(customer.acts())
        done.append(act.__name__)
        customer.account.refresh_from_db()
        with suppress(*NOT_NOW):
            act()
    BadLine.rate = 0.0
    customer.bank_answers()
    for _time in range(3):
        customer.tick()
    # What was lost is sent again by a tick: a debit of it is on its way only now.
    bench.debits_end()
    # What waits for a bank that nobody answers is closed after a day.
    customer.day_passes()
    customer.tick()
    customer.tick()
    return done


def compare(bench: Bench, told: str) -> None:
    """Ask that the provider's books and ours are the same."""
    assert not Charge.objects.filter(state__in=Charge.OPEN).exists(), told
    taken = Charge.objects.filter(state=Charge.State.SUCCEEDED)
    assert sorted(bench.paid()) == sorted(str(charge.pk) for charge in taken), told
    kept = [charge for charge in taken if charge.refunded_at is None]
    assert not any(charge.refund_due for charge in kept), told
    assert not Refund.objects.filter(state__in=Refund.OPEN).exists(), told
    given_back = Refund.objects.filter(state=Refund.State.SUCCEEDED)
    assert bench.kept() == _sum(kept) - _sum(given_back), told
    # Each pays one invoice, whole; and what was given back pays none.
    paid = InvoicePayment.objects.filter(charge__in=kept).select_related("invoice", "charge")
    assert {payment.charge_id for payment in paid} == {charge.pk for charge in kept}, told
    assert all(payment.invoice.due == payment.charge.amount for payment in paid if payment.charge), told
    assert not InvoicePayment.objects.filter(charge__refund_due=True).exists(), told
    assert invariants.broken() == [], told


def _sum(rows: Iterable[Charge | Refund]) -> int:
    return sum(to_minor(one.amount.amount, one.amount.currency.code) for one in rows)


def run(bench: Bench, settings: Any, rounds: int) -> None:
    BadLine.inner = settings.PAYMENT_PROVIDER
    settings.PAYMENT_PROVIDER = f"{__name__}.BadLine"
    seed = os.environ.get("FAULTS_SEED") or str(random.SystemRandom().randrange(10**9))
    try:
        for number in range(rounds):
            done = live(number, bench, seed)
            compare(bench, f"FAULTS_SEED={seed}, customer {number}: {', '.join(done)}")
    finally:
        BadLine.rate = 0.0


def test_the_books_are_the_same_after_random_faults(bench: Bench, settings: Any) -> None:
    run(bench, settings, 17)


@pytest.mark.soak
def test_the_books_are_the_same_after_many_random_faults(bench: Bench, settings: Any) -> None:
    run(bench, settings, 340)
