"""Finds the guards of the verbs and the doors in their source, and takes one out."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from admin_center.database import ROOT

# What asks and refuses: the statement is the guard.
DEMANDS = ("demand", "_demand", "_demand_decider", "_demand_eligible", "_not_own", "_outside_a_transaction")
LOCKS = ("lock", "lock_for", "select_for_update")


@dataclass(frozen=True)
class Guard:
    """One guard: where it stands, what it is, and the source of its file without it."""

    path: Path
    line: int
    kind: str
    text: str
    without: str

    def __str__(self) -> str:
        """Name it as a row of the table."""
        return f"{self.path.relative_to(ROOT)}:{self.line} {self.kind}: {self.text}"


def modules() -> list[Path]:
    """Return the files that hold verbs or doors: no rules, no models, no demo, no migrations."""
    rooms = [*(ROOT / "accounts").glob("*.py"), *(ROOT / "billing").glob("*.py")]
    doors = [*(ROOT / "admin_center" / "views").glob("*.py"), ROOT / "admin_center" / "pages.py"]
    return sorted({*rooms, *doors})


def guards(path: Path) -> Iterator[Guard]:
    """Yield the guards of one file, in their order."""
    source = path.read_text()
    for node in ast.walk(ast.parse(source)):
        for kind, replaced in _found(node):
            first, text = source.splitlines()[node.lineno - 1], ast.unparse(node).splitlines()[0]
            lines = source.splitlines()
            indent = first[: len(first) - len(first.lstrip())]
            assert isinstance(node, ast.stmt | ast.expr)
            assert node.end_lineno is not None
            if isinstance(node, ast.stmt):
                lines[node.lineno - 1 : node.end_lineno] = [indent + replaced]
                without = "\n".join(lines) + "\n"
            else:
                without = _put(source, node, replaced)
            yield Guard(path, node.lineno, kind, text[:90], without)


def _found(node: ast.AST) -> Iterator[tuple[str, str]]:
    """Yield what kind of guard a node is, and what stands in its place when it is out."""
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        if _name(node.value.func) in DEMANDS:
            yield "asks", "pass"
    elif isinstance(node, ast.If) and not node.orelse and _only_raises(node.body):
        yield "refuses", "pass"
    elif isinstance(node, ast.Call):
        yield from _of_a_call(node)
    elif isinstance(node, ast.Attribute) and ast.unparse(node) == "transaction.atomic":
        yield "all or nothing", "(lambda *a: a[0] if a else __import__('contextlib').nullcontext())"


def _of_a_call(node: ast.Call) -> Iterator[tuple[str, str]]:
    name, function = _name(node.func), node.func
    if name in LOCKS and isinstance(function, ast.Attribute):
        owner = ast.unparse(function.value)
        if name == "select_for_update":
            yield "locks", f"{owner}.all()"
        elif owner == "Account.objects":
            given = ", ".join(ast.unparse(one) for one in node.args)
            yield "locks", f"__import__('tests.guards.unlocked', fromlist=['x']).{name}({given})"
    if name == "page":
        for keyword in node.keywords:
            if keyword.arg == "fresh":
                rest = ", ".join(ast.unparse(one) for one in node.args)
                yield "asks who it is again", f"page({rest})"


def _name(function: ast.expr) -> str:
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def _only_raises(body: list[ast.stmt]) -> bool:
    return len(body) == 1 and isinstance(body[0], ast.Raise)


def _put(source: str, node: ast.expr, text: str) -> str:
    """Return a source with an expression replaced; columns of ast count bytes."""
    lines = source.encode().splitlines(keepends=True)
    assert node.end_lineno is not None
    assert node.end_col_offset is not None
    begin = sum(map(len, lines[: node.lineno - 1])) + node.col_offset
    end = sum(map(len, lines[: node.end_lineno - 1])) + node.end_col_offset
    whole = source.encode()
    return (whole[:begin] + text.encode() + whole[end:]).decode()
