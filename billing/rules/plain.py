"""Frozen parts of the rules as plain values: as `dataclasses.asdict`, without copying what is shared."""

from dataclasses import fields, is_dataclass
from typing import Any, TypeVar

_T = TypeVar("_T")
# By class: found once for each.
_NAMES: dict[type, tuple[str, ...]] = {}


def to_plain(value: object) -> Any:
    """Return a dataclass as a dictionary, also inside of it and its tuples; any other value as it is."""
    if type(value) is tuple:
        return tuple(map(to_plain, value))
    names = field_names(value)
    return {name: to_plain(getattr(value, name)) for name in names} if names else value


def changed(value: _T, **changes: Any) -> _T:
    """Return the same dataclass with other values of some fields, as `dataclasses.replace`, faster."""
    names, kind = field_names(value), type(value)
    parts = [getattr(value, name) for name in names]
    for name, part in changes.items():
        parts[names.index(name)] = part
    return kind(*parts)


def field_names(value: object) -> tuple[str, ...]:
    """Return the names of a dataclass's fields in their order, none for any other value."""
    kind = type(value)
    if kind not in _NAMES:
        _NAMES[kind] = tuple(field.name for field in fields(kind)) if is_dataclass(kind) else ()
    return _NAMES[kind]
