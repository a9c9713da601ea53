"""The tables about what is bought and owed."""

from billing.models.balance import BalanceEntry
from billing.models.catalogue import Catalogue, Edition, Price, Product
from billing.models.payment import PaymentMethod
from billing.models.request import ChangeRequest
from billing.models.seats import AgentSeat, TemporarySeats
from billing.models.subscription import Discount, Line, PaidSegment, ScheduledChange, Subscription

__all__ = [
    "AgentSeat",
    "BalanceEntry",
    "Catalogue",
    "ChangeRequest",
    "Discount",
    "Edition",
    "Line",
    "PaidSegment",
    "PaymentMethod",
    "Price",
    "Product",
    "ScheduledChange",
    "Subscription",
    "TemporarySeats",
]
