"""What every payment provider must be able to do, in our words; docs/providers.md tells how to write one."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol, runtime_checkable


class PaymentStatus(StrEnum):
    """What a provider says about a payment."""

    SUCCEEDED = "succeeded"
    # For good: the same payment is never made later.
    FAILED = "failed"
    # The customer must confirm it on the provider's page (3-D Secure).
    ACTION = "action"
    # The bank has it, and says in days how it went (direct debit).
    PROCESSING = "processing"
    # Nobody can tell yet: ask again later, and never send anew before.
    UNKNOWN = "unknown"


class Failure(StrEnum):
    """Why a payment was declined; templates find the words."""

    FUNDS = "insufficient_funds"
    LIMIT = "limit_exceeded"
    EXPIRED = "expired_card"
    # Number, security code or expiry are not those of the card.
    DETAILS = "wrong_details"
    # The card or account can't be used for this: its kind, its country or the currency.
    UNSUPPORTED = "not_supported"
    DECLINED = "declined"
    # The bank wants its customer to confirm, and nobody was there: paying on the page can succeed.
    AUTHENTICATION_REQUIRED = "authentication_required"
    # The customer was asked, and did not confirm.
    AUTHENTICATION = "authentication_failed"
    TRY_LATER = "try_later"
    # Direct debit: the account is closed; its holder, or the bank, does not allow the debit.
    ACCOUNT_CLOSED = "account_closed"
    MANDATE = "debit_not_allowed"
    # The provider no longer knows the method.
    METHOD_GONE = "method_gone"
    # The provider refused the question: nothing reached a bank.
    REFUSED = "provider_refused"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class PaymentOutcome:
    """The provider's answer about one payment."""

    status: PaymentStatus
    reference: str = ""
    failure: str = ""
    action_url: str = ""


class RefundStatus(StrEnum):
    """What a provider says about a refund."""

    SUCCEEDED = "succeeded"
    # For good: the same refund is never made later.
    FAILED = "failed"
    # The bank has it, and says in days how it went.
    PROCESSING = "processing"
    # Nobody can tell yet: ask again later.
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class RefundOutcome:
    """The provider's answer about one refund; `failure` is one of the reasons of a payment."""

    status: RefundStatus
    reference: str = ""
    failure: str = ""


@dataclass(frozen=True, slots=True)
class PaymentReference:
    """By what a payment is found again: our key, the provider's name where it told one, and the method."""

    key: str
    reference: str
    method: str


@dataclass(frozen=True, slots=True)
class Method:
    """A payment method as it may be shown, with the provider's name for it."""

    reference: str
    kind: str
    brand: str
    last_four: str
    expires_month: int | None
    expires_year: int | None


@dataclass(frozen=True, slots=True)
class Setup:
    """A hosted page that waits for a method: the provider's name for it, and where it is."""

    reference: str
    address: str


@dataclass(frozen=True, slots=True)
class PaymentMessage:
    """A signed message that something happened to a payment: a hint, of which only these two are kept."""

    id: str
    reference: str


class ProviderUnreachable(Exception):
    """No answer, or none that can be read: the outcome is unknown."""


class MessageRefused(Exception):
    """The message is not signed by the provider, or not now: nothing is believed of it."""


@runtime_checkable
class Provider(Protocol):
    """Charges, refunds, and pages on which customers enter methods. Amounts are minor units.

    Every method but the last may raise ProviderUnreachable.
    """

    def charge(self, *, key: str, amount: int, currency: str, method: str, return_url: str) -> PaymentOutcome:
        """Ask for a payment. The same key is the same payment, however often it is asked.

        With a `return_url` the customer is there and can be led to their bank and back; without one
        nobody is. Raises ProviderUnreachable where the outcome is unknown.
        """
        ...

    def look_up(self, payment: PaymentReference) -> PaymentOutcome | None:
        """Return how a payment stands, or None where the provider has never heard of its key."""
        ...

    def abandon(self, payment: PaymentReference) -> PaymentOutcome | None:
        """Close a payment that waits for the customer; return how it then stands."""
        ...

    def unasked(self, since: datetime) -> Iterable[tuple[str, PaymentOutcome]]:
        """Return what the provider says by itself, each with its key: late, or a second time.

        At least of all payments that were made since a moment, whoever asked for them. It may say the
        same again; whoever asks takes in all of it.
        """
        ...

    def refund(self, payment: PaymentReference, *, key: str, amount: int) -> RefundOutcome:
        """Give a part of a payment back, or all of it. The same key is the same refund, however often asked.

        What was not paid, or is more than is left of it, is refused: FAILED, and nothing is given back.
        """
        ...

    def look_up_refund(self, payment: PaymentReference, *, key: str) -> RefundOutcome | None:
        """Return how a refund stands, or None where the provider has never heard of its key."""
        ...

    def begin_setup(self, *, return_url: str, currency: str, account: str, replaces: str) -> Setup:
        """Open a hosted page on which the customer enters a method; it then sends them to `return_url`.

        What it adds to that address is not believed: the page is known by its reference. `currency` is
        what will be charged, `account` our name for who pays, `replaces` a method that they have, or "".
        """
        ...

    def finish_setup(self, reference: str) -> Method | None:
        """Return the method that was entered on a hosted page, or None where none was."""
        ...


@runtime_checkable
class MessagingProvider(Provider, Protocol):
    """A provider that sends signed messages to `/webhooks/<its name>/`."""

    webhook_name: str

    def read_message(self, body: bytes, headers: Mapping[str, str], *, at: datetime) -> PaymentMessage | None:
        """Return what a message is about, or None where it is about nothing that concerns us.

        Asks nobody. Raises MessageRefused unless the provider itself signed exactly this body just now.
        """
        ...

    def tell(self, reference: str) -> tuple[str, PaymentOutcome] | None:
        """Return our key of a payment that the provider names, and how it stands; None if it isn't ours."""
        ...
