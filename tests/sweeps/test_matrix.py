"""Every address × method × person × account type and standing × id, over HTTP.

Each cell looks at the status, at the rows (a refusal changes none), at the number of statements, and,
for who is no member, at every byte: the answer is the one for an account that does not exist. That no
foreign text is in any answer is watched by tests/canary.py. By default every pair of (address, method,
id) and account, and of person and account, occurs; with `-m soak` every cell does.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from accounts.models import Account
from tests.sweeps import routes, world
from tests.sweeps.asking import Answer, ask, fault, masked
from tests.sweeps.routes import Route
from tests.sweeps.test_decisions import expected
from tests.sweeps.world import ABSENT, ABSENT_IDS, NOBODY, PERSONS, World

METHODS = ("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS")
# No page of an account answers these: in the small matrix each meets a third of the accounts.
NEVER_ANSWERED = ("PUT", "DELETE", "OPTIONS")
LOGIN = "/sign-in/login/?next="


@dataclass(frozen=True)
class Target:
    """What is asked for: an address, a method, and which id."""

    name: str
    route: Route
    method: str
    which: str


@dataclass(frozen=True)
class Cell:
    """One request: a target, by a person, on an account."""

    target: Target
    person: str
    kind: str
    standing: str

    def __str__(self) -> str:
        """Say it so that it can be found again."""
        return (
            f"{self.target.method} {self.target.name} ({self.target.which} id) as {self.person} "
            f"on type {self.kind}, standing {self.standing}"
        )


def addresses(resolver: URLResolver | None = None, namespace: str = "") -> Iterator[tuple[str, str]]:
    """Yield namespace and name of every address."""
    for entry in (resolver or get_resolver()).url_patterns:
        if isinstance(entry, URLResolver):
            yield from addresses(entry, entry.namespace or namespace)
        elif isinstance(entry, URLPattern):
            yield namespace, str(entry.name)


def test_every_address_has_a_row() -> None:
    found = {name for namespace, name in addresses() if namespace != routes.STAFF_NAMESPACE}
    rows = {*routes.ACCOUNT, *routes.OUTSIDE}
    missing, gone = sorted(found - rows), sorted(rows - found)
    assert not missing, (
        f"{missing}: give each a row in tests/sweeps/routes.py: which action opens it, what GET and POST "
        "answer to who may, which id it takes. Then the matrix tries it as everybody, everywhere."
    )
    assert not gone, f"no longer an address, take out of tests/sweeps/routes.py: {gone}"


def test_every_address_of_an_account_goes_through_the_door() -> None:
    """The view behind it is one that `page` made, and asks for the action that its row says."""

    def views(resolver: URLResolver, path: str = "", space: str = "") -> Iterator[tuple[str, str, Any]]:
        for entry in resolver.url_patterns:
            if isinstance(entry, URLResolver):
                inner = f"{entry.namespace}:" if entry.namespace else space
                yield from views(entry, path + str(entry.pattern), inner)
            else:
                yield path + str(entry.pattern), f"{space}{entry.name}", entry.callback

    for path, name, view in views(get_resolver()):
        if path.startswith("a/"):
            assert routes.ACCOUNT[name].action == getattr(view, "action", None), (
                f"{path}: decorate it with @page(Action.…), the action of its row in tests/sweeps/routes.py"
            )
        else:
            assert name not in routes.ACCOUNT


# --- The cells -----------------------------------------------------------------------------------


def targets() -> list[Target]:
    """Return every address of an account × method × id that makes sense there."""
    found = []
    for name, route in sorted(routes.ACCOUNT.items()):
        for which in ("own", "foreign", "absent") if route.child else ("own",):
            found += [Target(name, route, method, which) for method in METHODS]
    return found


def accounts() -> list[tuple[str, str]]:
    return [(kind, standing) for kind in world.TYPES for standing in world.STATES]


def pairwise() -> list[Cell]:
    """Return cells in which each address meets each account and person, and each person each account."""
    people, places = list(PERSONS), accounts()
    cells = []
    for number, target in enumerate(targets()):
        turns = range(len(places))
        if target.method in NEVER_ANSWERED:
            turns = turns[NEVER_ANSWERED.index(target.method) :: 3]
        for turn in turns:
            kind, standing = places[(turn + 5 * number) % len(places)]
            cells.append(Cell(target, people[(turn + number // 7) % len(people)], kind, standing))
    return cells


def complete() -> list[Cell]:
    return [
        Cell(target, person, kind, standing)
        for target in targets()
        for person in PERSONS
        for kind, standing in accounts()
    ]


def test_the_small_matrix_holds_every_pair() -> None:
    cells = pairwise()
    answered = [target for target in targets() if target.method not in NEVER_ANSWERED]
    assert {(one.target, one.kind, one.standing) for one in cells} >= {
        (target, *place) for target in answered for place in accounts()
    }
    assert {(one.target.name, one.target.which, one.kind, one.standing) for one in cells} == {
        (target.name, target.which, *place) for target in targets() for place in accounts()
    }
    assert {(one.person, one.kind, one.standing) for one in cells} == {
        (person, *place) for person in PERSONS for place in accounts()
    }
    assert {one.target for one in cells} == set(targets())
    assert {(one.person, one.target) for one in cells} >= {
        (person, target) for person in PERSONS for target in answered
    }
    assert {(one.person, one.target.method) for one in cells} == {
        (person, method) for person in PERSONS for method in METHODS
    }
    assert len(cells) <= 12_500


def address(target: Target, slug: str, child: Any) -> str:
    parts: dict[str, Any] = {"slug": slug, **dict(target.route.parts)}
    if target.route.child:
        parts[target.route.part or target.route.child] = child
    return reverse(target.name, kwargs=parts)


# --- Judging -------------------------------------------------------------------------------------


def problems(place: World, cell: Cell, cache: dict[Any, Any]) -> Iterator[str]:
    """Send one cell's request and say what is wrong with the answer."""
    target = cell.target
    account = place.accounts[cell.kind, cell.standing]
    child = child_of(place, cell, account, cache)
    client = place.clients[cell.person]
    answer = ask(client, target.method, address(target, account.slug, child))
    status, right = answer.response.status_code, wanted(cell)
    if status not in right:
        yield f"{cell}: answered {status}, right is {sorted(right)}\n{fault(answer.response)}"
        return
    if status >= 400 and answer.written:
        yield f"{cell}: refused with {status}, yet wrote rows: {answer.written}"
    if target.method in ("GET", "HEAD") and answer.written:
        yield f"{cell}: only read, yet wrote rows: {answer.written}"
    if answer.statements > target.route.queries:
        yield f"{cell}: needed {answer.statements} statements, more than {target.route.queries}"
    yield from unlike_absent(place, cell, answer, account.slug, child, cache)


