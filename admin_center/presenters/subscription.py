"""Turns what was read of a subscription, and its renewal, into rows with names. Calculates no amount."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Protocol

from admin_center.wording import changes, cycles, notices, phrases
from billing.rules.facts import Facts, LineFacts, ProductKind
from billing.rules.periods import Cycle, Period
from billing.rules.quoting import Renewal, becomes, renewal
from billing.rules.refusals import Refusal
from billing.rules.renewal_comparison import as_it_stands, later_codes
from billing.rules.renewal_lines import at_lasting_price, price_end
from billing.storage.loading import LoadedFacts, PaymentFacts

SEATED = (ProductKind.PRODUCT, ProductKind.SUITE)


class ExpiringMethod(Protocol):
    """A payment method with the month it expires in, if it does."""

    @property
    def expires_month(self) -> int | None:
        """The month, 1 to 12."""

    @property
    def expires_year(self) -> int | None:
        """The year."""


def expires_by(method: ExpiringMethod, on: date) -> bool:
    """Tell whether a card no longer works on a day: it is valid until the end of its month."""
    if method.expires_year is None or method.expires_month is None:
        return False
    return (method.expires_year, method.expires_month) < (on.year, on.month)


@dataclass(frozen=True, slots=True)
class Seats:
    """Seats of one line on one day: bought, extra for the time being, and in use."""

    bought: int
    temporary: int
    used: int

    @property
    def usable(self) -> int:
        """Return how many may be in use that day: the line's, and the temporary ones."""
        return self.bought + self.temporary

    @property
    def left(self) -> int:
        """Return how many are free; never below zero."""
        return max(self.usable - self.used, 0)

    @property
    def nearly_used(self) -> bool:
        """Tell whether nine tenths are in use: the moment to think of more."""
        return self.used > 0 and self.used * 10 >= self.usable * 9


@dataclass(frozen=True, slots=True)
class OwnPrice:
    """A price that is not the list price, or ends: the price after it in minor units, and from which day.

    `agreed` says that the price of today was agreed with the account, `coming` that the one after it was,
    until a day (exclusive) or without end.
    """

    list_price: int
    ends_on: date | None
    agreed: bool = False
    coming: bool = False
    until: date | None = None


@dataclass(frozen=True, slots=True)
class LineRow:
    """One product of the subscription; amounts in minor units, `cost` for a whole period before discounts.

    It becomes what `then` says on `then_on`: at the renewal, or before it where it `ends_early`.
    """

    product: str
    name: str
    edition: str
    kind: ProductKind
    includes: tuple[str, ...]
    quantity: int
    # In words: "10 seats", "3 credits"; what one is called, and whether that is a seat.
    counted: str
    one: str
    in_seats: bool
    seats: Seats | None
    allowances: tuple[str, ...]
    unit: int
    months: int
    cost: int
    own_price: OwnPrice | None
    then: tuple[str, ...] | None
    then_on: date
    ends_early: bool


@dataclass(frozen=True, slots=True)
class DiscountRow:
    """What one discount takes off a period, in minor units (negative)."""

    code: str
    percent: str
    amount: int
    periods_left: int | None


@dataclass(frozen=True, slots=True)
class TemporaryRow:
    """Extra seats for a stretch of time; `days` are those left, or those until it starts."""

    name: str
    quantity: int
    first: date
    last: date
    active: bool
    days: int
    charged: int


