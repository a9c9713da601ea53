"""Turns the JSON documents that are read of a subscription and its catalogue into frozen facts."""

import json
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from functools import lru_cache
from types import MappingProxyType
from typing import Any

from django.conf import settings

from accounts.models import Account
from accounts.rules.capabilities import AccountState, AccountType
from billing.rules.facts import (
    Availability,
    DiscountFacts,
    DiscountSource,
    EditionFacts,
    Facts,
    LineFacts,
    PriceEnd,
    PriceFacts,
    ProductFacts,
    ProductKind,
    PromoFacts,
    ScheduledFacts,
    ScheduledKind,
    TemporaryFacts,
)
from billing.rules.names import CountedIn, Names, counted_from_plain
from billing.rules.parties import Seller
from billing.rules.periods import AppliedDiscount, Cycle, Period, Segment
from billing.rules.tax import LineTaxes
from billing.rules.tax_json import from_plain
from billing.rules.taxation import Taxation, TaxBuyer, TaxRateFacts, TaxScope, TaxSeller, seller_of

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Offer:
    """What a catalogue offers in one currency, with its words. Shared between readings: never change it."""

    products: Mapping[str, ProductFacts]
    names: Names
    labels: Mapping[str, Mapping[str, str]]
    flat: frozenset[str]


def offer(text: str, labels: str) -> Offer:
    """Return the offer that a catalogue's documents describe."""
    products = json.loads(text, parse_float=Decimal)
    made = {product["key"]: _product(product) for product in products}
    flat = frozenset(one.key for one in made.values() if one.kind is ProductKind.FLAT)
    return Offer(MappingProxyType(made), _names(products, flat), json.loads(labels), flat)


def _names(products: Iterable[Row], flat: Container[str]) -> Names:
    names: dict[str | tuple[str, str], str] = {}
    purposes: dict[tuple[str, str], Mapping[str, str]] = {}
    counted: dict[str, CountedIn] = {}
    for product in products:
        key = product["key"]
        names[key] = product["name"]
        for edition in product["editions"]:
            names[key, edition["key"]] = edition["name"]
            purposes[key, edition["key"]] = edition["purpose"]
        if product["counted_in"] or key in flat:
            counted[key] = counted_from_plain(product["counted_in"])
    return Names(MappingProxyType(names), MappingProxyType(counted), MappingProxyType(purposes))


def rates(text: str) -> tuple[TaxRateFacts, ...]:
    """Return the rates that a country's document lists."""
    return tuple(
        TaxRateFacts(
            country=row["country"],
            name=row["name"],
            percent=_decimal(row["percent"]),
            in_force_from=date.fromisoformat(row["from"]),
            region=row["region"],
            category=row["category"],
            scope=TaxScope(row["scope"]),
            law=row["law"],
            code=row["code"],
        )
        for row in json.loads(text)
    )


def facts(
    account: Account, stored: Row, products: Mapping[str, ProductFacts], known: tuple[TaxRateFacts, ...]
) -> Facts:
    """Return the facts of a subscription; `known` are the rates of the seller's and its own country."""
    return Facts(
        currency=stored["currency"],
        catalogue=_agreed(products, stored["agreed"]) if stored["agreed"] else products,
        cycle=_CYCLES[stored["cycle"]],
        anchor=_day(stored["anchor"]),
        period=_period(stored["period_start"], stored["period_end"]) if stored["period_start"] else None,
        paid_until=_day(stored["paid_until"]),
        version=stored["version"],
        account_type=AccountType(account.type),
        state=AccountState(account.state),
        trial_end=account.trial_ends_on,
        lines=tuple(_line(row) for row in stored["lines"]),
        scheduled=tuple(_scheduled(row) for row in stored["scheduled"]),
        temporary=tuple(_temporary(row) for row in stored["temporary"]),
        discounts=tuple(_discount(order, row) for order, row in enumerate(stored["discounts"])),
        balance=stored["balance"],
        taxation=Taxation(
            seller=_seller(settings.SELLER),
            buyer=TaxBuyer(stored["country"], stored["region"], stored["number_of"]),
            rates=known,
            own_rate=_decimal(stored["tax"]),
        ),
        promos=tuple(_promo(row) for row in stored["promos"]),
        held=stored["held"],
        parked=stored["parked"],
        past_due_invoice=stored["unpaid"],
    )


def _agreed(products: Mapping[str, ProductFacts], rows: Iterable[Row]) -> Mapping[str, ProductFacts]:
    """Return a catalogue with the prices that were agreed with one account."""
    found = dict(products)
    for row in rows:
        price = PriceFacts(
            Cycle(row["cycle"]), row["unit"], date.fromisoformat(row["from"]), True, _day(row["until"])
        )
        product = found[row["product"]]
        editions = tuple(
            replace(one, prices=(*one.prices, price)) if one.key == row["edition"] else one
            for one in product.editions
        )
        found[product.key] = replace(product, editions=editions)
    return found


