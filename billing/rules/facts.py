"""One subscription and the catalogue it can buy from, frozen: all that a rule may look at.

Amounts are whole minor units of the account's currency; dates are days of the account's zone.
A product is named by its key, an edition by its key within the product.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import TypeAlias, TypeVar

from accounts.rules.capabilities import AccountState, AccountType
from billing.rules.money import minimum_charge
from billing.rules.periods import Cycle, Period, Segment, next_period, whole_term
from billing.rules.refusals import NotInEdition, UnknownProduct
from billing.rules.tax import LineTaxes
from billing.rules.taxation import STANDARD, Taxation, taxes_on

Allowances: TypeAlias = Mapping[str, int | str]
_T = TypeVar("_T")


class ProductKind(StrEnum):
    """What a product is: by the seat, several in one, an addition, or a fixed sum a period."""

    PRODUCT = "product"
    SUITE = "suite"
    ADDON = "addon"
    FLAT = "flat"


class Availability(StrEnum):
    """Whether an edition has a price, is sold by talking, comes only in a Suite, or is no longer sold."""

    PRICED = "priced"
    SALES_ONLY = "sales_only"
    INCLUDED_ONLY = "included_only"
    WITHDRAWN = "withdrawn"


class ScheduledKind(StrEnum):
    """What waits for renewal: at most one of each kind per line, or per subscription."""

    QUANTITY = "quantity"
    EDITION = "edition"
    REMOVAL = "removal"
    CYCLE = "cycle"
    CANCELLATION = "cancellation"


class DiscountSource(StrEnum):
    """Where a discount comes from: given by the vendor, or a code typed by the customer."""

    COUPON = "coupon"
    PROMO = "promo"


# The version of a price that no list had: agreed with the customer.
OWN_PRICE = "own"


@dataclass(frozen=True, slots=True)
class PriceFacts:
    """A list price in minor units per seat and month (flat: per period), from a day on.

    `unit` is None where the cycle is no longer offered from that day on. One that is `agreed` is this
    account's alone, in the place of the list price until a day (exclusive) or without end.
    """

    cycle: Cycle
    unit: int | None
    valid_from: date = date.min
    agreed: bool = False
    until: date | None = None


@dataclass(frozen=True, slots=True)
class PriceEnd:
    """The day from which the vendor ends a price of an edition for everybody who has it."""

    cycle: Cycle
    unit: int
    on: date


@dataclass(frozen=True, slots=True)
class EditionFacts:
    """A level of a product; every product, add-on and flat item has at least one."""

    key: str
    rank: int
    availability: Availability = Availability.PRICED
    prices: tuple[PriceFacts, ...] = ()
    allowances: Allowances = field(default_factory=dict)
    supports_temporary: bool = False
    price_ends: tuple[PriceEnd, ...] = ()

    def agreed(self, cycle: Cycle, on: date) -> PriceFacts | None:
        """Return the price that was agreed with this account for a day, None where none was."""
        agreed = (p for p in self.prices if p.agreed and p.cycle is cycle and p.valid_from <= on)
        return next((p for p in agreed if p.until is None or on < p.until), None)

    def price(self, cycle: Cycle, on: date) -> int | None:
        """Return the price in force that day, agreed or listed; None where it isn't sold in this cycle."""
        agreed = self.agreed(cycle, on)
        return self.listed(cycle, on) if agreed is None else agreed.unit

    def listed(self, cycle: Cycle, on: date) -> int | None:
        """Return the list price in force that day, or None where it is not sold in this cycle."""
        if self.availability is not Availability.PRICED:
            return None
        valid = [p for p in self.prices if p.cycle is cycle and p.valid_from <= on and not p.agreed]
        return max(valid, key=lambda price: price.valid_from).unit if valid else None

    def price_version(self, cycle: Cycle, unit: int, on: date) -> str:
        """Return which price so many minor units are: the newest such list price by its day, or OWN_PRICE."""
        listed = (p for p in self.prices if p.cycle is cycle and not p.agreed)
        same = [p.valid_from for p in listed if p.unit == unit and p.valid_from <= on]
        return max(same).isoformat() if same else OWN_PRICE


@dataclass(frozen=True, slots=True)
class ProductFacts:
    """A product as the catalogue offers it to this account, in the account's currency."""

    key: str
    kind: ProductKind
    editions: tuple[EditionFacts, ...]
    includes: tuple[str, ...] = ()
    requires: tuple[str, ...] = ()
    minimum: int = 1
    maximum: int = 100_000
    open_to_assisted: bool = False
    withdrawn: bool = False
    tax_category: str = STANDARD

    def edition(self, key: str) -> EditionFacts:
        """Return an edition by its key; NotInEdition where the product has none such."""
        for edition in self.editions:
            if edition.key == key:
                return edition
        raise NotInEdition(product=self.key, edition=key)