def child_of(place: World, cell: Cell, account: Account, cache: dict[Any, Any]) -> Any:
    kind = cell.target.route.child
    if not kind:
        return None
    if cell.target.which == "absent":
        return ABSENT_IDS[kind]
    if cell.target.which == "foreign":
        account = place.accounts["S", "P" if cell.standing != "P" else "A"]
    if account.slug not in cache:
        cache[account.slug] = world.own_ids(account)
    return cache[account.slug][kind]


def wanted(cell: Cell) -> set[int]:
    """Return the statuses that are right for a cell, from the decision table and the person."""
    route, method = cell.target.route, cell.target.method
    if cell.person in NOBODY:
        # Nobody is sent to sign in, whatever the address is.
        return {302}
    ways = {"GET": route.get, "HEAD": route.get, "POST": route.post}.get(method, ())
    letter = PERSONS[cell.person]
    refused = {405} if not ways else set()
    if not letter:
        return refused or {404}
    if cell.standing == "C":
        return refused or {410}
    allowed, *_rest = expected(route.action, letter, cell.kind, cell.standing)
    if not ways:
        return {405}
    if not allowed:
        return {403}
    if route.child and not finds(cell):
        return {route.absent}
    if route.post_action and method == "POST":
        allowed, *_rest = expected(route.post_action, letter, cell.kind, cell.standing)
        return set(ways) if allowed else {403}
    return set(ways)


def finds(cell: Cell) -> bool:
    """Return whether the child that a cell asks for is there, and this person's."""
    # Trials of the world have members, and no more.
    has = cell.standing not in "TE" or cell.target.route.child == "member"
    there = cell.target.which == "own" and has
    return there and cell.target.route.whose in ("", cell.person)


def unlike_absent(
    place: World, cell: Cell, answer: Answer, slug: str, child: Any, cache: dict[Any, Any]
) -> Iterator[str]:
    """Say where an answer tells a stranger that the account, or a member that the child, exists."""
    target = cell.target
    if not PERSONS[cell.person]:
        key = (target, cell.person)
        if key not in cache:
            where = address(target, ABSENT, child)
            nothing = ask(place.clients[cell.person], target.method, where)
            cache[key] = masked(nothing, where, ABSENT)
        got = masked(answer, address(target, slug, child), slug)
        if got != cache[key]:
            what = difference(got, cache[key])
            yield f"{cell}: differs from the answer for an account that does not exist: {what}"
    elif target.which == "foreign" and answer.response.status_code == HTTPStatus.NOT_FOUND:
        absent = ABSENT_IDS[target.route.child]
        where = address(target, slug, absent)
        nothing = masked(ask(place.clients[cell.person], target.method, where), where)
        got = masked(answer, address(target, slug, child))
        if got != nothing:
            what = difference(got, nothing)
            yield f"{cell}: a foreign {target.route.child} differs from one that does not exist: {what}"


