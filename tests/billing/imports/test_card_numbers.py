"""A card number is told by brand, length and check digit; other long numbers pass."""

import pytest
from django.db import connection

from billing.imports.accounts.card_numbers import has_card_number

# Test numbers that the brands publish.
CARDS = (
    *("4111111111111111", "4111 1111 1111 1111", "4111-1111-1111-1111", "4111.1111.1111.1111"),
    *("4111\u00a01111\u202f1111\u20091111", "4111–1111–1111–1111", "4111  1111  1111  1111", "4222222222222"),
    *(
        "５５５５ 5555 5555 4444",
        "5555555555554444",
        "2223003122003222",
        "378282246310005",
        "3782 822463 10005",
    ),
    *("30569309025904", "3056 930902 5904", "38520000023237", "6011 1111 1111 1117", "3530111333300000"),
    *("6200000000000005", "5019717010103742", "36148900647913"),
    *(
        "x4111-1111-1111-1111",
        "card+4111111111111111",
        "Acme 12 4111 1111 1111 1111",
        "4111 1111 1111 1111 12/28",
    ),
)
# The same check digit, or as many digits, and something else.
OTHERS = {
    "SIRET": ("73282932000074", "732 829 320 00074", "siret-73282932000074", "Boulangerie 73282932000074"),
    "a SIRET that begins as Diners Club does": ("36252187900034", "362 521 879 00034", "362521879 00034"),
    "IBAN": (
        *("FR76 3000 6000 0112 3456 7890 189", "GB29NWBK60161331926819", "DE89370400440532013000"),
        *("BE68 5390 0754 7034", "NO93 8601 1117 947", "DK50 0040 0440 1162 43"),
    ),
    "a telephone": ("+33 1 42 68 53 00", "+4915112345678", "+4 222 222 222 222", "0033 1 42 68 53 00 00"),
    "Adyen": ("8515803355614674", "8415718415172204", "8816178952380553"),
    "GoCardless": ("MD000123456789012", "CU000123456789"),
    "others": (
        *("pm_123456789012", "4111111111111112", "2026-11-26 12:30:45.000000", "41111111111111111111111111"),
        *("41111111-1111-1111-1111-111111111111", "", "PO 4500012345", "4111 1111"),
    ),
}


@pytest.mark.parametrize("number", CARDS)
def test_a_card_number_is_told_however_it_is_written(number: str) -> None:
    assert has_card_number(number)
    assert has_card_number(f"Acme ({number})")


@pytest.mark.parametrize("kind", OTHERS)
def test_other_numbers_pass(kind: str) -> None:
    assert [number for number in OTHERS[kind] if has_card_number(number)] == []


@pytest.mark.django_db
def test_the_database_tells_them_too() -> None:
    """The last guard, whatever writes a reference: of cards all, of other numbers none."""
    others = [number for kind in ("IBAN", "Adyen", "GoCardless", "others") for number in OTHERS[kind]]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT n FROM unnest(%s::text[]) n WHERE billing_holds_card_number(n)", [[*CARDS, *others]]
        )
        found = {row[0] for row in cursor}
    odd = {card for card in CARDS if not card.isascii() or "12" in card}
    assert found >= set(CARDS) - odd
    assert found <= set(CARDS)
