"""What an invoice has to say of its buyer, by where both are (domain.md 9)."""

import pytest

from billing.rules.invoice_needs import InvoiceNeed, missing
from billing.rules.parties import Address, Buyer, Seller, TaxId, TaxIdKind

ADDRESS, VAT_NUMBER, FRENCH_NUMBER = InvoiceNeed
FRENCH = Seller("Northwind SAS", Address("FR", ("12 rue des Exemples",), "Toulouse"))


def buyer(country: str, tax_id: TaxId | None = None) -> Buyer:
    """A company there."""
    return Buyer("Acme", Address(country, ("1 Main Street",), "Town"), tax_id=tax_id)


def vat(country: str) -> TaxId:
    """A number for VAT of a country."""
    return TaxId(TaxIdKind.VAT, country, "1")


def test_every_invoice_needs_an_address() -> None:
    """Its country alone is none: nothing can be sent there."""
    assert missing(FRENCH, Buyer("Acme")) == (ADDRESS,)
    assert missing(FRENCH, Buyer("Acme", Address("US"))) == (ADDRESS,)


@pytest.mark.parametrize(
    ("found", "needed"),
    [
        # Across a border inside the EU: the number of another member.
        (buyer("DE"), (VAT_NUMBER,)),
        (buyer("DE", vat("DE")), ()),
        (buyer("DE", vat("FR")), (VAT_NUMBER,)),
        (buyer("DE", vat("CH")), (VAT_NUMBER,)),
        (buyer("DE", TaxId(TaxIdKind.COMPANY, "DE", "1")), (VAT_NUMBER,)),
        # In France, and in Monaco, whose VAT is France's: any number that names the company.
        (buyer("FR"), (FRENCH_NUMBER,)),
        (buyer("MC"), (FRENCH_NUMBER,)),
        (buyer("FR", TaxId(TaxIdKind.COMPANY, "FR", "999888779")), ()),
        # Outside of the EU none.
        (buyer("US"), ()),
        (buyer("JP"), ()),
    ],
)
def test_which_number_an_invoice_of_a_french_seller_needs(
    found: Buyer, needed: tuple[InvoiceNeed, ...]
) -> None:
    assert missing(FRENCH, found) == needed


def test_a_seller_elsewhere_asks_for_no_number() -> None:
    assert missing(Seller("Northwind Inc", Address("US", ("1 Main Street",))), buyer("DE")) == ()
    assert missing(Seller("Northwind"), buyer("DE")) == ()
