"""Writes a document as an e-invoice of EN 16931: Factur-X (inside its PDF) and UBL 2.1 for Peppol.

Amounts come from the document as they are; the library only puts them into XML. The keys are the business
terms of the standard (BT, BG).
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, TypeAlias

import facturx
from lxml import etree

from billing.rules.countries import vat_prefix
from billing.rules.documents import DocumentLine, InvoiceDocument, PaymentMeans
from billing.rules.money import to_decimal
from billing.rules.parties import Address, Buyer, Seller, TaxId, TaxIdKind
from billing.rules.tax import AppliedTax, TaxCategory

PEPPOL = "urn:cen.eu:en16931:2017#compliant#urn:fdc:peppol.eu:2017:poacc:billing:3.0"
PEPPOL_PROCESS = "urn:fdc:peppol.eu:2017:poacc:billing:01:1.0"
# What a French e-invoice says of its process: services, and for what is paid already.
FRENCH_PROCESS = {False: "S1", True: "S2"}
_UBL = {"cbc": "urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2"}
# The schemes of electronic addresses that are a number for VAT, by country (EAS).
_VAT_SCHEMES = {
    "AT": "9914",
    "BE": "9925",
    "BG": "9926",
    "CY": "9928",
    "CZ": "9929",
    "DE": "9930",
    "EE": "9931",
    "ES": "9920",
    "FR": "9957",
    "GB": "9932",
    "GR": "9933",
    "HR": "9934",
    "HU": "9910",
    "IE": "9935",
    "IT": "0211",
    "LT": "9937",
    "LU": "9938",
    "LV": "9939",
    "MT": "9943",
    "NL": "9944",
    "PL": "9945",
    "PT": "9946",
    "RO": "9947",
    "SI": "9949",
    "SK": "9950",
}


# Texts that the law wants, each with its code.
Notes: TypeAlias = Sequence[tuple[str, str]]


def factur_x(document: InvoiceDocument, pdf: bytes, told: Mapping[str, Any], notes: Notes) -> bytes:
    """Return the PDF with the e-invoice inside; `told` gives its words. Call where nothing is missing."""
    metadata = {
        "author": told["seller"]["name"],
        "keywords": "Factur-X",
        "title": f"{told['title']} {document.number}",
        "subject": f"{told['title']} {document.number}",
    }
    written: bytes = facturx.generate_from_binary(
        pdf,
        cii(document, told, notes),
        flavor="factur-x",
        level="en16931",
        check_xsd=False,
        check_schematron=False,
        pdf_metadata=metadata,
        lang=document.language,
    )
    return written


def cii(document: InvoiceDocument, told: Mapping[str, Any], notes: Notes) -> bytes:
    """Return the XML of Factur-X, profile EN 16931."""
    terms = _terms(document, told, notes)
    assert document.seller is not None
    assert document.seller.address is not None
    if document.seller.address.country == "FR":
        terms["BT-23"] = FRENCH_PROCESS[document.payment.paid]
    written: bytes = facturx.generate_xml(
        terms, flavor="factur-x", level="en16931", check_xsd=False, check_schematron=False
    )
    return written


def ubl(document: InvoiceDocument, told: Mapping[str, Any], notes: Notes) -> bytes:
    """Return UBL 2.1 as Peppol BIS Billing 3.0 wants it: with one note, in which all stand."""
    one = [("", " ".join(note for _code, note in notes))]
    written = facturx.generate_xml(
        _terms(document, told, one) | {"BT-23": PEPPOL_PROCESS},
        flavor="ubl-2.1",
        level="en16931",
        check_xsd=False,
        check_schematron=False,
    )
    tree = etree.fromstring(written)
    tree.find("cbc:CustomizationID", _UBL).text = PEPPOL
    plain: bytes = etree.tostring(tree, xml_declaration=True, encoding="UTF-8", pretty_print=True)
    return plain


def _terms(document: InvoiceDocument, told: Mapping[str, Any], notes: Notes) -> dict[str, Any]:
    """Return the business terms of a document. A credit note says what it gives back as positive amounts."""
    seller, buyer = document.seller, document.buyer
    assert seller is not None
    assert buyer is not None
    sign = -1 if document.is_credit_note else 1
    # Where nothing is subject to VAT no number for it may stand.
    taxed = all(row.tax.category is not TaxCategory.OUTSIDE_SCOPE for row in document.taxes)
    paid = document.due if document.payment.paid else 0
    prepaid = document.total * sign if document.is_credit_note else document.total - document.due + paid

    def amount(minor: int) -> str:
        return str(to_decimal(minor, document.currency))

    terms: dict[str, Any] = {
        "BT-1": document.number,
        "BT-2": document.issued_on,
        "BT-3": "381" if document.is_credit_note else "380",
        "BT-5": document.currency,
        "BT-9": document.due_on or (document.issued_on if document.payment.paid else None),
        "BT-10": document.purchase_order or document.account_name,
        "BT-13": document.purchase_order,
        "BT-20": "\n".join(told["payment"]["sentences"]),
        "BG-1": [_filled(**{"BT-21": code, "BT-22": note}) for code, note in notes],
        "BG-3": [{"BT-25": one.number, "BT-26": one.issued_on} for one in document.corrects],
        "BG-4": _seller(seller, taxed=taxed),
        "BG-7": _buyer(buyer, taxed=taxed),
        "BG-23": [
            {
                "BT-116": amount(row.base * sign),
                "BT-117": amount(row.amount * sign),
                "BT-118": row.tax.category.value,
                "BT-119": _percent(row.tax),
                "BT-120": _reason(row.tax, told["taxes"][place][0]),
                "BT-121": row.tax.code,
            }
            for place, row in enumerate(document.taxes)
        ],
        "BG-25": [
            _line(place, line, sign, document.currency) for place, line in enumerate(document.lines, 1)
        ],
        "BT-106": amount(document.subtotal * sign),
        "BT-109": amount(document.subtotal * sign),
        "BT-110": amount(document.tax * sign),
        "BT-112": amount(document.total * sign),
        "BT-113": amount(prepaid),
        "BT-115": amount(document.total * sign - prepaid),
    }
    if document.supplied:
        first, last = document.supplied.start, document.supplied.last_day
        terms |= {"BT-72": first, "BT-73": first, "BT-74": last}
    if document.payment.means is PaymentMeans.TRANSFER and seller.bank:
        terms |= {
            "BT-81": "58" if document.currency == "EUR" else "30",
            "BT-83": document.number,
            "BT-84": seller.bank.iban,
            "BT-85": seller.name,
            "BT-86": seller.bank.bic,
        }
    elif document.payment.means is PaymentMeans.CARD:
        terms["BT-81"] = "48"
    return {term: value for term, value in terms.items() if value not in ("", None, [])}


def _line(place: int, line: DocumentLine, sign: int, currency: str) -> dict[str, Any]:
    """Return a line: its price is that of all its seats together, so that no share of a cent is lost."""
    back = line.gross * sign < 0
    shares = [(share.code, share.amount * sign) for share in line.discounts]
    return {
        "BT-126": str(place),
        "BT-129": str(-line.quantity if back else line.quantity),
        "BT-130": "C62",
        "BT-131": str(to_decimal(line.amount * sign, currency)),
        "BT-134": line.covers.start,
        "BT-135": line.covers.last_day,
        "BT-146": str(to_decimal(abs(line.gross), currency)),
        "BT-149": str(line.quantity),
        "BT-151": line.taxes[0].category.value,
        "BT-152": _percent(line.taxes[0]),
        "BT-153": line.name,
        "BT-155": line.product,
        "BG-27": [_share(code, -amount, currency) for code, amount in shares if amount < 0],
        "BG-28": [_share(code, amount, currency) for code, amount in shares if amount > 0],
    }


def _share(code: str, amount: int, currency: str) -> dict[str, str]:
    """Return a discount, or (of a credit) the discount that is taken back with it."""
    return {"amount": str(to_decimal(amount, currency)), "reason": code}


def _percent(tax: AppliedTax) -> str | None:
    if tax.category is TaxCategory.OUTSIDE_SCOPE:
        return None
    rate = tax.rate if tax.reason is None else Decimal(0)
    return f"{rate.normalize():f}"


def _reason(tax: AppliedTax, words: str) -> str:
    """Return why no tax is charged; what is taxed has no reason."""
    return words if tax.category not in (TaxCategory.STANDARD, TaxCategory.ZERO_RATED) else ""


def _seller(seller: Seller, *, taxed: bool) -> dict[str, Any]:
    assert seller.address is not None
    company = _number(seller.tax_ids, TaxIdKind.COMPANY)
    about = ", ".join(filter(None, (seller.about, seller.register, seller.register_number)))
    vat = _number(seller.tax_ids, TaxIdKind.VAT)
    return _party(seller.name, seller.address, vat, company, email=seller.email, taxed=taxed) | _filled(
        legal_info=about, contacts=[{"name": seller.name, "email": seller.email}] if seller.email else []
    )


def _buyer(buyer: Buyer, *, taxed: bool) -> dict[str, Any]:
    assert buyer.invoiced_at is not None
    number = buyer.tax_id
    vat = number if number and number.kind is TaxIdKind.VAT else None
    company = number if number and number.kind is TaxIdKind.COMPANY else None
    return _party(buyer.name, buyer.invoiced_at, vat, company, email=buyer.email, taxed=taxed)


def _party(
    name: str, address: Address, vat: TaxId | None, company: TaxId | None, *, email: str, taxed: bool
) -> dict[str, Any]:
    scheme = _VAT_SCHEMES.get(vat.country, "") if vat else ""
    lines = [*address.lines, "", "", ""]
    return _filled(
        name=name,
        country_code=address.country,
        addr_l1=lines[0],
        addr_l2=lines[1],
        addr_l3=", ".join(filter(None, lines[2:])),
        city=", ".join(filter(None, (address.city, address.district))),
        postcode=address.postal_code,
        country_subdivision=address.region,
        vat_identifier=_vat(vat) if taxed else "",
        legal_identifier=company.number if company else "",
        legal_identifier_schemeid="0002" if company and company.country == "FR" else "",
        einvoicing_addr=_vat(vat) if scheme else email,
        einvoicing_addr_schemeid=scheme or ("EM" if email else ""),
    )


def _vat(number: TaxId | None) -> str:
    """Return a number for VAT with its country before it, as the standard wants it."""
    if number is None:
        return ""
    return number.written if vat_prefix(number.country) else number.country + number.number


def _filled(**parts: Any) -> dict[str, Any]:
    return {name: value for name, value in parts.items() if value}


def _number(numbers: tuple[TaxId, ...], kind: TaxIdKind) -> TaxId | None:
    return next((one for one in numbers if one.kind is kind), None)
