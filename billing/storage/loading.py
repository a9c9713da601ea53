"""Freezes subscriptions and their catalogues for the rules, in two statements whatever their number and size.

The second is left out where the catalogues were read before in the version that they have now.

One reader for every page, mail and verb: what the rules see is what was stored at one moment.
Each subscription is one JSON document, because hydrating model rows would cost more than all of
the database's work. Amounts come out as whole minor units.
"""

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.db import connection

from accounts.copying import array
from accounts.models import Account
from accounts.rules.capabilities import AccountState
from billing.models import CatalogueVersion, TaxRate
from billing.rules.countries import taxed_as
from billing.rules.facts import Facts, ProductFacts
from billing.rules.lines import PricedLine
from billing.rules.money import exponent
from billing.rules.names import Names
from billing.rules.taxation import TaxRateFacts, TaxScope
from billing.storage import freezing
from billing.storage.freezing import Row
from billing.storage.sql import CATALOGUES, SUBSCRIPTIONS

# Whose oldest unpaid invoice is named.
OWING = (AccountState.PAST_DUE, AccountState.SUSPENDED)
# A catalogue in a currency.
OfferKey = tuple[int, str]


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

    `names` are the names of products and editions, and what they are counted in; `labels` the vendor's
    words for allowances by key and language; `scheduled_by` who scheduled a change, by its id; `flat` the
    products that are charged by the period, not by the seat.
    """

    facts: Facts
    names: Names
    labels: Mapping[str, Mapping[str, str]]
    payment: PaymentFacts | None
    open_requests: int
    scheduled_by: Mapping[int, str]
    scheduled_at: Mapping[int, datetime]
    flat: frozenset[str]

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
    return read_all([(account, on)], holders=holders, promos=promos).get(account.pk)


def read_all(
    wanted: Sequence[tuple[Account, date]], *, holders: bool = False, promos: Iterable[str] = ()
) -> dict[int, LoadedFacts]:
    """Return what is stored of many accounts' subscriptions, each on its own day, by the accounts' ids.

    As `read`, also in two statements: each catalogue and each country's tax rates are read once.
    """
    values: dict[str, Any] = {
        "accounts": array(account.id for account, _on in wanted),
        "days": array(on for _account, on in wanted),
        "scales": array(10 ** exponent(account.currency) for account, _on in wanted),
        "owing": array(account.state in OWING for account, _on in wanted),
        "holders": holders,
        "promos": list(promos),
    }
    with connection.cursor() as cursor:
        cursor.execute(SUBSCRIPTIONS, values)
        stored: dict[int, Row] = dict(cursor.fetchall())
    if not stored:
        return {}
    home = settings.SELLER.address.country if settings.SELLER.address else ""
    kept = _catalogues(
        next(iter(stored.values()))["offered"],
        {(one["catalogue"], one["currency"]) for one in stored.values()},
        {taxed_as(home), *(taxed_as(one["country"]) for one in stored.values())} - {""},
    )
    accounts = {account.id: account for account, _on in wanted}
    return {pk: _reading(accounts[pk], one, kept, home) for pk, one in stored.items()}


@dataclass(frozen=True, slots=True)
class _Catalogues:
    """What a process keeps of one version: offers, and rates by their countries. Shared: never change one."""

    offers: dict[OfferKey, freezing.Offer] = field(default_factory=dict)
    rates: dict[str, tuple[TaxRateFacts, ...]] = field(default_factory=dict)
    # Of a seller's and a buyer's country together.
    joined: dict[tuple[str, ...], tuple[TaxRateFacts, ...]] = field(default_factory=dict)

    def known(self, countries: tuple[str, ...]) -> tuple[TaxRateFacts, ...]:
        """Return the rates of these countries, the same object for the same ones."""
        if countries not in self.joined:
            self.joined[countries] = tuple(rate for country in countries for rate in self.rates[country])
        return self.joined[countries]


# The version before is still asked for by who began to read before the change.
VERSIONS_KEPT, OFFERS_KEPT = 2, 32


@lru_cache(maxsize=VERSIONS_KEPT)
def _kept(version: str) -> _Catalogues:
    """Return what this process has read of a version, which no other content ever has."""
    return _Catalogues()


def catalogue(catalogue_id: int, currency: str) -> Mapping[str, ProductFacts]:
    """Return what a catalogue offers in one currency, in its order, by the products' keys."""
    key = catalogue_id, currency
    version = CatalogueVersion.objects.values_list("version", flat=True).first()
    return _catalogues(str(version) if version else None, {key}, set()).offers[key].products


def _catalogues(version: str | None, offers: Set[OfferKey], countries: Set[str]) -> _Catalogues:
    """Return what is kept of a version with all of this in it; of the version now where one is read."""
    if version is not None:
        kept = _kept(version)
        if offers <= kept.offers.keys() and countries <= kept.rates.keys():
            return kept
    values: dict[str, Any] = {
        "catalogues": [catalogue_id for catalogue_id, _currency in offers],
        "currencies": [currency for _catalogue, currency in offers],
        "scales": [10 ** exponent(currency) for _catalogue, currency in offers],
        "countries": list(countries),
    }
    with connection.cursor() as cursor:
        cursor.execute(CATALOGUES, values)
        rows = cursor.fetchall()
    now = next((text for pk, key, text, _labels in rows if pk is None and key is None), None)
    kept = _kept(now) if now else _Catalogues()
    if len(kept.offers) > OFFERS_KEPT:
        _kept.cache_clear()
        kept = _Catalogues()
    for pk, key, text, labels in rows:
        if pk is not None:
            kept.offers[pk, key] = freezing.offer(text, labels)
        elif key is not None:
            kept.rates[key] = freezing.rates(text)
    return kept


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


def _reading(account: Account, stored: Row, kept: _Catalogues, home: str) -> LoadedFacts:
    offer = kept.offers[stored["catalogue"], stored["currency"]]
    countries = dict.fromkeys((taxed_as(home), taxed_as(stored["country"])))
    rates = kept.known(tuple(country for country in countries if country))
    payment = stored["payment"]
    return LoadedFacts(
        facts=freezing.facts(account, stored, offer.products, rates),
        names=offer.names,
        labels=offer.labels,
        payment=PaymentFacts(**payment) if payment else None,
        open_requests=stored["open_requests"],
        scheduled_by={row["id"]: row["by"] or "" for row in stored["scheduled"]},
        scheduled_at={row["id"]: datetime.fromisoformat(row["at"]) for row in stored["scheduled"]},
        flat=offer.flat,
    )
