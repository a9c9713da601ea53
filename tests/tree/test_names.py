"""Class names stand once; names that Python puts into a sentence are isolated (`isolated`, or `phrases`)."""

import ast
from collections.abc import Iterator
from pathlib import Path

import admin_center

CONSOLE = Path(admin_center.__file__).parent
# What somebody called a person, a company or a product.
NAMES = ("name", "actor_name", "requester_name", "decided_by_name", "account_name", "vendor_contact_name")


def formatted(scope: ast.AST) -> Iterator[ast.Dict]:
    """Yield the dictionaries that a text is formatted with: `% {...}`, or `told = {...}` and `% told`."""
    named: set[str] = set()
    for node in ast.walk(scope):
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mod):
            for one in ast.walk(node.right):
                if isinstance(one, ast.Dict):
                    yield one
                elif isinstance(one, ast.Name):
                    named.add(one.id)
    for node in ast.walk(scope):
        if isinstance(node, ast.Assign) and any(
            isinstance(t, ast.Name) and t.id in named for t in node.targets
        ):
            yield from (one for one in ast.walk(node.value) if isinstance(one, ast.Dict))


def bare(source: str) -> set[str]:
    """Return the names that stand in a sentence as they are."""
    scopes = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.FunctionDef)]
    values = [value for scope in scopes for one in formatted(scope) for value in one.values]
    return {
        f"{value.lineno}: {ast.unparse(value)}"
        for value in values
        if (isinstance(value, ast.Attribute) and value.attr in NAMES)
        or (isinstance(value, ast.Name) and value.id in NAMES)
    }


def test_no_name_stands_in_a_sentence_as_it_is() -> None:
    # A line or a place of the summary has its name from `phrases`, a field of the form from its desk.
    shown = {"line.name", "place.name"}
    found = [
        f"{path.relative_to(CONSOLE)}:{one}"
        for path in sorted(CONSOLE.rglob("*.py"))
        for one in sorted(bare(path.read_text()))
        if one.split(": ")[1] not in shown
    ]
    assert found == []


def test_the_search_finds_what_it_looks_for() -> None:
    at_once = "def f(one):\n    return _('%(name)s is in') % {'name': one.user.name}"
    before = "def f(one):\n    told = {'name': one.name, 'n': 1}\n    return _('%(name)s is in') % told"
    assert bare(at_once) == {"2: one.user.name"}
    assert bare(before) == {"2: one.name"}
    assert bare(at_once.replace("one.user.name", "isolated(one.user.name)")) == set()


def test_a_class_name_stands_once() -> None:
    """Whoever searches for it finds what is meant. Django finds commands by their module's name."""
    places: dict[str, list[str]] = {}
    for room in ("accounts", "billing", "admin_center"):
        for path in sorted((CONSOLE.parent / room).rglob("*.py")):
            if path.parent.name in ("migrations", "commands"):
                continue
            for node in ast.parse(path.read_text()).body:
                if isinstance(node, ast.ClassDef):
                    places.setdefault(node.name, []).append(str(path.relative_to(CONSOLE.parent)))
    assert {name: where for name, where in places.items() if len(where) > 1} == {}
