"""The statement of an account between two days: what it owed, what moved that, and what it owes then."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from itertools import accumulate, islice
from typing import NamedTuple


class MovementKind(StrEnum):
    """What moves what an account owes."""

    INVOICED = "invoiced"
    CREDITED = "credited"
    PAID = "paid"
    # Issued where the account came from, and still to be paid when it came.
    OPENING_ITEM = "opening_item"
    # A credit that the account had where it came from.
    BROUGHT_IN = "brought_in"
    # What the vendor gave up of an invoice.
    WRITTEN_OFF = "written_off"
    REFUNDED = "refunded"
    # A refund that the provider could not make: its amount is the customer's credit again.
    REFUND_FAILED = "refund_failed"


# Named tuples, because a statement may have tens of thousands of rows.
class Movement(NamedTuple):
    """One movement on a day of the account; minor units, positive where the account owes more."""

    day: date
    kind: MovementKind
    amount: int
    number: str = ""


class StatementRow(NamedTuple):
    """A movement, and what the account owes after it in minor units; negative: the vendor owes it."""

    movement: Movement
    owed: int


@dataclass(frozen=True, slots=True)
class AccountStatement:
    """What an account owed before the first day, and what moved it until the last; minor units."""

    currency: str
    first: date
    last: date
    opening: int
    rows: tuple[StatementRow, ...]

    def moved(self, kind: MovementKind) -> int:
        """Return what movements of a kind come to together."""
        return sum(row.movement.amount for row in self.rows if row.movement.kind is kind)

    @property
    def closing(self) -> int:
        """Return what is owed at the end of the last day."""
        return self.rows[-1].owed if self.rows else self.opening


def statement(
    movements: Iterable[Movement], *, currency: str, first: date, last: date, opening: int
) -> AccountStatement:
    """Return the statement of movements, which come in their order; `opening` is what was owed before."""
    moved = tuple(movements)
    owed = islice(accumulate((one.amount for one in moved), initial=opening), 1, None)
    rows = tuple(map(StatementRow._make, zip(moved, owed, strict=True)))
    return AccountStatement(currency, first, last, opening, rows)