@dataclass(frozen=True, slots=True)
class LineFacts:
    """A live line: one product of the subscription, at the price it was bought at.

    `unit` may differ from the list price (grandfathered) until `price_ends_on`, when the vendor
    ends it: the first renewal from that day on takes the list price. `holders` are the ids of the
    people who hold a seat; only combining into a Suite needs them.
    """

    product: str
    edition: str
    quantity: int
    unit: int
    segments: tuple[Segment, ...] = ()
    allowances: Allowances = field(default_factory=dict)
    seats_in_use: int = 0
    holders: frozenset[int] = frozenset()
    price_ends_on: date | None = None
    id: int | None = None


@dataclass(frozen=True, slots=True)
class ScheduledFacts:
    """A change that waits for renewal.

    `product` is None for a change of cycle or a cancellation. `quantity`, `edition` or `cycle` is
    the new value of its kind; `leaving` names the products that leave a Suite when a removal takes
    only them (empty: the whole line goes). `version` is the subscription's version it came with.
    """

    kind: ScheduledKind
    takes_effect_on: date
    product: str | None = None
    quantity: int | None = None
    edition: str | None = None
    cycle: Cycle | None = None
    leaving: tuple[str, ...] = ()
    version: int = 1
    id: int | None = None

    @property
    def slot(self) -> tuple[ScheduledKind, str | None]:
        """Return what may exist only once: a kind on a line, or on the subscription."""
        return self.kind, self.product


@dataclass(frozen=True, slots=True)
class TemporaryFacts:
    """Extra seats of a product for the days of a period, paid when they were bought."""

    product: str
    quantity: int
    covers: Period
    charged: int = 0
    id: int | None = None


@dataclass(frozen=True, slots=True)
class DiscountFacts:
    """A coupon or promo code of this subscription: a percentage, or minor units per period.

    `products` empty means all; `periods_left` None means without end; `order` is its age, the
    oldest first; `version` the subscription's version it came with: a later change of cycle ends a
    promo code.
    """

    code: str
    source: DiscountSource
    percent: Decimal | None = None
    amount: int = 0
    products: tuple[str, ...] = ()
    periods_left: int | None = None
    order: int = 0
    version: int = 0
    id: int | None = None

    def covers(self, product: str) -> bool:
        """Tell whether it is for this product."""
        return not self.products or product in self.products


@dataclass(frozen=True, slots=True)
class PromoFacts:
    """A promo code that somebody typed, as the vendor's staff defined it.

    `amount` is minor units of `currency` (None: of any account); `valid_until` is the last day.
    `uses_left` is the smaller of what is left in total and for this account, None without limit.
    """

    code: str
    percent: Decimal | None = None
    amount: int = 0
    currency: str | None = None
    products: tuple[str, ...] = ()
    periods: int | None = None
    first_purchase_only: bool = False
    valid_from: date | None = None
    valid_until: date | None = None
    uses_left: int | None = None
    withdrawn: bool = False


