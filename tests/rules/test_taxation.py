"""Which taxes a charge bears: from seller, buyer, product and day."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from billing.rules import parties
from billing.rules.changes import AddSeats, Extend, FirstPurchase, Item
from billing.rules.facts import Facts
from billing.rules.periods import Cycle
from billing.rules.quoting import quote, renewal
from billing.rules.tax import AppliedTax, LineTaxes, TaxCategory, TaxReason, at_rate
from billing.rules.taxation import (
    Taxation,
    TaxBuyer,
    TaxRateFacts,
    TaxScope,
    TaxSeller,
    TaxTreatment,
    is_shown,
    seller_of,
    taxes_on,
    treatment,
)
from tests.rules.shop import CANADA, CATALOGUE, RISING, acme, bought, nothing

D = Decimal
TODAY = date(2023, 7, 14)
LONG_AGO = date(2010, 1, 1)
FRANCE = TaxSeller("FR")
QUEBEC = TaxSeller("CA", "QC")
IN_AUSTRIA_TOO = TaxSeller("DE", registered=frozenset({"DE", "AT"}))
INDIA = (
    TaxRateFacts("IN", "CGST", D(9), LONG_AGO, scope=TaxScope.SAME_REGION),
    TaxRateFacts("IN", "SGST", D(9), LONG_AGO, scope=TaxScope.SAME_REGION),
    TaxRateFacts("IN", "IGST", D(18), LONG_AGO, scope=TaxScope.OTHER_REGION),
)
TVA = AppliedTax("TVA", D(20))
PLAIN = {"name": "TVA", "rate": "20.6", "category": "S"}


def borne(
    seller: TaxSeller,
    buyer: TaxBuyer,
    *rates: TaxRateFacts,
    category: str = "standard",
    on: date = TODAY,
) -> LineTaxes:
    return taxes_on(Taxation(seller, buyer, rates), category, on)


def named(taxes: LineTaxes) -> list[tuple[str, Decimal]]:
    return [(tax.name, tax.rate) for tax in taxes]


@pytest.mark.parametrize(
    ("seller", "buyer", "found"),
    [
        (FRANCE, TaxBuyer("FR"), "domestic"),
        (FRANCE, TaxBuyer("FR", number_of="FR"), "domestic"),
        # Monaco is France, for VAT.
        (FRANCE, TaxBuyer("MC"), "domestic"),
        (FRANCE, TaxBuyer("DE", number_of="DE"), "reverse_charge"),
        # With the number of another member, wherever in the EU the address is.
        (FRANCE, TaxBuyer("NL", number_of="DE"), "reverse_charge"),
        (FRANCE, TaxBuyer("DE", number_of="FR"), "sellers_rate"),
        (FRANCE, TaxBuyer("DE", number_of="GB"), "sellers_rate"),
        (FRANCE, TaxBuyer("DE"), "sellers_rate"),
        (FRANCE, TaxBuyer("GB", number_of="GB"), "outside_scope"),
        (FRANCE, TaxBuyer("US"), "outside_scope"),
        (TaxSeller("CH"), TaxBuyer("DE", number_of="DE"), "outside_scope"),
        (TaxSeller("DE", registered=frozenset({"DE", "AT"})), TaxBuyer("AT"), "registered"),
        (
            TaxSeller("DE", registered=frozenset({"DE", "AT"})),
            TaxBuyer("AT", number_of="AT"),
            "reverse_charge",
        ),
        (TaxSeller("US", registered=frozenset({"CA"})), TaxBuyer("CA", "QC"), "registered"),
        (TaxSeller("FR", exempt=True), TaxBuyer("FR"), "small_business"),
        (FRANCE, TaxBuyer(), "unknown"),
        (TaxSeller(), TaxBuyer("FR"), "unknown"),
    ],
)
def test_how_an_account_is_taxed(seller: TaxSeller, buyer: TaxBuyer, found: str) -> None:
    assert treatment(Taxation(seller, buyer)) == found


def test_a_rate_of_its_own_wins_over_all_that_is_known() -> None:
    own = Taxation(FRANCE, TaxBuyer("DE", number_of="DE"), RISING, own_rate=D(10))
    assert treatment(own) is TaxTreatment.OWN_RATE
    assert taxes_on(own, "standard", TODAY) == at_rate(D(10))
    assert at_rate(D(0))[0].category is TaxCategory.ZERO_RATED


def test_the_rate_is_the_one_in_force_on_the_day() -> None:
    days = (date(2023, 6, 30), date(2023, 7, 1), date(2024, 6, 30), date(2024, 7, 1))
    found = [named(borne(FRANCE, TaxBuyer("FR"), *RISING, on=day)) for day in days]
    assert found == [[("TVA", D(20))], [("TVA", D("20.6"))], [("TVA", D("20.6"))], [("TVA", D(22))]]
    # The order in which the table was loaded doesn't matter.
    assert borne(FRANCE, TaxBuyer("FR"), *reversed(RISING), on=days[3])[0].rate == 22


def test_without_a_number_the_sellers_own_rate_is_charged_in_the_eu() -> None:
    assert named(borne(FRANCE, TaxBuyer("DE"), *RISING)) == [("TVA", D("20.6"))]


def test_where_no_tax_is_charged_it_says_why() -> None:
    reverse = borne(FRANCE, TaxBuyer("DE", number_of="DE"), *RISING)
    assert reverse == (
        AppliedTax("", D(0), TaxCategory.REVERSE_CHARGE, TaxReason.REVERSE_CHARGE, code="VATEX-EU-AE"),
    )
    outside = borne(FRANCE, TaxBuyer("US"), *RISING)
    assert outside == (
        AppliedTax("", D(0), TaxCategory.OUTSIDE_SCOPE, TaxReason.OUTSIDE_EU, code="VATEX-EU-O"),
    )
    (abroad,) = borne(TaxSeller("CH"), TaxBuyer("US"))
    assert (abroad.category, abroad.reason) == (TaxCategory.OUTSIDE_SCOPE, TaxReason.ABROAD)
    (small,) = borne(TaxSeller("FR", exempt=True), TaxBuyer("DE", number_of="DE"), *RISING)
    assert (small.category, small.law, small.code) == ("E", "art. 293 B du CGI", "VATEX-FR-FRANCHISE")
    (unnamed,) = borne(TaxSeller("IT", exempt=True), TaxBuyer("IT"))
    assert (unnamed.reason, unnamed.law, unnamed.code) == (TaxReason.SMALL_BUSINESS, "", "")


def test_elsewhere_in_the_union_without_a_number_the_tax_is_that_of_the_sellers_seat() -> None:
    """An invented table: a region's own rates, one of them inside the region alone."""
    seller = TaxSeller("FR", "Corse")
    rates = (
        *RISING,
        TaxRateFacts("FR", "TVA", D(13), LONG_AGO, region="Corse"),
        TaxRateFacts("FR", "OM", D(1), LONG_AGO, region="Corse", scope=TaxScope.SAME_REGION),
        TaxRateFacts("FR", "TVA", D("2.1"), LONG_AGO, region="Corse", category="books"),
    )
    for buyer in (TaxBuyer("DE"), TaxBuyer("FR", "Corse")):
        assert named(borne(seller, buyer, *rates)) == [("TVA", D(13)), ("OM", D(1))]
        assert named(borne(seller, buyer, *rates, category="books")) == [("TVA", D("2.1"))]


