"""A card number is told by brand, length and check digit; other long numbers pass."""

import random

import pytest
from django.db import connection

from billing.imports.accounts.card_numbers import _BRANDS, _luhn, has_card_number

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
    "SIRET": (
        "44306184100047",
        "443 061 841 00047",
        "73282932000074",
        "732 829 320 00074",
        "siret-73282932000074",
        "Boulangerie 73282932000074",
    ),
    "a SIRET that begins as Diners Club does": ("36252187900034", "362 521 879 00034", "362521879 00034"),
    "IBAN": (
        *("FR76 3000 6000 0112 3456 7890 189", "GB29NWBK60161331926819", "DE89370400440532013000"),
        *("BE68 5390 0754 7034", "NO93 8601 1117 947", "DK50 0040 0440 1162 43"),
    ),
    "a telephone": ("+33 1 42 68 53 00", "+4915112345678", "+4 222 222 222 222", "0033 1 42 68 53 00 00"),
    "Adyen": ("8515803355614674", "8415718415172204", "8816178952380553"),
    "GoCardless": ("MD000123456789012", "CU000123456789", "BA0004PVNTTV9V", "PM0004PVNTTV9V"),
    "Stripe": ("cus_NffrFeUfNV2Hib/pm_1MqLiJLkdIwHu7ixUEgbFdYF/card", "cus_1/pm_1/sepa_debit"),
    "others": (
        *("pm_123456789012", "4111111111111112", "2026-11-26 12:30:45.000000", "41111111111111111111111111"),
        *("41111111-1111-1111-1111-111111111111", "", "PO 4500012345", "4111 1111"),
    ),
}


# As cards begin, and as nothing of theirs does.
BEGINNINGS = (
    *(end for first, last, _lengths in _BRANDS for end in (first, last)),
    "7",
    "85",
    "0",
    "2721",
    "5010",
)


@pytest.mark.parametrize("number", CARDS)
def test_a_card_number_is_told_however_it_is_written(number: str) -> None:
    assert has_card_number(number)
    assert has_card_number(f"Acme ({number})")


@pytest.mark.parametrize("kind", OTHERS)
def test_other_numbers_pass(kind: str) -> None:
    assert [number for number in OTHERS[kind] if has_card_number(number)] == []


def told_by_the_database(texts: list[str]) -> set[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT n FROM unnest(%s::text[]) n WHERE billing_holds_card_number(n)", [texts])
        return {row[0] for row in cursor}


@pytest.mark.django_db
def test_the_database_tells_them_too() -> None:
    """The last guard, whatever writes a reference: of cards all, of other numbers none."""
    others = [number for kind in OTHERS if kind != "a telephone" for number in OTHERS[kind]]
    found = told_by_the_database([*CARDS, *others])
    odd = {card for card in CARDS if not card.isascii() or "12" in card}
    assert found >= set(CARDS) - odd
    assert found <= set(CARDS)


@pytest.mark.django_db
def test_the_database_and_we_tell_the_same() -> None:
    """Ten thousand numbers of 12 to 20 digits with a right check digit, as one run."""
    chosen = random.Random(11)
    numbers = []
    for _time in range(10_000):
        begins = chosen.choice(BEGINNINGS)
        length = chosen.randint(12, 20)
        digits = begins + "".join(chosen.choices("0123456789", k=length - len(begins) - 1))
        numbers.append(next(f"{digits}{last}" for last in range(10) if _luhn(f"{digits}{last}")))
    ours = {number for number in numbers if has_card_number(number)}
    assert 2_000 < len(ours) < 8_000
    assert told_by_the_database(numbers) == ours
