"""Which invoices a transfer pays, where reference and amount leave no doubt."""

import pytest

from billing.rules.bank_matching import OpenInvoice, matched, named, perhaps_named

OPEN = [
    OpenInvoice("INV-000025", "EUR", 204000),
    OpenInvoice("INV-000026", "EUR", 9936),
    OpenInvoice("INV-000027", "USD", 9936),
]


@pytest.mark.parametrize(
    ("reference", "numbers"),
    [
        ("INV-000025", ("INV-000025",)),
        ("your inv 000025, thanks", ("INV-000025",)),
        ("INV000025/INV-000026", ("INV-000025", "INV-000026")),
        ("INV-000025 INV-000025", ("INV-000025",)),
        ("rent INV-25", ()),
        ("", ()),
    ],
)
def test_numbers_are_found_as_people_and_banks_write_them(reference: str, numbers: tuple[str, ...]) -> None:
    assert named(reference) == numbers


@pytest.mark.parametrize(
    ("reference", "amount", "currency", "parts"),
    [
        ("INV-000025", 204000, "EUR", {"INV-000025": 204000}),
        # 2,040.00 + 99.36 = 2,139.36
        ("INV-000025 INV-000026", 213936, "EUR", {"INV-000025": 204000, "INV-000026": 9936}),
        ("INV-000025", 100000, "EUR", {"INV-000025": 100000}),
        ("INV-000025", 204001, "EUR", {}),
        ("INV-000025 INV-000026", 100000, "EUR", {}),
        ("INV-000025", 204000, "USD", {}),
        ("INV-000025 INV-000027", 213936, "EUR", {}),
        ("INV-999999", 204000, "EUR", {}),
        ("thanks", 204000, "EUR", {}),
    ],
)
def test_only_what_leaves_no_doubt_is_booked(
    reference: str, amount: int, currency: str, parts: dict[str, int]
) -> None:
    assert matched(named(reference), amount, currency, OPEN) == parts


@pytest.mark.parametrize(
    ("reference", "number"),
    [
        ("2026/0815", "2026/0815"),
        ("Facture FA-2026-17, merci", "FA-2026-17"),
        ("INVOICE(RE.77.B).", "INVOICE(RE.77.B"),
        ("your RE 2026 17: thanks", "RE 2026 17"),
        ("of the RE (2026) 17 A", "RE 2026 17 A"),
        ("RE 2026 () 17", "RE 2026 17"),
        # An X is no sign.
        ("2026X, XX26", "2026X"),
        ("2026X, XX26", "XX26"),
        # Banks write in capitals.
        ("fa-2026-17", "FA-2026-17"),
    ],
)
def test_numbers_of_the_system_before_are_words_of_a_reference(reference: str, number: str) -> None:
    assert number in perhaps_named(reference)


def test_a_part_of_a_word_is_no_number() -> None:
    assert "2026" not in perhaps_named("FA-2026-17 and 20260")
    assert "a b c d e" not in perhaps_named("a b c d e")
    assert perhaps_named("(26)") == {"26"}
    assert perhaps_named("") == frozenset()
