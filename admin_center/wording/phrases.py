"""Parts of sentences, in the language of the moment: products, lines, numbers, days, cycles.

No amounts: those go to pages through `{% cost %}` alone.
"""

import re
from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal

from django.utils import formats
from django.utils.text import capfirst
from django.utils.translation import get_language, gettext, ngettext

from admin_center.wording import cycles
from admin_center.wording.bidi import isolated
from billing.rules.names import CountedIn, Names
from billing.rules.periods import Cycle


def product(names: Names, key: str | None) -> str:
    """Return a product's name, its key where it has none."""
    return isolated(names.get(key or "", key or ""))


def edition(names: Names, product_key: str, edition_key: str) -> str:
    """Return an edition's name; empty where the product has but one, without a name of its own."""
    return isolated(names.get((product_key, edition_key), edition_key))


def line(names: Names, product_key: str, edition_key: str, quantity: int) -> str:
    """Return a line in short: "Inbox Plus × 12"."""
    words = " ".join(filter(None, (product(names, product_key), edition(names, product_key, edition_key))))
    return f"{words} × {number(quantity)}"


def number(value: object) -> str:
    """Return a whole number with the separators of the language; anything else as it is."""
    return formats.number_format(value, force_grouping=True) if isinstance(value, int) else str(value)


def percent(value: Decimal) -> str:
    """Return a percentage in the language's way: "12.5 %"."""
    # U+00A0: the sign stays with its number.
    return f"{formats.number_format(value.normalize(), decimal_pos=None)}\N{NO-BREAK SPACE}%"


def in_fours(iban: str) -> str:
    """Return an IBAN as it is written on paper, in groups of four."""
    return " ".join(iban[place : place + 4] for place in range(0, len(iban), 4))


def day(when: date) -> str:
    """Return a date in the language's long form."""
    return _first(formats.date_format(when, "DATE_FORMAT"))


def moment(when: datetime) -> str:
    """Return a date and time in the language's long form."""
    return _first(formats.date_format(when, "DATETIME_FORMAT"))


def _first(words: str) -> str:
    """Return a date as French says it: "1er mars", and all other days by their number alone."""
    return re.sub(r"^1 ", "1er ", words) if get_language() == "fr" else words


def zone(name: str) -> str:
    """Return a time zone's name as people read it: "America/New York"."""
    return name.replace("_", " ")


def cycle(code: str | Cycle | None) -> str:
    """Return the name of a billing cycle; a code that was never one as it is, nothing for none."""
    return cycles.of(Cycle(code)).name if code in set(Cycle) else str(code or "")


def seats(quantity: int) -> str:
    """Return a number of seats in words."""
    return ngettext("%(number)s seat", "%(number)s seats", quantity) % {"number": number(quantity)}


def quantity(names: Names, product_key: str | None, count: int) -> str:
    """Return a quantity of a product with what its catalogue counts it in: "12 seats", "1 credit", "3"."""
    return counted(count, names.counted_in.get(product_key or ""))


def counted(count: int, unit: CountedIn | None) -> str:
    """Return a quantity with its unit: seats where that is None, the number alone where it is empty."""
    if unit is None:
        return seats(count)
    one, several = _words_of(unit)
    # French says "0 crédit".
    words = one if count == 1 or (count == 0 and get_language() == "fr") else several
    return f"{number(count)} {words}".strip()


def purpose(names: Names, product_key: str, edition_key: str) -> str:
    """Return what an edition is for, as its catalogue says it; empty where it doesn't."""
    return names.purposes.get((product_key, edition_key), {}).get(get_language() or "", "")


def unit_name(names: Names, product_key: str) -> str:
    """Return what one of a product's quantity is called: "seat", "credit"; nothing for a number alone."""
    unit = names.counted_in.get(product_key)
    return gettext("seat") if unit is None else _words_of(unit)[0]


def unit_label(names: Names, product_key: str) -> str:
    """Return the label of a field for a product's quantity: "Seats", "Credits", "Quantity"."""
    unit = names.counted_in.get(product_key)
    if unit is None:
        return gettext("Seats")
    return capfirst(several(unit)) or gettext("Quantity")


def several(unit: CountedIn) -> str:
    """Return what several of a unit are called."""
    return _words_of(unit)[1]


def _words_of(unit: CountedIn) -> tuple[str, str]:
    """Return what one and several are called in the language of the moment, else in the first known."""
    by_language = {language: (one, several) for language, one, several in unit}
    return by_language.get(get_language() or "", next(iter(by_language.values()), ("", "")))


def any_of(names: Sequence[str], *, you: bool = False) -> str:
    """Return a choice of people in words: "you, Olivia Owens or Bilal Brahimi"."""
    parts = [*([gettext("you")] if you else []), *(isolated(name) for name in names)]
    if len(parts) < 2:
        return "".join(parts)
    return gettext("%(some)s or %(last)s") % {"some": ", ".join(parts[:-1]), "last": parts[-1]}
