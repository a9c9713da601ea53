"""Whether a document can be an e-invoice of EN 16931, which knows parties with numbers and one VAT a line."""

from enum import StrEnum

from billing.rules.documents import InvoiceDocument
from billing.rules.money import exponent
from billing.rules.parties import TaxIdKind


class EInvoiceNeed(StrEnum):
    """Why a document can't be an e-invoice."""

    SELLER = "seller"
    BUYER_ADDRESS = "buyer_address"
    CORRECTED = "corrected"
    TAX = "tax"
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
    return None
