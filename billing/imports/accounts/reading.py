"""Reads a vendor's existing customers from CSV or JSON Lines (docs/loading-accounts.md): no database."""

import itertools
import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, TextIO

from billing.imports.accounts.columns import ACCOUNT, COLUMNS, PLURALS, RECORD, SINGLE
from billing.imports.accounts.csv_rows import table
from billing.imports.accounts.listing import AccountFault, AccountRecord, BadAccount, BadFile, ListedAccount
from billing.imports.accounts.records import Bundle, listed
from billing.imports.accounts.spool import Spool
from billing.imports.accounts.values import WrongCell, shown, tidied
from billing.imports.text_file import UnreadableFile, open_text


def read(path: Path, *, currencies: Collection[str]) -> Iterator[ListedAccount | BadAccount]:
    """Yield each account of a file, or what is wrong with it, in the order of the file.

    The name's ending says what it is: `.csv` (`.tsv`, `.txt`: a table too), or `.jsonl` for JSON Lines.
    `currencies` are the codes that may be used. Only one account at a time is in memory. Raises BadFile,
    before anything is yielded, where it is no such file at all.
    """
    ending = path.suffix.lower()
    if ending not in _READERS:
        raise BadFile(1, "file", f"{shown(path.name)} ends neither in .csv nor in .jsonl; rename it")
    try:
        file = open_text(path)
    except UnreadableFile as why:
        raise BadFile(1, "file", str(why)) from None
    return (listed(bundle, currencies) for bundle in _READERS[ending](file))


# --- CSV ------------------------------------------------------------------------------------------


def _csv_bundles(file: TextIO) -> Iterable[Bundle]:
    """Group the rows of a CSV file by their account; the rows of one may stand anywhere."""
    spool, above = Spool(), 0
    with file:
        found = table(file)
        for line, cells in found.rows:
            if any(cells):
                above = _add_csv_row(spool, above, found.columns, line, cells)
    if not above:
        raise BadFile(1, "file", "has column names and no rows")
    return spool.bundles()


def _add_csv_row(spool: Spool, above: int, columns: tuple[str, ...], line: int, cells: list[str]) -> int:
    """Put a row to its account and return that; a row without one is a fault of the account above it."""
    values = {name: cell for name, cell in zip(columns, cells, strict=False) if name and cell}
    external_id, record = _plain(values.pop(ACCOUNT, "")), values.pop(RECORD, "")
    if external_id:
        bundle = spool.bundle(external_id)
    elif not above or record == "account":
        bundle = spool.nameless(line)
    else:
        # Whose row it is can't be known; most likely theirs, who then must not go in without it.
        bundle = above
    stray = next(
        (place for place in range(len(cells)) if cells[place] and not "".join(columns[place : place + 1])),
        None,
    )
    if not external_id:
        text = "is missing, so that it can't be told whose row this is"
        if bundle == above:
            text += f"; {shown(spool.external_id(above))} above is left out with it"
        spool.add_fault(bundle, AccountFault(line, ACCOUNT, text))
    elif stray is not None and stray >= len(columns):
        text = f"has {len(cells)} cells, but there are {len(columns)} columns; put quotes around commas"
        spool.add_fault(bundle, AccountFault(line, RECORD, text))
    elif stray is not None:
        text = f"has a cell in column {stray + 1}, which has no name; name the column or empty the cell"
        spool.add_fault(bundle, AccountFault(line, RECORD, text))
    elif record not in COLUMNS:
        what = f"{shown(record)} is not a known record" if record else "is missing"
        spool.add_fault(bundle, AccountFault(line, RECORD, f"{what}; known: {', '.join(COLUMNS)}"))
    else:
        spool.add_row(bundle, AccountRecord(record, line, cells=values))
    return bundle


def _plain(external_id: str) -> str:
    """Return an external id as it is kept; what is odd in it is said where all is checked."""
    try:
        return tidied(external_id)
    except WrongCell:
        return external_id


