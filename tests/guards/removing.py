"""Takes a guard out of a program that runs: whatever already holds a function holds the one without it."""

import gc
from collections.abc import Iterator
from contextlib import nullcontext
from types import CodeType, FunctionType
from typing import Any

from tests.guards.finding import Guard


class NotTakenOut(Exception):
    """The guard stands in code that nobody holds, so that nothing can be said of it."""


class _NoTransaction:
    """What stands in the place of an atomic block that decorates a function."""

    def _recreate_cm(self) -> nullcontext[None]:
        return nullcontext()


def take_out(guard: Guard) -> None:
    """Take a guard out of this process, for good: for one that was forked to see what happens without it."""
    # What is frozen (tests/conftest.py) is not among the objects that are looked through.
    gc.unfreeze()
    if guard.decorates:
        _undecorate(guard)
        return
    new = {(code.co_qualname, code.co_firstlineno): code for code in _codes(guard.without())}
    changed = 0
    for function in _functions(guard):
        code = new[function.__code__.co_qualname, function.__code__.co_firstlineno]
        changed += _does(code) != _does(function.__code__)
        function.__code__ = code
    if not changed:
        raise NotTakenOut(str(guard))


def _codes(code: CodeType) -> Iterator[CodeType]:
    """Yield a module's code and all that is defined in it."""
    yield code
    for one in code.co_consts:
        if isinstance(one, CodeType):
            yield from _codes(one)


def _does(code: CodeType) -> tuple[object, ...]:
    """Return what makes one code another than it was: also a method that is only called by another name."""
    return code.co_code, code.co_consts, code.co_names


def _functions(guard: Guard) -> list[FunctionType]:
    """Return every function of the guard's file that this process holds, those made by others included."""
    file = str(guard.path)
    return [one for one in gc.get_objects() if type(one) is FunctionType and one.__code__.co_filename == file]


def _undecorate(guard: Guard) -> None:
    """Let what wraps a function do nothing but call it."""
    changed = 0
    wraps = [one for one in gc.get_objects() if type(one) is FunctionType and hasattr(one, "__wrapped__")]
    for wrapper in wraps:
        inner: Any = wrapper
        while hasattr(inner, "__wrapped__"):
            inner = inner.__wrapped__
        code = getattr(inner, "__code__", None)
        if code is None or (code.co_filename, code.co_firstlineno) != (str(guard.path), guard.decorates):
            continue
        cells = dict(zip(wrapper.__code__.co_freevars, wrapper.__closure__ or (), strict=True))
        if guard.kind == "asks who it is again" and "guarded" in cells:
            cells["guarded"].cell_contents = wrapper.__wrapped__  # type: ignore[attr-defined]
            changed += 1
        elif guard.kind == "all or nothing" and "self" in cells:
            cells["self"].cell_contents = _NoTransaction()
            changed += 1
    if not changed:
        raise NotTakenOut(str(guard))
