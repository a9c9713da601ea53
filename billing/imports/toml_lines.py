"""Finds the line of every key of a TOML text: the standard library's reader gives values only.

It runs after that reader, on a text known to be valid, and so only tells strings, comments,
tables and arrays apart.
"""

import re
from collections.abc import Mapping

# The way to a value: keys of tables and indexes of arrays, from the top of the file.
KeyPath = tuple[str | int, ...]

_BLANK = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_KEY = re.compile(r"""[ \t]*(?:"((?:[^"\\]|\\.)*)"|'([^']*)'|([A-Za-z0-9_-]+))[ \t]*""")
_STRING = re.compile(
    r'"""(?:[^\\]|\\.)*?"{3,5}(?!")'
    r"|'''.*?'{3,5}(?!')"
    r'|"(?:[^"\\\n]|\\.)*"'
    r"|'[^'\n]*'",
    re.DOTALL,
)
_BARE = re.compile(r"[^,\]}#\n]+")


def lines(text: str) -> Mapping[KeyPath, int]:
    """Return the line, from 1, on which each key, table and element of a valid TOML text begins."""
    return _Finder(text).find()


class _Finder:
    """Walks through the text once."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.counted = 0
        self.line = 1
        self.found: dict[KeyPath, int] = {(): 1}
        self.lengths: dict[KeyPath, int] = {}

    def find(self) -> Mapping[KeyPath, int]:
        """Return what was found."""
        table: KeyPath = ()
        while self._skip():
            if self.text.startswith("[[", self.at):
                table = self._header(2, table_of_array=True)
            elif self.text.startswith("[", self.at):
                table = self._header(1, table_of_array=False)
            else:
                self._pair(table)
        return self.found

    def _skip(self) -> bool:
        """Pass over blanks and comments; tell whether anything follows."""
        self.at = _match(_BLANK, self.text, self.at).end()
        return self.at < len(self.text)

    def _note(self, path: KeyPath) -> None:
        """Note where a path begins, and that the tables on its way exist."""
        self.line += self.text.count("\n", self.counted, self.at)
        self.counted = self.at
        for length in range(1, len(path) + 1):
            self.found.setdefault(path[:length], self.line)

    def _dotted(self) -> tuple[str, ...]:
        """Read a key, which may have several parts."""
        parts = []
        while True:
            match = _match(_KEY, self.text, self.at)
            parts.append(next(group for group in match.groups() if group is not None))
            self.at = match.end()
            if not self.text.startswith(".", self.at):
                return tuple(parts)
            self.at += 1

    def _header(self, brackets: int, *, table_of_array: bool) -> KeyPath:
        """Read `[table]` or `[[table]]`; return its path, an array standing at its last element."""
        start = self.at
        self.at += brackets
        path: KeyPath = ()
        parts = self._dotted()
        for place, part in enumerate(parts):
            path = (*path, part)
            if table_of_array and place == len(parts) - 1:
                self.lengths[path] = self.lengths.get(path, 0) + 1
            if path in self.lengths:
                path = (*path, self.lengths[path] - 1)
        end = self.at + brackets
        self.at = start
        self._note(path)
        self.at = end
        return path

    def _pair(self, table: KeyPath) -> None:
        """Read `key = value`."""
        start = self.at
        path = (*table, *self._dotted())
        end = self.at + 1
        self.at = start
        self._note(path)
        self.at = end
        self._value(path)

    def _value(self, path: KeyPath) -> None:
        """Pass over a value, and note what lies inside."""
        self._skip()
        if self.text.startswith("[", self.at):
            self._inside(path, "]")
        elif self.text.startswith("{", self.at):
            self._inside(path, "}")
        else:
            found = _STRING.match(self.text, self.at) or _match(_BARE, self.text, self.at)
            self.at = found.end()

    def _inside(self, path: KeyPath, closing: str) -> None:
        """Read the elements of an array or the pairs of an inline table."""
        self.at += 1
        index = 0
        while self._skip() and not self.text.startswith(closing, self.at):
            if self.text.startswith(",", self.at):
                self.at += 1
            elif closing == "}":
                self._pair(path)
            else:
                self._note((*path, index))
                self._value((*path, index))
                index += 1
        self.at += 1


def _match(pattern: re.Pattern[str], text: str, at: int) -> re.Match[str]:
    found = pattern.match(text, at)
    assert found is not None, f"no key or value at character {at}"  # it was read as TOML before
    return found