def test_quebec_has_two_taxes_and_ontario_the_federal_one() -> None:
    assert named(borne(QUEBEC, TaxBuyer("CA", "QC"), *CANADA)) == [("GST", D(5)), ("QST", D("9.975"))]
    assert named(borne(QUEBEC, TaxBuyer("CA", "ON"), *CANADA)) == [("GST", D(5))]
    assert named(borne(QUEBEC, TaxBuyer("CA"), *CANADA)) == [("GST", D(5))]


def test_india_splits_its_tax_inside_a_state() -> None:
    seller = TaxSeller("IN", "Karnataka")
    assert named(borne(seller, TaxBuyer("IN", "Karnataka"), *INDIA)) == [("CGST", D(9)), ("SGST", D(9))]
    assert named(borne(seller, TaxBuyer("IN", "Kerala"), *INDIA)) == [("IGST", D(18))]
    abroad = TaxSeller("US", registered=frozenset({"IN"}))
    assert named(borne(abroad, TaxBuyer("IN", "Kerala"), *INDIA)) == [("IGST", D(18))]


def test_a_category_has_its_own_rate_and_else_the_standard_one() -> None:
    rates = (
        *RISING,
        TaxRateFacts("FR", "TVA", D("5.5"), LONG_AGO, category="books"),
        TaxRateFacts(
            "FR", "TVA", None, LONG_AGO, category="courses", law="art. 261 CGI", code="VATEX-EU-132"
        ),
    )
    assert named(borne(FRANCE, TaxBuyer("FR"), *rates, category="books")) == [("TVA", D("5.5"))]
    assert named(borne(FRANCE, TaxBuyer("FR"), *rates, category="toys")) == [("TVA", D("20.6"))]
    assert borne(FRANCE, TaxBuyer("FR"), *rates, category="courses") == (
        AppliedTax("TVA", D(0), TaxCategory.EXEMPT, TaxReason.EXEMPT, "art. 261 CGI", "VATEX-EU-132"),
    )


