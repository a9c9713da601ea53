"""Reads a vendor's existing customers from CSV or JSON Lines (docs/loading-accounts.md): no database."""

import csv
import io
import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from billing.accounts_columns import ACCOUNT, COLUMNS, PLURALS, RECORD, SINGLE, all_columns
from billing.accounts_list import BadAccount, BadFile, Fault, ListedAccount, Row
from billing.accounts_records import Bundle, listed
from billing.accounts_values import shown

_UTF_16 = (b"\xff\xfe", b"\xfe\xff")


def read(path: Path, *, currencies: Collection[str]) -> Iterator[ListedAccount | BadAccount]:
    """Yield each account of a file, or what is wrong with it, in the order of the file.

    The name's ending says what it is: `.csv`, or `.jsonl` for JSON Lines. `currencies` are the codes
    that may be used. Raises BadFile, before anything is yielded, where it is no such file at all.
    """
    readers = {".csv": _csv_bundles, ".jsonl": _json_bundles, ".ndjson": _json_bundles}
    reader = readers.get(path.suffix.lower())
    if reader is None:
        raise BadFile(1, "file", f"{shown(path.name)} ends neither in .csv nor in .jsonl; rename it")
    bundles = reader(_text(path))
    return (listed(bundle, currencies) for bundle in bundles)


def _text(path: Path) -> str:
    """Return the file's text; bytes that are not UTF-8 stay marked, so that only their rows are refused."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise BadFile(1, "file", f"cannot be read: {error.strerror}") from None
    if content.startswith(_UTF_16):
        raise BadFile(1, "file", "is UTF-16; save it as UTF-8")
    text = content.decode("utf-8-sig", errors="surrogateescape")
    if not text.strip():
        raise BadFile(1, "file", "is empty")
    return text


# --- CSV ------------------------------------------------------------------------------------------


def _csv_bundles(text: str) -> Iterable[Bundle]:
    """Group the rows of a CSV file by their account; the rows of one may stand anywhere."""
    lines = _csv_lines(text)
    header = _header(next(lines)[1])
    bundles: dict[str, Bundle] = {}
    above: Bundle | None = None
    for line, cells in lines:
        if not any(cells):
            continue
        above = _add_csv_row(bundles, above, header, line, cells)
    if not bundles:
        raise BadFile(1, "file", "has column names and no rows")
    return bundles.values()


def _csv_lines(text: str) -> Iterator[tuple[int, list[str]]]:
    """Yield each row with the line it begins on; BadFile where a quote is never closed."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    begins = 1
    try:
        for cells in reader:
            yield begins, [cell.strip() for cell in cells]
            begins = reader.line_num + 1
    except csv.Error as error:
        raise BadFile(begins, "file", f"is no CSV from here on: {error}") from None


def _header(names: list[str]) -> list[str]:
    known = all_columns()
    if len(names) == 1 and ";" in names[0]:
        raise BadFile(1, "file", "has semicolons between its columns; save it with commas")
    for name in names:
        if name not in known:
            raise BadFile(1, shown(name), f"is not a known column; known: {', '.join(known)}")
        if names.count(name) > 1:
            raise BadFile(1, name, "stands twice among the columns")
    for name in (ACCOUNT, RECORD):
        if name not in names:
            raise BadFile(1, name, "is missing among the columns")
    return names


def _add_csv_row(
    bundles: dict[str, Bundle], above: Bundle | None, header: list[str], line: int, cells: list[str]
) -> Bundle:
    """Put a row to its account and return that; a row without one is a fault of the account above it."""
    values = {name: cell for name, cell in zip(header, cells, strict=False) if cell}
    external_id, record = values.pop(ACCOUNT, ""), values.pop(RECORD, "")
    if external_id:
        bundle = bundles.setdefault(external_id, Bundle(external_id))
    elif above is None or record == "account":
        bundle = bundles.setdefault(f"\0{line}", Bundle(""))
    else:
        # Whose row it is can't be known; most likely theirs, who then must not go in without it.
        bundle = above
    if not external_id:
        text = "is missing, so that it can't be told whose row this is"
        if bundle is above:
            text += f"; {shown(above.external_id)} above is left out with it"
        bundle.faults.append(Fault(line, ACCOUNT, text))
    elif len(cells) > len(header):
        text = f"has {len(cells)} cells, but there are {len(header)} columns; put quotes around commas"
        bundle.faults.append(Fault(line, RECORD, text))
    elif record not in COLUMNS:
        what = f"{shown(record)} is not a known record" if record else "is missing"
        bundle.faults.append(Fault(line, RECORD, f"{what}; known: {', '.join(COLUMNS)}"))
    else:
        bundle.rows.append(Row(record, line, cells=values))
    return bundle


# --- JSON Lines -----------------------------------------------------------------------------------


class _Twice(ValueError):  # noqa: N818 - says what it is
    """A key that stands twice in one object."""


def _json_bundles(text: str) -> Iterator[Bundle]:
    """Yield the account of each line."""
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            yield _json_bundle(line, number)


def _json_bundle(line: str, number: int) -> Bundle:
    if any("\udc80" <= character <= "\udcff" for character in line):
        return _broken(number, "is not UTF-8; save the file in that encoding")
    try:
        values = json.loads(
            line, parse_float=str, parse_int=str, parse_constant=_refuse, object_pairs_hook=_once
        )
    except _Twice as twice:
        return _broken(number, f"has {shown(str(twice))} twice in one object")
    except json.JSONDecodeError as error:
        return _broken(number, f"is no JSON: {error.msg} at character {error.pos + 1}")
    except (ValueError, RecursionError):
        return _broken(number, "is no JSON that can be read")
    if not isinstance(values, dict):
        return _broken(number, "holds no object; each line is one account in {braces}")
    return bundle_of(values, number)


def _broken(number: int, text: str) -> Bundle:
    return Bundle("", faults=[Fault(number, "line", text)])


def _refuse(constant: str) -> None:
    raise ValueError(constant)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values = dict(pairs)
    if len(values) < len(pairs):
        names = [name for name, _value in pairs]
        raise _Twice(next(name for name in names if names.count(name) > 1))
    return values


def bundle_of(values: Mapping[str, Any], line: int) -> Bundle:
    """Return the records of one account that is nested as in JSON; what is misplaced becomes a fault."""
    external_id = values.get(ACCOUNT)
    bundle = Bundle(external_id.strip() if isinstance(external_id, str) else "")
    if not bundle.external_id:
        bundle.faults.append(Fault(line, ACCOUNT, "is missing; it is the vendor's own number, a text"))
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
        several = values.get(name) or []
        if not isinstance(several, list):
            bundle.faults.append(Fault(line, name, "is no list in [brackets]"))
            continue
        for index, one in enumerate(several):
            _add_object(bundle, record, line, f"{name}[{index}]", one)
    return bundle


def _add_object(bundle: Bundle, record: str, line: int, path: str, values: Any) -> None:
    if not isinstance(values, Mapping):
        bundle.faults.append(Fault(line, path, "is no object in {braces}"))
        return
    row = Row(record, line, path)
    cells = {}
    for name, value in values.items():
        if isinstance(value, list) and all(isinstance(one, str) for one in value):
            value = " ".join(value)
        if isinstance(value, bool):
            value = "yes" if value else "no"
        if value is not None and not isinstance(value, str):
            bundle.faults.append(Fault(line, row.column(name), "is no single value"))
        elif value and value.strip():
            cells[name] = value.strip()
    bundle.rows.append(Row(record, line, path, cells))
