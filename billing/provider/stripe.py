"""The adapter to Stripe: hosted pages by redirect, payments with our key, and signed messages.

Stripe's package is imported here alone, and asked for nothing but: one try, two seconds to connect and
ten to read, an API version that doesn't move, no telemetry. A method is kept as
`customer/payment method/type`: all that a payment needs, and by its customer each payment is found again.
"""

import json
import logging
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from functools import lru_cache
from typing import Any

import structlog
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from billing.provider import signatures
from billing.provider.base import (
    Failure,
    MessageRefused,
    Method,
    PaymentMessage,
    PaymentOutcome,
    PaymentReference,
    PaymentStatus,
    ProviderUnreachable,
    RefundOutcome,
    RefundStatus,
    Setup,
)
from billing.provider.stripe_failures import failure_of, refund_failure_of

try:
    import stripe as sdk
except ModuleNotFoundError as missing:
    raise ImproperlyConfigured(
        "PAYMENT_PROVIDER names Stripe, whose package is not installed: install requirements/stripe.txt in "
        "the place of requirements/base.txt."
    ) from missing

log = structlog.get_logger()

# What this adapter was written and tested against; a newer one is a change of this line, with its tests.
API_VERSION = "2026-10-28.endive"
# Seconds to connect, and to wait for an answer (security.md, "The shape" 5).
TIMEOUT = (2, 10)
# Where our id of the charge stands in Stripe's objects.
CHARGE_KEY = "charge"
# Where our key of a refund stands; those of before it had one are known by their charge.
REFUND_KEY = "refund"
AT_ONCE = 100
_BRANDS = {"amex": "American Express", "cartes_bancaires": "Cartes Bancaires", "jcb": "JCB"}
_METHOD = re.compile(r"cus_\w+/pm_\w+/(card|sepa_debit)", re.ASCII)
_KINDS = {"card": "card", "sepa_debit": "direct_debit"}
_ABOUT_PAYMENTS = ("payment_intent.", "charge.")

# Bodies hold secrets of payments: whatever level the operator chose, they are not logged.
logging.getLogger("stripe").setLevel(logging.WARNING)
sdk.enable_telemetry = False


