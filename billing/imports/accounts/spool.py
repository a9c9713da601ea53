"""Keeps what a file says of each account on disk until all is read: its rows may stand anywhere.

However long the file, only one account at a time is in memory.
"""

import json
import sqlite3
from collections.abc import Iterator

from billing.imports.accounts.listing import AccountFault, AccountRecord
from billing.imports.accounts.records import Bundle

_TABLES = """
    CREATE TABLE bundle (id INTEGER PRIMARY KEY, called TEXT UNIQUE NOT NULL, external_id TEXT NOT NULL);
    CREATE TABLE item (bundle INTEGER NOT NULL, line INTEGER NOT NULL, told TEXT NOT NULL);
"""


class Spool:
    """The rows of all accounts in the order in which each account first stands in the file."""

    def __init__(self) -> None:
        """Make the store: without a name it lies in a temporary file that is nobody else's."""
        self._store = sqlite3.connect("", isolation_level=None)
        self._store.executescript(_TABLES)
        self._store.execute("BEGIN")
        self._last = ("", 0)

    def bundle(self, external_id: str) -> int:
        """Return the number of an account's bundle."""
        if self._last[0] != external_id or not external_id:
            known = self._store.execute("SELECT id FROM bundle WHERE called = ?", [_stored(external_id)])
            row = known.fetchone()
            self._last = (external_id, row[0] if row else self._new(external_id, external_id))
        return self._last[1]

    def nameless(self, line: int) -> int:
        """Return the number of a new bundle for a row whose account can't be told."""
        return self._new(f"\0{line}", "")

    def add_row(self, bundle: int, row: AccountRecord) -> None:
        """Keep a row of a bundle."""
        self._add(bundle, row.line, [row.record, dict(row.cells)])

    def add_fault(self, bundle: int, fault: AccountFault) -> None:
        """Keep a fault of a bundle."""
        self._add(bundle, fault.line, [fault.column, fault.text, None])

    def external_id(self, bundle: int) -> str:
        """Return the external id of a bundle, empty where it has none."""
        row = self._store.execute("SELECT external_id FROM bundle WHERE id = ?", [bundle]).fetchone()
        return _read(row[0])

    def __len__(self) -> int:
        """Return how many accounts there are."""
        count: int = self._store.execute("SELECT count(*) FROM bundle").fetchone()[0]
        return count

    def bundles(self) -> Iterator[Bundle]:
        """Yield each account with its rows, in the order of the file; the store is gone afterwards."""
        found = self._store.execute(
            "SELECT bundle, external_id, line, told FROM item JOIN bundle ON bundle.id = bundle"
            " ORDER BY bundle, item.rowid"
        )
        number, bundle = 0, Bundle("")
        for of, external_id, line, told in found:
            if of != number:
                if number:
                    yield bundle
                number, bundle = of, Bundle(_read(external_id))
            _put(bundle, line, json.loads(told))
        if number:
            yield bundle
        self._store.close()

    def _new(self, called: str, external_id: str) -> int:
        made = self._store.execute(
            "INSERT INTO bundle (called, external_id) VALUES (?, ?)", [_stored(called), _stored(external_id)]
        )
        assert made.lastrowid is not None  # an INTEGER PRIMARY KEY
        return made.lastrowid

    def _add(self, bundle: int, line: int, told: object) -> None:
        self._store.execute("INSERT INTO item VALUES (?, ?, ?)", [bundle, line, json.dumps(told)])


def _put(bundle: Bundle, line: int, told: list[object]) -> None:
    if len(told) == 2:
        record, cells = told
        bundle.rows.append(AccountRecord(str(record), line, cells=cells))  # type: ignore[arg-type]
    else:
        bundle.faults.append(AccountFault(line, str(told[0]), str(told[1])))


def _stored(text: str) -> str:
    """Return a text as the store can hold it: bytes that were not UTF-8 are no characters."""
    return json.dumps(text)


def _read(text: str) -> str:
    read: str = json.loads(text)
    return read