@dataclass(frozen=True, slots=True)
class WaitingRow:
    """A scheduled change in words; `effect` on the renewal in minor units before tax, None where unknown."""

    id: int | None
    kind: str
    sentence: str
    on: date
    effect: int | None
    by: str
    at: datetime | None
    # The product that is kept by buying it: an extension was made without it.
    kept_by_buying: str = ""
    # What a change of cycle makes of a price, in words.
    instead: str = ""

    @property
    def last_day(self) -> date:
        """Return the last day on which it can be undone."""
        return self.on - timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Summary:
    """The subscription as its page shows it on one day.

    `now` is what a whole period costs as things stand, with the `discounts` that it carries; `later` are
    codes that hold from the coming renewal on; `renewal` the coming one with all that waits,
    None where an edition that waits has no price (`unpriced` names the product).
    """

    on: date
    currency: str
    cycle: Cycle
    period: Period
    renews_on: date
    lines: tuple[LineRow, ...]
    discounts: tuple[DiscountRow, ...]
    later: tuple[DiscountRow, ...]
    now: Renewal
    renewal: Renewal | None
    unpriced: str
    temporary: tuple[TemporaryRow, ...]
    supports_temporary: bool
    waiting: tuple[WaitingRow, ...]
    balance: int
    payment: PaymentFacts | None
    held: bool
    unpaid: str
    parked: bool

    @property
    def is_due(self) -> bool:
        """Tell whether the renewal day has come and the renewal is not carried out yet."""
        return self.on >= self.renews_on

    @property
    def is_parked(self) -> bool:
        """Tell whether the renewal is due and on hold, because the vendor checks something first."""
        return self.is_due and self.parked

    @property
    def days_left(self) -> int:
        """Return the days until the renewal."""
        return (self.renews_on - self.on).days

    @property
    def cycle_words(self) -> str:
        """Return the billing cycle in words."""
        return phrases.cycle(self.cycle)

    @property
    def last_paid_day(self) -> date:
        """Return the last day that is paid for."""
        return self.renews_on - timedelta(days=1)

    @property
    def from_balance(self) -> int:
        """Return what the balance takes off the renewal: negative, positive where it adds to it."""
        return -self.renewal.settlement.prepaid if self.renewal else 0

    @property
    def extended(self) -> bool:
        """Tell whether a later period is paid for already."""
        return self.period.end < self.renews_on


def of(reading: LoadedFacts | None, on: date) -> Summary | None:
    """Return the summary of a subscription on a day in the account's zone; None where nothing is bought."""
    if reading is None or not reading.facts.has_bought:
        return None
    facts = reading.facts
    coming, unpriced = _coming(reading, on)
    later = later_codes(facts, on)
    stays = coming is not None and not later and _stays(facts, coming)
    now = coming if coming is not None and stays else as_it_stands(facts, without=later)
    return Summary(
        on=on,
        currency=facts.currency,
        cycle=facts.paid_cycle,
        period=facts.period_on(min(on, facts.renews_on - timedelta(days=1))),
        renews_on=facts.renews_on,
        lines=_lines(reading, now, coming, on),
        discounts=_discounts(facts, now),
        later=tuple(one for one in _discounts(facts, coming) if one.code in later),
        now=now,
        renewal=coming,
        unpriced=unpriced,
        temporary=_temporary(reading, on),
        supports_temporary=any(
            facts.edition(one.product, one.edition).supports_temporary for one in facts.lines
        ),
        waiting=_waiting(reading, coming),
        balance=facts.balance,
        payment=reading.payment,
        held=facts.held,
        unpaid=facts.past_due_invoice or "",
        parked=facts.parked,
    )


def seats(facts: Facts, line: LineFacts, on: date) -> Seats | None:
    """Return the seats of a line on a day; None for add-ons and flat items, which nobody holds."""
    if facts.product(line.product).kind not in SEATED:
        return None
    extra = sum(t.quantity for t in facts.temporary if t.product == line.product and t.covers.contains(on))
    return Seats(line.quantity, extra, line.seats_in_use)


def _coming(reading: LoadedFacts, on: date) -> tuple[Renewal | None, str]:
    """Return the coming renewal, or the product that could not be priced at it."""
    try:
        return renewal(reading.facts, on), ""
    except Refusal as refusal:
        key = str(refusal.data.get("product", ""))
        return None, reading.names.get(key, key)


def _stays(facts: Facts, coming: Renewal) -> bool:
    """Tell whether the renewal itself is what a whole period costs as things stand."""
    own = (at_lasting_price(one, facts, facts.paid_cycle, coming.on).unit == one.unit for one in facts.lines)
    return coming.period == coming.term and not facts.scheduled and all(own)


