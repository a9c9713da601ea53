"""A statement sums: opening + invoiced − credited − paid − brought in = closing."""

from datetime import date

from billing.rules.statements import Movement, MovementKind, statement

JULY = date(2023, 7, 1)


def test_each_row_says_what_is_owed_after_it() -> None:
    """50.00 + 120.00 − 20.00 − 150.00 − 5.00 = −5.00."""
    moved = [
        Movement(date(2023, 7, 3), MovementKind.INVOICED, 12000, "INV-000002"),
        Movement(date(2023, 7, 4), MovementKind.CREDITED, -2000, "CN-000001"),
        Movement(date(2023, 7, 5), MovementKind.PAID, -15000, "INV-000001"),
        Movement(date(2023, 7, 6), MovementKind.BROUGHT_IN, -500),
    ]
    told = statement(moved, currency="USD", first=JULY, last=date(2023, 7, 31), opening=5000)
    assert (told.currency, told.first, told.last) == ("USD", JULY, date(2023, 7, 31))
    assert [row.movement for row in told.rows] == moved
    assert [row.owed for row in told.rows] == [17000, 15000, 0, -500]
    assert told.closing == -500
    assert told.opening + sum(told.moved(kind) for kind in MovementKind) == told.closing
    assert told.moved(MovementKind.PAID) == -15000


def test_without_movements_what_was_owed_is_owed() -> None:
    told = statement([], currency="JPY", first=JULY, last=JULY, opening=700)
    assert (told.rows, told.closing) == ((), 700)
