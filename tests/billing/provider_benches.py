"""The providers that the contract is asked of, each with how it is told, asked and read by a test.

The sandbox; Stripe, by its own package before a stand-in; and Abroad, which was written from the
Protocol alone.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from billing.models import SandboxPayment, SandboxSetup
from billing.provider.base import (
    Failure,
    Method,
    PaymentOutcome,
    PaymentReference,
    PaymentStatus,
    ProviderUnreachable,
    RefundOutcome,
    RefundStatus,
    Setup,
)
from tests.billing import stripe_stand_in


@dataclass(frozen=True)
class Mode:
    """How payments by a method go: by what each provider is told so, and whether they are paid in the end."""

    sandbox: str
    abroad: str
    stripe: str
    paid: bool
    kind: str = "card"
    fault: str = ""


MODES = {
    "approves": Mode("test_approves", "any", "approves", paid=True),
    "declines": Mode("test_declines", "declined", "declines", paid=False),
    "declines for funds": Mode("test_declines_funds", "declined", "declines", paid=False),
    "declines as expired": Mode("test_declines_expired", "declined", "declines", paid=False),
    "asks, and the bank agrees": Mode("test_asks_3ds", "asks", "asks", paid=True),
    "asks, and the bank refuses": Mode("test_asks_3ds", "asks", "asks", paid=False),
    "silent, later paid": Mode(
        "test_times_out_paid", "silent paid", "approves", paid=True, fault=stripe_stand_in.SILENT
    ),
    "silent, later declined": Mode(
        "test_times_out_unpaid", "silent declined", "declines", paid=False, fault=stripe_stand_in.SILENT
    ),
    "rubbish": Mode(
        "test_answers_rubbish", "silent paid", "approves", paid=True, fault=stripe_stand_in.RUBBISH
    ),
    "never arrived": Mode("test_lost_once", "lost", "approves", paid=True, fault=stripe_stand_in.LOST),
    "answers twice": Mode("test_answers_twice", "twice", "approves", paid=True),
    "debit, later paid": Mode("test_debit_later", "later paid", "debit", paid=True, kind="direct_debit"),
    "debit, later declined": Mode(
        "test_debit_fails_later", "later declined", "debit fails", paid=False, kind="direct_debit"
    ),
}


@dataclass(frozen=True)
class RefundMode:
    """How refunds of payments by a method go, and whether the money is given back in the end."""

    sandbox: str
    abroad: str
    made: bool
    stripe: str = ""


REFUND_MODES = {
    "made": RefundMode("test_approves", "any", made=True),
    "refused": RefundMode("test_refund_fails", "refund refused", made=False, stripe=stripe_stand_in.REFUSED),
    "silent, made": RefundMode("test_refund_silent", "refund silent", True, stripe_stand_in.SILENT),
    "never arrived": RefundMode("test_refund_lost_once", "refund lost", True, stripe_stand_in.LOST),
    "later": RefundMode("test_refund_later", "refund later", made=True, stripe=stripe_stand_in.LATER),
}


class Bench(Protocol):
    """A provider, and what stands around it: customers, their banks, its books."""

    path: str
    # Whether a bank that wants a confirmation can be answered later, though nobody was there.
    waits_for_absent: bool

    def method(self, mode: str) -> str:
        """Return our reference of a method that was entered before, whose payments go so."""
        ...

    def method_refunded(self, mode: str) -> str:
        """Return our reference of a method whose payments are made, and whose refunds go so."""
        ...

    def enter(self, page: Setup, mode: str) -> None:
        """Enter such a method on a hosted page."""
        ...

    def banks_answer(self, *, agree: bool) -> None:
        """Let every bank that was asked answer, and direct debits come to their end."""
        ...

    def refunds_end(self) -> None:
        """Let refunds that a bank has come to their end."""
        ...

    def debits_end(self) -> None:
        """Let direct debits come to their end; banks that were asked for a confirmation are silent."""
        ...

    def kept(self) -> int:
        """Return what the provider took and did not give back, in minor units, by its own books."""
        ...

    def paid(self) -> list[str]:
        """Return our key of each payment that it took, also if it gave it back."""
        ...


class SandboxBench:
    """The sandbox, whose books are tables."""

    path, waits_for_absent = "billing.provider.sandbox.Sandbox", True

    def method(self, mode: str) -> str:
        return MODES[mode].sandbox

    def method_refunded(self, mode: str) -> str:
        return REFUND_MODES[mode].sandbox

    def enter(self, page: Setup, mode: str) -> None:
        SandboxSetup.objects.filter(token=page.reference).update(method=MODES[mode].sandbox)

    def banks_answer(self, *, agree: bool) -> None:
        SandboxPayment.objects.filter(status="action").update(
            status="succeeded" if agree else "failed", failure="" if agree else "authentication_failed"
        )

    def debits_end(self) -> None:
        """Do nothing: the sandbox's are collected at once."""

    def refunds_end(self) -> None:
        """Do nothing: the sandbox's are made when they are asked for."""

    def kept(self) -> int:
        done = SandboxPayment.objects.filter(status="succeeded")
        return sum(payment.amount - payment.refunded for payment in done)

    def paid(self) -> list[str]:
        return list(SandboxPayment.objects.filter(status="succeeded").values_list("key", flat=True))


