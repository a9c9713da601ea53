"""What keeps a document from being an e-invoice of EN 16931; tests/documents asks the published rules."""

from dataclasses import replace
from decimal import Decimal

import pytest

from billing.rules.documents import CorrectedInvoice
from billing.rules.e_invoices import EInvoiceNeed, missing
from billing.rules.parties import TaxId, TaxIdKind
from billing.rules.tax import ZERO, AppliedTax, TaxCategory, TaxLine, TaxReason
from tests.rules.documents import ACME, JULY, TEN_SEATS, TVA, VENDOR, issued

QST = AppliedTax("QST", Decimal("9.975"))
REDUCED = AppliedTax("TVA", Decimal("5.5"))
# Of a member that has the same rate.
AUSTRIAN = AppliedTax("USt", Decimal(20))
OWED_BY_THE_BUYER = AppliedTax("", ZERO, TaxCategory.REVERSE_CHARGE, TaxReason.REVERSE_CHARGE)
OUTSIDE = AppliedTax("", ZERO, TaxCategory.OUTSIDE_SCOPE, TaxReason.OUTSIDE_EU)
NOT_TAXED = AppliedTax("", ZERO, TaxCategory.OUTSIDE_SCOPE, TaxReason.NOT_TAXED)
NUMBERED = replace(ACME, tax_id=TaxId(TaxIdKind.VAT, "FR", "40303265045"))


def on(*taxes: AppliedTax) -> tuple[TaxLine, ...]:
    """Return a row for each tax, as a document with lines under them has."""
    return tuple(TaxLine(one, 1000, 0) for one in taxes)


@pytest.mark.parametrize(
    ("more", "need"),
    [
        ({}, None),
        ({"seller": None}, EInvoiceNeed.SELLER),
        ({"seller": replace(VENDOR, address=None)}, EInvoiceNeed.SELLER),
        ({"seller": replace(VENDOR, tax_ids=VENDOR.tax_ids[:1])}, EInvoiceNeed.SELLER),
        ({"buyer": None}, EInvoiceNeed.BUYER_ADDRESS),
        ({"buyer": replace(ACME, sold_to=None)}, EInvoiceNeed.BUYER_ADDRESS),
        ({"buyer": replace(ACME, sold_to=None, bill_to=ACME.sold_to)}, None),
        ({"is_credit_note": True}, EInvoiceNeed.CORRECTED),
        ({"is_credit_note": True, "corrects": (CorrectedInvoice("INV-000001", JULY.start),)}, None),
        ({"currency": "JPY"}, EInvoiceNeed.TWO_DECIMALS),
        ({"currency": "KWD"}, EInvoiceNeed.TWO_DECIMALS),
        ({"lines": (TEN_SEATS, replace(TEN_SEATS, taxes=()))}, EInvoiceNeed.TAX),
        ({"lines": (replace(TEN_SEATS, taxes=(TVA, QST)),)}, EInvoiceNeed.TAX),
    ],
)
def test_each_need_is_named(more: dict[str, object], need: EInvoiceNeed | None) -> None:
    assert missing(issued(**more)) is need


@pytest.mark.parametrize(
    ("taxes", "need"),
    [
        ((TVA, REDUCED), None),
        ((OUTSIDE,), None),
        ((TVA, OWED_BY_THE_BUYER), None),
        ((TVA, OUTSIDE), EInvoiceNeed.MIXED_TAXES),
        ((OUTSIDE, OWED_BY_THE_BUYER), EInvoiceNeed.MIXED_TAXES),
        ((OUTSIDE, NOT_TAXED), EInvoiceNeed.MIXED_TAXES),
        ((TVA, AUSTRIAN), EInvoiceNeed.MIXED_TAXES),
    ],
)
def test_what_is_outside_of_vat_stands_alone_and_each_rate_once(
    taxes: tuple[AppliedTax, ...], need: EInvoiceNeed | None
) -> None:
    assert missing(issued(buyer=NUMBERED, taxes=on(*taxes))) is need


def test_who_owes_the_tax_is_named_by_a_number() -> None:
    assert missing(issued(taxes=on(TVA, OWED_BY_THE_BUYER))) is EInvoiceNeed.BUYER_NUMBER
    assert missing(issued(buyer=NUMBERED, taxes=on(OWED_BY_THE_BUYER))) is None