def difference(got: Any, right: Any) -> str:
    """Return the first place in which two masked answers differ."""
    one, other = str(got), str(right)
    at = next(
        (n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other))
    )
    return f"…{one[max(0, at - 40) : at + 60]}… and …{other[max(0, at - 40) : at + 60]}…"


def sweep(cells: list[Cell]) -> None:
    place, cache = world.make(), {}
    wrong = [problem for cell in cells for problem in problems(place, cell, cache)]
    assert not wrong, f"{len(wrong)} of {len(cells)} cells:\n" + "\n".join(wrong[:20])


@pytest.mark.breaks_invariants
@pytest.mark.parametrize("part", range(4))
def test_every_pair(db: None, part: int) -> None:
    sweep(pairwise()[part::4])


@pytest.mark.soak
@pytest.mark.breaks_invariants
def test_every_cell(db: None) -> None:
    sweep(complete())


# --- Outside of accounts -------------------------------------------------------------------------


@pytest.mark.breaks_invariants
def test_addresses_outside_of_accounts(db: None) -> None:
    place, wrong = world.make(), []
    for name, route in sorted(routes.OUTSIDE.items()):
        where = reverse(name, kwargs=dict(route.parts))
        for person in ("anonymous", "without", "owner", "inactive", "staff"):
            for method in METHODS:
                answer = ask(place.clients[person], method, where)
                right = wanted_outside(route, person, method)
                if answer.response.status_code not in right:
                    wrong.append(
                        f"{method} {name} as {person}: answered {answer.response.status_code}, "
                        f"right is {sorted(right)}\n{fault(answer.response)}"
                    )
                if method in ("GET", "HEAD", "OPTIONS") and answer.written:
                    wrong.append(f"{method} {name} as {person}: only read, yet wrote {answer.written}")
    assert not wrong, f"{len(wrong)} cells:\n" + "\n".join(wrong[:20])


def wanted_outside(route: Route, person: str, method: str) -> set[int]:
    if route.who == "closed":
        return {404}
    if route.who == "signed_in" and person in NOBODY:
        return {302}
    ways = {"GET": route.get, "HEAD": route.get, "POST": route.post}.get(method)
    if ways:
        return set(ways)
    # allauth's form views take PUT for POST (without its fields), and answer OPTIONS.
    return {405} if method in ("GET", "HEAD", "POST") else {200, 302, 404, 405}


@pytest.mark.breaks_invariants
def test_the_back_office_is_for_staff(db: None) -> None:
    """Nobody else gets further than the sign-in page, by any address of it."""
    place, inside = world.make(), []
    for namespace, name in addresses():
        if namespace != routes.STAFF_NAMESPACE:
            continue
        where = staff_address(name)
        for person in PERSONS:
            if where is None or person in ("staff", "superuser"):
                continue
            for method in ("GET", "POST"):
                answer = ask(place.clients[person], method, where)
                allowed = {302, 403, 404} | ({200} if name in ("jsi18n", "login", "logout") else set())
                if answer.response.status_code not in allowed or answer.written:
                    inside.append(
                        f"{method} {where} as {person}: {answer.response.status_code} {answer.written}\n"
                        f"{fault(answer.response)}"
                    )
    assert not inside, "\n".join(inside[:20])


def staff_address(name: str) -> str | None:
    for parts in ((), ("1",), ("accounts",), (1, 1), ("accounts", "user")):
        try:
            return reverse(f"{routes.STAFF_NAMESPACE}:{name}", args=parts)
        except Exception:
            continue
    return None


@pytest.mark.breaks_invariants
@pytest.mark.parametrize(
    "slug", ["%00", "..", "%2e%2e", "a%2fb", "Ünïcode", "x" * 5000, "%ff", "%", "-", "' OR 1=1"]
)
def test_a_malformed_account_is_not_found(db: None, slug: str) -> None:
    olivia = Client()
    olivia.force_login(world.people.person("olivia@acme.example", "Olivia Owens"))
    for rest in ("", "people/", "billing/subscription/"):
        assert olivia.get(f"/a/{slug}/{rest}").status_code == HTTPStatus.NOT_FOUND