class Abroad:
    """A provider written from the Protocol alone, whose books are in memory: minor units by key.

    The name of a method says how its payments go: "declined", "asks", "silent paid", "silent declined",
    "lost", "twice", "later paid", "later declined"; any other is paid. "refund refused", "refund silent",
    "refund lost" and "refund later" say how its refunds go.
    """

    books: dict[str, PaymentOutcome] = {}
    asked: dict[str, tuple[int, str, str]] = {}
    # By key: the payment's key, the amount, and how it stands.
    refunds: dict[str, tuple[str, int, RefundOutcome]] = {}
    repeats: list[str] = []
    lost: set[str] = set()
    entered: dict[str, str] = {}

    def charge(self, *, key: str, amount: int, currency: str, method: str, return_url: str) -> PaymentOutcome:
        if method == "lost" and key not in self.lost:
            self.lost.add(key)
            raise ProviderUnreachable("the line is dead")
        if self.asked.setdefault(key, (amount, currency, method)) != (amount, currency, method):
            raise ProviderUnreachable("another payment has this key")
        if key not in self.books:
            self.books[key] = self._first(key, method)
            if method == "twice":
                self.repeats.append(key)
        if method.startswith("silent"):
            raise ProviderUnreachable("no answer")
        return self.books[key]

    def _first(self, key: str, method: str) -> PaymentOutcome:
        name = f"abroad {key}"
        if method == "asks":
            return PaymentOutcome(PaymentStatus.ACTION, name, action_url="https://bank.example/")
        if method.startswith("later"):
            return PaymentOutcome(PaymentStatus.PROCESSING, name)
        if method.endswith("declined"):
            return PaymentOutcome(PaymentStatus.FAILED, name, failure="declined")
        return PaymentOutcome(PaymentStatus.SUCCEEDED, name)

    def look_up(self, payment: PaymentReference) -> PaymentOutcome | None:
        return self.books.get(payment.key)

    def abandon(self, payment: PaymentReference) -> PaymentOutcome | None:
        found = self.books.get(payment.key)
        if found is not None and found.status is PaymentStatus.ACTION:
            self.books[payment.key] = PaymentOutcome(
                PaymentStatus.FAILED, found.reference, failure=Failure.CANCELLED
            )
        return self.books.get(payment.key)

    def unasked(self, since: datetime) -> Iterable[tuple[str, PaymentOutcome]]:
        # Once more each time it is asked, and of somebody else's payment too.
        yield "not one of ours", PaymentOutcome(PaymentStatus.SUCCEEDED)
        yield from ((key, self.books[key]) for key in self.repeats)

    def refund(self, payment: PaymentReference, *, key: str, amount: int) -> RefundOutcome:
        method = self.asked[payment.key][2] if payment.key in self.asked else ""
        if method == "refund lost" and key not in self.lost:
            self.lost.add(key)
            raise ProviderUnreachable("the line is dead")
        if key in self.refunds:
            if self.refunds[key][:2] != (payment.key, amount):
                raise ProviderUnreachable("another refund has this key")
            return self.refunds[key][2]
        self.refunds[key] = payment.key, amount, self._first_refund(payment.key, key, amount, method)
        if method == "refund silent":
            raise ProviderUnreachable("no answer")
        return self.refunds[key][2]

    def _first_refund(self, paid: str, key: str, amount: int, method: str) -> RefundOutcome:
        found = self.books.get(paid)
        is_paid = found is not None and found.status is PaymentStatus.SUCCEEDED
        if not is_paid or not 0 < amount <= self.left_of(paid) or method == "refund refused":
            return RefundOutcome(RefundStatus.FAILED, failure=Failure.REFUSED)
        if method == "refund later":
            return RefundOutcome(RefundStatus.PROCESSING, f"abroad {key}")
        return RefundOutcome(RefundStatus.SUCCEEDED, f"abroad {key}")

    @classmethod
    def left_of(cls, paid: str) -> int:
        """Return what of a payment was not given back, in minor units."""
        given = (amount for of, amount, told in cls.refunds.values() if of == paid and told.reference)
        return cls.asked[paid][0] - sum(given)

    def look_up_refund(self, payment: PaymentReference, *, key: str) -> RefundOutcome | None:
        return self.refunds[key][2] if key in self.refunds else None

    def begin_setup(self, *, return_url: str, currency: str, account: str, replaces: str) -> Setup:
        page = f"page {len(self.entered)}"
        self.entered[page] = ""
        return Setup(page, f"https://abroad.example/{page}/")

    def finish_setup(self, reference: str) -> Method | None:
        chosen = self.entered.get(reference)
        return Method(chosen, "card", "Carte", "0123", 1, 2030) if chosen else None


