"""Reads the tables of a TOML file strictly: a value of the expected kind, or a fault with its line."""

import re
import tomllib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any, TypeVar

from accounts.rules.texts import OddCharacter, tidy
from billing.imports.text_file import UnreadableFile, open_text
from billing.imports.toml_lines import KeyPath, lines

LONGEST_TEXT = 120
LONGEST_KEY = 60
LARGEST_NUMBER = 1_000_000_000

_KEY = re.compile(r"[a-z0-9]+(?:[-_][a-z0-9]+)*")
# tomllib says where only in its sentence.
_WHERE = re.compile(r"^(.*?)(?: \(at (?:line (\d+), column \d+|end of document)\))?$", re.DOTALL)
_BEGINS = re.compile(r"[ \t\[]*([\w.-]+)")
_DUPLICATES = ("Cannot overwrite a value", "Duplicate inline table key", "Cannot declare")
_Allowed = TypeVar("_Allowed", bound=str)


@dataclass(frozen=True, slots=True, order=True)
class TomlFault:
    """One thing that is wrong: on which line, at which key, what it is and what would be allowed."""

    line: int
    key: str
    text: str


class BadTomlFile(Exception):
    """A file that cannot be used, with all of its faults in the order of the file."""

    def __init__(self, file: str, faults: Collection[TomlFault]) -> None:
        """Keep the faults; the text of the error is one line for each."""
        self.file = file
        self.faults = sorted(set(faults))
        super().__init__("\n".join(f"{file}:{one.line}: {one.key}: {one.text}" for one in self.faults))


@dataclass(slots=True)
class Document:
    """A parsed file: its values, the line of each, and the faults found so far."""

    values: dict[str, Any]
    where: Mapping[KeyPath, int]
    faults: list[TomlFault] = field(default_factory=list)

    def line(self, path: KeyPath) -> int:
        """Return the line of a value, or of the table it should stand in."""
        while path not in self.where:
            path = path[:-1]
        return self.where[path]

    def fault(self, path: KeyPath, text: str) -> None:
        """Note what is wrong with the value at a path."""
        key = ".".join(part for part in path if isinstance(part, str))
        self.faults.append(TomlFault(self.line(path), key or "file", text))


class FractionalNumber(str):
    """A number with a point or an exponent, as it stands in the file."""

    __slots__ = ()


def read_document(path: Path, *, needs: str) -> Document:
    """Return a file's tables and lines; BadTomlFile where it is no text, empty or not TOML.

    `needs` says what must stand in it.
    """
    return parse(_text(path), str(path), needs=needs)


def _text(path: Path) -> str:
    try:
        with open_text(path) as file:
            text = file.read()
    except UnreadableFile as why:
        raise BadTomlFile(str(path), [TomlFault(1, "file", f"{why}; name a TOML file")]) from None
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    odd = next((place for place, c in enumerate(text) if "\udc80" <= c <= "\udcff"), None)
    if odd is not None:
        line = text.count("\n", 0, odd) + 1
        raise BadTomlFile(str(path), [TomlFault(line, "file", "is not UTF-8; save it in that encoding")])
    return text


def parse(text: str, file: str, *, needs: str) -> Document:
    """Return a text's tables and lines; BadTomlFile where it is empty or not TOML."""
    try:
        values = tomllib.loads(text, parse_float=FractionalNumber)
    except RecursionError:
        raise BadTomlFile(file, [TomlFault(1, "file", "tables or arrays are nested too deeply")]) from None
    except ValueError as error:
        raise BadTomlFile(file, [_syntax(text, str(error))]) from None
    if not values:
        raise BadTomlFile(file, [TomlFault(1, "file", f"is empty: {needs}")])
    return Document(values, lines(text))


def _syntax(text: str, message: str) -> TomlFault:
    """Return the fault behind what the TOML reader said."""
    found = _WHERE.match(message)
    what, line = (found[1], found[2]) if found else (message, None)
    rows = text.splitlines() or [""]
    number = min(int(line), len(rows)) if line else len(rows)
    begins = _BEGINS.match(rows[number - 1])
    key = begins[1] if begins else "file"
    if what.startswith(_DUPLICATES):
        return TomlFault(number, key, "is given twice; a key or table may stand only once")
    return TomlFault(number, key, f"is not TOML: {what[:1].lower()}{what[1:]}")


