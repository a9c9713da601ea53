"""Freezes subscriptions and their catalogues for the rules, in two statements whatever their number and size.

One reader for every page, mail and verb: what the rules see is what was stored at one moment.
Each subscription is one JSON document, because hydrating model rows would cost more than all of
the database's work. Amounts come out as whole minor units.
"""

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.db import connection

from accounts.models import Account
from accounts.rules.capabilities import AccountState
from billing.models import TaxRate
from billing.rules.countries import taxed_as
from billing.rules.facts import Facts, ProductFacts
from billing.rules.lines import PricedLine
from billing.rules.money import exponent
from billing.rules.taxation import TaxRateFacts, TaxScope
from billing.storage import freezing
from billing.storage.freezing import Row
from billing.storage.sql import CATALOGUES, SUBSCRIPTIONS

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

    `names` gives a product's name by its key, and an edition's by (product key, edition key);
    `labels` the vendor's words for allowances by key and language; `scheduled_by` who scheduled a
    change, by its id; `flat` the products that are charged by the period, not by the seat.
    """

    facts: Facts
    names: Mapping[str | tuple[str, str], str]
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
        "accounts": [account.pk for account, _on in wanted],
        "days": [on for _account, on in wanted],
        "scales": [10 ** exponent(account.currency) for account, _on in wanted],
        "owing": [
            account.state in (AccountState.PAST_DUE, AccountState.SUSPENDED) for account, _on in wanted
        ],
        "holders": holders,
        "promos": list(promos),
    }
    with connection.cursor() as cursor:
        cursor.execute(SUBSCRIPTIONS, values)
        stored: dict[int, Row] = dict(cursor.fetchall())
    if not stored:
        return {}
    home = settings.SELLER.address.country if settings.SELLER.address else ""
    catalogues = _catalogues(
        {(one["catalogue"], one["currency"]) for one in stored.values()},
        {taxed_as(home), *(taxed_as(one["country"]) for one in stored.values())},
    )
    accounts = {account.pk: account for account, _on in wanted}
    return {pk: _reading(accounts[pk], one, catalogues, home) for pk, one in stored.items()}


@dataclass(frozen=True, slots=True)
class _Catalogues:
    """What was read of catalogues and taxes, as texts: offers with the vendor's words, rates by country."""

    offers: Mapping[OfferKey, tuple[str, str]]
    rates: Mapping[str, str]


def catalogue(catalogue_id: int, currency: str) -> Mapping[str, ProductFacts]:
    """Return what a catalogue offers in one currency, in its order, by the products' keys."""
    key = catalogue_id, currency
    return freezing.offer(*_catalogues({key}, set()).offers[key]).products


def _catalogues(offers: Set[OfferKey], countries: Set[str]) -> _Catalogues:
    values: dict[str, Any] = {
        "catalogues": [catalogue_id for catalogue_id, _currency in offers],
        "currencies": [currency for _catalogue, currency in offers],
        "scales": [10 ** exponent(currency) for _catalogue, currency in offers],
        "countries": [country for country in countries if country],
    }
    with connection.cursor() as cursor:
        cursor.execute(CATALOGUES, values)
        rows = cursor.fetchall()
    return _Catalogues(
        {(pk, key): (text, labels) for pk, key, text, labels in rows if pk is not None},
        {country: text for pk, country, text, _labels in rows if pk is None},
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


def _reading(account: Account, stored: Row, catalogues: _Catalogues, home: str) -> LoadedFacts:
    offer = freezing.offer(*catalogues.offers[stored["catalogue"], stored["currency"]])
    countries = dict.fromkeys((taxed_as(home), taxed_as(stored["country"])))
    rates = freezing.rates(tuple(catalogues.rates[country] for country in countries if country))
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
