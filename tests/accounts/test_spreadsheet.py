"""What a spreadsheet would run as a formula, in every file that leaves.

With the two lists of before the export let wide forms and line breaks through, and wrote a
credit of -34.52 as a text.
"""

from decimal import Decimal

import pytest

from accounts.spreadsheet import defused

BEGINS = [
    "=",
    "+",
    "-",
    "@",
    "\uff1d",
    "\uff0b",
    "\uff0d",
    "\uff20",
    "\ufe66",
    "\ufe62",
    "\ufe63",
    "\ufe6b",
    "\u207a",
    "\u2212",
]
BEFORE = ["", " ", "\t", "\u00a0", "\u3000", "\u200b", "\ufeff", "\u2060 ", "\x0b"]
BREAKS = ["\n", "\r", "\r\n", "\u2028", "\x85", "\n \t"]


@pytest.mark.parametrize("begin", BEGINS)
def test_no_cell_and_no_line_of_a_cell_begins_a_formula(begin: str) -> None:
    formula = f"{begin}HYPERLINK(1)"
    for before in BEFORE:
        assert defused(before + formula).startswith("'"), ascii(before)
    for broken in BREAKS:
        cell = defused(f"Name{broken}{formula}")
        assert cell.startswith("Name")
        assert f"'{formula}" in cell.replace(" ", "").replace("\t", ""), ascii(broken)


@pytest.mark.parametrize("text", ["\tx", "\rx", "\nx"])
def test_a_cell_begins_with_no_tab_and_no_line_break(text: str) -> None:
    assert defused(text) == f"'{text}"


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        (Decimal("-34.52"), "-34.52"), (-3, "-3"), (0, "0"), (True, "True"), (None, ""), ("", ""), ("é", "é"),
        ("Olivia Owens", "Olivia Owens"), ("a=b", "a=b"), ("1 - 2", "1 - 2"), ("two\nlines", "two\nlines"),
        ("olivia@acme.example", "olivia@acme.example"), ("'quoted", "'quoted"),
        ("-34.52", "'-34.52"), ("  ", "  "),
    ],
)  # fmt: skip
def test_numbers_stay_numbers_and_texts_stay_as_they_are(value: object, cell: str) -> None:
    assert defused(value) == cell
