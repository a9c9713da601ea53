"""What a customer can change, one frozen class each: when it takes effect and what it needs.

A quantity is always the new number of seats of a line, never a difference.
"""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import ClassVar, TypeAlias, assert_never

from billing.rules.facts import Facts, ScheduledKind
from billing.rules.periods import Cycle


class Moment(StrEnum):
    """When a change takes effect."""

    NOW = "now"
    AT_RENEWAL = "at_renewal"
    ON_ITS_DATES = "on_its_dates"
    NEXT_WHOLE_PERIOD = "next_whole_period"


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

    code: ClassVar[str] = "first_purchase"
    cycle: Cycle
    items: tuple[Item, ...]
    answers: tuple[Answer, ...] = ()


@dataclass(frozen=True, slots=True)
class AddSeats:
    """Raise a line to `quantity` seats at once."""

    code: ClassVar[str] = "add_seats"
    product: str
    quantity: int
    answers: tuple[Answer, ...] = ()


@dataclass(frozen=True, slots=True)
class ReduceSeats:
    """Lower a line to `quantity` seats at the next renewal."""

    code: ClassVar[str] = "reduce_seats"
    product: str
    quantity: int
    answers: tuple[Answer, ...] = ()


@dataclass(frozen=True, slots=True)
class ChangeEdition:
    """Put a line into another edition: a higher one at once, a lower one at the next renewal."""

    code: ClassVar[str] = "change_edition"
    product: str
    edition: str
    answers: tuple[Answer, ...] = ()


@dataclass(frozen=True, slots=True)
class AddProduct:
    """Buy a product or Suite that the subscription does not have, at once."""

    code: ClassVar[str] = "add_product"
    product: str
    edition: str
    quantity: int
    answers: tuple[Answer, ...] = ()


@dataclass(frozen=True, slots=True)
class AddOn:
    """Buy an add-on or a flat item, at once."""

    code: ClassVar[str] = "add_on"
    product: str
    edition: str
    quantity: int
    answers: tuple[Answer, ...] = ()


@dataclass(frozen=True, slots=True)
class RemoveProduct:
    """End a line at the next renewal; of a product inside a Suite: it leaves the Suite."""

    code: ClassVar[str] = "remove_product"
    product: str
    answers: tuple[Answer, ...] = ()


@dataclass(frozen=True, slots=True)
class CombineIntoSuite:
    """Replace all lines that a Suite includes by the Suite, at once."""

    code: ClassVar[str] = "combine_into_suite"
    product: str
    edition: str
    quantity: int
    answers: tuple[Answer, ...] = ()


@dataclass(frozen=True, slots=True)
class ChangeCycle:
    """Pay monthly or annually from the next renewal on."""

    code: ClassVar[str] = "change_cycle"
    cycle: Cycle
    answers: tuple[Answer, ...] = ()


@dataclass(frozen=True, slots=True)
class Extend:
    """Buy the next renewal early, with the seats of today, in the present cycle."""

    code: ClassVar[str] = "extend"
    answers: tuple[Answer, ...] = ()


@dataclass(frozen=True, slots=True)
class KeepProduct:
    """Keep a line that an extension was made without: buy it for the days that the others are paid for."""

    code: ClassVar[str] = "keep_product"
    product: str
    answers: tuple[Answer, ...] = ()


@dataclass(frozen=True, slots=True)
class BuyTemporarySeats:
    """Buy extra seats of a line for 1 to 365 days from `start`."""

    code: ClassVar[str] = "temporary_seats"
    product: str
    quantity: int
    start: date
    days: int
    answers: tuple[Answer, ...] = ()


@dataclass(frozen=True, slots=True)
class UsePromoCode:
    """Type a promo code: it holds from the next charge for a whole period."""

    code: ClassVar[str] = "promo_code"
    promo: str
    answers: tuple[Answer, ...] = ()


Change: TypeAlias = (
    FirstPurchase
    | AddSeats
    | ReduceSeats
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

KINDS: dict[str, type[Change]] = {
    kind.code: kind
    for kind in (
        FirstPurchase,
        AddSeats,
        ReduceSeats,
        ChangeEdition,
        AddProduct,
        AddOn,
        RemoveProduct,
        CombineIntoSuite,
        ChangeCycle,
        Extend,
        KeepProduct,
        BuyTemporarySeats,
        UsePromoCode,
    )
}

_MOMENTS: dict[type[Change], Moment] = {
    ReduceSeats: Moment.AT_RENEWAL,
    RemoveProduct: Moment.AT_RENEWAL,
    ChangeCycle: Moment.AT_RENEWAL,
    BuyTemporarySeats: Moment.ON_ITS_DATES,
    UsePromoCode: Moment.NEXT_WHOLE_PERIOD,
}

# The names of accounts.rules.capabilities: the gate is asked for each of them by the verb.
_CAPABILITIES: dict[type[Change], str] = {
    FirstPurchase: "buy_products",
    AddSeats: "add_seats",
    ReduceSeats: "reduce",
    AddProduct: "buy_products",
    AddOn: "buy_products",
    RemoveProduct: "reduce",
    CombineIntoSuite: "buy_products",
    ChangeCycle: "change_cycle",
    Extend: "extend",
    KeepProduct: "extend",
    BuyTemporarySeats: "temporary_seats",
    # A code is about costs, and where costs are hidden there are none to lower.
    UsePromoCode: "costs",
}


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
    return _MOMENTS.get(type(change), Moment.NOW)


def capability(change: Change, facts: Facts) -> str:
    """Return the capability of the account that a change needs (domain.md 3, second table)."""
    if isinstance(change, ChangeEdition):
        return "upgrade_edition" if is_upgrade(change, facts) else "reduce"
    return _CAPABILITIES[type(change)]


def bought(change: Change) -> tuple[Item, ...]:
    """Return what a change buys that was not there; seats added to a line are no item of their own."""
    match change:
        case FirstPurchase():
            return change.items
        case AddProduct() | AddOn() | CombineIntoSuite():
            return (Item(change.product, change.edition, change.quantity),)
        case AddSeats() | ReduceSeats() | ChangeEdition() | RemoveProduct() | KeepProduct():
            return ()
        case ChangeCycle() | Extend() | BuyTemporarySeats() | UsePromoCode():
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
