"""A small vendor and its customer Acme as frozen facts: what the tests of the rules buy from."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from decimal import Decimal
from itertools import count

from accounts.rules.capabilities import AccountState
from billing.rules.changes import Answer, Choice
from billing.rules.facts import (
    Availability,
    EditionFacts,
    Facts,
    LineFacts,
    PriceFacts,
    ProductFacts,
    ProductKind,
    ScheduledFacts,
    ScheduledKind,
)
from billing.rules.lines import open_segment
from billing.rules.periods import AppliedDiscount, Cycle, Period, next_period
from billing.rules.quoting import PricedQuote
from billing.rules.taxation import TaxRateFacts

# 365 days; 105 of them are left on 14 July (the invoice of domain.md 6).
YEAR = Period(date(2022, 10, 27), date(2023, 10, 27))
TODAY = date(2023, 7, 14)


def edition(
    key: str, rank: int, annual: int | None = None, monthly: int | None = None, **more: object
) -> EditionFacts:
    """Return an edition with its list prices in minor units per seat and month."""
    prices = [PriceFacts(Cycle.ANNUAL, annual)] if annual is not None else []
    prices += [PriceFacts(Cycle.MONTHLY, monthly)] if monthly is not None else []
    return EditionFacts(key, rank, prices=tuple(prices), **more)  # type: ignore[arg-type]


INCLUDED = Availability.INCLUDED_ONLY
CATALOGUE = {
    product.key: product
    for product in (
        ProductFacts(
            "support",
            ProductKind.PRODUCT,
            (
                edition("team", 1, 200, 250, allowances={"light_agents": 0, "storage": "2 GB"}),
                edition(
                    "professional",
                    2,
                    300,
                    400,
                    allowances={"light_agents": 100, "storage": "5 GB"},
                    supports_temporary=True,
                ),
                edition("enterprise", 3, 500, supports_temporary=True),
                edition("elite", 4, availability=Availability.SALES_ONLY),
            ),
            open_to_assisted=True,
            maximum=5000,
        ),
        ProductFacts(
            "talk",
            ProductKind.PRODUCT,
            (edition("team", 1, 100, 150), edition("professional", 2, 150, 200)),
        ),
        ProductFacts(
            "guide",
            ProductKind.PRODUCT,
            (edition("lite", 1, availability=INCLUDED), edition("standard", 2, 80, 100)),
        ),
        ProductFacts("chat", ProductKind.PRODUCT, (edition("standard", 1, availability=INCLUDED),)),
        ProductFacts(
            "suite",
            ProductKind.SUITE,
            (
                edition("team", 1, 350, 450, supports_temporary=True),
                edition("professional", 2, 500, 650),
                edition("enterprise", 3, availability=Availability.SALES_ONLY),
            ),
            includes=("support", "talk", "guide", "chat"),
        ),
        ProductFacts("copilot", ProductKind.ADDON, (edition("one", 1, 50, 60),), requires=("support",)),
        ProductFacts("credits", ProductKind.FLAT, (edition("one", 1, 20000, 2000),)),
        ProductFacts("legacy", ProductKind.PRODUCT, (edition("one", 1, 100, 100),), withdrawn=True),
    )
}


# Quebec has its own beside the federal tax; elsewhere that one alone.
CANADA = (
    TaxRateFacts("CA", "GST", Decimal(5), date(2013, 1, 1)),
    TaxRateFacts("CA", "GST", Decimal(5), date(2013, 1, 1), region="QC"),
    TaxRateFacts("CA", "QST", Decimal("9.975"), date(2013, 1, 1), region="QC"),
)
# An invented table: the rate rises twice.
RISING = (
    TaxRateFacts("FR", "TVA", Decimal(20), date(2014, 1, 1)),
    TaxRateFacts("FR", "TVA", Decimal("20.6"), date(2023, 7, 1)),
    TaxRateFacts("FR", "TVA", Decimal(22), date(2024, 7, 1)),
)


def bought(
    product: str,
    edition: str,
    quantity: int,
    unit: int | None = None,
    *,
    term: Period = YEAR,
    cycle: Cycle = Cycle.ANNUAL,
    discounts: tuple[AppliedDiscount, ...] = (),
    **more: object,
) -> LineFacts:
    """Return a line that was bought for a whole term, at list price unless another is given."""
    offered = CATALOGUE[product].edition(edition)
    price = offered.price(cycle, term.start) if unit is None else unit
    assert price is not None
    segment = open_segment(
        covers=term,
        term=term,
        unit=price,
        quantity=quantity,
        months=1 if CATALOGUE[product].kind is ProductKind.FLAT else cycle.months,
        cycle=cycle,
        discounts=discounts,
        taxes=(),
    )
    line = LineFacts(product, edition, quantity, price, segments=(segment,), allowances=offered.allowances)
    return replace(line, **more)  # type: ignore[arg-type]


def acme(
    *lines: LineFacts, term: Period = YEAR, cycle: Cycle = Cycle.ANNUAL, currency: str = "USD", **more: object
) -> Facts:
    """Return Acme's subscription, renewed at the term's start; every row has an id."""
    facts = Facts(
        currency=currency,
        catalogue=CATALOGUE,
        cycle=cycle,
        anchor=term.start,
        period=term,
        paid_until=term.end,
        version=7,
        lines=lines,
    )
    return saved(replace(facts, **more))  # type: ignore[arg-type]


def monthly(*lines: LineFacts, start: date = date(2023, 4, 1), **more: object) -> Facts:
    """Return Acme's subscription by the month, in its month from `start`."""
    return acme(*lines, term=next_period(start, start, Cycle.MONTHLY), cycle=Cycle.MONTHLY, **more)


