"""The wall that import-linter can't state: rules import the standard library, moneyed and each other only."""

import sys

import grimp

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
