"""What the console does with every answer of a payment provider: each flow meets each mode, at each provider.

Acme has ten seats at 1.00 a month for the year until 27 October 2023; one more on 14 July comes to
37.97 − 34.52 = 3.45, the renewal to 10 × 12 × 1.00.
"""

from collections.abc import Callable
from datetime import date, timedelta
from time import monotonic
from typing import Any

import pytest

from accounts.models import Account
from billing import payment_links, payment_methods, payments, quotes, reconciliation, refunds, renewal
from billing.models import (
    Charge,
    Invoice,
    InvoicePayment,
    PaymentLink,
    PaymentMethod,
    PaymentSetup,
    Quote,
    Refund,
)
from billing.provider import provider
from billing.provider.base import PaymentOutcome, PaymentReference, PaymentStatus, Setup
from billing.rules.changes import AddSeats
from tests import acting, people, shop
from tests.billing.provider_benches import MODES, REFUND_MODES, Abroad, AbroadBench, Bench

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("acting")]
TODAY, RENEWS = date(2023, 7, 14), date(2023, 10, 27)
BACK = "https://console.example/back/"
WAITING = {Charge.State.ACTION, Charge.State.UNKNOWN, Charge.State.PROCESSING}


def by_method(account: Account, bench: Bench, mode: str) -> None:
    """Give the account a method whose payments go so."""
    kept = {"kind": MODES[mode].kind, "brand": "Visa", "last_four": "4242", "reference": bench.method(mode)}
    PaymentMethod.objects.update_or_create(subscription_id=account.pk, defaults=kept)


# --- The flows: each begins with a charge that the mode decides -------------------------------------


def confirming(account: Account, bench: Bench, mode: str) -> Charge:
    by_method(account, bench, mode)
    return buy(account)


def buy(account: Account) -> Charge:
    """Buy the eleventh seat with the method on file."""
    olivia = people.user("olivia")
    quote = quotes.draw_up(account, [AddSeats("support", 11)], occasion=acting.occasion(by=olivia, on=TODAY))
    quotes.confirm(quote.pk, occasion=acting.occasion(by=olivia, on=TODAY), return_url=BACK)
    return Charge.objects.get()


def renewing(account: Account, bench: Bench, mode: str) -> Charge:
    by_method(account, bench, mode)
    renewal.renew(account.pk, occasion=acting.occasion(on=RENEWS))
    return Charge.objects.get()


def paying(account: Account, bench: Bench, mode: str) -> Charge:
    """Let the renewal be declined, then pay its invoice by hand."""
    renewing(account, bench, "declines")
    by_method(account, bench, mode)
    return payments.pay(
        "INV-000001", account, occasion=acting.occasion(by=people.user("olivia"), on=RENEWS), return_url=BACK
    )


def replacing(account: Account, bench: Bench, mode: str) -> Charge:
    """Enter a method on the provider's page, and buy with it."""
    olivia = people.user("olivia")
    begun = payment_methods.begin(account, occasion=acting.occasion(by=olivia, on=TODAY), return_url=BACK)
    bench.enter(Setup(PaymentSetup.objects.get().reference, begun.address), mode)
    assert (
        payment_methods.finish(account, begun.state, occasion=acting.occasion(by=olivia, on=TODAY))
        is not None
    )
    PaymentMethod.objects.update(kind=MODES[mode].kind)
    return buy(account)


def paying_by_link(account: Account, bench: Bench, mode: str) -> Charge:
    """Let the renewal be declined, then whoever holds the letter's link pay it with a method of their own."""
    renewing(account, bench, "declines")
    by_vera = acting.occasion(by=people.vera())
    payment_links.send(
        Invoice.objects.get().pk, "books@acme.example", reason="The books pay", occasion=by_vera
    )
    link = PaymentLink.objects.get()
    begun = payment_links.begin(link, at=acting.now(), return_url=BACK)
    bench.enter(Setup(PaymentSetup.objects.get().reference, begun.address), mode)
    return payment_links.pay(begun.state, occasion=acting.occasion(), return_url=BACK)


Flow = Callable[[Account, Bench, str], Charge]
# flow: what is due, in minor units
FLOWS: dict[Flow, int] = {
    confirming: 345,
    replacing: 345,
    renewing: 12000,
    paying: 12000,
    paying_by_link: 12000,
}


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("flow", FLOWS, ids=lambda flow: str(flow.__name__))
def test_every_flow_ends_as_the_provider_says(bench: Bench, flow: Flow, mode: str) -> None:
    account = people.acme(timezone="UTC")
    shop.subscribe(account, {"support": ("team", 10, "1.00")}, start=date(2022, 10, 27))
    charge = flow(account, bench, mode)
    # Who is not there can't confirm: such a bank may decline at once.
    absent = flow is renewing and "asks" in mode and not bench.waits_for_absent
    if charge.state in WAITING:
        assert not InvoicePayment.objects.exists()
    else:
        assert absent or mode in ("approves", "answers twice") or mode.startswith("declines")
    bench.banks_answer(agree=MODES[mode].paid)
    # Twice: what is settled stays so.
    for _time in range(2):
        reconciliation.reconcile(acting.now() + timedelta(minutes=1))
    charge.refresh_from_db()
    account.refresh_from_db()
    paid = MODES[mode].paid and not absent
    assert charge.state == (Charge.State.SUCCEEDED if paid else Charge.State.FAILED)
    assert bool(charge.failure) is not paid
    # The provider keeps exactly what pays our invoices, and nothing is given back.
    assert bench.kept() == (FLOWS[flow] if paid else 0)
    assert InvoicePayment.objects.count() == (1 if paid else 0)
    assert not charge.refund_due
    # A card is charged first, and then the change is made; a direct debit leaves an open invoice.
    held = flow in (confirming, replacing) and MODES[mode].kind == "card"
    if flow in (confirming, replacing):
        made = paid or not held
        assert Quote.objects.get().state == (Quote.State.CONFIRMED if made else Quote.State.FAILED)
        assert shop.line(account, "support").quantity == (11 if made else 10)
        assert Invoice.objects.count() == (1 if made else 0)
    else:
        assert Invoice.objects.count() == 1
    assert account.state == ("active" if paid or held else "past_due")
    # Who pays by a link leaves the account's own method alone.
    if flow is paying_by_link:
        assert PaymentMethod.objects.get().reference != charge.method or mode.startswith("declines")


