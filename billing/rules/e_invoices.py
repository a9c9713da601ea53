"""Whether a document can be an e-invoice of EN 16931, which knows parties with numbers and one VAT a line."""

from collections.abc import Iterable
from enum import StrEnum

from billing.rules.documents import InvoiceDocument
from billing.rules.money import exponent
from billing.rules.parties import TaxIdKind
from billing.rules.tax import TaxCategory, TaxLine


class EInvoiceNeed(StrEnum):
    """Why a document can't be an e-invoice."""

    SELLER = "seller"
    BUYER_ADDRESS = "buyer_address"
    CORRECTED = "corrected"
    TAX = "tax"
    MIXED_TAXES = "mixed_taxes"
    BUYER_NUMBER = "buyer_number"
    TWO_DECIMALS = "two_decimals"


def missing(document: InvoiceDocument) -> EInvoiceNeed | None:
    """Return what keeps a document from being an e-invoice, None where it can be one."""
    seller, buyer = document.seller, document.buyer
    if (
        seller is None
        or seller.address is None
        or not any(one.kind is TaxIdKind.VAT for one in seller.tax_ids)
    ):
        return EInvoiceNeed.SELLER
    if buyer is None or buyer.invoiced_at is None:
        return EInvoiceNeed.BUYER_ADDRESS
    if document.is_credit_note and not document.corrects:
        return EInvoiceNeed.CORRECTED
    if exponent(document.currency) != 2:
        return EInvoiceNeed.TWO_DECIMALS
    if any(len(line.taxes) != 1 for line in document.lines):
        return EInvoiceNeed.TAX
    if _mixed(document.taxes):
        return EInvoiceNeed.MIXED_TAXES
    if buyer.tax_id is None and any(row.tax.category is TaxCategory.REVERSE_CHARGE for row in document.taxes):
        return EInvoiceNeed.BUYER_NUMBER
    return None


def _mixed(rows: Iterable[TaxLine]) -> bool:
    """Tell whether taxes can't stand in one e-invoice.

    What is outside of VAT stands alone (BR-O-11), and what one rate of one category is on stands in one sum
    (BR-S-08): two taxes of 20 %, such as of two countries after a move, have each their own here.
    """
    kinds = [(row.tax.category, row.rate) for row in rows]
    outside = any(category is TaxCategory.OUTSIDE_SCOPE for category, _rate in kinds)
    return len(set(kinds)) < len(kinds) or (outside and len(kinds) > 1)
