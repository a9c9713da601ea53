"""Freezes one subscription and its catalogue for the rules, in two statements whatever their size.

One reader for every page, mail and verb: what the rules see is what was stored at one moment.
Each statement gives one JSON document, because hydrating model rows would cost more than all of
the database's work. Amounts come out as whole minor units.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from types import MappingProxyType
from typing import Any

from django.conf import settings
from django.db import connection

from accounts.models import Account
from accounts.rules.capabilities import AccountState, AccountType
from billing.models import TaxRate
from billing.rules.countries import BELONGS_TO
from billing.rules.facts import (
    Availability,
    DiscountFacts,
    DiscountSource,
    EditionFacts,
    Facts,
    LineFacts,
    PriceFacts,
    ProductFacts,
    ProductKind,
    PromoFacts,
    ScheduledFacts,
    ScheduledKind,
    TemporaryFacts,
)
from billing.rules.lines import PricedLine
from billing.rules.money import exponent
from billing.rules.periods import AppliedDiscount, Cycle, Period, Segment
from billing.rules.tax_json import from_plain
from billing.rules.taxation import Taxation, TaxBuyer, TaxRateFacts, TaxScope, seller_of
from billing.storage.sql import CATALOGUE, SUBSCRIPTION

Row = Mapping[str, Any]
# For the statement: whose rates a country takes that has another's.
_BELONGS_TO = json.dumps(dict(BELONGS_TO))


@dataclass(frozen=True, slots=True)
class PaymentFacts:
    """The payment method on file: what may be shown, and never more."""

    kind: str
    brand: str
    last_four: str
    expires_month: int | None
    expires_year: int | None


@dataclass(frozen=True, slots=True)
class LoadedFacts:
    """What was read of one subscription: the facts for the rules, and the words for pages.

    `names` gives a product's name by its key, and an edition's by (product key, edition key);
    `labels` the vendor's words for allowances by key and language; `scheduled_by` who scheduled a
    change, by its id.
    """

    facts: Facts
    names: Mapping[str | tuple[str, str], str]
    labels: Mapping[str, Mapping[str, str]]
    payment: PaymentFacts | None
    open_requests: int
    scheduled_by: Mapping[int, str]
    scheduled_at: Mapping[int, datetime]

    @property
    def flat(self) -> frozenset[str]:
        """Return the products that are charged by the period, not by the seat."""
        products = self.facts.catalogue.values()
        return frozenset(one.key for one in products if one.kind is ProductKind.FLAT)

    def price_version(self, line: PricedLine, on: date) -> str:
        """Return which price of the list a line has."""
        edition = self.facts.edition(line.product, line.edition)
        return edition.price_version(line.cycle, line.unit, on)


def read(
    account: Account, on: date, *, holders: bool = False, promos: Iterable[str] = ()
) -> LoadedFacts | None:
    """Return what is stored of an account's subscription, or None where it has none.

    `on` is the day in the account's zone: temporary seats that are over by then are left out.
    `holders` also reads who holds the seats, which only moving people between lines needs; `promos`
    the promo codes that somebody typed, in capitals. Reads in two statements; call it inside the
    lock when something will be written.
    """
    scale = 10 ** exponent(account.currency)
    stored = _document(
        SUBSCRIPTION,
        {
            "account": account.pk,
            "on": on,
            "scale": scale,
            "holders": holders,
            "promos": list(promos),
            "owing": account.state in (AccountState.PAST_DUE, AccountState.SUSPENDED),
            "seller": settings.SELLER.address.country if settings.SELLER.address else "",
            "belongs": _BELONGS_TO,
        },
    )
    if stored is None:
        return None
    offer = _offer(stored["catalogue"], stored["currency"])
    return _reading(account, stored, offer)


@dataclass(frozen=True, slots=True)
class _Offer:
    """What a catalogue offers in one currency, with its names. Shared between readings: never change it."""

    products: Mapping[str, ProductFacts]
    names: Mapping[str | tuple[str, str], str]


def catalogue(catalogue_id: int, currency: str) -> Mapping[str, ProductFacts]:
    """Return what a catalogue offers in one currency, in its order, by the products' keys."""
    return _offer(catalogue_id, currency).products


def _offer(catalogue_id: int, currency: str) -> _Offer:
    scale = 10 ** exponent(currency)
    with connection.cursor() as cursor:
        cursor.execute(CATALOGUE, {"catalogue": catalogue_id, "scale": scale, "currency": currency})
        return _parsed(cursor.fetchone()[0])


@lru_cache(maxsize=8)
def _parsed(text: str) -> _Offer:
    """Return the offer that a catalogue's document describes: a wide one is not parsed for every page."""
    products = json.loads(text, parse_float=Decimal)
    names: dict[str | tuple[str, str], str] = {}
    for product in products:
        names[product["key"]] = product["name"]
        names |= {(product["key"], edition["key"]): edition["name"] for edition in product["editions"]}
    return _Offer(
        MappingProxyType({product["key"]: _product(product) for product in products}), MappingProxyType(names)
    )


def tax_rates() -> tuple[TaxRateFacts, ...]:
    """Return the whole table of rates in its order: for who brings in accounts of many countries."""
    return tuple(
        TaxRateFacts(
            country=row.country,
            name=row.name,
            percent=None if row.percent is None else Decimal(f"{row.percent.normalize():f}"),
            in_force_from=row.in_force_from,
            region=row.region,
            category=row.category,
            scope=TaxScope(row.scope),
            law=row.law,
            code=row.code,
        )
        for row in TaxRate.objects.order_by("pk")
    )


@lru_cache(maxsize=64)
def _rates(text: str) -> tuple[TaxRateFacts, ...]:
    """Return the rates that a document lists: those of one or two countries, the same for many accounts."""
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


def _document(statement: str, values: Row) -> Any:
    """Return the one JSON value that a statement gives, or None where it gives no row."""
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        row = cursor.fetchone()
    if row is None:
        return None
    # Fractions of allowances stay exact, as everything else does.
    return row[0] if not isinstance(row[0], str) else json.loads(row[0], parse_float=Decimal)


def _reading(account: Account, stored: Row, offer: _Offer) -> LoadedFacts:
    payment = stored["payment"]
    return LoadedFacts(
        facts=_facts(account, stored, offer.products),
        names=offer.names,
        labels=stored["labels"],
        payment=PaymentFacts(**payment) if payment else None,
        open_requests=stored["open_requests"],
        scheduled_by={row["id"]: row["by"] or "" for row in stored["scheduled"]},
        scheduled_at={row["id"]: datetime.fromisoformat(row["at"]) for row in stored["scheduled"]},
    )


def _facts(account: Account, stored: Row, products: Mapping[str, ProductFacts]) -> Facts:
    return Facts(
        currency=stored["currency"],
        catalogue=products,
        cycle=Cycle(stored["cycle"]),
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
            seller=seller_of(settings.SELLER),
            buyer=TaxBuyer(stored["country"], stored["region"], stored["number_of"]),
            rates=_rates(stored["rates"]),
            own_rate=_decimal(stored["tax"]),
        ),
        promos=tuple(_promo(row) for row in stored["promos"]),
        held=stored["held"],
        parked=stored["parked"],
        past_due_invoice=stored["unpaid"],
    )


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
        cycle=Cycle(row["cycle"]),
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
        taxes=tuple(map(from_plain, row["taxes"])),
    )


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


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


def _period(start: str, end: str) -> Period:
    return Period(date.fromisoformat(start), date.fromisoformat(end))


def _decimal(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)
