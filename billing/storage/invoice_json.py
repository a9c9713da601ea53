"""Parts of invoices as the texts of their columns: what most documents have alike is not written anew."""

import json
from functools import lru_cache

from billing.rules.documents import CorrectedInvoice
from billing.rules.lines import DiscountShare
from billing.rules.names import CountedIn, counted_to_plain


def corrects_json(corrects: tuple[CorrectedInvoice, ...]) -> str:
    """Return the invoices that a credit note corrects."""
    if not corrects:
        return "[]"
    return json.dumps([{"number": one.number, "issued_on": one.issued_on.isoformat()} for one in corrects])


def discounts_json(discounts: tuple[DiscountShare, ...]) -> str:
    """Return what discounts take off a line."""
    if not discounts:
        return "[]"
    return json.dumps(
        [
            {
                "code": share.code,
                "percent": None if share.percent is None else str(share.percent),
                "amount": share.amount,
            }
            for share in discounts
        ]
    )


@lru_cache(maxsize=256)
def counted_json(words: CountedIn) -> str:
    """Return what a line is counted in: a catalogue has a few."""
    return json.dumps(counted_to_plain(words))
