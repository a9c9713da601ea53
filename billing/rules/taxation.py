"""Which taxes a charge bears (domain.md 6).

From who sells, who buys, what is sold, and the day on which the invoice is issued.
"""

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum
from functools import lru_cache
from typing import assert_never

from billing.rules.countries import EU, taxed_as
from billing.rules.parties import Seller, TaxIdKind, VatRegime
from billing.rules.tax import ZERO, AppliedTax, LineTaxes, TaxCategory, TaxReason, at_rate

STANDARD = "standard"

# By which article a small business charges none, and its code in an e-invoice.
_SMALL_BUSINESS = {
    "AT": ("§ 6 Abs. 1 Z 27 UStG", ""),
    "DE": ("§ 19 UStG", ""),
    "FR": ("art. 293 B du CGI", "VATEX-FR-FRANCHISE"),
}


class TaxScope(StrEnum):
    """Between whom a tax is: in India CGST and SGST inside a state, IGST across."""

    ANYWHERE = "anywhere"
    SAME_REGION = "same_region"
    OTHER_REGION = "other_region"


class TaxTreatment(StrEnum):
    """How an account is taxed, from where it and the seller are."""

    OWN_RATE = "own_rate"
    UNKNOWN = "unknown"
    SMALL_BUSINESS = "small_business"
    DOMESTIC = "domestic"
    REVERSE_CHARGE = "reverse_charge"
    REGISTERED = "registered"
    SELLERS_RATE = "sellers_rate"
    OUTSIDE_SCOPE = "outside_scope"


@dataclass(frozen=True, slots=True)
class TaxRateFacts:
    """One tax of a country, or of a region of it, from a day on; `percent` None: not charged.

    `category` is what it is on, as products name it. Where it is not charged, `law` makes it exempt by that
    article, with `code` for e-invoices; without a law nothing is taxed.
    """

    country: str
    name: str
    percent: Decimal | None
    in_force_from: date
    region: str = ""
    category: str = STANDARD
    scope: TaxScope = TaxScope.ANYWHERE
    law: str = ""
    code: str = ""


@dataclass(frozen=True, slots=True)
class TaxSeller:
    """Who sells: country and region of its seat, and the countries in which it is registered for tax.

    `exempt` says that it charges no tax at all: a small business.
    """

    country: str = ""
    region: str = ""
    registered: frozenset[str] = frozenset()
    exempt: bool = False


@dataclass(frozen=True, slots=True)
class TaxBuyer:
    """Who buys: country and region of its seat, and the country that gave it its number for VAT, if any."""

    country: str = ""
    region: str = ""
    number_of: str = ""


@dataclass(frozen=True, slots=True)
class Taxation:
    """All that decides an account's taxes; `rates` are those of its own and the seller's country.

    `own_rate` is a rate in percent that the account was loaded with: it is charged, whatever else is known.
    """

    seller: TaxSeller = field(default_factory=TaxSeller)
    buyer: TaxBuyer = field(default_factory=TaxBuyer)
    rates: tuple[TaxRateFacts, ...] = ()
    own_rate: Decimal | None = None


def seller_of(seller: Seller) -> TaxSeller:
    """Return what taxes depend on of the vendor: it is registered where it has a number for VAT."""
    return TaxSeller(
        country=seller.address.country if seller.address else "",
        region=seller.address.region if seller.address else "",
        registered=frozenset(one.country for one in seller.tax_ids if one.kind is TaxIdKind.VAT),
        exempt=seller.vat_regime is VatRegime.EXEMPT,
    )


def treatment(taxation: Taxation) -> TaxTreatment:
    """Return how an account is taxed; UNKNOWN where its country, or the seller's, isn't known.

    Across a border inside the EU a valid number means that the buyer owes the tax; without one the seller's
    own rate is charged. Elsewhere a sale abroad is outside the scope of the seller's tax. In a country where
    the seller is registered it charges that country's.
    """
    seller, buyer = taxation.seller, taxation.buyer
    if taxation.own_rate is not None:
        return TaxTreatment.OWN_RATE
    if not seller.country or not buyer.country:
        return TaxTreatment.UNKNOWN
    home, there = taxed_as(seller.country), taxed_as(buyer.country)
    inside = home in EU and there in EU
    if seller.exempt:
        return TaxTreatment.SMALL_BUSINESS
    if home == there:
        return TaxTreatment.DOMESTIC
    if inside and buyer.number_of in EU - {home}:
        return TaxTreatment.REVERSE_CHARGE
    if there in seller.registered:
        return TaxTreatment.REGISTERED
    return TaxTreatment.SELLERS_RATE if inside else TaxTreatment.OUTSIDE_SCOPE