class Stripe:
    """Stripe as our provider. See base.Provider for what each method promises."""

    webhook_name = "stripe"

    def __init__(self) -> None:
        """Take the key of the settings; ask nobody."""
        if not settings.STRIPE_SECRET_KEY:
            raise ImproperlyConfigured(
                "PAYMENT_PROVIDER names Stripe, and STRIPE_SECRET_KEY is not set: set it."
            )
        self._v1 = _client(settings.STRIPE_SECRET_KEY, settings.STRIPE_API_BASE).v1

    def charge(self, *, key: str, amount: int, currency: str, method: str, return_url: str) -> PaymentOutcome:
        """Create and confirm a payment under our key, in one question."""
        if not _METHOD.fullmatch(method):
            # Of the provider before, say: Stripe is not asked for what it can't know.
            return PaymentOutcome(PaymentStatus.FAILED, failure=Failure.METHOD_GONE)
        customer, payment_method, kind = method.split("/")
        asked: dict[str, Any] = {
            "amount": amount,
            "currency": currency.lower(),
            "customer": customer,
            "payment_method": payment_method,
            "payment_method_types": [kind],
            "metadata": {CHARGE_KEY: key},
            "confirm": True,
            # Who is there can be led to their bank; where nobody is, the bank is told so.
            **({"return_url": return_url} if return_url else {"off_session": True}),
        }
        with _asking("charge"):
            try:
                made = self._v1.payment_intents.create(asked, {"idempotency_key": key})  # type: ignore[arg-type]
            except sdk.CardError as declined:
                return _declined(declined)
            except sdk.InvalidRequestError as refused:
                return _refused(refused)
            return self._seen(made.to_dict())

    def look_up(self, payment: PaymentReference) -> PaymentOutcome | None:
        """Find a payment by Stripe's name for it, or among those of its customer by our key."""
        found = self._find(payment)
        return self._seen(found) if found else None

    def abandon(self, payment: PaymentReference) -> PaymentOutcome | None:
        """Cancel a payment that still waits; one that is over stays as it is."""
        found = self._find(payment)
        if found is None:
            return None
        return self._cancel(found) if found["status"] in _WAITING else self._seen(found)

    def unasked(self, since: datetime) -> Iterable[tuple[str, PaymentOutcome]]:
        """List the payments that were made since a moment, each with our key; others' are left out."""
        with _asking("list"):
            listed = self._v1.payment_intents.list(
                {"created": {"gte": int(since.timestamp())}, "limit": AT_ONCE}
            )
            said = [(_key(one), _outcome(one)) for one in map(_plain, listed.auto_paging_iter())]
        # What waits for the customer is told where it is asked for, and what is unknown says nothing.
        unsaid = (PaymentStatus.ACTION, PaymentStatus.UNKNOWN)
        return [(key, outcome) for key, outcome in said if key and outcome.status not in unsaid]

    def refund(self, payment: PaymentReference, *, key: str, amount: int) -> RefundOutcome:
        """Give a part back under our key, unless Stripe has that refund already."""
        found = self._find(payment)
        if found is None or found["status"] != "succeeded":
            return RefundOutcome(RefundStatus.FAILED, failure=Failure.REFUSED)
        made = self._find_refund(found, key)
        if made is not None:
            return _refund_outcome(made)
        asked: dict[str, Any] = {
            "payment_intent": found["id"],
            "amount": amount,
            "metadata": {CHARGE_KEY: payment.key, REFUND_KEY: key},
        }
        with _asking("refund"):
            try:
                done = self._v1.refunds.create(asked, {"idempotency_key": f"{key}:refund"})  # type: ignore[arg-type]
            except sdk.InvalidRequestError as refused:
                log.error("stripe_refused_refund", code=refused.code, request_id=refused.request_id)
                return RefundOutcome(RefundStatus.FAILED, failure=Failure.REFUSED)
            return _refund_outcome(_plain(done))

    def look_up_refund(self, payment: PaymentReference, *, key: str) -> RefundOutcome | None:
        """Find a refund among those of its payment by our key."""
        found = self._find(payment)
        made = self._find_refund(found, key) if found else None
        return _refund_outcome(made) if made else None

    def _find_refund(self, intent: dict[str, Any], key: str) -> dict[str, Any] | None:
        with _asking("refunds"):
            listed = self._v1.refunds.list({"payment_intent": intent["id"], "limit": AT_ONCE})
            return next(
                (one for one in map(_plain, listed.auto_paging_iter()) if _refund_key(one) == key), None
            )

    def begin_setup(self, *, return_url: str, currency: str, account: str, replaces: str) -> Setup:
        """Open a Checkout page for the customer that the account has at Stripe, or a new one."""
        kinds = [kind for kind in settings.STRIPE_METHOD_TYPES if kind != "sepa_debit" or currency == "EUR"]
        with _asking("setup"):
            if _METHOD.fullmatch(replaces):
                customer = replaces.split("/")[0]
            else:
                customer = self._v1.customers.create({"metadata": {"account": account}}).id
            asked: dict[str, Any] = {
                "mode": "setup",
                "customer": customer,
                "payment_method_types": kinds or ["card"],
                "success_url": return_url,
                "cancel_url": return_url,
                "metadata": {"account": account},
            }
            opened = self._v1.checkout.sessions.create(asked)  # type: ignore[arg-type]
            return Setup(opened.id, str(opened.url or ""))

    def finish_setup(self, reference: str) -> Method | None:
        """Return what was entered on a Checkout page, once Stripe has set it up."""
        with _asking("setup"):
            page = self._v1.checkout.sessions.retrieve(
                reference, {"expand": ["setup_intent.payment_method"]}
            ).to_dict()
            entered = page.get("setup_intent") or {}
            if page["status"] != "complete" or entered.get("status") != "succeeded":
                return None
            return _method(page["customer"], entered["payment_method"])

    def read_message(self, body: bytes, headers: Mapping[str, str], *, at: datetime) -> PaymentMessage | None:
        """Return the event and the payment that a signed message names, or None for another subject."""
        signatures.demand_signed(
            body, headers.get("Stripe-Signature", ""), settings.STRIPE_WEBHOOK_SECRETS, at=at
        )
        try:
            event = json.loads(body)
            kind, named, subject = event["type"], event["id"], event["data"]["object"]
            if not kind.startswith(_ABOUT_PAYMENTS):
                return None
            reference = (
                subject["id"] if subject["object"] == "payment_intent" else subject.get("payment_intent")
            )
        except (ValueError, KeyError, TypeError, AttributeError) as malformed:
            raise MessageRefused("signed, and not an event") from malformed
        if not _is_name(named, "evt_") or not _is_name(reference, "pi_"):
            return None
        return PaymentMessage(named, reference)

    def tell(self, reference: str) -> tuple[str, PaymentOutcome] | None:
        """Ask how a payment stands that a message named."""
        found = self._retrieve(reference)
        return (_key(found), self._seen(found)) if found and _key(found) else None

    # --- How a payment is found --------------------------------------------------------------------

    def _find(self, payment: PaymentReference) -> dict[str, Any] | None:
        """Return a payment as Stripe has it. Its customer has few: each is looked at, the newest first."""
        if payment.reference.startswith("pi_"):
            found = self._retrieve(payment.reference)
            if found and _key(found) == payment.key:
                return found
        if not _METHOD.fullmatch(payment.method):
            return None
        customer = payment.method.split("/")[0]
        with _asking("list"):
            try:
                listed = self._v1.payment_intents.list({"customer": customer, "limit": AT_ONCE})
                return next(
                    (one for one in map(_plain, listed.auto_paging_iter()) if _key(one) == payment.key), None
                )
            except sdk.InvalidRequestError as refused:
                if refused.code == "resource_missing":
                    # A customer that Stripe doesn't know was never charged.
                    return None
                raise

    def _retrieve(self, reference: str) -> dict[str, Any] | None:
        with _asking("retrieve"):
            try:
                return _plain(self._v1.payment_intents.retrieve(reference))
            except sdk.InvalidRequestError as refused:
                if refused.http_status == 404:
                    return None
                raise

    def _seen(self, intent: dict[str, Any]) -> PaymentOutcome:
        """Return how a payment stands; one that waits for what no redirect can give is closed."""
        outcome = _outcome(intent)
        if outcome.status is PaymentStatus.ACTION and not outcome.action_url:
            return self._cancel(intent)
        return outcome

    def _cancel(self, intent: dict[str, Any]) -> PaymentOutcome:
        with _asking("cancel"):
            try:
                return _outcome(_plain(self._v1.payment_intents.cancel(intent["id"])))
            except sdk.InvalidRequestError:
                # It ended meanwhile, one way or the other.
                return _outcome(_plain(self._v1.payment_intents.retrieve(intent["id"])))