@lru_cache(maxsize=8)
def _seller(seller: Seller) -> TaxSeller:
    return seller_of(seller)


def _promo(row: Row) -> PromoFacts:
    return PromoFacts(
        code=row["code"],
        percent=_decimal(row["percent"]),
        amount=row["amount"],
        products=tuple(row["products"]),
        periods=row["periods"],
        currency=row["currency"],
        first_purchase_only=row["first"],
        valid_from=_day(row["from"]),
        valid_until=_day(row["until"]),
        uses_left=row["left"],
        withdrawn=row["withdrawn"],
    )


def _product(row: Row) -> ProductFacts:
    return ProductFacts(
        key=row["key"],
        kind=ProductKind(row["kind"]),
        editions=tuple(_edition(edition) for edition in row["editions"]),
        includes=tuple(row["includes"]),
        requires=tuple(row["requires"]),
        minimum=row["minimum"],
        maximum=row["maximum"],
        open_to_assisted=row["open"],
        withdrawn=row["withdrawn"],
        tax_category=row["tax"],
    )


def _edition(row: Row) -> EditionFacts:
    return EditionFacts(
        key=row["key"],
        rank=row["rank"],
        availability=Availability(row["availability"]),
        prices=tuple(
            PriceFacts(Cycle(price["cycle"]), price["unit"], date.fromisoformat(price["from"]))
            for price in row["prices"]
        ),
        allowances=row["allowances"],
        supports_temporary=row["temporary"],
        price_ends=tuple(
            PriceEnd(Cycle(end["cycle"]), end["unit"], date.fromisoformat(end["on"]))
            for end in row["price_ends"]
        ),
    )


def _line(row: Row) -> LineFacts:
    return LineFacts(
        id=row["id"],
        product=row["product"],
        edition=row["edition"],
        quantity=row["quantity"],
        unit=row["unit"],
        segments=tuple(_segment(segment) for segment in row["segments"]),
        allowances=row["allowances"],
        seats_in_use=row["in_use"],
        holders=frozenset(row["holders"] or ()),
        price_ends_on=_day(row["price_ends_on"]),
    )


def _segment(row: Row) -> Segment:
    return Segment(
        id=row["id"],
        covers=_period(row["from"], row["until"]),
        term=_period(row["start"], row["end"]),
        unit=row["unit"],
        quantity=row["quantity"],
        months=row["months"],
        cycle=_CYCLES[row["cycle"]],
        charged=row["charged"],
        credited=row["credited"],
        discounts=tuple(
            AppliedDiscount(
                one["code"],
                percent=_decimal(one["percent"]),
                share=one["share"],
                products=tuple(one.get("products", ())),
            )
            for one in row["discounts"]
        ),
        taxes=_taxes(row["taxes"]),
        added=row["added"],
    )


@lru_cache(maxsize=256)
def _taxes(text: str) -> LineTaxes:
    """Return the taxes of a segment, from their document: most segments bear one of a few."""
    return tuple(map(from_plain, json.loads(text)))


def _scheduled(row: Row) -> ScheduledFacts:
    return ScheduledFacts(
        id=row["id"],
        kind=ScheduledKind(row["kind"]),
        product=row["product"],
        quantity=row["quantity"],
        edition=row["edition"],
        cycle=Cycle(row["cycle"]) if row["cycle"] else None,
        leaving=tuple(row["leaving"]),
        takes_effect_on=date.fromisoformat(row["on"]),
        version=row["version"],
    )


def _temporary(row: Row) -> TemporaryFacts:
    return TemporaryFacts(
        id=row["id"],
        product=row["product"],
        quantity=row["quantity"],
        covers=_period(row["from"], row["until"]),
        charged=row["charged"],
    )


def _discount(order: int, row: Row) -> DiscountFacts:
    return DiscountFacts(
        id=row["id"],
        code=row["code"],
        source=DiscountSource(row["source"]),
        percent=_decimal(row["percent"]),
        amount=row["amount"],
        products=tuple(row["products"]),
        periods_left=row["periods_left"],
        order=order,
        version=row["version"],
    )


# To look a member up takes a tenth of asking its class for it.
_CYCLES = {cycle.value: cycle for cycle in Cycle}


# Most of a batch begin and end on the same few days.
@lru_cache(maxsize=1024)
def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


@lru_cache(maxsize=1024)
def _period(start: str, end: str) -> Period:
    return Period(date.fromisoformat(start), date.fromisoformat(end))


def _decimal(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)
