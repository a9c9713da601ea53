"""What the console does with every answer of a payment provider: the sandbox's, and one from outside.

Each flow meets each mode, at both providers. Acme has ten seats at 1.00 a month for the year until
27 October 2023; one more on 14 July comes to 37.97 − 34.52 = 3.45, the renewal to 10 × 12 × 1.00.
"""

from collections.abc import Callable, Iterable
from datetime import date, timedelta
from typing import Any

import pytest

from accounts import activity
from accounts.models import Account
from billing import payment_methods, payments, quotes, renewal
from billing.models import Charge, Invoice, InvoicePayment, PaymentMethod, Quote, SandboxPayment, SandboxSetup
from billing.provider import provider
from billing.provider.base import Method, PaymentOutcome, PaymentStatus, ProviderUnreachable, Setup
from billing.rules.changes import AddSeats
from tests import people, shop

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("acting")]
TODAY, RENEWS = date(2023, 7, 14), date(2023, 10, 27)


class Abroad:
    """A provider written from the Protocol alone, whose books are in memory: minor units by key.

    The name of a method says how its payments go: "declined", "asks", "silent paid", "silent declined",
    "lost", "twice"; any other is paid.
    """

    books: dict[str, PaymentOutcome] = {}
    amounts: dict[str, int] = {}
    refunded: set[str] = set()
    repeats: list[str] = []
    lost: set[str] = set()
    entered: dict[str, str] = {}

    def charge(self, *, key: str, amount: int, currency: str, method: str, return_url: str) -> PaymentOutcome:
        if method == "lost" and key not in self.lost:
            self.lost.add(key)
            raise ProviderUnreachable("the line is dead")
        if key not in self.books:
            self.amounts[key] = amount
            self.books[key] = self._first(key, method)
            if method == "twice":
                self.repeats.append(key)
        if method.startswith("silent"):
            raise ProviderUnreachable("no answer")
        return self.books[key]

    def _first(self, key: str, method: str) -> PaymentOutcome:
        if method == "asks":
            return PaymentOutcome(PaymentStatus.ACTION, f"abroad {key}", action_url="https://bank.example/")
        if method.endswith("declined"):
            return PaymentOutcome(PaymentStatus.FAILED, f"abroad {key}", failure="declined")
        return PaymentOutcome(PaymentStatus.SUCCEEDED, f"abroad {key}")

    def look_up(self, key: str) -> PaymentOutcome | None:
        return self.books.get(key)

    def abandon(self, key: str) -> PaymentOutcome | None:
        if key in self.books and self.books[key].status is PaymentStatus.ACTION:
            self.books[key] = PaymentOutcome(PaymentStatus.FAILED, f"abroad {key}", failure="cancelled")
        return self.books.get(key)

    def unasked(self) -> Iterable[tuple[str, PaymentOutcome]]:
        # Once more each time it is asked, and of somebody else's payment too.
        yield "not one of ours", PaymentOutcome(PaymentStatus.SUCCEEDED)
        yield from ((key, self.books[key]) for key in self.repeats)

    def refund(self, key: str) -> None:
        self.refunded.add(key)

    def begin_setup(self, *, return_url: str) -> Setup:
        self.entered["page"] = ""
        return Setup("page", "https://abroad.example/setup/page/")

    def finish_setup(self, reference: str) -> Method | None:
        chosen = self.entered.get(reference)
        return Method(chosen, "card", "Carte", "0123", 1, 2030) if chosen else None


# --- How each provider is told, asked and read ------------------------------------------------------

# mode: the sandbox's method, the other's, and whether it is paid in the end
MODES = {
    "approves": ("test_approves", "any", True),
    "declines": ("test_declines", "declined", False),
    "declines for funds": ("test_declines_funds", "declined", False),
    "declines as expired": ("test_declines_expired", "declined", False),
    "asks, and the bank agrees": ("test_asks_3ds", "asks", True),
    "asks, and the bank refuses": ("test_asks_3ds", "asks", False),
    "silent, later paid": ("test_times_out_paid", "silent paid", True),
    "silent, later declined": ("test_times_out_unpaid", "silent declined", False),
    "rubbish": ("test_answers_rubbish", "silent paid", True),
    "never arrived": ("test_lost_once", "lost", True),
    "answers twice": ("test_answers_twice", "twice", True),
}
WAITING = {Charge.State.ACTION, Charge.State.UNKNOWN}


@pytest.fixture(params=["sandbox", "abroad"])
def abroad(request: pytest.FixtureRequest, settings: Any) -> bool:
    """Tell whether the provider is the one from outside, with empty books."""
    if request.param == "abroad":
        settings.PAYMENT_PROVIDER = f"{__name__}.Abroad"
        for books in (Abroad.books, Abroad.amounts, Abroad.refunded, Abroad.lost, Abroad.entered):
            books.clear()
        Abroad.repeats.clear()
    return bool(request.param == "abroad")


def bank_answers(abroad: bool, mode: str) -> None:
    """Let the customer's bank agree or refuse, where it was asked."""
    agrees = MODES[mode][2]
    if abroad:
        for key, outcome in Abroad.books.items():
            if outcome.status is PaymentStatus.ACTION:
                status = PaymentStatus.SUCCEEDED if agrees else PaymentStatus.FAILED
                Abroad.books[key] = PaymentOutcome(
                    status, f"abroad {key}", "" if agrees else "authentication_failed"
                )
    else:
        SandboxPayment.objects.filter(status="action").update(
            status="succeeded" if agrees else "failed", failure="" if agrees else "authentication_failed"
        )