class TomlTable:
    """One table of the file. A value that is wrong is noted and replaced by a harmless one."""

    def __init__(self, document: Document, path: KeyPath, values: Any) -> None:
        """Take the values at a path; note a fault where they are no table."""
        self.document = document
        self.path = path
        self.is_table = isinstance(values, dict)
        self.values: dict[str, Any] = values if self.is_table else {}
        if not self.is_table:
            document.fault(path, f"is {named(values)}; a table is needed")

    @property
    def line(self) -> int:
        """The line it begins on."""
        return self.document.line(self.path)

    def __contains__(self, key: str) -> bool:
        """Tell whether a key is given."""
        return key in self.values

    def fault(self, key: str | int, text: str) -> None:
        """Note what is wrong with one of its values, or with what is missing."""
        self.document.fault((*self.path, key), text)

    def only(self, *known: str) -> None:
        """Note every key that is not known."""
        for key in self.values:
            if key not in known:
                self.fault(key, f"is not a known key; known here: {', '.join(known)}")

    def text(self, key: str, *, needed: bool = True) -> str:
        """Return a text of 1 to 120 visible characters; without `needed`, "" where it is missing."""
        value = self._value(key, needed=needed)
        if value is None:
            return ""
        if not isinstance(value, str) or isinstance(value, FractionalNumber):
            self.fault(key, f'is {named(value)}; a text in "quotes" is needed')
        else:
            return self._tidied(key, value)
        return ""

    def _tidied(self, key: str, value: str) -> str:
        """Return a text as it is kept; "" where it is empty, too long, or holds an odd character."""
        try:
            text = tidy(value)
        except OddCharacter as odd:
            self.fault(key, f"character {odd.place} is {odd.code} ({odd.called}); take it out")
            return ""
        if not 1 <= len(text) <= LONGEST_TEXT:
            self.fault(key, f"must have 1 to {LONGEST_TEXT} visible characters on one line")
            return ""
        return text

    def key(self, key: str) -> str:
        """Return a key: small letters and digits with hyphens or underscores between."""
        value = self.text(key)
        if value and not is_key(value):
            self.fault(key, f"“{value}” is no key; {KEY_RULE}")
            return ""
        return value

    def flag(self, key: str) -> bool:
        """Return true or false; false where it is missing."""
        value = self.values.get(key, False)
        if not isinstance(value, bool):
            self.fault(key, f"is {named(value)}; true or false is needed")
            return False
        return value

    def whole(self, key: str, default: int, *, least: int) -> int:
        """Return a whole number, or the default where it is missing."""
        value = self.values.get(key, default)
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= LARGEST_NUMBER:
            self.fault(key, f"is {named(value)}; a whole number from {least} to {LARGEST_NUMBER} is needed")
            return default
        return value

    def choice(self, key: str, allowed: Collection[_Allowed], default: _Allowed) -> _Allowed:
        """Return one of the allowed values, or the default where it is missing."""
        value = self.values.get(key, default)
        for one in allowed:
            if value == one:
                return one
        self.fault(key, f"is {named(value)}; one of {', '.join(allowed)} is needed")
        return default

    def day(self, key: str) -> date | None:
        """Return a date without a time of day, such as 2026-10-07; None where it is wrong."""
        value = self._value(key)
        if value is None:
            return None
        if isinstance(value, datetime) or not isinstance(value, date):
            self.fault(key, f"is {named(value)}; a date such as 2026-10-07, without quotes, is needed")
            return None
        return value

    def keys(self, key: str) -> tuple[str, ...]:
        """Return an array of keys without repetitions; empty where it is missing."""
        value = self.values.get(key, [])
        if not isinstance(value, list):
            self.fault(key, f'is {named(value)}; an array of keys such as ["support"] is needed')
            return ()
        found: list[str] = []
        for index, one in enumerate(value):
            if not isinstance(one, str) or not is_key(one):
                self.document.fault((*self.path, key, index), f"{named(one)} is no key; {KEY_RULE}")
            elif one in found:
                self.document.fault((*self.path, key, index), f"“{one}” stands here twice")
            else:
                found.append(one)
        return tuple(found)

    def two_texts(self, key: str) -> tuple[str, str]:
        """Return what one and what several of something are called: an array of exactly two texts."""
        value = self._value(key)
        if isinstance(value, list) and len(value) == 2 and all(type(one) is str for one in value):
            return self._tidied(key, value[0]), self._tidied(key, value[1])
        if value is not None:
            self.fault(key, 'needs two texts, for one and for several, such as ["credit", "credits"]')
        return "", ""

    def table(self, key: str, *, needed: bool = True) -> "TomlTable":
        """Return a table inside this one; an empty one where it is missing."""
        if key not in self.values:
            if needed:
                self.fault(key, "is missing")
            return TomlTable(self.document, (*self.path, key), {})
        return TomlTable(self.document, (*self.path, key), self.values[key])

    def tables(self, key: str) -> Iterator["TomlTable"]:
        """Go through an array of tables, written with [[double brackets]]."""
        value = self.values.get(key, [])
        if not isinstance(value, list):
            self.fault(key, f"is {named(value)}; write each with double brackets")
            return
        for index, one in enumerate(value):
            yield TomlTable(self.document, (*self.path, key, index), one)

    def _value(self, key: str, *, needed: bool = True) -> Any:
        if needed and self.is_table and key not in self.values:
            self.fault(key, "is missing")
        return self.values.get(key)


KEY_RULE = (
    f"keys have 1 to {LONGEST_KEY} small letters a to z and digits, "
    "with single hyphens or underscores between"
)


def is_key(text: str) -> bool:
    """Tell whether a text may be the key of something."""
    return len(text) <= LONGEST_KEY and _KEY.fullmatch(text) is not None


def named(value: object) -> str:
    """Return a value in words, short enough for a message."""
    if isinstance(value, FractionalNumber):
        return f"the fractional number {value}"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return f"the text “{value[:40]}”"
    if isinstance(value, int):
        return f"the number {value}" if abs(value) < 10**20 else "a number too large"
    if isinstance(value, dict):
        return "a table"
    if isinstance(value, list):
        return "an array"
    if isinstance(value, datetime):
        return "a date with a time"
    return f"the date {value}" if isinstance(value, date) else "a time of day"
