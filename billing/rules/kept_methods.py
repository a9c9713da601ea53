"""Why a payment method stays on file."""

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
