"""The walls that import-linter can't state: what rules import, and where SQL is written by hand."""

import re
import sys
from pathlib import Path

import grimp

# Statements by hand that still stand elsewhere: none may come, and each that goes leaves this list.
SQL_ELSEWHERE = {
    # COPY of any model.
    "accounts/copying.py",
    # Prepared for the tables of this room, which billing must not be asked for.
    "accounts/models/prepared_statements.py",
    # Has a table that is the library's own.
    "admin_center/server/jobs.py",
    # Asks whether there is a database that answers.
    "admin_center/server/readiness.py",
    # Nothing but statements: each promise is a query.
    "billing/invariants.py",
}
BY_HAND = re.compile(r"\.cursor\(\)|\.raw\(|RawSQL|\.extra\(")
MAY = {"moneyed", "accounts", "billing"}


def test_rules_import_nothing_else() -> None:
    graph = grimp.build_graph("accounts", "billing", include_external_packages=True)
    rules = {
        module
        for module in graph.modules
        if module.startswith(("accounts.rules", "billing.rules")) and not graph.is_module_squashed(module)
    }
    assert len(rules) > 20
    foreign = {
        f"{module} imports {imported}"
        for module in rules
        for imported in graph.find_modules_directly_imported_by(module)
        if imported.partition(".")[0] not in MAY | sys.stdlib_module_names
        or (imported.startswith(("accounts.", "billing.")) and ".rules" not in imported)
    }
    assert not foreign


def test_only_storage_writes_sql_by_hand() -> None:
    found = {
        str(path)
        for room in ("accounts", "billing", "admin_center")
        for path in Path(room).rglob("*.py")
        if not {"migrations", "storage"} & set(path.parts) and BY_HAND.search(path.read_text())
    }
    assert found == SQL_ELSEWHERE
