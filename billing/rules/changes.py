"""What a customer can change, one frozen class each: when it takes effect and what it needs.

A quantity is always the new number of seats of a line, never a difference. Each class says all that
is the same for every change of its kind; its fields are its JSON (`change_json`), and its words stand in
`admin_center.wording.changes`. What an edition needs depends on its direction.
"""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import ClassVar, TypeAlias, assert_never, get_args

from accounts.rules.capabilities import Capability
from billing.rules.facts import Facts, ScheduledKind
from billing.rules.periods import Cycle


class Moment(StrEnum):
    """When a change takes effect."""

    NOW = "now"
    AT_RENEWAL = "at_renewal"
    ON_ITS_DATES = "on_its_dates"
    NEXT_WHOLE_PERIOD = "next_whole_period"


class ChangeKind(StrEnum):
    """The code of each kind of change: what is stored, posted, and kept with what it charges."""

    FIRST_PURCHASE = "first_purchase"
    ADD_SEATS = "add_seats"
    REDUCE_SEATS = "reduce_seats"
    GIVE_BACK_SEATS = "give_back_seats"
    CHANGE_EDITION = "change_edition"
    ADD_PRODUCT = "add_product"
    ADD_ON = "add_on"
    REMOVE_PRODUCT = "remove_product"
    COMBINE_INTO_SUITE = "combine_into_suite"
    CHANGE_CYCLE = "change_cycle"
    EXTEND = "extend"
    KEEP_PRODUCT = "keep_product"
    TEMPORARY_SEATS = "temporary_seats"
    PROMO_CODE = "promo_code"


class Choice(StrEnum):
    """What a person decides where a new change meets one that waits.

    KEEP: both stand. RAISE: what waits grows by what is bought now. DROP: what waits is dropped,
    the new one is made. CARRY: what waits goes on to the Suite. MOVE: what waits moves to the new
    renewal day. LEAVE: what waits stays, the new one is not made. END: what waits keeps its day, and
    an extension is made without that line.
    """

    KEEP = "keep"
    RAISE = "raise"
    DROP = "drop"
    CARRY = "carry"
    MOVE = "move"
    LEAVE = "leave"
    END = "end"


@dataclass(frozen=True, slots=True)
class Answer:
    """A person's choice about one change that waits, named by its kind and product."""

    kind: ScheduledKind
    product: str | None
    choice: Choice


@dataclass(frozen=True, slots=True)
class Item:
    """What a first purchase holds of one product."""

    product: str
    edition: str
    quantity: int


@dataclass(frozen=True, slots=True)
class FirstPurchase:
    """Buy a whole period from today; today becomes the anchor."""

    code: ClassVar[ChangeKind] = ChangeKind.FIRST_PURCHASE
    moment: ClassVar[Moment] = Moment.NOW
    capability: ClassVar[Capability] = Capability.BUY_PRODUCTS
    cycle: Cycle
    items: tuple[Item, ...]
    answers: tuple[Answer, ...] = ()


@dataclass(frozen=True, slots=True)
class AddSeats:
    """Raise a line to `quantity` seats at once."""

    code: ClassVar[ChangeKind] = ChangeKind.ADD_SEATS
    moment: ClassVar[Moment] = Moment.NOW
    capability: ClassVar[Capability] = Capability.ADD_SEATS
    product: str
    quantity: int
    answers: tuple[Answer, ...] = ()


@dataclass(frozen=True, slots=True)
class ReduceSeats:
    """Lower a line to `quantity` seats at the next renewal; to those of today, what waits is dropped."""

    code: ClassVar[ChangeKind] = ChangeKind.REDUCE_SEATS
    moment: ClassVar[Moment] = Moment.AT_RENEWAL
    capability: ClassVar[Capability] = Capability.REDUCE
    product: str
    quantity: int
    answers: tuple[Answer, ...] = ()


@dataclass(frozen=True, slots=True)
class GiveBackSeats:
    """Lower a line to `quantity` seats at once, for full credit: seats that were added in the last days."""

    code: ClassVar[ChangeKind] = ChangeKind.GIVE_BACK_SEATS
    moment: ClassVar[Moment] = Moment.NOW
    capability: ClassVar[Capability] = Capability.REDUCE
    product: str
    quantity: int
    answers: tuple[Answer, ...] = ()


@dataclass(frozen=True, slots=True)
class ChangeEdition:
    """Put a line into another edition: a higher one at once, a lower one at the next renewal.

    Into that of today, a lower one that waits is dropped.
    """

    code: ClassVar[ChangeKind] = ChangeKind.CHANGE_EDITION
    product: str
    edition: str
    answers: tuple[Answer, ...] = ()


@dataclass(frozen=True, slots=True)
class AddProduct:
    """Buy a product or Suite that the subscription does not have, at once."""

    code: ClassVar[ChangeKind] = ChangeKind.ADD_PRODUCT
    moment: ClassVar[Moment] = Moment.NOW
    capability: ClassVar[Capability] = Capability.BUY_PRODUCTS
    product: str
    edition: str
    quantity: int
    answers: tuple[Answer, ...] = ()


@dataclass(frozen=True, slots=True)
class AddOn:
    """Buy an add-on or a flat item, at once."""

    code: ClassVar[ChangeKind] = ChangeKind.ADD_ON
    moment: ClassVar[Moment] = Moment.NOW
    capability: ClassVar[Capability] = Capability.BUY_PRODUCTS
    product: str
    edition: str
    quantity: int
    answers: tuple[Answer, ...] = ()