def test_a_country_may_tax_nothing_or_at_zero_or_no_longer() -> None:
    states = TaxRateFacts("US", "", None, LONG_AGO)
    (none,) = borne(TaxSeller("US"), TaxBuyer("US", "CA"), states)
    assert (none.category, none.reason) == (TaxCategory.OUTSIDE_SCOPE, TaxReason.NOT_TAXED)
    (zero,) = borne(TaxSeller("GB"), TaxBuyer("GB"), TaxRateFacts("GB", "VAT", D(0), LONG_AGO))
    assert (zero.category, zero.rate, zero.reason) == (TaxCategory.ZERO_RATED, 0, None)
    ended = TaxRateFacts("CA", "QST", None, date(2023, 7, 1), region="QC")
    assert named(borne(QUEBEC, TaxBuyer("CA", "QC"), *CANADA, ended)) == [("GST", D(5))]


def test_nothing_is_said_where_no_rate_is_in_force() -> None:
    assert borne(FRANCE, TaxBuyer("FR"), *CANADA) == ()
    assert borne(FRANCE, TaxBuyer("FR"), *RISING, on=date(2013, 12, 31)) == ()
    assert not is_shown(Taxation(), TODAY)
    assert is_shown(Taxation(own_rate=D(0)), TODAY)
    # From the day on which a rate is in force.
    since = Taxation(FRANCE, TaxBuyer("FR"), RISING)
    assert [is_shown(since, day) for day in (date(2013, 12, 31), date(2014, 1, 1))] == [False, True]


def test_the_seller_is_registered_where_it_has_a_number_for_vat() -> None:
    vendor = parties.Seller(
        "Northwind",
        parties.Address("DE", region="Bayern"),
        tax_ids=(
            parties.TaxId(parties.TaxIdKind.VAT, "DE", "136695976"),
            parties.TaxId(parties.TaxIdKind.VAT, "CH", "107787577"),
            parties.TaxId(parties.TaxIdKind.COMPANY, "FR", "999888779"),
        ),
    )
    assert seller_of(vendor) == TaxSeller("DE", "Bayern", frozenset({"DE", "CH"}))
    assert seller_of(replace(vendor, vat_regime=parties.VatRegime.EXEMPT)).exempt
    assert seller_of(parties.Seller("Nobody yet")) == TaxSeller()


def ledger(taxation: Taxation, charged_with: LineTaxes) -> Facts:
    """Return ten seats at 1.00 a month, paid for the year with given taxes."""
    line = bought("support", "team", 10, 100)
    line = replace(line, segments=(replace(line.segments[0], taxes=charged_with),))
    return acme(line, taxation=taxation)


