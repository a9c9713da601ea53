"""Reads what was recorded before activity was data: prose such as "team × 12" becomes the data it told of."""

import re
from collections.abc import Mapping

_LINE = re.compile(r"(?P<edition>\S+) × (?P<quantity>[0-9]+)")
_TEMPORARY = re.compile(r"(?P<product>\S+) × (?P<quantity>[0-9]+) (?P<start>[0-9-]{10})/(?P<end>[0-9-]{10})")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def as_data(stored: Mapping[str, object]) -> dict[str, object]:
    """Return the facts of an entry as data; what is data already, or can't be read, stays as it is."""
    facts = dict(stored)
    lines = facts.get("lines")
    if isinstance(lines, dict):
        facts["lines"] = {product: _line(value) for product, value in lines.items()}
    for field, read in (("scheduled", _scheduled), ("temporary", _temporary)):
        values = facts.get(field)
        if isinstance(values, list):
            facts[field] = [read(value) if isinstance(value, str) else value for value in values]
    return facts


def _line(value: object) -> object:
    found = _LINE.fullmatch(value) if isinstance(value, str) else None
    return {"edition": found["edition"], "quantity": int(found["quantity"])} if found else value


def _temporary(text: str) -> object:
    found = _TEMPORARY.fullmatch(text)
    if found is None:
        return text
    covers = {"start": found["start"], "end": found["end"]}
    return {"product": found["product"], "quantity": int(found["quantity"]), "covers": covers}


def _scheduled(text: str) -> object:
    match text.split():
        case ["cancellation"]:
            return {"kind": "cancellation"}
        case ["cycle", cycle]:
            return {"kind": "cycle", "cycle": cycle}
        case ["quantity", product, quantity] if quantity.isascii() and quantity.isdecimal():
            return {"kind": "quantity", "product": product, "quantity": int(quantity)}
        case ["edition", product, edition]:
            return {"kind": "edition", "product": product, "edition": edition}
        case ["removal", product]:
            return {"kind": "removal", "product": product}
        case ["removal", product, day] if _DAY.fullmatch(day):
            return {"kind": "removal", "product": product, "takes_effect_on": day}
        case ["removal", product, *leaving]:
            return {"kind": "removal", "product": product, "leaving": leaving}
        case _:
            return text
