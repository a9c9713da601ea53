"""Finds the guards of the verbs and the doors in their source, and takes one out of it."""

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from types import CodeType

from admin_center.server.database import ROOT

# What asks and refuses, wherever it is defined: the statement is the guard.
DEMANDS = ("demand", "validate_address")
LOCKS = ("lock", "lock_for", "select_for_update")
WRITES = ("save", "update", "create", "delete", "record", "add_error", "bulk_create")
# Where nobody is refused by an exception, but led elsewhere by an answer.
DOORS = ("pages.py", "sessions.py", "middleware.py", "site.py", "product_login.py")


@dataclass(frozen=True)
class Guard:
    """One guard: where it stands, what it is, and which lines say that it was reached."""

    path: Path
    number: int
    line: int
    kind: str
    text: str
    # The lines that run where it is asked; where it refuses these run too, if they are not the same.
    asks: frozenset[int]
    refuses: frozenset[int]
    # The function that it decorates, by the line of its first decorator: its wrapper is loaded already.
    decorates: int = 0
    # The function that it stands in.
    function: str = ""

    def __str__(self) -> str:
        """Name it as a row of the table."""
        return f"{self.file}:{self.line} {self.kind}: {self.text}"

    @property
    def file(self) -> str:
        """Return its file within the project."""
        return str(self.path.relative_to(ROOT))

    @property
    def name(self) -> str:
        """Name it so that it is found again when lines have moved."""
        return f"{self.file} {self.function or 'module'} {self.kind}: {self.text}"

    def without(self) -> CodeType:
        """Return the code of its module without it; every other line stays where it is."""
        return compile(self._tree_without(), str(self.path), "exec", dont_inherit=True)

    def text_without(self) -> str:
        """Return the source of its module without it, and without its comments."""
        return ast.unparse(self._tree_without())

    def _tree_without(self) -> ast.Module:
        tree = ast.parse(self.path.read_text())
        list(_all(tree, self.path))[self.number].take_out()
        return ast.fix_missing_locations(tree)


@dataclass(frozen=True)
class _Found:
    """A node that is a guard, and how it is taken out of its tree."""

    kind: str
    node: ast.stmt | ast.expr
    take_out: Callable[[], None]
    refusal: ast.stmt | None = None
    decorated: ast.FunctionDef | None = None
    function: str = ""


def modules() -> list[Path]:
    """Return the files that hold verbs or doors: no rules, no models, no demo, no migrations."""
    rooms = [
        *(ROOT / "accounts").glob("*.py"),
        *(ROOT / "billing").glob("*.py"),
        *(ROOT / "billing" / "storage").glob("*.py"),
        *(ROOT / "billing" / "imports").rglob("*.py"),
    ]
    console = ROOT / "admin_center"
    doors = [
        *(console / "views").glob("*.py"),
        *(console / "back_office").glob("*.py"),
        *console.glob("*.py"),
        *(console / "manage").glob("*.py"),
        *(console / "server").glob("*.py"),
        *(console / "sign_in").glob("*.py"),
        *(console / "presenters").glob("*.py"),
        *(console / "wording").glob("*.py"),
    ]
    return sorted({*rooms, *doors})


def guards(path: Path) -> Iterator[Guard]:
    """Yield the guards of one file, in their order."""
    asked_before: set[tuple[str, str, str]] = set()
    for number, found in enumerate(_all(ast.parse(path.read_text()), path)):
        lines, text, decorates = _lines(found.node), ast.unparse(found.node).splitlines()[0][:90], 0
        refuses = _lines(found.refusal) if found.refusal is not None else frozenset()
        if found.decorated is not None:
            body = found.decorated.body
            lines = _lines(body[1] if len(body) > 1 and isinstance(body[0], ast.Expr) else body[0])
            decorates, text = min(one.lineno for one in found.decorated.decorator_list), f"@{text}"
        same = found.function, found.kind, text
        text += " (again)" if same in asked_before else ""
        asked_before.add(same)
        place = number, found.node.lineno, found.kind
        yield Guard(path, *place, text, lines - refuses, refuses, decorates, found.function)


def _lines(node: ast.stmt | ast.expr) -> frozenset[int]:
    return frozenset(range(node.lineno, (node.end_lineno or node.lineno) + 1))