# --- JSON Lines -----------------------------------------------------------------------------------


class _DuplicateKey(ValueError):
    """A key that stands twice in one object."""


def _json_bundles(file: TextIO) -> Iterator[Bundle]:
    """Return the account of each line; BadFile where there is none."""
    bundles = _json_lines(file)
    first = next(bundles, None)
    if first is None:
        file.close()
        raise BadFile(1, "file", "is empty")
    return itertools.chain([first], bundles)


def _json_lines(file: TextIO) -> Iterator[Bundle]:
    with file:
        for number, line in enumerate(file, 1):
            if line.strip():
                yield _json_bundle(line.rstrip("\r\n"), number)


def _json_bundle(line: str, number: int) -> Bundle:
    if any("\udc80" <= character <= "\udcff" for character in line):
        return _broken(number, "is not UTF-8; save the file in that encoding")
    try:
        values = json.loads(
            line, parse_float=str, parse_int=str, parse_constant=_refuse, object_pairs_hook=_once
        )
    except _DuplicateKey as twice:
        return _broken(number, f"has {shown(str(twice))} twice in one object")
    except json.JSONDecodeError as error:
        return _broken(number, f"is no JSON: {error.msg} at character {error.pos + 1}")
    except (ValueError, RecursionError):
        return _broken(number, "is no JSON that can be read")
    if not isinstance(values, dict):
        return _broken(number, "holds no object; each line is one account in {braces}")
    return bundle_of(values, number)


def _broken(number: int, text: str) -> Bundle:
    return Bundle("", faults=[AccountFault(number, "line", text)])


def _refuse(constant: str) -> None:
    raise ValueError(constant)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values = dict(pairs)
    if len(values) < len(pairs):
        names = [name for name, _value in pairs]
        raise _DuplicateKey(next(name for name in names if names.count(name) > 1))
    return values


def bundle_of(values: Mapping[str, Any], line: int) -> Bundle:
    """Return the records of one account that is nested as in JSON; what is misplaced becomes a fault."""
    external_id = values.get(ACCOUNT)
    bundle = Bundle(_plain(external_id.strip()) if isinstance(external_id, str) else "")
    if not bundle.external_id:
        bundle.faults.append(AccountFault(line, ACCOUNT, "is missing; it is the vendor's own number, a text"))
    own = {
        name: value
        for name, value in values.items()
        if name != ACCOUNT and name not in PLURALS and (name not in SINGLE or name == "account")
    }
    _add_object(bundle, "account", line, "", own)
    for name in SINGLE:
        if name != "account" and values.get(name) is not None:
            _add_object(bundle, name, line, name, values[name])
    for name, record in PLURALS.items():
        several = [] if values.get(name) is None else values[name]
        if not isinstance(several, list):
            bundle.faults.append(AccountFault(line, name, "is no list in [brackets]"))
            continue
        for index, one in enumerate(several):
            _add_object(bundle, record, line, f"{name}[{index}]", one)
    return bundle


def _add_object(bundle: Bundle, record: str, line: int, path: str, values: Any) -> None:
    if not isinstance(values, Mapping):
        bundle.faults.append(AccountFault(line, path, "is no object in {braces}"))
        return
    row = AccountRecord(record, line, path)
    cells = {}
    for name, value in values.items():
        if isinstance(value, list) and all(isinstance(one, str) for one in value):
            value = " ".join(value)
        if isinstance(value, bool):
            value = "yes" if value else "no"
        if value is not None and not isinstance(value, str):
            bundle.faults.append(AccountFault(line, row.column(name), "is no single value"))
        elif value and value.strip():
            cells[name] = value.strip()
    bundle.rows.append(AccountRecord(record, line, path, cells))


_READERS = {
    ".csv": _csv_bundles,
    ".tsv": _csv_bundles,
    ".txt": _csv_bundles,
    ".jsonl": _json_bundles,
    ".ndjson": _json_bundles,
}
