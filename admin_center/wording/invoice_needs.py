"""What an invoice would lack, in words."""

from typing import assert_never

from django.utils.translation import gettext as _

from admin_center.wording.countries import country
from billing.rules.invoice_needs import InvoiceNeed
from billing.rules.parties import Seller


def title(need: InvoiceNeed) -> str:
    """Return what is missing."""
    match need:
        case InvoiceNeed.ADDRESS:
            return _("Your company’s address is missing")
        case InvoiceNeed.VAT_NUMBER:
            return _("Your company’s VAT number is missing")
        case InvoiceNeed.FRENCH_NUMBER:
            return _("Your company’s SIREN or VAT number is missing")
        case _:
            assert_never(need)


def why(need: InvoiceNeed, seller: Seller) -> str:
    """Return what comes of it."""
    match need:
        case InvoiceNeed.ADDRESS:
            return _("An invoice without it would be sent back by your accountants.")
        case InvoiceNeed.VAT_NUMBER:
            home = country(seller.address.country) if seller.address else ""
            return _("Without it, invoices bear the VAT of the seller’s country: %(country)s.") % {
                "country": home
            }
        case InvoiceNeed.FRENCH_NUMBER:
            return _("An invoice between companies in France has to name it.")
        case _:
            assert_never(need)