def test_a_credit_is_at_the_old_rate_and_the_charge_at_todays() -> None:
    """−34.52 at 20 % = −6.90; +37.97 at 20.6 % = 7.82: net 3.45 and 0.92 of tax."""
    taxed = Taxation(FRANCE, TaxBuyer("FR"), RISING)
    found = quote(ledger(taxed, (TVA,)), [AddSeats("support", 11)], TODAY)
    assert [(line.amount, named(line.taxes)) for line in found.lines] == [
        (-3452, [("TVA", D(20))]),
        (3797, [("TVA", D("20.6"))]),
    ]
    assert [(row.rate, row.base, row.amount) for row in found.settlement.taxes] == [
        (D("20.6"), 3797, 782),
        (D(20), -3452, -690),
    ]
    assert found.settlement.total == 345 + 782 - 690
    assert [(notice.code, notice.data) for notice in found.notices if notice.code == "taxed_anew"] == [
        ("taxed_anew", {"product": "support", "was": ({**PLAIN, "rate": "20"},), "now": (PLAIN,)})
    ]
    # What was charged keeps what it bears: the next credit is at 20.6 %, whatever the rate is by then.
    after = found.after.lines[0].segments
    assert [named(segment.taxes) for segment in after] == [[("TVA", D(20))], [("TVA", D("20.6"))]]


def test_nothing_is_said_where_only_the_name_or_the_reason_is_another() -> None:
    at_20 = Taxation(FRANCE, TaxBuyer("FR"), RISING[:1])
    owing = Taxation(FRANCE, TaxBuyer("DE", number_of="DE"), RISING)
    for taxed, charged_with in ((at_20, at_rate(D(20))), (owing, ())):
        found = quote(ledger(taxed, charged_with), [AddSeats("support", 11)], TODAY)
        assert "taxed_anew" not in {notice.code for notice in found.notices}


def test_the_renewal_is_at_the_rate_of_its_own_day() -> None:
    """Seen on 14 July 2023: 120.00 on 27 October at 20.6 % = 24.72, the year after at 22 % = 26.40."""
    taxed = Taxation(FRANCE, TaxBuyer("FR"), RISING)
    coming = renewal(ledger(taxed, (TVA,)), TODAY)
    assert coming is not None
    assert [(row.rate, row.amount) for row in coming.settlement.taxes] == [(D("20.6"), 2472)]
    later = renewal(coming.after, TODAY)
    assert later is not None
    assert [(row.rate, row.amount) for row in later.settlement.taxes] == [(D(22), 2640)]


def test_an_extension_is_at_the_rate_of_the_day_it_is_invoiced() -> None:
    """The year from 27 October 2023, bought on 30 June at 20 %: 120.00 and 24.00."""
    taxed = Taxation(FRANCE, TaxBuyer("FR"), RISING)
    found = quote(ledger(taxed, (TVA,)), [Extend()], date(2023, 6, 30))
    assert [(row.rate, row.amount) for row in found.settlement.taxes] == [(D(20), 2400)]


def test_quebec_shows_two_rows_on_one_sum() -> None:
    """10 × 1.00 × 12 = 120.00: GST 6.00, QST 9.975 % = 11.97; together 137.97."""
    facts = nothing(taxation=Taxation(QUEBEC, TaxBuyer("CA", "QC"), CANADA), currency="CAD")
    found = quote(facts, [FirstPurchase(Cycle.ANNUAL, (Item("talk", "team", 10),))], TODAY)
    assert [(row.tax.name, row.base, row.amount) for row in found.settlement.taxes] == [
        ("GST", 12000, 600),
        ("QST", 12000, 1197),
    ]
    assert (found.settlement.subtotal, found.settlement.tax, found.due) == (12000, 1797, 13797)


def test_products_of_two_categories_have_their_own_rates() -> None:
    """Support 1 × 2.00 × 12 at 20.6 % = 4.944 → 4.94; Talk 10 × 1.00 × 12, a book, at 5.5 % = 6.60."""
    talk = replace(CATALOGUE["talk"], tax_category="books")
    rates = (*RISING, TaxRateFacts("FR", "TVA", D("5.5"), LONG_AGO, category="books"))
    facts = nothing(taxation=Taxation(FRANCE, TaxBuyer("FR"), rates), catalogue={**CATALOGUE, "talk": talk})
    items = (Item("support", "team", 1), Item("talk", "team", 10))
    found = quote(facts, [FirstPurchase(Cycle.ANNUAL, items)], TODAY)
    assert [(row.rate, row.base, row.amount) for row in found.settlement.taxes] == [
        (D("20.6"), 2400, 494),
        (D("5.5"), 12000, 660),
    ]
