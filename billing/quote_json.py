"""Quotes as JSON and back: what was shown is stored whole, and shown again from there.

The catalogue, the rates of taxes and the ids of people are left out: a stored quote is for reading and
comparing, and is never priced from.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date
from decimal import Decimal
from enum import Enum
from typing import Any, cast

from cattrs.preconf.json import make_converter

from billing.rules.change_json import from_plain, to_plain
from billing.rules.change_request_base import Base, base_of
from billing.rules.changes import KINDS, Change
from billing.rules.facts import Facts, ScheduledFacts
from billing.rules.notices import Notice, NoticeCode
from billing.rules.quoting import PricedQuote
from billing.rules.tax import at_rate
from billing.rules.taxation import Taxation

_converter = make_converter()
_converter.register_unstructure_hook(Decimal, str)
_converter.register_structure_hook(Decimal, lambda text, _type: Decimal(text))
_converter.register_structure_hook(int | str, lambda value, _type: value)


def dump(quote: PricedQuote) -> dict[str, Any]:
    """Return a quote as values that JSON can hold."""
    renewal = replace(quote.renewal, after=_lean(quote.renewal.after))
    lean = replace(quote, after=_lean(quote.after), renewal=renewal)
    document: dict[str, Any] = _converter.unstructure(lean, PricedQuote)
    return document


def load(document: Mapping[str, Any]) -> PricedQuote:
    """Return the quote that was stored; its facts come without the catalogue."""
    of_before = "tax_rate" in document["after"]
    return _converter.structure(_with_taxes(document) if of_before else document, PricedQuote)


def _with_taxes(value: Any) -> Any:
    """Return what was stored before a line could bear several taxes, and a tax had a name."""
    if isinstance(value, list):
        return [_with_taxes(one) for one in value]
    if not isinstance(value, Mapping):
        return value
    renewed = {key: _with_taxes(one) for key, one in value.items() if key != "tax_rate"}
    if "tax_rate" in value and "catalogue" not in value:
        renewed["taxes"] = _rate_alone(value["tax_rate"])
    elif "subtotal" in value:
        renewed["taxes"] = [{**row, "tax": _rate_alone(row["rate"])[0]} for row in value["taxes"]]
    return renewed


def _rate_alone(rate: str | None) -> list[Any]:
    return [_converter.unstructure(tax) for tax in at_rate(None if rate is None else Decimal(rate))]


def dump_base(facts: Facts, changes: Iterable[Change]) -> dict[str, Any]:
    """Return what changes are asked on, as values that JSON can hold."""
    document: dict[str, Any] = _converter.unstructure(base_of(facts, changes), Base)
    return document


def load_base(document: Mapping[str, Any] | None) -> Base | None:
    """Return the base that was stored, None for a request from before it was kept."""
    return None if document is None else _converter.structure(document, Base)


def _lean(facts: Facts) -> Facts:
    lines = tuple(replace(line, holders=frozenset()) for line in facts.lines)
    return replace(facts, catalogue={}, promos=(), lines=lines, taxation=Taxation())


def _unstructure_data(value: object) -> object:
    """Write a value of a notice, with a mark where JSON has no type of its own for it."""
    if isinstance(value, ScheduledFacts):
        return {"$scheduled": _converter.unstructure(value, ScheduledFacts)}
    if isinstance(value, date):
        return {"$date": value.isoformat()}
    if isinstance(value, Decimal):
        return {"$decimal": str(value)}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Mapping):
        return {str(key): _unstructure_data(one) for key, one in value.items()}
    if isinstance(value, tuple | list | frozenset):
        return [_unstructure_data(one) for one in value]
    return value


def _structure_data(value: object) -> object:
    if isinstance(value, list):
        return tuple(_structure_data(one) for one in value)
    if not isinstance(value, Mapping):
        return value
    if "$scheduled" in value:
        return _converter.structure(value["$scheduled"], ScheduledFacts)
    if "$date" in value:
        return date.fromisoformat(str(value["$date"]))
    if "$decimal" in value:
        return Decimal(str(value["$decimal"]))
    return {key: _structure_data(one) for key, one in value.items()}


_converter.register_unstructure_hook(
    Notice, lambda notice: {"code": notice.code, "data": _unstructure_data(notice.data)}
)
_converter.register_structure_hook(
    Notice,
    lambda value, _type: Notice(
        NoticeCode(value["code"]), cast(dict[str, object], _structure_data(value["data"]))
    ),
)
for _change in KINDS.values():
    _converter.register_unstructure_hook(_change, to_plain)
_converter.register_unstructure_hook_func(lambda kind: kind == Change, to_plain)
_converter.register_structure_hook_func(lambda kind: kind == Change, lambda value, _type: from_plain(value))
