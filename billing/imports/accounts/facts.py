"""Turns an account of a file into the facts of the rules: its lines at their prices, the days paid for.

What was charged is what the rules would have charged, so that a later credit is exact.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date

from billing.imports.accounts.listing import (
    ListedAccount,
    ListedDiscount,
    ListedLine,
    ListedSubscription,
    ListedTemporary,
)
from billing.rules.facts import (
    DiscountFacts,
    EditionFacts,
    Facts,
    LineFacts,
    ProductFacts,
    TemporaryFacts,
)
from billing.rules.lines import open_segment
from billing.rules.periods import Cycle, Period, add_months, months_between, next_period
from billing.rules.renewal import whole_period
from billing.rules.taxation import Taxation

Offer = Mapping[str, ProductFacts]


def facts_of(account: ListedAccount, offer: Offer, taxation: Taxation, on: date) -> Facts:
    """Return the subscription as the rules see it, with what is paid and the taxes that it bore.

    `offer` is the catalogue in the account's currency, `taxation` what decides its taxes, `on` today in its
    zone; `catalogue_checks.faults` must have found nothing wrong.
    """
    given = account.subscription
    facts = Facts(currency=account.currency, catalogue=offer, version=1, account_type=account.type)
    if given is None:
        # What a trial tries: nothing is paid, and the first purchase goes on from it.
        cycle = account.trial_cycle or Cycle.MONTHLY
        tried = tuple(_line(line, offer, cycle, on) for line in account.lines)
        return replace(facts, cycle=cycle, lines=tried)
    facts = replace(
        facts,
        cycle=given.cycle,
        anchor=given.anchor,
        period=given.period,
        paid_until=given.paid_end,
        taxation=taxation,
    )
    ordered = sorted(account.lines, key=lambda line: list(offer).index(line.product))
    began = {line.product: line.began_on or given.period_from for line in ordered}
    lines = tuple(_line(line, offer, given.cycle, on) for line in ordered)
    facts = replace(
        facts,
        lines=_paid(_as_charged(facts, given), lines, began, account.discounts),
        discounts=tuple(
            _discount(order, one) for order, one in enumerate(account.discounts) if one.periods_left != 0
        ),
    )
    return replace(facts, temporary=tuple(_temporary(one, facts, given) for one in account.temporary))


def _as_charged(facts: Facts, given: ListedSubscription) -> Facts:
    """Return the facts by which the current period was charged: at the rate of the file, if it names one."""
    if given.charged_tax_percent is None:
        return facts
    return replace(facts, taxation=replace(facts.taxation, own_rate=given.charged_tax_percent))


def _line(line: ListedLine, offer: Offer, cycle: Cycle, on: date) -> LineFacts:
    edition = offer[line.product].edition(line.edition)
    unit = edition.price(cycle, on) if line.unit_price is None else line.unit_price
    assert unit is not None  # `accounts_offer` asks for one where the list has none
    return LineFacts(
        line.product,
        line.edition,
        line.quantity,
        unit,
        allowances=edition.allowances,
        price_ends_on=line.price_ends_on,
    )


def _paid(
    facts: Facts, lines: tuple[LineFacts, ...], began: Mapping[str, date], given: tuple[ListedDiscount, ...]
) -> tuple[LineFacts, ...]:
    """Return the lines with the segments of each paid term; a line that began inside one has its rest."""
    # How often a discount counts after this period doesn't matter for what was charged in it.
    applied = [
        replace(_discount(order, one), periods_left=None)
        for order, one in enumerate(given)
        if one.in_current_period
    ]
    period = facts.current_period
    terms = [period] if facts.renews_on == period.end else [period, Period(period.end, facts.renews_on)]
    paid = {line.product: line for line in lines}
    for term in terms:
        starts = {line.product: term.from_day(began[line.product]) for line in lines}
        for covers in dict.fromkeys(starts.values()):
            if not covers.days:
                continue
            together = [paid[line.product] for line in lines if starts[line.product] == covers]
            _priced, charged = whole_period(
                facts,
                together,
                given=applied,
                covers=covers,
                term=term,
                cycle=facts.paid_cycle,
                because=(),
                issued_on=covers.start,
            )
            paid |= {line.product: line for line in charged}
    return tuple(paid.values())


def _discount(order: int, one: ListedDiscount) -> DiscountFacts:
    return DiscountFacts(
        code=one.code,
        source=one.source,
        percent=one.percent,
        amount=one.amount or 0,
        products=one.products,
        periods_left=one.periods_left,
        order=order,
        version=1,
    )


def _temporary(one: ListedTemporary, facts: Facts, given: ListedSubscription) -> TemporaryFacts:
    """Return temporary seats with what they cost: by the day, period by period, without discounts."""
    wanted = Period(one.starts_on, one.until)
    line = facts.line(one.product)
    assert line is not None  # temporary seats are of a line
    unit = temporary_unit(one, facts.edition(line.product, line.edition), given.cycle)
    assert unit is not None  # `accounts_offer` asks for one where the list has none
    charged = sum(
        open_segment(
            covers=wanted.overlap(term),
            term=term,
            unit=unit,
            quantity=one.quantity,
            months=facts.months(one.product, given.cycle),
            cycle=given.cycle,
            discounts=(),
            taxes=facts.taxes(line.product, term.start),
        ).charged
        for term in _terms(given, wanted)
    )
    return TemporaryFacts(one.product, one.quantity, wanted, charged)


def temporary_unit(one: ListedTemporary, edition: EditionFacts, cycle: Cycle) -> int | None:
    """Return the price of a temporary seat and month: the file's, or the list price of its first day."""
    return edition.price(cycle, one.starts_on) if one.unit_price is None else one.unit_price


def _terms(given: ListedSubscription, wanted: Period) -> Iterator[Period]:
    """Yield the periods that hold a day of a stretch, by the anchor, before and after the current one."""
    start = given.period_from
    while start > wanted.start:
        start = add_months(given.anchor, months_between(given.anchor, start) - given.cycle.months)
    while start < wanted.end:
        term = next_period(given.anchor, start, given.cycle)
        if wanted.overlap(term).days:
            yield term
        start = term.end