@dataclass(frozen=True, slots=True)
class RemoveProduct:
    """End a line at the next renewal; of a product inside a Suite: it leaves the Suite."""

    code: ClassVar[ChangeKind] = ChangeKind.REMOVE_PRODUCT
    moment: ClassVar[Moment] = Moment.AT_RENEWAL
    capability: ClassVar[Capability] = Capability.REDUCE
    product: str
    answers: tuple[Answer, ...] = ()


@dataclass(frozen=True, slots=True)
class CombineIntoSuite:
    """Replace all lines that a Suite includes by the Suite, at once."""

    code: ClassVar[ChangeKind] = ChangeKind.COMBINE_INTO_SUITE
    moment: ClassVar[Moment] = Moment.NOW
    capability: ClassVar[Capability] = Capability.BUY_PRODUCTS
    product: str
    edition: str
    quantity: int
    answers: tuple[Answer, ...] = ()


@dataclass(frozen=True, slots=True)
class ChangeCycle:
    """Pay monthly or annually from the next renewal on; as it is today, a change that waits is dropped."""

    code: ClassVar[ChangeKind] = ChangeKind.CHANGE_CYCLE
    moment: ClassVar[Moment] = Moment.AT_RENEWAL
    capability: ClassVar[Capability] = Capability.CHANGE_CYCLE
    cycle: Cycle
    answers: tuple[Answer, ...] = ()


@dataclass(frozen=True, slots=True)
class Extend:
    """Buy the next renewal early, with the seats of today, in the present cycle."""

    code: ClassVar[ChangeKind] = ChangeKind.EXTEND
    moment: ClassVar[Moment] = Moment.NOW
    capability: ClassVar[Capability] = Capability.EXTEND
    answers: tuple[Answer, ...] = ()


@dataclass(frozen=True, slots=True)
class KeepProduct:
    """Keep a line, or its Suite whole, whose removal waits.

    One that an extension was made without is bought for the days that the others are paid for.
    """

    code: ClassVar[ChangeKind] = ChangeKind.KEEP_PRODUCT
    moment: ClassVar[Moment] = Moment.NOW
    capability: ClassVar[Capability] = Capability.EXTEND
    product: str
    answers: tuple[Answer, ...] = ()


@dataclass(frozen=True, slots=True)
class BuyTemporarySeats:
    """Buy extra seats of a line for 1 to 365 days from `start`."""

    code: ClassVar[ChangeKind] = ChangeKind.TEMPORARY_SEATS
    moment: ClassVar[Moment] = Moment.ON_ITS_DATES
    capability: ClassVar[Capability] = Capability.TEMPORARY_SEATS
    product: str
    quantity: int
    start: date
    days: int
    answers: tuple[Answer, ...] = ()


@dataclass(frozen=True, slots=True)
class UsePromoCode:
    """Type a promo code: it holds from the next charge for a whole period."""

    code: ClassVar[ChangeKind] = ChangeKind.PROMO_CODE
    moment: ClassVar[Moment] = Moment.NEXT_WHOLE_PERIOD
    # A code is about costs, and where costs are hidden there are none to lower.
    capability: ClassVar[Capability] = Capability.COSTS
    promo: str
    answers: tuple[Answer, ...] = ()


Change: TypeAlias = (
    FirstPurchase
    | AddSeats
    | ReduceSeats
    | GiveBackSeats
    | ChangeEdition
    | AddProduct
    | AddOn
    | RemoveProduct
    | CombineIntoSuite
    | ChangeCycle
    | Extend
    | KeepProduct
    | BuyTemporarySeats
    | UsePromoCode
)

KINDS: dict[str, type[Change]] = {kind.code: kind for kind in get_args(Change)}


def is_upgrade(change: ChangeEdition, facts: Facts) -> bool:
    """Tell whether the new edition ranks above the line's; unknown lines count as an upgrade."""
    line = facts.line(change.product)
    if line is None:
        return True
    product = facts.product(change.product)
    return product.edition(change.edition).rank > product.edition(line.edition).rank


def takes_effect(change: Change, facts: Facts) -> Moment:
    """Return when a change takes effect on this subscription (domain.md 5)."""
    if isinstance(change, ChangeEdition):
        return Moment.NOW if is_upgrade(change, facts) else Moment.AT_RENEWAL
    return change.moment


def capability(change: Change, facts: Facts) -> Capability:
    """Return the capability of the account that a change needs (domain.md 3, second table)."""
    if isinstance(change, ChangeEdition):
        return Capability.UPGRADE_EDITION if is_upgrade(change, facts) else Capability.REDUCE
    return change.capability


def bought(change: Change) -> tuple[Item, ...]:
    """Return what a change buys that was not there; seats added to a line are no item of their own."""
    match change:
        case FirstPurchase():
            return change.items
        case AddProduct() | AddOn() | CombineIntoSuite():
            return (Item(change.product, change.edition, change.quantity),)
        case AddSeats() | ReduceSeats() | GiveBackSeats() | ChangeEdition() | RemoveProduct():
            return ()
        case KeepProduct() | ChangeCycle() | Extend() | BuyTemporarySeats() | UsePromoCode():
            return ()
        case _:
            assert_never(change)


def for_line(
    facts: Facts, product: str, *, edition: str, quantity: int, answers: tuple[Answer, ...] = ()
) -> tuple[Change, ...]:
    """Return the changes that bring a line to an edition and quantity; none where it is so.

    Team × 10 → Professional × 8 is an upgrade now and a reduction at renewal.
    """
    line = facts.line(product)
    if line is None:
        return ()
    changes: list[Change] = []
    if edition != line.edition:
        changes.append(ChangeEdition(product, edition, answers))
    if quantity > line.quantity:
        changes.append(AddSeats(product, quantity, answers))
    elif quantity < line.quantity:
        changes.append(ReduceSeats(product, quantity, answers))
    return tuple(changes)