def taxes_on(taxation: Taxation, category: str, on: date) -> LineTaxes:
    """Return the taxes on a product of a category whose invoice is issued on a day.

    None where no tax is shown: the treatment is unknown, or no rate of the country is in force.
    """
    seller, buyer = taxation.seller, taxation.buyer
    match found := treatment(taxation):
        case TaxTreatment.OWN_RATE:
            return at_rate(taxation.own_rate)
        case TaxTreatment.UNKNOWN:
            return ()
        case TaxTreatment.SMALL_BUSINESS:
            law, code = _SMALL_BUSINESS.get(seller.country, ("", ""))
            return _none(TaxCategory.EXEMPT, TaxReason.SMALL_BUSINESS, law, code)
        case TaxTreatment.REVERSE_CHARGE:
            return _none(TaxCategory.REVERSE_CHARGE, TaxReason.REVERSE_CHARGE, code="VATEX-EU-AE")
        case TaxTreatment.OUTSIDE_SCOPE:
            if taxed_as(seller.country) in EU:
                return _none(TaxCategory.OUTSIDE_SCOPE, TaxReason.OUTSIDE_EU, code="VATEX-EU-O")
            return _none(TaxCategory.OUTSIDE_SCOPE, TaxReason.ABROAD)
        case TaxTreatment.DOMESTIC | TaxTreatment.REGISTERED:
            return _charged(taxation.rates, buyer, category, on, same_region=_same_region(seller, buyer))
        case TaxTreatment.SELLERS_RATE:
            at_home = TaxBuyer(seller.country, seller.region)
            return _charged(taxation.rates, at_home, category, on, same_region=True)
        case _:
            assert_never(found)


def is_shown(taxation: Taxation, on: date) -> bool:
    """Tell whether invoices of a day bear a tax, or say why they bear none."""
    return bool(taxes_on(taxation, STANDARD, on))


# Each line of a quote, and each of the renewal behind it, asks the same.
@lru_cache(maxsize=256)
def _charged(
    rates: tuple[TaxRateFacts, ...], at: TaxBuyer, category: str, on: date, *, same_region: bool
) -> LineTaxes:
    """Return the taxes of a place on a day, in the order of the table.

    A region's own rates stand in the place of its country's, and a category's own in the place of the
    standard ones.
    """
    here = [one for one in rates if one.country == taxed_as(at.country) and one.in_force_from <= on]
    regional = [one for one in here if one.region and one.region == at.region]
    here = regional or [one for one in here if not one.region]
    here = [one for one in here if one.category == category] or [
        one for one in here if one.category == STANDARD
    ]
    other = TaxScope.OTHER_REGION if same_region else TaxScope.SAME_REGION
    newest: dict[str, TaxRateFacts] = {}
    for one in here:
        if one.scope is other:
            continue
        known = newest.get(one.name)
        if known is None or known.in_force_from < one.in_force_from:
            newest[one.name] = one
    taxed = tuple(tax for one in newest.values() if (tax := _applied(one)) is not None)
    return taxed if taxed or not newest else _none(TaxCategory.OUTSIDE_SCOPE, TaxReason.NOT_TAXED)


def _applied(rate: TaxRateFacts) -> AppliedTax | None:
    """Return a rate as a line bears it; None where there is no tax any more."""
    if rate.percent is not None:
        category = TaxCategory.STANDARD if rate.percent else TaxCategory.ZERO_RATED
        return AppliedTax(rate.name, rate.percent, category)
    if not rate.law:
        return None
    return AppliedTax(rate.name, ZERO, TaxCategory.EXEMPT, TaxReason.EXEMPT, rate.law, rate.code)


def _none(category: TaxCategory, reason: TaxReason, law: str = "", code: str = "") -> LineTaxes:
    return (AppliedTax("", ZERO, category, reason, law, code),)


def _same_region(seller: TaxSeller, buyer: TaxBuyer) -> bool:
    """Tell whether both are in one region of one country."""
    return seller.country == buyer.country and seller.region == buyer.region
