"""A document is the same for ever: its fingerprint, and how it is settled, as they are kept."""

import hashlib
import json
from dataclasses import asdict, replace
from datetime import date
from decimal import Decimal

import pytest

from billing.rules.documents import (
    CorrectedInvoice,
    PaymentMeans,
    PaymentTerms,
    fingerprint,
    payment_from_plain,
    payment_to_plain,
)
from billing.rules.lines import DiscountShare
from billing.rules.tax import TaxLine
from tests.rules.documents import ACME, JULY, TEN_SEATS, TVA, VENDOR, issued


def test_the_hash_of_an_issued_document_never_changes() -> None:
    """Whoever sees this fail has made every document that was issued look forged: keep how it is written."""
    assert fingerprint(issued()) == "e4247ad6b4b79556532b143d66ef4e45b18643cab1a488fb0e4fa825858d85e0"


@pytest.mark.parametrize(
    "more",
    [
        {"number": "INV-000043"},
        {"total": 1201},
        {"prepaid": 1},
        {"is_credit_note": True},
        {"issued_on": date(2023, 7, 2)},
        {"due_on": None},
        {"supplied": None},
        {"buyer": replace(ACME, name="Acme SARl")},
        {"seller": replace(VENDOR, tax_ids=VENDOR.tax_ids[::-1])},
        {"lines": (TEN_SEATS, TEN_SEATS)},
        {"lines": (replace(TEN_SEATS, discounts=(DiscountShare("HALF", Decimal(50), -500),)),)},
        {"lines": (replace(TEN_SEATS, flat=True),)},
        {"taxes": (TaxLine(replace(TVA, rate=Decimal("20.1")), 1000, 200),)},
        {"corrects": (CorrectedInvoice("INV-000001", JULY.start),)},
        {"payment": PaymentTerms(PaymentMeans.CARD, "Visa", "4242", paid=True)},
        {"quote": "7c0ffee0"},
    ],
)
def test_whatever_changes_another_hash_says_so(more: dict[str, object]) -> None:
    assert fingerprint(issued(**more)) != fingerprint(issued())


def plain(value: object) -> object:
    """Return what is hashed of a part, said in another way: all that is not empty, by name."""
    if isinstance(value, dict):
        parts = {key: plain(one) for key, one in value.items()}
        return {key: one for key, one in parts.items() if one not in ("", None, False, [], {})}
    if isinstance(value, tuple):
        return [plain(one) for one in value]
    if isinstance(value, date):
        return value.isoformat()
    return str(value.normalize()) if isinstance(value, Decimal) else value


def test_it_is_the_hash_of_all_that_is_not_empty_also_of_a_rate_of_zero() -> None:
    none = replace(TVA, rate=Decimal(0))
    for document in (issued(), issued(lines=(replace(TEN_SEATS, taxes=(none, TVA)),))):
        text = json.dumps(plain(asdict(document)), sort_keys=True, ensure_ascii=False, separators=(",", ":"))
        assert fingerprint(document) == hashlib.sha256(text.encode()).hexdigest()


def test_a_rate_is_the_same_however_the_database_writes_it() -> None:
    """20 and 20.0000 are one rate."""
    kept = replace(TVA, rate=Decimal("20.0000"))
    again = issued(lines=(replace(TEN_SEATS, taxes=(kept,)),), taxes=(TaxLine(kept, 1000, 200),))
    assert fingerprint(again) == fingerprint(issued())


def test_a_line_is_named_by_its_product_and_edition() -> None:
    assert TEN_SEATS.name == "Support Team"
    assert replace(TEN_SEATS, edition_name="").name == "Support"


@pytest.mark.parametrize("means", PaymentMeans)
def test_terms_of_payment_come_back_as_they_were_kept(means: PaymentMeans) -> None:
    terms = PaymentTerms(means, "Visa", "4242", paid=True)
    assert payment_from_plain(payment_to_plain(terms)) == terms
    assert payment_to_plain(PaymentTerms(means)) == {"means": means.value}


def test_a_document_from_before_they_were_kept_is_open() -> None:
    assert payment_from_plain({}) == PaymentTerms(PaymentMeans.OPEN)


def test_outsiders_read_of_nobody_who_caused_it() -> None:
    document = replace(issued(), caused_by="Olivia Owens", request=7, requested_by="Adam Adler", quote="q")
    shown = document.for_outsiders()
    assert (shown.caused_by, shown.request, shown.requested_by) == ("", None, "")
    assert replace(shown, caused_by="Olivia Owens", request=7, requested_by="Adam Adler") == document
