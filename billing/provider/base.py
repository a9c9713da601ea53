"""What every payment provider must be able to do, in our words."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol, runtime_checkable


class PaymentStatus(StrEnum):
    """What a provider says about a payment."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"
    # The customer must confirm it on the provider's page (3-D Secure).
    ACTION = "action"
    # Nobody can tell yet: ask again later, and never send anew before.
    UNKNOWN = "unknown"


class Failure(StrEnum):
    """Why a payment was declined; templates find the words."""

    FUNDS = "insufficient_funds"
    EXPIRED = "expired_card"
    DECLINED = "declined"
    AUTHENTICATION = "authentication_failed"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class PaymentOutcome:
    """The provider's answer about one payment."""

    status: PaymentStatus
    reference: str = ""
    failure: str = ""
    action_url: str = ""


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


class ProviderUnreachable(Exception):
    """No answer, or none that can be read: the outcome is unknown."""


@runtime_checkable
class Provider(Protocol):
    """Charges, refunds, and pages on which customers enter methods. Amounts are minor units."""

    def charge(self, *, key: str, amount: int, currency: str, method: str, return_url: str) -> PaymentOutcome:
        """Ask for a payment. The same key is the same payment, however often it is asked.

        Raises ProviderUnreachable where the outcome is unknown.
        """
        ...

    def look_up(self, key: str) -> PaymentOutcome | None:
        """Return how a payment stands, or None where the provider has never heard of the key."""
        ...

    def abandon(self, key: str) -> PaymentOutcome | None:
        """Close a payment that waits for the customer; return how it then stands."""
        ...

    def unasked(self) -> Iterable[tuple[str, PaymentOutcome]]:
        """Return what the provider says by itself, each with its key: late, or a second time.

        It may say the same again until it is asked the next time; whoever asks takes in all of it.
        """
        ...

    def refund(self, key: str) -> None:
        """Give the whole payment back; a second time does nothing."""
        ...

    def begin_setup(self, *, return_url: str) -> Setup:
        """Open a hosted page on which the customer enters a method; it then sends them to `return_url`.

        Whatever it adds to that address is not believed: the page is known by its reference.
        """
        ...

    def finish_setup(self, reference: str) -> Method | None:
        """Return the method that was entered on a hosted page, or None where none was."""
        ...
