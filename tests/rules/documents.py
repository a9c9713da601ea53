"""An invoice as it is frozen, for tests of the rules: ten seats for a month, 20 % on them."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

from billing.rules.documents import DocumentLine, InvoiceDocument, PaymentMeans, PaymentTerms
from billing.rules.lines import LineKind
from billing.rules.parties import Address, Buyer, Seller, TaxId, TaxIdKind
from billing.rules.periods import Cycle, Period
from billing.rules.tax import AppliedTax, TaxLine

JULY = Period(date(2023, 7, 1), date(2023, 8, 1))
TVA = AppliedTax("TVA", Decimal(20))
VENDOR = Seller(
    "Northwind Desk SAS",
    Address("FR", ("12 rue des Exemples",), "Toulouse", postal_code="31000"),
    tax_ids=(TaxId(TaxIdKind.COMPANY, "FR", "999888774"), TaxId(TaxIdKind.VAT, "FR", "34999888779")),
)
ACME = Buyer("Acme SARL", Address("FR", ("3 quai des Modèles",), "Bordeaux", postal_code="33000"))
TEN_SEATS = DocumentLine(
    kind=LineKind.CHARGE,
    product="support",
    product_name="Support",
    edition_name="Team",
    covers=JULY,
    term=JULY,
    quantity=10,
    months=1,
    cycle=Cycle.MONTHLY,
    unit=100,
    gross=1000,
    amount=1000,
    taxes=(TVA,),
)


def issued(**more: object) -> InvoiceDocument:
    """Return the invoice: 10 × €1.00 = €10.00, 20 % of it €2.00, together €12.00."""
    whole = InvoiceDocument(
        number="INV-000042",
        is_credit_note=False,
        issued_on=JULY.start,
        currency="EUR",
        language="fr",
        account_name="Acme",
        vendor_name="Northwind Desk",
        lines=(TEN_SEATS,),
        taxes=(TaxLine(TVA, 1000, 200),),
        subtotal=1000,
        tax=200,
        total=1200,
        prepaid=0,
        carried_over=0,
        due=1200,
        seller=VENDOR,
        buyer=ACME,
        due_on=date(2023, 7, 31),
        supplied=JULY,
        payment=PaymentTerms(PaymentMeans.TRANSFER),
    )
    return replace(whole, **more)  # type: ignore[arg-type]