def test_money_that_comes_for_what_was_given_up_is_given_back(bench: Bench) -> None:
    """The payment never arrives, nobody answers for a day, then the provider makes it after all."""
    account = people.acme(timezone="UTC")
    shop.subscribe(account, {"support": ("team", 10, "1.00")}, start=date(2022, 10, 27))
    charge = confirming(account, bench, "never arrived")
    Charge.objects.update(created_at=acting.now() - timedelta(hours=25))
    reconciliation.reconcile(acting.now())
    assert Charge.objects.get().state == Charge.State.FAILED
    assert Quote.objects.get().state == Quote.State.FAILED
    # What was thought lost arrives: the provider pays it.
    outcome = provider().charge(
        key=str(charge.pk), amount=345, currency="USD", method=charge.method, return_url=charge.return_url
    )
    payments.settle(charge.pk, outcome, occasion=acting.occasion())
    charge.refresh_from_db()
    assert charge.refunded_at is not None
    assert bench.kept() == 0
    assert not Invoice.objects.exists()


@pytest.mark.parametrize("amount", [2000, 12000])
@pytest.mark.parametrize("mode", REFUND_MODES)
def test_every_refund_ends_as_the_provider_says(bench: Bench, mode: str, amount: int) -> None:
    """Of the 120.00 of a renewal 20.00 or all are given back; the balance of 0.00 owes them again."""
    account = people.acme(timezone="UTC")
    shop.subscribe(account, {"support": ("team", 10, "1.00")}, start=date(2022, 10, 27))
    PaymentMethod.objects.create(
        subscription_id=account.pk, kind="card", last_four="4242", reference=bench.method_refunded(mode)
    )
    renewal.renew(account.pk, occasion=acting.occasion(on=RENEWS))
    charge = Charge.objects.get()
    assert bench.kept() == 12000
    refund = refunds.request(
        charge.pk, amount, reason="x", may_be_owed=True, occasion=acting.occasion(people.vera(), RENEWS)
    )
    bench.refunds_end()
    # Twice: what is settled stays so.
    for _time in range(2):
        refunds.reconcile(acting.now() + timedelta(minutes=1))
    refund.refresh_from_db()
    made = REFUND_MODES[mode].made
    assert refund.state == (Refund.State.SUCCEEDED if made else Refund.State.FAILED)
    assert bool(refund.failure) is not made
    assert bench.kept() == 12000 - (amount if made else 0)
    assert refunds.refundable(charge).balance == -(amount if made else 0)


class SlowBank(Abroad):
    """Says that it is being looked at, as often as it was told, after its customer has confirmed."""

    slow = 0

    def look_up(self, payment: PaymentReference) -> PaymentOutcome | None:
        found = self.books[payment.key]
        if found.status is not PaymentStatus.ACTION and SlowBank.slow:
            SlowBank.slow -= 1
            return PaymentOutcome(PaymentStatus.PROCESSING, found.reference)
        return found


@pytest.mark.parametrize(
    ("slow", "ends", "asked"), [(0, "succeeded", 0), (2, "succeeded", 2), (99, "processing", 4)]
)
def test_who_comes_back_waits_for_a_slow_bank_but_not_for_ever(
    settings: Any, slow: int, ends: str, asked: int
) -> None:
    """A question a second, for three seconds."""
    bench = AbroadBench()
    settings.PAYMENT_PROVIDER = f"{__name__}.SlowBank"
    account = people.acme(timezone="UTC")
    shop.subscribe(account, {"support": ("team", 10, "1.00")}, start=date(2022, 10, 27))
    charge = confirming(account, bench, "asks, and the bank agrees")
    bench.banks_answer(agree=True)
    SlowBank.slow, began = slow, monotonic()
    assert reconciliation.ask_on_return(charge.pk, occasion=acting.occasion()).state == ends
    assert monotonic() - began < reconciliation.PATIENCE + reconciliation.PAUSE + 1
    assert slow - SlowBank.slow <= asked


def test_what_is_open_for_long_is_asked_for_more_seldom(settings: Any) -> None:
    """Asked for at noon, one of an hour is asked for again after six minutes, one of a week after an hour."""
    bench = AbroadBench()
    settings.PAYMENT_PROVIDER = AbroadBench.path
    account = people.acme(timezone="UTC")
    shop.subscribe(account, {"support": ("team", 10, "1.00")}, start=date(2022, 10, 27))
    confirming(account, bench, "debit, later paid")
    noon, minute = acting.now(), timedelta(minutes=1)
    for age, pause in ((timedelta(hours=1), 7 * minute), (timedelta(days=7), 60 * minute)):
        Charge.objects.update(created_at=noon - age, asked_at=noon)
        assert reconciliation.reconcile(noon + pause - 2 * minute) == 0
        assert reconciliation.reconcile(noon + pause) == 1
