"""An invoice beside the one before it: the parts of the difference, which sum to it exactly."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import event, given
from hypothesis import strategies as st

from billing.rules.bill_comparison import BillCause, BillPart, compare, is_behind
from billing.rules.changes import AddSeats, ChangeCycle, FirstPurchase, Item, UsePromoCode
from billing.rules.documents import DocumentLine, InvoiceDocument
from billing.rules.lines import DiscountShare, LineKind
from billing.rules.periods import Cycle, Period
from billing.rules.proration import prorated
from billing.rules.tax import TaxLine, tax, taxes
from tests.rules.documents import JULY, TEN_SEATS, TVA, issued

AUGUST = Period(date(2023, 8, 1), date(2023, 9, 1))
WHOLE = replace(TEN_SEATS, kind=LineKind.PERIOD)


def invoiced(*lines: DocumentLine, **more: object) -> InvoiceDocument:
    """Return an invoice of lines, with 20 % on their sum."""
    subtotal = sum(line.amount for line in lines)
    rows = taxes({(TVA,): subtotal})
    owed = sum(row.amount for row in rows)
    sums = {
        "subtotal": subtotal,
        "taxes": rows,
        "tax": owed,
        "total": subtotal + owed,
        "due": subtotal + owed,
    }
    return issued(lines=lines, **sums, **more)


def charged(line: DocumentLine, **more: object) -> DocumentLine:
    """Return a line with something else of it, and what it then comes to."""
    other = replace(line, **more)  # type: ignore[arg-type]
    gross = prorated(
        other.unit,
        other.quantity,
        months=other.months,
        term=other.term,
        on=other.covers.start,
        until=other.covers.end,
    )
    return replace(other, gross=gross, amount=gross + sum(share.amount for share in other.discounts))


def parts(before: InvoiceDocument, now: InvoiceDocument) -> list[tuple[BillCause, int]]:
    """Return causes and amounts, which sum to the difference."""
    found = compare(before, now)
    assert sum(part.amount for part in found.parts) == now.total - before.total == found.difference
    return [(part.cause, part.amount) for part in found.parts]


def test_nothing_differs_between_two_months_that_are_the_same() -> None:
    assert parts(invoiced(WHOLE), invoiced(charged(WHOLE, covers=AUGUST, term=AUGUST))) == []


def test_seats_come_before_the_price_and_taxes_follow() -> None:
    dearer = charged(WHOLE, quantity=12, unit=110)
    # (12 − 10) × 1.00, then 12 × (1.10 − 1.00), then 20 % of 3.20
    expected = [(BillCause.QUANTITY, 200), (BillCause.PRICE, 120), (BillCause.TAX, 64)]
    assert parts(invoiced(WHOLE), invoiced(dearer)) == expected
    found = compare(invoiced(WHOLE), invoiced(dearer))
    assert [part.cause for part in found.largest] == [BillCause.QUANTITY, BillCause.PRICE]
    assert [(part.before, part.now) for part in found.parts[:2]] == [(WHOLE, dearer)] * 2


def test_an_edition_a_cycle_a_product_that_comes_and_one_that_goes() -> None:
    higher = charged(WHOLE, edition_name="Growth", unit=150)
    assert parts(invoiced(WHOLE), invoiced(higher))[0] == (BillCause.EDITION, 500)
    year = Period(JULY.start, date(2024, 7, 1))
    annual = charged(WHOLE, unit=80, months=12, cycle=Cycle.ANNUAL, covers=year, term=year)
    # 10 × (0.80 − 1.00), then 10 × 0.80 × (12 − 1)
    assert parts(invoiced(WHOLE), invoiced(annual))[:2] == [(BillCause.PRICE, -200), (BillCause.LENGTH, 8800)]
    guide = charged(WHOLE, product="guide", product_name="Guide", quantity=3)
    assert parts(invoiced(WHOLE), invoiced(guide))[:2] == [(BillCause.ADDED, 300), (BillCause.ENDED, -1000)]
    added, ended = compare(invoiced(WHOLE), invoiced(guide)).parts[:2]
    assert (added.before, added.now, ended.before, ended.now) == (None, guide, WHOLE, None)


@pytest.mark.parametrize(
    "days",
    [Period(date(2023, 7, 22), JULY.end), Period(JULY.start, date(2023, 7, 11))],
    ids=["last", "first"],
)
def test_a_part_of_a_term_is_priced_for_its_own_days(days: Period) -> None:
    """Ten days of July at 10 × 1.00, then at 12: 2 × 1.00 × 10/31 = 0.65, not the whole month's 2.00."""
    some = charged(WHOLE, covers=days)
    assert parts(invoiced(some), invoiced(charged(some, quantity=12)))[0] == (BillCause.QUANTITY, 64)


