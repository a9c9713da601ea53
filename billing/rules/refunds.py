"""Whether the vendor's staff may give money of a charge back, and whether two of them must agree."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class RefundRefusal(StrEnum):
    """Why a charge is not refunded, or a refund not decided."""

    # No money came by it, or what came is given back by itself.
    NOT_PAID = "not_paid"
    UNDER_WAY = "under_way"
    # Another one waits for its second person.
    REQUESTED = "requested"
    TOO_MUCH = "too_much"
    # It takes more than the credit balance, and nobody said that this may be owed again.
    NO_CREDIT = "no_credit"
    # Decided already, or never to be decided.
    OVER = "over"
    OWN = "own"
    CHANGED = "changed"


@dataclass(frozen=True, slots=True)
class RefundableCharge:
    """What came in by a charge and what of it was given back or is on its way, and the account's balance.

    Minor units.
    """

    charged: int
    refunded: int
    balance: int

    @property
    def left(self) -> int:
        """Return what may still be given back."""
        return self.charged - self.refunded

    def owed_again(self, amount: int) -> int:
        """Return what of a refund the credit balance doesn't hold."""
        return max(amount - max(self.balance, 0), 0)


def refusal(charge: RefundableCharge, amount: int, *, may_be_owed: bool) -> RefundRefusal | None:
    """Return what speaks against giving an amount back, in minor units; None where nothing does."""
    if not 0 < amount <= charge.left:
        return RefundRefusal.TOO_MUCH
    if charge.owed_again(amount) and not may_be_owed:
        return RefundRefusal.NO_CREDIT
    return None


def needs_second(charge: RefundableCharge, amount: int, limits: Mapping[str, int], currency: str) -> bool:
    """Tell whether a second person must approve: above the limit, with what of the charge went before.

    Without any limit nobody must; where there are limits, a currency that has none is always decided by two.
    """
    return bool(limits) and charge.refunded + amount > limits.get(currency, 0)