class AbroadBench:
    """Abroad, with empty books."""

    path, waits_for_absent = f"{__name__}.Abroad", True

    def __init__(self) -> None:
        """Empty its books."""
        for books in (Abroad.books, Abroad.asked, Abroad.refunds, Abroad.lost, Abroad.entered):
            books.clear()
        Abroad.repeats.clear()

    def method(self, mode: str) -> str:
        return MODES[mode].abroad

    def method_refunded(self, mode: str) -> str:
        return REFUND_MODES[mode].abroad

    def enter(self, page: Setup, mode: str) -> None:
        Abroad.entered[page.reference] = MODES[mode].abroad

    def banks_answer(self, *, agree: bool) -> None:
        for key, outcome in Abroad.books.items():
            if outcome.status is PaymentStatus.ACTION:
                Abroad.books[key] = self._answered(outcome, agree, Failure.AUTHENTICATION)
        self.debits_end()

    def refunds_end(self) -> None:
        for key, (paid, amount, told) in Abroad.refunds.items():
            if told.status is RefundStatus.PROCESSING:
                Abroad.refunds[key] = paid, amount, RefundOutcome(RefundStatus.SUCCEEDED, told.reference)

    def debits_end(self) -> None:
        for key, outcome in Abroad.books.items():
            if outcome.status is PaymentStatus.PROCESSING:
                Abroad.books[key] = self._answered(
                    outcome, Abroad.asked[key][2].endswith("paid"), Failure.FUNDS
                )

    def _answered(self, outcome: PaymentOutcome, agrees: bool, failure: Failure) -> PaymentOutcome:
        status = PaymentStatus.SUCCEEDED if agrees else PaymentStatus.FAILED
        return PaymentOutcome(status, outcome.reference, "" if agrees else failure)

    def kept(self) -> int:
        return sum(Abroad.left_of(key) for key in self.paid())

    def paid(self) -> list[str]:
        return [key for key, one in Abroad.books.items() if one.status is PaymentStatus.SUCCEEDED]


class StripeBench:
    """Stripe, by its own package, before a stand-in whose books are empty."""

    # A bank that wants a confirmation while nobody is there declines.
    path, waits_for_absent = "billing.provider.stripe.Stripe", False

    def __init__(self, stand_in: stripe_stand_in.StandIn) -> None:
        """Empty its books."""
        self.stand_in = stand_in
        stand_in.clear()

    def method(self, mode: str) -> str:
        self._arm(mode)
        return self.stand_in.method(MODES[mode].stripe)

    def enter(self, page: Setup, mode: str) -> None:
        self._arm(mode)
        self.stand_in.enter(page.reference, MODES[mode].stripe)

    def _arm(self, mode: str) -> None:
        self.stand_in.faults = [MODES[mode].fault] if MODES[mode].fault else []

    def banks_answer(self, *, agree: bool) -> None:
        self.stand_in.banks_answer(agree=agree)
        self.debits_end()

    def method_refunded(self, mode: str) -> str:
        self.stand_in.faults = []
        self.stand_in.refund_faults = [REFUND_MODES[mode].stripe] if REFUND_MODES[mode].stripe else []
        return self.stand_in.method("approves")

    def refunds_end(self) -> None:
        self.stand_in.pending.clear()

    def debits_end(self) -> None:
        self.stand_in.wait_for_debits()

    def kept(self) -> int:
        return self.stand_in.kept()

    def paid(self) -> list[str]:
        return [one["metadata"]["charge"] for one in self.stand_in.intents() if one["status"] == "succeeded"]
