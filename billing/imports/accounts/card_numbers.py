"""Tells card numbers from the other long numbers that customers have: by brand, length and check digit.

A SIRET, an IBAN, a telephone number, a provider's reference or a UUID may have as many digits and even
pass the same check; what no brand's cards begin with, or is known to be something else, is none.
"""

import re
import unicodedata
from collections.abc import Iterator

NO_CARD_NUMBERS = (
    "looks like a card number; only brand, last four digits and expiry may be loaded: take it out of the file"
)
# How cards of a brand begin (from, to) and how many digits they have; ISO/IEC 7812 and the brands' own lists.
_BRANDS: tuple[tuple[str, str, frozenset[int]], ...] = tuple(
    (first, last, frozenset(lengths))
    for first, last, lengths in (
        ("4", "4", (13, 16, 19)),  # Visa
        ("51", "55", (16,)),  # Mastercard
        ("2221", "2720", (16,)),
        ("34", "34", (15,)),  # American Express
        ("37", "37", (15,)),
        ("300", "305", (14, 16, 19)),  # Diners Club
        ("309", "309", (14, 16, 19)),
        ("36", "36", (14, 16, 19)),
        ("38", "39", (14, 16, 19)),
        ("3528", "3589", (16, 17, 18, 19)),  # JCB
        ("6011", "6011", (16, 17, 18, 19)),  # Discover
        ("644", "649", (16, 17, 18, 19)),
        ("65", "65", (16, 17, 18, 19)),
        ("62", "62", (16, 17, 18, 19)),  # UnionPay
        ("8110", "8171", (16, 17, 18, 19)),
        ("5018", "5020", (13, 15, 16, 18, 19)),  # Maestro, Dankort
        ("5038", "5038", (13, 15, 16, 18, 19)),
        ("5612", "5612", (13, 15, 16, 18, 19)),
        ("5893", "5893", (13, 15, 16, 18, 19)),
        ("6304", "6304", (13, 15, 16, 18, 19)),
        ("6759", "6763", (13, 15, 16, 18, 19)),
        ("2200", "2205", (16, 17, 18, 19)),  # Mir
        ("6060", "6089", (16,)),  # RuPay, Hipercard
        ("5060", "5099", (16, 18, 19)),  # Verve, Elo
        ("9792", "9792", (16,)),  # Troy
    )
)
_SHORTEST, _LONGEST = 13, 19
_SPACE_OR_STROKE = r"[ .\-/_\u2010-\u2015\u2212]"
_RUN = re.compile(rf"[0-9](?:{_SPACE_OR_STROKE}{{0,3}}[0-9]){{{_SHORTEST - 1},}}")
_MANY_DIGITS = re.compile(rf"(?:[^\d]*\d){{{_SHORTEST}}}")
_GROUP = re.compile(r"[0-9]+")
_UUID = re.compile(r"(?<![0-9a-f])[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}(?![0-9a-f])", re.IGNORECASE)
_IBAN = re.compile(r"(?<![A-Z0-9])[A-Z]{2}[0-9]{2}(?: ?[A-Z0-9]){11,30}(?![A-Z0-9])")
_LONGEST_TELEPHONE = 15
_SIRET, _SIREN = 14, 9


def has_card_number(text: str) -> bool:
    """Tell whether a text holds a card number, with or without spaces and hyphens in it."""
    if not _MANY_DIGITS.match(text):
        return False
    plain = _UUID.sub(" ; ", _ascii_digits(text))
    plain = _IBAN.sub(lambda found: " ; " if _is_iban(found[0]) else found[0], plain)
    return any(_is_card(groups) for run in _RUN.finditer(plain) for groups in _windows(plain, run))


def _ascii_digits(text: str) -> str:
    """Return a text with the digits of every script as ours, and every space as a plain one."""
    return "".join(
        str(unicodedata.digit(c)) if c.isdigit() else " " if c.isspace() else c
        for c in unicodedata.normalize("NFKC", text)
    )


def _windows(text: str, run: re.Match[str]) -> Iterator[tuple[str, ...]]:
    """Yield each row of whole groups of digits in a run that is as long as a card number."""
    groups = [found[0] for found in _GROUP.finditer(run[0])]
    for first in range(len(groups)):
        for last in range(first, len(groups)):
            digits = sum(len(one) for one in groups[first : last + 1])
            if digits > _LONGEST:
                break
            # With a plus before it, it is a telephone number, as long as one can be.
            telephone = first == 0 and text[: run.start()].endswith("+") and digits <= _LONGEST_TELEPHONE
            if digits >= _SHORTEST and not telephone:
                yield tuple(groups[first : last + 1])


def _is_card(groups: tuple[str, ...]) -> bool:
    digits = "".join(groups)
    branded = any(
        len(digits) in lengths and first <= digits[: len(first)] <= last for first, last, lengths in _BRANDS
    )
    return branded and _luhn(digits) and not _is_siret(groups, digits)


def _is_siret(groups: tuple[str, ...], digits: str) -> bool:
    """Tell whether 14 digits are a French company's: their first nine have a check digit of their own."""
    written_as_one = tuple(map(len, groups)) in ((14,), (9, 5), (3, 3, 3, 5), (3, 3, 3, 2, 3))
    return len(digits) == _SIRET and written_as_one and _luhn(digits[:_SIREN])


def _is_iban(text: str) -> bool:
    """Tell whether a text has the check digits of an IBAN (ISO 13616)."""
    plain = text.replace(" ", "")
    return int("".join(str(int(c, 36)) for c in plain[4:] + plain[:4])) % 97 == 1


def _luhn(digits: str) -> bool:
    numbers = [int(c) for c in digits]
    doubled = (digit * 2 for digit in numbers[-2::-2])
    return (sum(numbers[-1::-2]) + sum(d - 9 if d > 9 else d for d in doubled)) % 10 == 0