def test_what_was_charged_for_some_days_is_on_one_of_the_two_alone() -> None:
    days = Period(date(2023, 7, 22), JULY.end)
    credit = replace(charged(WHOLE, covers=days), kind=LineKind.CREDIT)
    credit = replace(credit, gross=-credit.gross, amount=-credit.gross)
    more = replace(charged(WHOLE, covers=days, quantity=12), kind=LineKind.CHARGE)
    # −10 × 1.00 × 10/31 + 12 × 1.00 × 10/31 = −3.23 + 3.87
    assert parts(invoiced(WHOLE), invoiced(WHOLE, credit, more))[0] == (BillCause.ONCE_NOW, 64)
    assert parts(invoiced(WHOLE, credit, more), invoiced(WHOLE))[0] == (BillCause.ONCE_BEFORE, -64)
    (now,) = compare(invoiced(WHOLE), invoiced(WHOLE, credit, more)).parts[:1]
    (before,) = compare(invoiced(WHOLE, credit, more), invoiced(WHOLE)).parts[:1]
    assert (now.before, now.now, before.before, before.now) == (None, more, more, None)
    season = replace(charged(WHOLE, covers=days, quantity=2), kind=LineKind.TEMPORARY)
    # 2 × 1.00 × 10/31, apart from the change of the same product
    apart = [(BillCause.ONCE_NOW, 64), (BillCause.ONCE_NOW, 65)]
    assert parts(invoiced(WHOLE), invoiced(WHOLE, credit, more, season))[:2] == apart


def test_a_code_that_ends_and_a_rate_that_rises() -> None:
    half = charged(WHOLE, discounts=(DiscountShare("HALF", Decimal(50), -500),))
    assert parts(invoiced(half), invoiced(WHOLE)) == [(BillCause.DISCOUNT, 500), (BillCause.TAX, 100)]
    assert [(part.code, part.tax) for part in compare(invoiced(half), invoiced(WHOLE)).parts] == [
        ("HALF", None),
        ("", TVA),
    ]
    rises = replace(TVA, rate=Decimal(22))
    now = replace(invoiced(WHOLE), taxes=(TaxLine(rises, 1000, 220),), tax=220, total=1220, due=1220)
    assert parts(invoiced(WHOLE), now) == [(BillCause.TAX, -200), (BillCause.TAX, 220)]


def test_a_change_is_behind_what_it_changed() -> None:
    seats = BillPart(BillCause.QUANTITY, 200, WHOLE, charged(WHOLE, quantity=12))
    assert is_behind(AddSeats("support", 12), seats)
    assert not is_behind(AddSeats("guide", 12), seats)
    assert not is_behind(ChangeCycle(Cycle.ANNUAL), seats)
    assert is_behind(ChangeCycle(Cycle.ANNUAL), replace(seats, cause=BillCause.LENGTH))
    assert is_behind(AddSeats("support", 12), replace(seats, cause=BillCause.ONCE_NOW))
    assert not is_behind(AddSeats("support", 12), replace(seats, cause=BillCause.ONCE_BEFORE))
    code = BillPart(BillCause.DISCOUNT, -500, code="HALF")
    assert is_behind(UsePromoCode("HALF"), code)
    assert not is_behind(UsePromoCode("OTHER"), code)
    assert not is_behind(AddSeats("support", 12), BillPart(BillCause.TAX, 64, tax=TVA))


@st.composite
def documents(draw: st.DrawFn) -> InvoiceDocument:
    """Draw an invoice of whole periods, credits, charges, discounts and taxes of whatever size."""
    lines = []
    for _number in range(draw(st.integers(0, 5))):
        term = draw(st.sampled_from([JULY, AUGUST, Period(JULY.start, date(2024, 7, 1))]))
        start = draw(st.dates(term.start, term.last_day))
        kind = draw(st.sampled_from(LineKind))
        code = st.tuples(st.sampled_from(["HALF", "TENTH"]), st.integers(-900, 0))
        line = charged(
            WHOLE,
            kind=kind,
            product=draw(st.sampled_from(["support", "guide", "talk"])),
            edition_name=draw(st.sampled_from(["Team", "Growth"])),
            quantity=draw(st.integers(1, 300)),
            unit=draw(st.integers(0, 9999)),
            months=draw(st.sampled_from([1, 12])),
            term=term,
            covers=Period(start, term.end),
            discounts=tuple(
                DiscountShare(name, None, amount) for name, amount in draw(st.lists(code, max_size=2))
            ),
        )
        if kind is LineKind.CREDIT:
            shares = tuple(replace(share, amount=-share.amount) for share in line.discounts)
            line = replace(line, gross=-line.gross, amount=-line.amount, discounts=shares)
        lines.append(line)
    subtotal = sum(line.amount for line in lines)
    rates = draw(st.lists(st.sampled_from([Decimal(20), Decimal(22), Decimal("9.975")]), unique=True))
    rows = tuple(TaxLine(replace(TVA, rate=rate), subtotal, tax(subtotal, rate)) for rate in sorted(rates))
    total = subtotal + sum(row.amount for row in rows)
    return issued(lines=tuple(lines), taxes=rows, subtotal=subtotal, tax=total - subtotal, total=total)


@given(documents(), documents())
def test_the_parts_sum_to_the_difference(before: InvoiceDocument, now: InvoiceDocument) -> None:
    found = compare(before, now)
    for cause in {part.cause for part in found.parts}:
        event(cause)
    assert sum(part.amount for part in found.parts) == now.total - before.total
    assert all(part.amount for part in found.parts)
    assert set(found.largest) <= set(found.parts)


def test_a_first_purchase_is_behind_each_of_its_products() -> None:
    bought = FirstPurchase(Cycle.ANNUAL, (Item("support", "team", 3), Item("talk", "team", 1)))
    (part,) = compare(invoiced(), invoiced(WHOLE)).parts[:1]
    assert is_behind(bought, part)
    assert not is_behind(replace(bought, items=bought.items[1:]), part)