@dataclass(frozen=True, slots=True)
class Facts:
    """One subscription as it stands, with what it may buy.

    `period` is the current period and `paid_until` the end of what is paid: later than the
    period's end after an extension. Cycle, anchor, period and `paid_until` are None before the
    first purchase. A positive `balance` belongs to the customer. `taxation` decides the
    taxes of what is charged. `minimum` is the smallest collected amount where the vendor sets its own.
    `parked` says that its renewal is on hold until the vendor's staff have mended something;
    `prices_stay` that no price ends, to tell what a period costs as things stand.
    """

    currency: str
    catalogue: Mapping[str, ProductFacts]
    cycle: Cycle | None = None
    anchor: date | None = None
    period: Period | None = None
    paid_until: date | None = None
    version: int = 0
    account_type: AccountType = AccountType.SELF_SERVICE
    state: AccountState = AccountState.ACTIVE
    trial_end: date | None = None
    lines: tuple[LineFacts, ...] = ()
    scheduled: tuple[ScheduledFacts, ...] = ()
    temporary: tuple[TemporaryFacts, ...] = ()
    discounts: tuple[DiscountFacts, ...] = ()
    promos: tuple[PromoFacts, ...] = ()
    balance: int = 0
    taxation: Taxation = field(default_factory=Taxation)
    minimum: int | None = None
    held: bool = False
    parked: bool = False
    prices_stay: bool = False
    past_due_invoice: str | None = None

    @property
    def has_bought(self) -> bool:
        """Tell whether anything is paid for; a trial has bought nothing."""
        return self.paid_until is not None and bool(self.lines)

    @property
    def smallest_charge(self) -> int:
        """Return the smallest amount collected at once, in minor units."""
        return minimum_charge(self.currency) if self.minimum is None else self.minimum

    def product(self, key: str) -> ProductFacts:
        """Return a product of the catalogue; UnknownProduct where there is none."""
        if key not in self.catalogue:
            raise UnknownProduct(product=key)
        return self.catalogue[key]

    def taxes(self, product: str, on: date) -> LineTaxes:
        """Return the taxes on a product whose invoice is issued on a day; none where no tax is shown."""
        return taxes_on(self.taxation, self.product(product).tax_category, on)

    def edition(self, product: str, edition: str) -> EditionFacts:
        """Return an edition of the catalogue; UnknownProduct or NotInEdition."""
        return self.product(product).edition(edition)

    def list_price(self, line: LineFacts, on: date) -> int | None:
        """Return the price of a line's edition on a day in the present cycle, None where it has none."""
        return self.edition(line.product, line.edition).price(self.paid_cycle, on)

    def is_grandfathered(self, line: LineFacts, on: date) -> bool:
        """Tell whether a line's price is another than the list price of that day."""
        return self.list_price(line, on) not in (None, line.unit)

    def line(self, product: str) -> LineFacts | None:
        """Return the live line of a product, or None."""
        return next((line for line in self.lines if line.product == product), None)

    def ends_early(self, product: str) -> date | None:
        """Return the day on which a line ends before the renewal, None where it is paid until then.

        Only a removal that an extension left as it was planned has a day of its own.
        """
        removal = self.waiting(ScheduledKind.REMOVAL, product)
        early = removal is not None and removal.takes_effect_on < self.renews_on
        return removal.takes_effect_on if removal is not None and early else None

    def paid_end(self, product: str) -> date:
        """Return the end of what is paid of a line: the renewal day, or the line's own end before it."""
        return self.ends_early(product) or self.renews_on

    def months(self, product: str, cycle: Cycle) -> int:
        """Return how many monthly prices a period costs; a flat item's price is for a period."""
        return 1 if self.product(product).kind is ProductKind.FLAT else cycle.months

    def waiting(self, kind: ScheduledKind, product: str | None = None) -> ScheduledFacts | None:
        """Return what waits for renewal of a kind, on a product's line or on the subscription."""
        if not self.scheduled:
            return None
        return next((s for s in self.scheduled if s.slot == (kind, product)), None)

    @property
    def next_cycle(self) -> Cycle:
        """Return the cycle from the next renewal on, after a change of cycle that waits."""
        change = self.waiting(ScheduledKind.CYCLE)
        return self.paid_cycle if change is None or change.cycle is None else change.cycle

    @property
    def paid_cycle(self) -> Cycle:
        """Return the cycle of a subscription that has bought something; ValueError before."""
        return _there(self.cycle)

    @property
    def first_day(self) -> date:
        """Return the anchor of a subscription that has bought something; ValueError before."""
        return _there(self.anchor)

    @property
    def renews_on(self) -> date:
        """Return the day of the next renewal, the end of what is paid; ValueError before any."""
        return _there(self.paid_until)

    @property
    def due_on(self) -> date:
        """Return the first day on which anything happens by itself: a line's own end, else the renewal."""
        ends = [self.paid_end(line.product) for line in self.lines] if self.scheduled else []
        return min([self.renews_on, *ends])

    @property
    def current_period(self) -> Period:
        """Return the period of a subscription that has bought something; ValueError before."""
        return _there(self.period)

    def terms(self, on: date) -> tuple[Period, ...]:
        """Return the whole terms that are paid from `on`: the current one, after an extension two.

        Each is the divisor of its days; clip it with `from_day(on)` for what remains.
        """
        period = self.current_period
        terms = [whole_term(self.first_day, self.paid_cycle, period)]
        if self.renews_on > period.end:
            terms.append(Period(period.end, self.renews_on))
        return tuple(term for term in terms if term.end > on)

    def period_on(self, on: date) -> Period:
        """Return the paid period that contains the day: after an extension it may be the second."""
        period = self.current_period
        return period if on < period.end else Period(period.end, self.renews_on)

    @property
    def next_period(self) -> Period:
        """Return the period after the paid end in the present cycle: what an extension buys."""
        return next_period(self.first_day, self.renews_on, self.paid_cycle)


def _there(value: _T | None) -> _T:
    if value is None:
        raise ValueError("nothing has been bought yet: the subscription has no period")
    return value