def kept(abroad: bool) -> int:
    """Return what the provider took and did not give back, in minor units, by its own books."""
    if abroad:
        paid = {key for key, outcome in Abroad.books.items() if outcome.status is PaymentStatus.SUCCEEDED}
        return sum(Abroad.amounts[key] for key in paid - Abroad.refunded)
    done = SandboxPayment.objects.filter(status="succeeded")
    return sum(payment.amount - payment.refunded for payment in done)


def by_method(account: Account, abroad: bool, mode: str) -> None:
    reference = MODES[mode][1 if abroad else 0]
    PaymentMethod.objects.update_or_create(
        subscription_id=account.pk,
        defaults={"kind": "card", "brand": "Visa", "last_four": "4242", "reference": reference},
    )


# --- The flows: each begins with a charge that the mode decides -------------------------------------


def confirming(account: Account, abroad: bool, mode: str) -> Charge:
    by_method(account, abroad, mode)
    olivia = people.user("olivia")
    quote = quotes.draw_up(account, [AddSeats("support", 11)], by=olivia, on=TODAY)
    quotes.confirm(quote.pk, by=olivia, on=TODAY)
    return Charge.objects.get()


def renewing(account: Account, abroad: bool, mode: str) -> Charge:
    by_method(account, abroad, mode)
    renewal.renew(account.pk, on=RENEWS, at=activity.current().at)
    return Charge.objects.get()


def paying(account: Account, abroad: bool, mode: str) -> Charge:
    """Let the renewal be declined, then pay its invoice by hand."""
    renewing(account, abroad, "declines")
    by_method(account, abroad, mode)
    return payments.pay("INV-000001", account, by=people.user("olivia"), on=RENEWS)


def replacing(account: Account, abroad: bool, mode: str) -> Charge:
    """Enter a method on the provider's page, and buy with it."""
    olivia, reference = people.user("olivia"), MODES[mode][1 if abroad else 0]
    begun = payment_methods.begin(account, by=olivia, on=TODAY, return_url="/back/")
    if abroad:
        Abroad.entered["page"] = reference
    else:
        SandboxSetup.objects.update(method=reference)
    assert payment_methods.finish(account, begun.state, by=olivia, on=TODAY) is not None
    quote = quotes.draw_up(account, [AddSeats("support", 11)], by=olivia, on=TODAY)
    quotes.confirm(quote.pk, by=olivia, on=TODAY)
    return Charge.objects.get()


Flow = Callable[[Account, bool, str], Charge]
# flow: what is due, in minor units
FLOWS: dict[Flow, int] = {confirming: 345, replacing: 345, renewing: 12000, paying: 12000}


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("flow", FLOWS, ids=lambda flow: str(flow.__name__))
def test_every_flow_ends_as_the_provider_says(abroad: bool, flow: Flow, mode: str) -> None:
    account = people.acme(timezone="UTC")
    shop.subscribe(account, {"support": ("team", 10, "1.00")}, start=date(2022, 10, 27))
    charge = flow(account, abroad, mode)
    if "asks" in mode or "silent" in mode or mode in ("rubbish", "never arrived"):
        assert charge.state in WAITING
        assert not InvoicePayment.objects.exists()
    bank_answers(abroad, mode)
    # Twice: what is settled stays so.
    for _time in range(2):
        payments.reconcile(activity.current().at + timedelta(minutes=1))
    charge.refresh_from_db()
    account.refresh_from_db()
    paid = MODES[mode][2]
    assert charge.state == (Charge.State.SUCCEEDED if paid else Charge.State.FAILED)
    assert bool(charge.failure) is not paid
    # The provider keeps exactly what pays our invoices, and nothing is given back.
    assert kept(abroad) == (FLOWS[flow] if paid else 0)
    assert InvoicePayment.objects.count() == (1 if paid else 0)
    assert not charge.refund_due
    if flow in (confirming, replacing):
        quote = Quote.objects.get()
        assert quote.state == (Quote.State.CONFIRMED if paid else Quote.State.FAILED)
        assert shop.line(account, "support").quantity == (11 if paid else 10)
        assert Invoice.objects.count() == (1 if paid else 0)
        assert account.state == "active"
    else:
        assert Invoice.objects.count() == 1
        assert account.state == ("active" if paid else "past_due")


def test_money_that_comes_for_what_was_given_up_is_given_back(abroad: bool) -> None:
    """The bank is asked, nobody answers for a day, then it pays after all."""
    account = people.acme(timezone="UTC")
    shop.subscribe(account, {"support": ("team", 10, "1.00")}, start=date(2022, 10, 27))
    charge = confirming(account, abroad, "never arrived")
    Charge.objects.update(created_at=activity.current().at - timedelta(hours=25))
    payments.reconcile(activity.current().at)
    assert Charge.objects.get().state == Charge.State.FAILED
    assert Quote.objects.get().state == Quote.State.FAILED
    # What was thought lost arrives: the provider pays it.
    method = MODES["never arrived"][1 if abroad else 0]
    given = {"amount": 345, "currency": "USD", "method": method, "return_url": charge.return_url}
    outcome = provider().charge(key=str(charge.pk), **given)  # type: ignore[arg-type]
    payments.settle(charge.pk, outcome)
    charge.refresh_from_db()
    assert charge.refunded_at is not None
    assert kept(abroad) == 0
    assert not Invoice.objects.exists()
