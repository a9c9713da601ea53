"""What an invoice of a seller to a buyer has to say of the buyer, and what of it is missing (domain.md 9)."""

from enum import StrEnum

from billing.rules.countries import EU, taxed_as
from billing.rules.parties import Buyer, Seller, TaxIdKind


class InvoiceNeed(StrEnum):
    """Something that is missing."""

    # Without it no finance department takes an invoice, and nobody knows which tax it bears.
    ADDRESS = "address"
    # Across a border inside the EU: without it the seller's own VAT is charged.
    VAT_NUMBER = "vat_number"
    # Of a French company on a French invoice: its SIREN, or the VAT number that holds it.
    FRENCH_NUMBER = "french_number"


def missing(seller: Seller, buyer: Buyer) -> tuple[InvoiceNeed, ...]:
    """Return what an invoice would lack; nothing is asked of numbers as long as the country isn't known.

    Sources: Directive 2006/112/EC, Art. 226 (4) and (5); Code de commerce, R123-237 and L441-9.
    """
    if buyer.sold_to is None or not buyer.sold_to.lines:
        return (InvoiceNeed.ADDRESS,)
    if seller.address is None:
        return ()
    home, there = taxed_as(seller.address.country), taxed_as(buyer.sold_to.country)
    if home == there == "FR" and buyer.tax_id is None:
        return (InvoiceNeed.FRENCH_NUMBER,)
    if home != there and home in EU and there in EU and not _has_vat_number(buyer, home):
        return (InvoiceNeed.VAT_NUMBER,)
    return ()


def _has_vat_number(buyer: Buyer, home: str) -> bool:
    """Tell whether the buyer has the number of another member than the seller's own."""
    found = buyer.tax_id
    return found is not None and found.kind is TaxIdKind.VAT and taxed_as(found.country) in EU - {home}
