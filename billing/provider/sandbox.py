"""A provider for the demo and the tests, steered by the test method that is chosen on its page.

It keeps books of its own, as a real one does, and answers as badly as real ones do.
"""

import secrets
from collections.abc import Iterable
from datetime import datetime

from django.db import transaction

from billing.models import SandboxPayment, SandboxRefund, SandboxSetup
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

_CARDS: dict[str, tuple[str, str, str]] = {
    # reference: kind, brand, last four
    "test_approves": ("card", "Visa", "4242"),
    "test_declines_funds": ("card", "Visa", "9995"),
    "test_declines_expired": ("card", "Mastercard", "0069"),
    "test_declines": ("card", "Visa", "0002"),
    "test_asks_3ds": ("card", "Visa", "3155"),
    "test_times_out_paid": ("card", "Mastercard", "7726"),
    "test_times_out_unpaid": ("card", "Mastercard", "7734"),
    "test_answers_rubbish": ("card", "Visa", "6666"),
    "test_answers_twice": ("card", "Visa", "2222"),
    "test_lost_once": ("card", "Visa", "1111"),
    "test_refund_fails": ("card", "Visa", "5126"),
    "test_refund_later": ("card", "Visa", "7726"),
    "test_refund_silent": ("card", "Mastercard", "5555"),
    "test_refund_lost_once": ("card", "Visa", "3331"),
    "test_debit_approves": ("direct_debit", "SEPA", "3000"),
    "test_debit_fails": ("direct_debit", "SEPA", "3001"),
    "test_debit_later": ("direct_debit", "SEPA", "3002"),
    "test_debit_fails_later": ("direct_debit", "SEPA", "3003"),
}
METHODS: dict[str, Method] = {
    reference: Method(reference, kind, brand, last_four, *((12, 2034) if kind == "card" else (None, None)))
    for reference, (kind, brand, last_four) in _CARDS.items()
}
_FAILS = {
    "test_declines_funds": Failure.FUNDS,
    "test_declines_expired": Failure.EXPIRED,
    "test_declines": Failure.DECLINED,
    "test_debit_fails": Failure.FUNDS,
    "test_times_out_unpaid": Failure.DECLINED,
}
# The bank says some time later, when it is asked, how it went.
_LATER = {"test_debit_later": "", "test_debit_fails_later": Failure.FUNDS}
# Of a payment by it: how a refund begins that is not made at once.
_REFUNDS = {"test_refund_fails": "failed", "test_refund_later": "processing", "test_refund_lost_once": "lost"}
# The payment is made, or declined, but the answer never arrives.
_SILENT = {"test_times_out_paid", "test_times_out_unpaid", "test_answers_rubbish"}