def _lines(reading: LoadedFacts, now: Renewal, coming: Renewal | None, on: date) -> tuple[LineRow, ...]:
    facts = reading.facts
    return tuple(
        LineRow(
            product=line.product,
            name=phrases.product(reading.names, line.product),
            edition=phrases.edition(reading.names, line.product, line.edition),
            kind=facts.product(line.product).kind,
            includes=tuple(
                phrases.product(reading.names, key) for key in facts.product(line.product).includes
            ),
            quantity=line.quantity,
            counted=phrases.quantity(reading.names, line.product, line.quantity),
            one=phrases.unit_name(reading.names, line.product),
            in_seats=line.product not in reading.names.counted_in,
            seats=seats(facts, line, on),
            allowances=tuple(
                notices.allowance(reading.labels, key, value) for key, value in line.allowances.items()
            ),
            unit=line.unit,
            months=priced.months,
            cost=priced.gross,
            own_price=_own_price(facts, line, on),
            then=_then(reading, line, coming),
            then_on=facts.paid_end(line.product),
            ends_early=facts.ends_early(line.product) is not None,
        )
        for line, priced in zip(facts.lines, now.lines, strict=True)
    )


def _own_price(facts: Facts, line: LineFacts, on: date) -> OwnPrice | None:
    edition, cycle = facts.edition(line.product, line.edition), facts.paid_cycle
    coming = edition.agreed(cycle, facts.renews_on)
    if coming is not None and coming.unit is not None and coming.unit != line.unit:
        return OwnPrice(coming.unit, facts.renews_on, coming=True, until=coming.until)
    now = edition.agreed(cycle, on)
    agreed = now is not None and now.unit == line.unit
    # An agreed price goes on where the vendor ends the same price for all others.
    ends_on = now.until if now is not None and agreed else price_end(line, facts, cycle)
    listed = edition.listed(cycle, on if ends_on is None else max(facts.renews_on, ends_on))
    if listed is None or listed == line.unit:
        return None
    return OwnPrice(listed, ends_on, agreed=agreed)


def _then(reading: LoadedFacts, line: LineFacts, coming: Renewal | None) -> tuple[str, ...] | None:
    """Return what a line becomes at renewal where that differs; nothing left is an empty tuple."""
    if coming is None or not reading.facts.scheduled:
        return None
    after = becomes(line, reading.facts, coming.on)
    kept = [(one.product, one.edition, one.quantity) for one in after]
    if kept == [(line.product, line.edition, line.quantity)]:
        return None
    return tuple(phrases.line(reading.names, *one) for one in kept)


def _discounts(facts: Facts, now: Renewal | None) -> tuple[DiscountRow, ...]:
    left = {discount.code: discount.periods_left for discount in facts.discounts}
    return tuple(
        DiscountRow(
            total.code,
            phrases.percent(total.percent) if total.percent is not None else "",
            total.amount,
            left.get(total.code),
        )
        for total in (now.discounts if now else ())
    )


def _temporary(reading: LoadedFacts, on: date) -> tuple[TemporaryRow, ...]:
    return tuple(
        TemporaryRow(
            name=phrases.product(reading.names, one.product),
            quantity=one.quantity,
            first=one.covers.start,
            last=one.covers.last_day,
            active=one.covers.contains(on),
            days=one.covers.remaining(on) if one.covers.contains(on) else (one.covers.start - on).days,
            charged=one.charged,
        )
        for one in reading.facts.temporary
    )


def waiting(reading: LoadedFacts, on: date) -> tuple[WaitingRow, ...]:
    """Return what waits for the renewal, in words, with its effect."""
    if not reading.facts.has_bought:
        return ()
    return _waiting(reading, _coming(reading, on)[0])


def _waiting(reading: LoadedFacts, coming: Renewal | None) -> tuple[WaitingRow, ...]:
    return tuple(
        WaitingRow(
            id=one.id,
            kind=one.kind.value,
            sentence=changes.scheduled(one, reading.facts, reading.names),
            on=one.takes_effect_on,
            effect=coming.effect(one) if coming is not None else None,
            by=reading.scheduled_by.get(one.id or 0, ""),
            at=reading.scheduled_at.get(one.id or 0),
            kept_by_buying=one.product if one.product and reading.facts.ends_early(one.product) else "",
            instead=cycles.instead(reading.facts.paid_cycle, one.cycle) if one.cycle else "",
        )
        for one in reading.facts.scheduled
    )
