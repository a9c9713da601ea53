"""Cells of CSV files that no spreadsheet takes for a formula: one rule for every file that leaves."""

import re
import unicodedata
from decimal import Decimal

# What begins a formula, also in its wide, small, raised and lowered forms; some programs trim what stands
# before, and some read what follows a line break as a cell of its own.
FORMULA = frozenset("=+-@\N{MINUS SIGN}")
# Programs put what follows these into another cell, or drop them.
BREAKS = re.compile(r"(?<=[\r\n\v\f\x85\u2028\u2029])")
UNSEEN = frozenset("\ufeff\u200b\u200c\u200d\u2060\u00ad")


def defused(value: object) -> str:
    """Return the text of a cell, with an apostrophe wherever a formula would begin. Numbers stay numbers."""
    if isinstance(value, int | Decimal):
        return str(value)
    text = "" if value is None else str(value)
    first, *lines = BREAKS.split(text)
    cell = first + "".join(f"'{line}" if _begins_formula(line) else line for line in lines)
    return f"'{cell}" if _begins_formula(text) or text.startswith(("\t", "\r", "\n")) else cell


def _begins_formula(line: str) -> bool:
    for character in line:
        if character.isspace() or character in UNSEEN:
            continue
        return unicodedata.normalize("NFKC", character)[:1] in FORMULA
    return False