@lru_cache(maxsize=4)
def _client(key: str, base: str) -> sdk.StripeClient:
    """Return the client of a key; it keeps its connections, one for each thread."""
    return sdk.StripeClient(
        key,
        stripe_version=API_VERSION,
        base_addresses={"api": base} if base else {},
        max_network_retries=0,
        http_client=sdk.RequestsClient(timeout=TIMEOUT),
    )


@contextmanager
def _asking(what: str) -> Iterator[None]:
    """Let whatever goes wrong be an unknown outcome; of Stripe's errors only codes are told, never bodies."""
    try:
        yield
    except sdk.StripeError as fault:
        name = type(fault).__name__
        log.warning(
            "stripe_failed", asked=what, error=name, code=fault.code, status=fault.http_status,
            request_id=fault.request_id,
        )  # fmt: skip
        raise ProviderUnreachable(f"{name} {fault.code or ''}".strip()) from None
    except (AttributeError, KeyError, TypeError, ValueError):
        log.warning("stripe_unreadable", asked=what)
        raise ProviderUnreachable("no answer that can be read") from None


# --- Stripe's words in ours ---------------------------------------------------------------------------

_WAITING = ("requires_action", "requires_confirmation")


def _outcome(intent: dict[str, Any]) -> PaymentOutcome:
    """Put a payment into our words."""
    name, status = intent["id"], intent["status"]
    match status:
        case "succeeded":
            return PaymentOutcome(PaymentStatus.SUCCEEDED, name)
        case "processing":
            return PaymentOutcome(PaymentStatus.PROCESSING, name)
        case "canceled":
            return PaymentOutcome(PaymentStatus.FAILED, name, Failure.CANCELLED)
        case "requires_payment_method":
            return PaymentOutcome(PaymentStatus.FAILED, name, failure_of(intent.get("last_payment_error")))
        case "requires_action":
            led = (intent.get("next_action") or {}).get("redirect_to_url") or {}
            return PaymentOutcome(PaymentStatus.ACTION, name, action_url=led.get("url") or "")
        case _:
            return PaymentOutcome(PaymentStatus.UNKNOWN, name)