def _all(tree: ast.Module, path: Path) -> Iterator[_Found]:
    """Yield every guard of a module, in their order."""
    askers = _askers(tree)
    above = {child: node for node in ast.walk(tree) for child in ast.iter_child_nodes(node)}
    # All first: what takes one out changes the tree.
    for node in list(ast.walk(tree)):
        if isinstance(node, ast.Expr | ast.If | ast.Call | ast.Attribute):
            outer = list(_around(node, above))
            functions = (one.name for one in outer if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef))
            function = next(functions, "")
            for found in _found(node, outer[:2], askers, path):
                yield replace(found, function=function)


def _around(node: ast.AST, above: dict[ast.AST, ast.AST]) -> Iterator[ast.AST]:
    """Yield what a node stands in, from the nearest to the module."""
    while node in above:
        node = above[node]
        yield node


def _askers(tree: ast.Module) -> set[str]:
    """Return what asks and refuses: also private functions of the module that return and write nothing."""
    found = set(DEMANDS)
    for node in tree.body:
        if not isinstance(node, ast.FunctionDef) or not node.name.startswith("_"):
            continue
        inside = list(ast.walk(node))
        returns = not isinstance(node.returns, ast.Constant) or node.returns.value is not None
        writes = any(isinstance(one, ast.Attribute) and one.attr in WRITES for one in inside)
        if not returns and not writes and any(isinstance(one, ast.Raise) for one in inside):
            found.add(node.name)
    return found


def _found(node: ast.AST, around: list[ast.AST], askers: set[str], path: Path) -> Iterator[_Found]:
    """Yield what kind of guard a node is, and how it is taken out."""
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        if _name(node.value.func) in askers:
            yield _Found("asks", node, lambda: setattr(node, "value", _never_asked(node.value)))
    elif isinstance(node, ast.If) and not node.orelse:
        last = node.body[-1]
        if isinstance(last, ast.Raise):
            yield _Found("refuses", node, lambda: node.body.__setitem__(-1, _never_done(last)), last)
        elif isinstance(last, ast.Return) and path.name in DOORS and len(node.body) == 1:
            yield _Found("turns away", node, lambda: node.body.__setitem__(-1, _never_done(last)), last)
    elif isinstance(node, ast.Call):
        yield from _of_a_call(node, around)
    elif isinstance(node, ast.Attribute) and ast.unparse(node) == "transaction.atomic":
        decorated = _decorated(node, around)
        yield _Found(
            "all or nothing", node, lambda: _put(node, around[0], _NO_TRANSACTION), decorated=decorated
        )


_NO_TRANSACTION = "(lambda *a, **k: __import__('contextlib').nullcontext())"


def _of_a_call(node: ast.Call, around: list[ast.AST]) -> Iterator[_Found]:
    name, function = _name(node.func), node.func
    if name in LOCKS and isinstance(function, ast.Attribute):
        if name == "select_for_update":

            def read() -> None:
                function.attr, node.args, node.keywords = "all", [], []

            yield _Found("locks", node, read)
        elif ast.unparse(function.value) == "Account.objects":
            unlocked = ast.parse(
                f"__import__('tests.guards.unlocked', fromlist=['x']).{name}", mode="eval"
            ).body
            yield _Found("locks", node, lambda: setattr(node, "func", unlocked))
    if name == "page" and any(keyword.arg == "fresh" for keyword in node.keywords):
        yield _Found("asks who it is again", node, lambda: None, decorated=_decorated(node, around))


def _decorated(node: ast.AST, around: list[ast.AST]) -> ast.FunctionDef | None:
    """Return the function that a node decorates, with or without brackets behind it."""
    for one in around:
        if isinstance(one, ast.FunctionDef) and any(
            node is by or (isinstance(by, ast.Call) and by.func is node) for by in one.decorator_list
        ):
            return one
    return None


def _never_asked(value: ast.expr) -> ast.expr:
    """Return an expression that asks nothing, in a function that closes over the same names."""
    return ast.copy_location(ast.IfExp(ast.Constant(value=False), value, ast.Constant(value=None)), value)


def _never_done(last: ast.stmt) -> ast.stmt:
    """Return a statement that names what it did, and does nothing."""
    return ast.copy_location(ast.If(ast.Constant(value=False), [last], []), last)


def _put(node: ast.expr, around: ast.AST, text: str) -> None:
    """Put an expression in the place of a node."""
    new = ast.copy_location(ast.parse(text, mode="eval").body, node)
    for name, value in ast.iter_fields(around):
        if value is node:
            setattr(around, name, new)


def _name(function: ast.expr) -> str:
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