class Sandbox:
    """The provider of the demo and the tests. See base.Provider for what each method promises."""

    def charge(self, *, key: str, amount: int, currency: str, method: str, return_url: str) -> PaymentOutcome:
        """Pay, decline, ask for 3-D Secure or fall silent, as the method says."""
        payment, made = SandboxPayment.objects.get_or_create(
            key=key,
            defaults={
                "method": method,
                "amount": amount,
                "currency": currency,
                "status": _first_status(method),
                "failure": _failure(method),
                "return_url": return_url,
                "token": secrets.token_urlsafe(16),
            },
        )
        if (payment.method, payment.amount, payment.currency) != (method, amount, currency):
            raise ProviderUnreachable("the key was used with other parameters")
        if method in _SILENT or (payment.status == "lost" and made):
            raise ProviderUnreachable("no answer that can be read")
        if payment.status == "lost":
            payment.status = "succeeded"
            payment.save(update_fields=["status"])
        return _outcome(payment)

    def look_up(self, payment: PaymentReference) -> PaymentOutcome | None:
        """Return how a payment stands in the sandbox's books; what the bank has, it has now answered."""
        for method, failure in _LATER.items():
            SandboxPayment.objects.filter(key=payment.key, status="processing", method=method).update(
                status="failed" if failure else "succeeded", failure=failure
            )
        found = SandboxPayment.objects.filter(key=payment.key).exclude(status="lost").first()
        return _outcome(found) if found else None

    def abandon(self, payment: PaymentReference) -> PaymentOutcome | None:
        """Cancel a payment that still waits for the customer."""
        SandboxPayment.objects.filter(key=payment.key, status="action").update(
            status="failed", failure=Failure.CANCELLED
        )
        return self.look_up(payment)

    def unasked(self, since: datetime) -> Iterable[tuple[str, PaymentOutcome]]:
        """Say once more how the payments by the card that answers twice stand."""
        for payment in SandboxPayment.objects.filter(method="test_answers_twice", repeated=False):
            SandboxPayment.objects.filter(pk=payment.pk).update(repeated=True)
            yield payment.key, _outcome(payment)

    def refund(self, payment: PaymentReference, *, key: str, amount: int) -> RefundOutcome:
        """Give back, refuse, wait or fall silent, as the method of the payment says."""
        with transaction.atomic():
            paid = SandboxPayment.objects.select_for_update().filter(key=payment.key).first()
            if paid is None:
                return RefundOutcome(RefundStatus.FAILED, failure=Failure.REFUSED)
            refund = SandboxRefund.objects.filter(key=key).first()
            made = refund is None
            refund = refund or _first_refund(paid, key, amount)
            if refund.status == "lost" and not made:
                _give_back(paid, refund)
        if (refund.payment_id, refund.amount) != (paid.pk, amount):
            raise ProviderUnreachable("the key was used with other parameters")
        if made and paid.method in ("test_refund_silent", "test_refund_lost_once"):
            raise ProviderUnreachable("no answer that can be read")
        return _refund_outcome(refund)

    def look_up_refund(self, payment: PaymentReference, *, key: str) -> RefundOutcome | None:
        """Return how a refund stands in the sandbox's books; what the bank has, it has now answered."""
        with transaction.atomic():
            found = SandboxRefund.objects.filter(key=key).exclude(status="lost").first()
            if found is not None and found.status == "processing":
                _give_back(SandboxPayment.objects.select_for_update().get(pk=found.payment_id), found)
        return _refund_outcome(found) if found else None

    def begin_setup(self, *, return_url: str, currency: str, account: str, replaces: str) -> Setup:
        """Open the sandbox's own page."""
        setup = SandboxSetup.objects.create(token=secrets.token_urlsafe(16), return_url=return_url)
        return Setup(setup.token, f"/sandbox-provider/method/{setup.token}/")

    def finish_setup(self, reference: str) -> Method | None:
        """Return the test method that was chosen on the page."""
        setup = SandboxSetup.objects.filter(token=reference).first()
        return METHODS.get(setup.method) if setup else None


def _first_refund(paid: SandboxPayment, key: str, amount: int) -> SandboxRefund:
    """Write down a refund as it begins, and give back what is given back at once."""
    refund = SandboxRefund(key=key, payment=paid, amount=amount, status=_REFUNDS.get(paid.method, ""))
    if paid.status != "succeeded" or amount <= 0:
        refund.status, refund.failure = "failed", Failure.REFUSED
    elif refund.status == "failed":
        refund.failure = Failure.ACCOUNT_CLOSED
    if refund.status:
        refund.save()
    else:
        _give_back(paid, refund)
    return refund


def _give_back(paid: SandboxPayment, refund: SandboxRefund) -> None:
    """Give a refund's amount back, where so much is left."""
    left = refund.amount <= paid.amount - paid.refunded
    refund.status, refund.failure = ("succeeded", "") if left else ("failed", Failure.REFUSED)
    refund.save()
    if left:
        paid.refunded += refund.amount
        paid.save(update_fields=["refunded"])


def _refund_outcome(refund: SandboxRefund) -> RefundOutcome:
    """Put a refund of the sandbox's books into our words."""
    return RefundOutcome(RefundStatus(refund.status), f"sandbox_refund_{refund.pk}", refund.failure)


def _first_status(method: str) -> str:
    """Return how a payment by this method begins; an unknown method is declined."""
    if method == "test_asks_3ds":
        return "action"
    if method in _LATER:
        return "processing"
    if method == "test_lost_once":
        # The first question never arrives at all.
        return "lost"
    return "failed" if _failure(method) else "succeeded"


def _failure(method: str) -> str:
    """Return why a method is declined, or an empty text."""
    return _FAILS.get(method, "" if method in METHODS else Failure.DECLINED)


def _outcome(payment: SandboxPayment) -> PaymentOutcome:
    """Put the sandbox's books into our words."""
    url = f"/sandbox-provider/pay/{payment.token}/" if payment.status == "action" else ""
    return PaymentOutcome(PaymentStatus(payment.status), f"sandbox_{payment.pk}", payment.failure, url)
