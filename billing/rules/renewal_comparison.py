"""What the coming renewal changes: each line and discount beside what it is today."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta

from billing.rules.facts import DiscountFacts, DiscountSource, Facts, LineFacts
from billing.rules.lines import PricedLine
from billing.rules.periods import AppliedDiscount
from billing.rules.quoting import Renewal, renewal
from billing.rules.renewal_lines import becomes
from billing.rules.tax import LineTaxes


@dataclass(frozen=True, slots=True)
class ComparedLine:
    """A line of today with what it becomes; amounts in minor units for a whole period, before discounts."""

    line: LineFacts
    now: PricedLine
    then: tuple[PricedLine, ...]

    @property
    def old(self) -> int:
        """Return what a whole period costs as things stand."""
        return self.now.gross

    @property
    def new(self) -> int:
        """Return what the renewal charges for it; zero where it ends."""
        return sum(line.gross for line in self.then)

    @property
    def stays(self) -> bool:
        """Tell whether it goes on as it is, at its price."""
        return self.old == self.new and [_what(one) for one in self.then] == [_what(self.now)]


@dataclass(frozen=True, slots=True)
class ComparedDiscount:
    """What a code takes off a period, today and at the renewal: minor units, negative or zero."""

    code: str
    old: int
    new: int


@dataclass(frozen=True, slots=True)
class TaxChange:
    """A product whose taxes are others on the renewal day than today."""

    product: str
    was: LineTaxes
    becomes: LineTaxes


@dataclass(frozen=True, slots=True)
class RenewalComparison:
    """The coming renewal beside the period that is paid: `now` is what that costs, whole, as things stand."""

    now: Renewal
    coming: Renewal
    lines: tuple[ComparedLine, ...]
    discounts: tuple[ComparedDiscount, ...]
    taxes: tuple[TaxChange, ...]

    @property
    def same_length(self) -> bool:
        """Tell whether both are for a whole period of one length: only then a difference says anything."""
        return self.now.cycle is self.coming.cycle and self.coming.period == self.coming.term

    @property
    def codes_ended(self) -> tuple[str, ...]:
        """Return the codes that the renewal no longer carries."""
        return tuple(one.code for one in self.discounts if one.old and not one.new)

    @property
    def differs(self) -> bool:
        """Tell whether the renewal is another than the period before it, in what it brings or costs."""
        return bool(
            self.taxes
            or not self.same_length
            or self.now.settlement.subtotal != self.coming.settlement.subtotal
            or not all(one.stays for one in self.lines)
        )


def compare(facts: Facts, on: date) -> RenewalComparison | None:
    """Return the coming renewal beside what is paid, None where nothing has been bought.

    Refusal (NoPriceInCycle) where a waiting change leads to what has no price.
    """
    coming = renewal(facts, on)
    if coming is None:
        return None
    now = as_it_stands(facts, without=later_codes(facts, on), used_up=tuple(_used_up(facts)))
    return RenewalComparison(
        now=now,
        coming=coming,
        lines=tuple(_lines(facts, now, coming)),
        discounts=tuple(_discounts(now, coming)),
        taxes=tuple(_taxes(facts, coming, on)),
    )


def as_it_stands(
    facts: Facts, *, without: frozenset[str], used_up: tuple[DiscountFacts, ...] = ()
) -> Renewal:
    """Return what a whole period costs with nothing changed: the renewal as if nothing waited.

    `without` are codes that begin only with that renewal, `used_up` some that the paid period still carries.
    """
    given = (*(one for one in facts.discounts if one.code not in without), *used_up)
    same = renewal(replace(facts, scheduled=(), discounts=given, prices_stay=True), facts.renews_on)
    assert same is not None  # there are lines
    return same


def later_codes(facts: Facts, on: date) -> frozenset[str]:
    """Return the codes that were typed for the coming renewal: no paid day carries them yet.

    One that came with the first version was brought in, and holds already: what was paid elsewhere
    doesn't name it.
    """
    paid = {
        applied.code
        for line in facts.lines
        for segment in line.segments
        if segment.covers.end > on
        for applied in segment.discounts
    }
    typed = (one.code for one in facts.discounts if one.source is DiscountSource.PROMO and one.version > 1)
    return frozenset(typed) - paid


def _used_up(facts: Facts) -> Iterator[DiscountFacts]:
    """Yield the codes that the last paid period carries and no later one will: their periods are counted."""
    last, live = facts.renews_on - timedelta(days=1), {one.code for one in facts.discounts}
    found: dict[str, AppliedDiscount] = {}
    shares: dict[str, int] = {}
    for line in facts.lines:
        for segment in line.segments:
            for applied in segment.discounts if segment.covers.contains(last) else ():
                if applied.code not in live:
                    found[applied.code] = applied
                    shares[applied.code] = shares.get(applied.code, 0) + applied.share
    # Older than what is still given, as the percentages of a paid segment are in their order.
    order = min((one.order for one in facts.discounts), default=0) - 1
    for code, applied in found.items():
        yield DiscountFacts(
            code, DiscountSource.PROMO, applied.percent, shares[code], applied.products, order=order
        )


def _lines(facts: Facts, now: Renewal, coming: Renewal) -> Iterator[ComparedLine]:
    left = iter(coming.lines)
    for line, priced in zip(facts.lines, now.lines, strict=True):
        then = becomes(line, facts, coming.on)
        yield ComparedLine(line, priced, tuple(next(left) for _one in then))


def _discounts(now: Renewal, coming: Renewal) -> Iterator[ComparedDiscount]:
    old, new = _by_code(now), _by_code(coming)
    for code in {**old, **new}:
        yield ComparedDiscount(code, old.get(code, 0), new.get(code, 0))


def _by_code(priced: Renewal) -> dict[str, int]:
    amounts: dict[str, int] = {}
    for one in priced.discounts:
        amounts[one.code] = amounts.get(one.code, 0) + one.amount
    return amounts


def _taxes(facts: Facts, coming: Renewal, on: date) -> Iterator[TaxChange]:
    for product in _products(coming.lines):
        was, then = facts.taxes(product, on), facts.taxes(product, coming.on)
        if was != then:
            yield TaxChange(product, was, then)


def _products(lines: Iterable[PricedLine]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(line.product for line in lines))


def _what(line: PricedLine) -> tuple[str, str, int]:
    return line.product, line.edition, line.quantity
