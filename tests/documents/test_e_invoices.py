"""Every shape of invoice and credit note passes the published rules, as Factur-X and as UBL for Peppol."""

import re
from dataclasses import replace
from decimal import Decimal

import facturx
import pytest
from lxml import etree

from admin_center.documents import einvoice
from admin_center.presenters import documents as document_presenter
from billing.rules import e_invoices
from billing.rules.changes import AddSeats
from billing.rules.documents import InvoiceDocument
from billing.rules.e_invoices import EInvoiceNeed
from billing.rules.parties import Buyer
from billing.rules.taxation import Taxation
from tests.documents import oracle, peppol
from tests.documents.shapes import (
    BERLIN,
    BOSTON,
    DEMO,
    DUBLIN,
    PARIS,
    SMALL,
    document,
    line,
    priced,
    shapes,
    small,
    taxed,
)
from tests.rules.shop import acme

SHAPES = dict(shapes())
# Each third one here, all in the soak.
SOME = list(SHAPES)[::3]
_CII = {"ram": "urn:un:unece:uncefact:data:standard:ReusableAggregateBusinessInformationEntity:100"}
_UBL = {"cbc": "urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2"}


def written(document: InvoiceDocument) -> tuple[bytes, bytes]:
    """Return a document as the XML of Factur-X and as UBL."""
    told, notes = document_presenter.told(document), list(document_presenter.notes(document))
    return einvoice.cii(document, told, notes), einvoice.ubl(document, told, notes)


def check(name: str) -> None:
    document = SHAPES[name]
    assert e_invoices.missing(document) is None
    cii, ubl = written(document)
    facturx.xml_check_xsd(cii, flavor="factur-x", level="en16931")
    flavor = "ubl-2.1-creditnote" if document.is_credit_note else "ubl-2.1-invoice"
    facturx.xml_check_xsd(ubl, flavor=flavor)
    assert oracle.faults(cii, oracle.EN16931_CII) == []
    # The seller is French.
    assert oracle.faults(cii, oracle.FRENCH_CII) == []
    assert oracle.faults(ubl, oracle.EN16931_UBL) == []
    assert peppol.faults(ubl) == []


def test_there_are_many_shapes() -> None:
    assert len(SHAPES) > 100
    assert len(SOME) > 40
    kinds = {
        (document.is_credit_note, bool(document.prepaid), document.due == 0) for document in SHAPES.values()
    }
    assert len(kinds) >= 5


@pytest.mark.parametrize("name", SOME)
def test_the_published_rules_find_nothing(name: str) -> None:
    check(name)


@pytest.mark.soak
@pytest.mark.parametrize("name", sorted(set(SHAPES) - set(SOME)))
def test_the_published_rules_find_nothing_in_the_others(name: str) -> None:
    check(name)


def test_the_rules_find_what_is_wrong() -> None:
    """The oracle is asked something false once: 4.14 + 1 cent."""
    cii, ubl = written(SHAPES["domestic-one_seat_more-"])
    assert any(
        "BR-CO-15" in one for one in oracle.faults(cii.replace(b">4.14<", b">4.15<"), oracle.EN16931_CII)
    )
    assert any(
        "BR-CO-1" in one for one in oracle.faults(ubl.replace(b">0.69<", b">0.70<"), oracle.EN16931_UBL)
    )


# What is changed of a document that is right, and the rule of Peppol's that it then breaks.
BROKEN = {
    "R001": (rb"<cbc:ProfileID>.*?</cbc:ProfileID>", b""),
    "R002": (rb"(<cbc:Note>.*?</cbc:Note>)", rb"\1\1"),
    "R004": (rb"#compliant#", b"#conformant#"),
    "R008": (rb"Toulouse", b""),
    "R010": (rb"(<cac:AccountingCustomerParty>.*?)<cbc:EndpointID.*?</cbc:EndpointID>", rb"\1"),
    "R020": (rb"<cbc:EndpointID.*?</cbc:EndpointID>", b""),
    "R051": (rb'currencyID="EUR">0.69', b'currencyID="USD">0.69'),
    "R061": (rb">58<", b">59<"),
    "R111": (rb"<cbc:EndDate>2023-10-26", b"<cbc:EndDate>2023-10-25"),
    "R120": (rb">37.97</cbc:PriceAmount>", b">38.97</cbc:PriceAmount>"),
    "R121": (rb'(<cbc:BaseQuantity unitCode="C62">)11', rb"\g<1>0"),
    "R130": (rb'<cbc:BaseQuantity unitCode="C62">', b'<cbc:BaseQuantity unitCode="HUR">'),
    "P0100": (rb">380<", b">381<"),
    "F001": (rb"<cbc:IssueDate>2023-07-14", b"<cbc:IssueDate>14.07.2023"),
    "CL008": (rb'schemeID="9957"', b'schemeID="9912"'),
}


@pytest.mark.parametrize("rule", BROKEN)
def test_peppols_rules_find_what_is_wrong(rule: str) -> None:
    _cii, ubl = written(SHAPES["domestic-one_seat_more-"])
    pattern, put = BROKEN[rule]
    broken = re.sub(pattern, put, ubl, count=1, flags=re.DOTALL)
    assert broken != ubl
    assert peppol.faults(ubl) == []
    assert any(f"-{rule}" in one for one in peppol.faults(broken))


def test_all_that_the_law_wants_said_stands_in_one_note() -> None:
    """Peppol takes one note, the French rules one for each code."""
    cii, ubl = (etree.fromstring(one) for one in written(SHAPES["domestic-one_seat_more-"]))
    (note,) = [one.text or "" for one in ubl.iterfind("cbc:Note", _UBL)]
    said = [one.text or "" for one in cii.iterfind(".//ram:IncludedNote/ram:Content", _CII)]
    assert len(said) == 4
    assert all(one in note for one in said)


