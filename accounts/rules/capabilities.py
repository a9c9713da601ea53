"""What is open to an account, by its type and its state (domain.md 3, second table, and the end of 5)."""

from datetime import date
from enum import StrEnum
from typing import assert_never


class AccountType(StrEnum):
    """How a customer is served by the vendor."""

    SELF_SERVICE = "self_service"
    ASSISTED = "assisted"
    MANAGED = "managed"


class CollectionMethod(StrEnum):
    """How the money of an account's invoices comes in."""

    CHARGE_AUTOMATICALLY = "charge_automatically"
    SEND_INVOICE = "send_invoice"


# Who pays how is not who sees what (domain.md 3): the methods that a type may have, the usual one first.
COLLECTION_METHODS: dict[AccountType, tuple[CollectionMethod, ...]] = {
    AccountType.SELF_SERVICE: (CollectionMethod.CHARGE_AUTOMATICALLY, CollectionMethod.SEND_INVOICE),
    AccountType.ASSISTED: (CollectionMethod.SEND_INVOICE,),
    AccountType.MANAGED: (CollectionMethod.SEND_INVOICE,),
}


def collection(account_type: AccountType, chosen: CollectionMethod) -> CollectionMethod:
    """Return how the invoices of an account are collected: as chosen, where its type may have that."""
    allowed = COLLECTION_METHODS[account_type]
    return chosen if chosen in allowed else allowed[0]


def whole_catalogue(account_type: AccountType) -> bool:
    """Tell whether every product is sold to such accounts, and not only those open to assisted ones."""
    match account_type:
        case AccountType.SELF_SERVICE:
            return True
        case AccountType.ASSISTED | AccountType.MANAGED:
            return False
        case _:
            assert_never(account_type)


def decided_by_staff(account_type: AccountType) -> bool:
    """Tell whether the vendor's staff decide on requests: where the people can't act on everything."""
    match account_type:
        case AccountType.SELF_SERVICE:
            return False
        case AccountType.ASSISTED | AccountType.MANAGED:
            return True
        case _:
            assert_never(account_type)


class AccountState(StrEnum):
    """Where an account stands."""

    TRIAL = "trial"
    ACTIVE = "active"
    PAST_DUE = "past_due"
    SUSPENDED = "suspended"
    CANCELLED = "cancelled"


class Standing(StrEnum):
    """The state as it counts on one day: a trial that is over, and a suspension by hand, stand apart."""

    TRIAL = "trial"
    TRIAL_ENDED = "trial_ended"
    ACTIVE = "active"
    PAST_DUE = "past_due"
    SUSPENDED = "suspended"
    SUSPENDED_BY_VENDOR = "suspended_by_vendor"
    CANCELLED = "cancelled"


class Capability(StrEnum):
    """Something that an account's type and state open or close for everybody in it."""

    HOME = "home"
    SUMMARY = "summary"
    COSTS = "costs"
    CONTACTS = "contacts"
    PEOPLE = "people"
    ACTIVITY = "activity"
    MANAGE = "manage"
    ADD_SEATS = "add_seats"
    BUY_PRODUCTS = "buy_products"
    UPGRADE_EDITION = "upgrade_edition"
    REDUCE = "reduce"
    CHANGE_CYCLE = "change_cycle"
    EXTEND = "extend"
    TEMPORARY_SEATS = "temporary_seats"
    UNDO = "undo"
    REQUEST = "request"
    DECIDE = "decide"
    PAYMENT = "payment"
    PAYMENT_METHOD = "payment_method"
    INVOICES = "invoices"
    LIMITS = "limits"
    ROLES = "roles"
    CANCEL = "cancel"


_ALL = frozenset(Capability)
_MANAGED = _ALL - {
    Capability.COSTS,
    Capability.MANAGE,
    Capability.ADD_SEATS,
    Capability.BUY_PRODUCTS,
    Capability.UPGRADE_EDITION,
    Capability.REDUCE,
    Capability.CHANGE_CYCLE,
    Capability.EXTEND,
    Capability.TEMPORARY_SEATS,
    Capability.UNDO,
    Capability.LIMITS,
    Capability.PAYMENT,
    Capability.PAYMENT_METHOD,
    Capability.INVOICES,
    Capability.CANCEL,
}

BY_TYPE: dict[AccountType, frozenset[Capability]] = {
    AccountType.SELF_SERVICE: _ALL,
    AccountType.ASSISTED: _MANAGED
    | {Capability.MANAGE, Capability.ADD_SEATS, Capability.BUY_PRODUCTS, Capability.UPGRADE_EDITION},
    # What is asked there is decided by the vendor's sales staff.
    AccountType.MANAGED: _MANAGED - {Capability.DECIDE},
}

_BUYING = {
    Capability.MANAGE,
    Capability.ADD_SEATS,
    Capability.BUY_PRODUCTS,
    Capability.UPGRADE_EDITION,
    Capability.REQUEST,
    Capability.DECIDE,
}

# What a suspension leaves: to pay what is owed, to read what was charged, to cancel.
_SUSPENDED = frozenset(
    {
        Capability.HOME,
        Capability.COSTS,
        Capability.CONTACTS,
        Capability.PAYMENT,
        Capability.PAYMENT_METHOD,
        Capability.INVOICES,
        Capability.CANCEL,
    }
)

# Past due closes no page: what would be due now is refused by the quote, with the invoice to pay,
# because a change that costs nothing now (a reduction, seats paid for already) still works.
BY_STANDING: dict[Standing, frozenset[Capability]] = {
    Standing.TRIAL: _ALL,
    Standing.TRIAL_ENDED: frozenset(
        _BUYING
        | {
            Capability.HOME,
            Capability.COSTS,
            Capability.CONTACTS,
            Capability.PAYMENT,
            Capability.PAYMENT_METHOD,
        }
    ),
    Standing.ACTIVE: _ALL,
    Standing.PAST_DUE: _ALL,
    Standing.SUSPENDED: _SUSPENDED,
    Standing.SUSPENDED_BY_VENDOR: _SUSPENDED,
    Standing.CANCELLED: frozenset(),
}


def standing(
    state: AccountState, *, trial_ends_on: date | None, on: date, by_vendor: bool = False
) -> Standing:
    """Return how a state counts on a day: from `trial_ends_on` on, a trial is over.

    `by_vendor` tells that the vendor's staff suspended the account: no payment opens it.
    """
    if state is AccountState.TRIAL and trial_ends_on is not None and on >= trial_ends_on:
        return Standing.TRIAL_ENDED
    if state is AccountState.SUSPENDED and by_vendor:
        return Standing.SUSPENDED_BY_VENDOR
    return Standing(state.value)
