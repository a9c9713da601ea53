"""Frozen parts of the rules as plain values: as `dataclasses.asdict`, without copying what is shared."""

from dataclasses import fields
from functools import cache
from typing import Any


def to_plain(value: Any) -> Any:
    """Return a dataclass as a dictionary, also inside of it and its tuples; any other value as it is."""
    if type(value) is tuple:
        return tuple(map(to_plain, value))
    names = field_names(type(value))
    return {name: to_plain(getattr(value, name)) for name in names} if names else value


@cache
def field_names(kind: Any) -> tuple[str, ...]:
    """Return the names of a dataclass's fields in their order, none for any other class."""
    return tuple(field.name for field in fields(kind)) if hasattr(kind, "__dataclass_fields__") else ()
