"""Reads the rows of a CSV file of accounts as a stream, as spreadsheets save them."""

import csv
import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TextIO

from billing.imports.accounts.columns import ACCOUNT, RECORD, all_columns
from billing.imports.accounts.listing import BadFile
from billing.imports.accounts.values import shown

DELIMITERS = ",;\t|"
# What Excel reads, and some programs write, to say what stands between the columns.
_SEPARATOR = re.compile(r'"?sep=(.)"?', re.IGNORECASE)
# Nothing but what stands between and around empty cells.
_EMPTY = re.compile(rf'[\s"{re.escape(DELIMITERS)}]*')


@dataclass(frozen=True, slots=True)
class CsvTable:
    """The names of the columns, empty where one has none, and the rows with the line each begins on."""

    columns: tuple[str, ...]
    rows: Iterator[tuple[int, list[str]]]


def table(file: TextIO) -> CsvTable:
    """Return the table in a file; raise BadFile where there is none, now or while its rows are read."""
    lines, begins, delimiter = iter(file), 1, ""
    first = next(lines, "")
    while (first and _EMPTY.fullmatch(first)) or _SEPARATOR.fullmatch(first.strip()):
        if found := _SEPARATOR.fullmatch(first.strip()):
            delimiter = found[1]
        first, begins = next(lines, ""), begins + 1
    if not first:
        raise BadFile(1, "file", "is empty")
    rows = _rows(itertools.chain([first], lines), begins, delimiter or _delimiter(first))
    line, names = next(rows)
    return CsvTable(_columns(names, line), rows)


def _delimiter(line: str) -> str:
    """Return what stands between the columns that we know; a comma where that can't be told."""
    known = set(all_columns())

    def names(delimiter: str) -> int:
        return len(known.intersection(_column(one) for one in line.split(delimiter)))

    return max(DELIMITERS, key=lambda one: (names(one), one == ","))


def _rows(lines: Iterator[str], begins: int, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Yield each row with the line it begins on; BadFile where a quote is never closed."""
    skipped = begins - 1
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    try:
        for cells in reader:
            yield begins, [cell.strip() for cell in cells]
            begins = skipped + reader.line_num + 1
    except csv.Error as error:
        raise BadFile(begins, "file", f"is no CSV from here on: {error}") from None


def _column(name: str) -> str:
    """Return a column's name as we write it: “Time zone” is `time_zone`."""
    return "_".join(name.strip(' "\t\r\n\ufeff').lower().split())


def _columns(names: list[str], line: int) -> tuple[str, ...]:
    known, columns = all_columns(), tuple(_column(name) for name in names)
    if len(columns) == 1 and any(one in columns[0] for one in DELIMITERS):
        text = "has each line in quotes, as one cell; save it so that only cells with a comma are in quotes"
        raise BadFile(line, "file", text)
    for name, column in zip(names, columns, strict=True):
        if column and column not in known:
            raise BadFile(line, shown(name), f"is not a known column; known: {', '.join(known)}")
        if column and columns.count(column) > 1:
            raise BadFile(line, column, "stands twice among the columns")
    for column in (ACCOUNT, RECORD):
        if column not in columns:
            raise BadFile(line, column, "is missing among the columns")
    return columns