def nothing(**more: object) -> Facts:
    """Return Acme in its trial: nothing has been bought."""
    return replace(Facts("USD", CATALOGUE, state=AccountState.TRIAL, version=1), **more)  # type: ignore[arg-type]


def waits(kind: ScheduledKind, product: str | None = None, **more: object) -> ScheduledFacts:
    """Return a change that waits for the renewal of Acme's year."""
    return replace(ScheduledFacts(kind, YEAR.end, product), **more)  # type: ignore[arg-type]


def answered(kind: ScheduledKind, product: str | None, choice: str) -> tuple[Answer, ...]:
    """Return the answer to one question, as a new change carries it."""
    return (Answer(kind, product, Choice(choice)),)


def saved(facts: Facts, above: int = 0) -> Facts:
    """Give every row an id that has none, as the database would: above all that were ever given."""
    ids = count(max([above, *ids_of(facts)]) + 1)

    def keep(rows: Iterable[object]) -> tuple:  # type: ignore[type-arg]
        return tuple(
            row if row.id is not None else replace(row, id=next(ids))  # type: ignore[attr-defined,type-var]
            for row in rows
        )

    lines = tuple(replace(line, segments=keep(line.segments)) for line in facts.lines)
    return replace(
        facts,
        lines=keep(lines),
        scheduled=keep(facts.scheduled),
        discounts=keep(facts.discounts),
        temporary=keep(facts.temporary),
    )


def ids_of(facts: Facts) -> list[int]:
    """Return the ids of all rows."""
    rows = [*facts.lines, *facts.scheduled, *facts.discounts, *facts.temporary]
    rows += [segment for line in facts.lines for segment in line.segments]
    return [row.id for row in rows if row.id is not None]


def amounts(quote: PricedQuote) -> list[int]:
    """Return the amounts of a quote's lines in minor units."""
    return [line.amount for line in quote.lines]


def codes(quote: object) -> list[str]:
    """Return the codes of the notices of a quote or renewal."""
    return [notice.code for notice in quote.notices]  # type: ignore[attr-defined]