def _declined(error: "sdk.CardError") -> PaymentOutcome:
    """Return a decline: the payment exists at Stripe, and is over."""
    told = _plain(error.error) if error.error else {}
    return PaymentOutcome(
        PaymentStatus.FAILED, (told.get("payment_intent") or {}).get("id", ""), failure_of(told)
    )


def _refused(error: "sdk.InvalidRequestError") -> PaymentOutcome:
    """Return that Stripe made no payment of what we asked, which asking again can't mend."""
    log.error("stripe_refused", code=error.code, param=error.param, request_id=error.request_id)
    gone = error.code in ("resource_missing", "payment_method_unexpected_state")
    return PaymentOutcome(PaymentStatus.FAILED, failure=Failure.METHOD_GONE if gone else Failure.REFUSED)


def _method(customer: str, entered: dict[str, Any]) -> Method | None:
    """Return a method as it may be shown; None for a type that we don't charge."""
    kind = entered["type"]
    if kind not in _KINDS:
        return None
    details = entered[kind]
    brand = details["brand"] if kind == "card" else "SEPA"
    return Method(
        reference=f"{customer}/{entered['id']}/{kind}",
        kind=_KINDS[kind],
        brand=_BRANDS.get(brand, brand if kind == "sepa_debit" else brand.title())[:40],
        last_four=details["last4"],
        expires_month=details.get("exp_month"),
        expires_year=details.get("exp_year"),
    )


_REFUNDS = {
    "succeeded": RefundStatus.SUCCEEDED,
    "pending": RefundStatus.PROCESSING,
    # It waits for the customer, who may say where it shall go.
    "requires_action": RefundStatus.PROCESSING,
    "failed": RefundStatus.FAILED,
    "canceled": RefundStatus.FAILED,
}


def _refund_outcome(refund: dict[str, Any]) -> RefundOutcome:
    """Put a refund into our words."""
    status = _REFUNDS.get(refund["status"], RefundStatus.UNKNOWN)
    failure = refund_failure_of(refund.get("failure_reason")) if status is RefundStatus.FAILED else ""
    return RefundOutcome(status, refund["id"], failure)


def _refund_key(refund: dict[str, Any]) -> str:
    told = refund.get("metadata") or {}
    return str(told.get(REFUND_KEY) or told.get(CHARGE_KEY, ""))


def _key(intent: dict[str, Any]) -> str:
    return str((intent.get("metadata") or {}).get(CHARGE_KEY, ""))


def _plain(told: Any) -> dict[str, Any]:
    plain: dict[str, Any] = told.to_dict()
    return plain


def _is_name(text: object, prefix: str) -> bool:
    """Tell whether a text is one of Stripe's names, and no longer than they are."""
    return isinstance(text, str) and text.startswith(prefix) and len(text) <= 120 and text.isascii()
