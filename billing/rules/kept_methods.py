"""Whether a payment method stays on file, and why."""

from enum import StrEnum


class KeptReason(StrEnum):
    """Why a method can't be taken off the account now."""

    # A payment by it is on its way, or a change waits for one.
    PAYMENT_OPEN = "payment_open"
    # It is charged first, and another one could be.
    DEFAULT = "default"
    # It is the only one, and money may fall due.
    INVOICE_OPEN = "invoice_open"
    RENEWAL = "renewal"


def kept(*, charging: bool, is_default: bool, is_only: bool, due: KeptReason | None) -> KeptReason | None:
    """Return why a method can't be removed (domain.md 9), None where it can.

    `charging`: a payment by it is open; `due`: what the account's default may be charged for.
    """
    if charging:
        return KeptReason.PAYMENT_OPEN
    if not is_default:
        return None
    return due if is_only else KeptReason.DEFAULT