def test_the_sums_are_those_of_the_document() -> None:
    """−34.52 + 37.97 = 3.45, 20 % of it 0.69, together 4.14."""
    cii, ubl = (etree.fromstring(one) for one in written(SHAPES["domestic-one_seat_more-"]))
    assert cii.findtext(".//ram:GrandTotalAmount", namespaces=_CII) == "4.14"
    assert cii.findtext(".//ram:DuePayableAmount", namespaces=_CII) == "4.14"
    assert ubl.findtext(".//cbc:PayableAmount", namespaces=_UBL) == "4.14"
    amounts = [one.text for one in ubl.iterfind(".//cbc:LineExtensionAmount", _UBL)]
    assert amounts == ["3.45", "-34.52", "37.97"]


def test_a_credit_note_says_what_it_gives_back_and_of_which_invoice() -> None:
    document = SHAPES["domestic-credit_note"]
    cii, ubl = written(document)
    root = etree.fromstring(ubl)
    assert root.tag.endswith("}CreditNote")
    assert b"INV-000001" in cii
    assert b"INV-000001" in ubl
    total = root.findtext(".//cbc:TaxInclusiveAmount", namespaces=_UBL)
    assert total == f"{-document.total / 100:.2f}"
    assert root.findtext(".//cbc:PayableAmount", namespaces=_UBL) == "0.00"


def test_what_was_paid_before_is_not_asked_for_again() -> None:
    document = SHAPES["domestic-renewal-credit"]
    root = etree.fromstring(written(document)[1])
    assert root.findtext(".//cbc:PrepaidAmount", namespaces=_UBL) == "7.00"
    assert root.findtext(".//cbc:PayableAmount", namespaces=_UBL) == f"{document.due / 100:.2f}"


def test_what_keeps_a_document_from_being_one_is_named() -> None:
    whole = small(DEMO, PARIS)
    note = SHAPES["reverse_charge-credit_note"]
    assert e_invoices.missing(whole) is None
    assert e_invoices.missing(replace(whole, seller=None)) is EInvoiceNeed.SELLER
    assert e_invoices.missing(replace(whole, seller=replace(DEMO, tax_ids=()))) is EInvoiceNeed.SELLER
    assert (
        e_invoices.missing(replace(whole, buyer=replace(BERLIN, sold_to=None))) is EInvoiceNeed.BUYER_ADDRESS
    )
    assert e_invoices.missing(replace(note, corrects=())) is EInvoiceNeed.CORRECTED
    assert e_invoices.missing(replace(whole, currency="JPY")) is EInvoiceNeed.TWO_DECIMALS
    bare = tuple(replace(line, taxes=()) for line in whole.lines)
    assert e_invoices.missing(replace(whole, lines=bare)) is EInvoiceNeed.TAX


def moved(before: Taxation, after: Taxation, buyer: Buyer) -> InvoiceDocument:
    """Return what an eleventh seat costs: ten are given back as they were taxed, eleven charged as now."""
    bought = line(before, "support", "team", 10, 100)
    facts = acme(bought, currency="EUR", taxation=after)  # type: ignore[arg-type]
    lines, settlement = priced(facts, (AddSeats("support", 11),))
    return document(lines, settlement, DEMO, buyer)


DUBLINER, BERLINER, BOSTONIAN, PARISIAN = (taxed(DEMO, one) for one in (DUBLIN, BERLIN, BOSTON, PARIS))
TWENTY = replace(PARISIAN, own_rate=Decimal(20))
TEN = replace(PARISIAN, own_rate=Decimal(10))
# What was charged before, what is charged now, to whom; and the rule that it breaks, as our need.
MOVES = {
    "out_of_the_eu": (DUBLINER, BOSTONIAN, BOSTON, "BR-O-11", EInvoiceNeed.MIXED_TAXES),
    "out_of_the_eu_with_a_number": (BERLINER, BOSTONIAN, BOSTON, "BR-O-11", EInvoiceNeed.MIXED_TAXES),
    "out_of_the_eu_of_a_small_business": (
        *(taxed(SMALL, PARIS), BOSTONIAN, BOSTON, "BR-O-11", EInvoiceNeed.MIXED_TAXES),
    ),
    "one_rate_by_two_names": (TWENTY, PARISIAN, PARIS, "BR-S-08", EInvoiceNeed.MIXED_TAXES),
    "number_lost": (BERLINER, DUBLINER, DUBLIN, "BR-AE-02", EInvoiceNeed.BUYER_NUMBER),
    "number_entered": (DUBLINER, BERLINER, BERLIN, "", None),
    "another_rate": (TEN, PARISIAN, PARIS, "", None),
    "no_longer_a_small_business": (taxed(SMALL, PARIS), PARISIAN, PARIS, "", None),
}


@pytest.mark.parametrize("move", MOVES)
def test_what_the_published_rules_refuse_is_refused_and_nothing_else(move: str) -> None:
    before, after, buyer, rule, need = MOVES[move]
    both = moved(before, after, buyer)
    cii, ubl = written(both)
    for faults in (oracle.faults(cii, oracle.EN16931_CII), oracle.faults(ubl, oracle.EN16931_UBL)):
        assert any(one.startswith(f"{rule}:") for one in faults) if rule else faults == []
    assert e_invoices.missing(both) is need


def test_what_bears_no_tax_beside_what_does_is_refused() -> None:
    """Ten seats were bought before the customer's country was known; nothing can name their category."""
    assert e_invoices.missing(moved(Taxation(), PARISIAN, PARIS)) is EInvoiceNeed.TAX
