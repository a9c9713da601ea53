"""Why a document is no e-invoice, in words."""

from typing import assert_never

from django.utils.translation import gettext as _

from billing.rules.e_invoices import EInvoiceNeed


def e_invoice_need(need: EInvoiceNeed) -> str:
    """Return what keeps a document from being an e-invoice, and what helps for the next ones."""
    match need:
        case EInvoiceNeed.SELLER:
            return _("Not as an e-invoice: it was issued before the seller’s address and number were on it.")
        case EInvoiceNeed.BUYER_ADDRESS:
            return _(
                "Not as an e-invoice: your company’s address was missing when it was issued. Enter it in the"
                " billing profile, and the next ones will have it."
            )
        case EInvoiceNeed.CORRECTED:
            return _("Not as an e-invoice: what it gives back was not charged by an invoice from here.")
        case EInvoiceNeed.TAX:
            return _("Not as an e-invoice: the European standard wants one VAT on each line.")
        case EInvoiceNeed.MIXED_TAXES:
            return _(
                "Not as an e-invoice: its lines are taxed under rules that the European standard doesn’t take"
                " in one document."
            )
        case EInvoiceNeed.BUYER_NUMBER:
            return _(
                "Not as an e-invoice: some of its tax is owed by the customer, and your company’s tax number"
                " was missing when it was issued. Enter it in the billing profile, and the next ones will"
                " have it."
            )
        case EInvoiceNeed.TWO_DECIMALS:
            return _("Not as an e-invoice: the European standard wants amounts with two decimals.")
        case _:
            assert_never(need)
