"""Changes as plain JSON values and back, strictly: what a request stores and a form posts."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields
from datetime import date
from enum import StrEnum
from typing import Any, TypeVar

from billing.rules.changes import KINDS, Answer, Change, Choice, Item
from billing.rules.facts import ScheduledKind
from billing.rules.periods import Cycle

LONGEST_KEY = 120
GREATEST_NUMBER = 2**31 - 1

_E = TypeVar("_E", bound=StrEnum)


class MalformedChange(ValueError):
    """A value that is no change: unknown, missing, of the wrong type or out of bounds."""


def to_plain(change: Change) -> dict[str, Any]:
    """Return a change as values JSON can hold, its kind under `change`."""
    plain = {name: _plain(getattr(change, name)) for name in _names(change)}
    if not change.answers:
        del plain["answers"]
    return {"change": change.code.value, **plain}


def from_plain(plain: object) -> Change:
    """Return the change that plain values describe; Malformed where anything is not as it should."""
    values = _mapping(plain)
    kind = KINDS.get(_text(values.pop("change", None)))
    if kind is None:
        raise MalformedChange("no such change")
    values.setdefault("answers", [])
    return kind(**_parsed(values, _names(kind)))


def changes_from_plain(plain: object) -> tuple[Change, ...]:
    """Return all changes of a list; Malformed as `from_plain`."""
    return tuple(from_plain(value) for value in _list(plain))


def changes_to_plain(changes: Iterable[Change]) -> list[dict[str, Any]]:
    """Return several changes as values JSON can hold."""
    return [to_plain(change) for change in changes]


def _names(kind: Any) -> tuple[str, ...]:
    return tuple(field.name for field in fields(kind))


def _plain(value: object) -> object:
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, StrEnum):
        return value.value
    if isinstance(value, tuple):
        return [_plain(each) for each in value]
    if isinstance(value, Item | Answer):
        return {name: _plain(getattr(value, name)) for name in _names(value)}
    return value


def _mapping(value: object) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        raise MalformedChange("not an object")
    return dict(value)


def _list(value: object) -> list[object]:
    if not isinstance(value, list | tuple):
        raise MalformedChange("not a list")
    return list(value)


def _text(value: object) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= LONGEST_KEY:
        raise MalformedChange("not a short text")
    return value


def _text_or_none(value: object) -> str | None:
    return None if value is None else _text(value)


def _number(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 < value <= GREATEST_NUMBER:
        raise MalformedChange("not a whole number above zero")
    return value


def _day(value: object) -> date:
    text = _text(value)
    try:
        day = date.fromisoformat(text)
    except ValueError as error:
        raise MalformedChange("not a date") from error
    if day.isoformat() != text:
        raise MalformedChange("not a date written as 2023-07-14")
    return day


def _one_of(kind: type[_E]) -> Callable[[object], _E]:
    def parse(value: object) -> _E:
        try:
            return kind(_text(value))
        except ValueError as error:
            raise MalformedChange(f"not a {kind.__name__.lower()}") from error

    return parse


def _item(value: object) -> Item:
    return Item(**_parsed(_mapping(value), _names(Item)))


def _answer(value: object) -> Answer:
    values = _mapping(value)
    if set(values) != set(_names(Answer)):
        raise MalformedChange("an answer names kind, product and choice")
    return Answer(
        _one_of(ScheduledKind)(values["kind"]),
        _text_or_none(values["product"]),
        _one_of(Choice)(values["choice"]),
    )


_PARSERS: dict[str, Callable[[object], object]] = {
    "product": _text,
    "edition": _text,
    "promo": _text,
    "quantity": _number,
    "days": _number,
    "start": _day,
    "cycle": _one_of(Cycle),
    "items": lambda value: tuple(_item(each) for each in _list(value)),
    "answers": lambda value: tuple(_answer(each) for each in _list(value)),
}


def _parsed(values: dict[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    if set(values) != set(names):
        raise MalformedChange(f"expected {', '.join(names)}")
    return {name: _PARSERS[name](values[name]) for name in names}
