"""Writes down what is to be collected of many accounts at once, before anything is sent."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid4

from accounts import copying
from accounts.models import Account
from billing.models import Charge
from billing.rules.money import to_text
from billing.storage.contacts import ChargedMethod


@dataclass(frozen=True, slots=True)
class NewCharge:
    """What is to be collected for an invoice, in minor units."""

    account: Account
    amount: int
    method: ChargedMethod
    at: datetime
    invoice_id: int


_COLUMNS = (
    *("id", "subscription_id", "invoice_id", "amount", "amount_currency", "method", "return_url", "state"),
    *("reference", "action_url", "failure", "created_at", "refund_due"),
)


def intend_all(new: Sequence[NewCharge]) -> list[UUID]:
    """Write down what is to be collected, each as `payments.intend` does; return the charges' ids."""
    ids = [uuid4() for _one in new]
    copying.copy(
        Charge,
        _COLUMNS,
        (
            (
                *(pk, one.account.id, one.invoice_id, to_text(one.amount, one.account.currency)),
                *(one.account.currency, one.method.reference, "", Charge.State.CREATED.value),
                *("", "", "", one.at, False),
            )
            for pk, one in zip(ids, new, strict=True)
        ),
    )
    return ids
