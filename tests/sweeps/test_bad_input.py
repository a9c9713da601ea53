"""Naughty texts in every parameter, path part and form field: refused or kept, and never a 5xx."""

import re
import sys
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from django.db import connection, transaction
from django.test import Client
from django.urls import resolve, reverse

from tests.sweeps import naughty, reading, routes, world
from tests.sweeps.asking import fault
from tests.sweeps.world import World

# Parameters that any page might read.
PARAMETERS = (
    *("q", "page", "tab", "after", "before", "next", "sort", "from", "until", "on"),
    *("process", "state", "code", "error", "language", "theme", "email"),
)
EVERYWHERE = [("S", "A"), ("A", "A"), ("M", "A"), ("S", "T")]
# Who sees forms: in these accounts, and outside of all.
INSIDE, OUTSIDE = ("owner", "admin"), ("anonymous", "owner")


def encoded(text: str) -> str:
    """Return a text as bytes that even lone surrogates survive."""
    return quote(text.encode("utf-8", "surrogatepass"))


def ask(client: Client, method: str, address: str, body: str = "") -> int:
    """Send a request, undo what it wrote, and return the status."""
    path, _sep, query = address.partition("?")
    undo, cookies = transaction.savepoint(), client.cookies.copy()
    try:
        answer = client.generic(
            method,
            path,
            body,
            content_type="application/x-www-form-urlencoded",
            QUERY_STRING=query,
        )
        answer.getvalue()
    finally:
        transaction.savepoint_rollback(undo)
        client.cookies = cookies
    assert_defused(answer, address, body)
    # Shown beside the list of a test that fails.
    sys.stdout.write(fault(answer))
    return answer.status_code


def assert_defused(answer: Any, address: str, body: str) -> None:
    """What was sent stands nowhere as markup, header or address to go to."""
    said = answer.getvalue().decode("utf-8", "replace")
    if answer.headers.get("Content-Type", "").startswith("text/html"):
        assert "<script>alert" not in said, (address, body[:80])
        assert "<img src=x" not in said, (address, body[:80])
        assert not re.search(r"<[^>]*\sonmouseover=\"", said), (address, body[:80])
    assert not any("stolen" in cookie.value for cookie in answer.cookies.values())
    assert not re.match(r"(https?:)?//evil|javascript:", answer.headers.get("Location", "")), (
        address,
        body[:80],
    )


def own(place: World, name: str, key: tuple[str, str]) -> str:
    account, route = place.accounts[key], routes.ACCOUNT[name]
    parts: dict[str, Any] = {"slug": account.slug, **dict(route.parts)}
    if route.child:
        parts[route.part or route.child] = world.own_ids(account)[route.child]
    return reverse(name, kwargs=parts)


@pytest.mark.breaks_invariants
@pytest.mark.parametrize("part", range(2))
def test_parameters(db: None, part: int) -> None:
    place, bad = world.make(), []
    addresses = [own(place, name, ("S", "A")) for name, route in routes.ACCOUNT.items() if route.get]
    own_pages = len(addresses)
    addresses += [
        reverse(name, kwargs=dict(route.parts))
        for name, route in routes.OUTSIDE.items()
        if route.get and route.who != "closed"
    ]
    for number, address in list(enumerate(addresses))[part::2]:
        # Each text meets each page of an account in one parameter, and each address in all at once.
        for turn, text in enumerate(naughty.TEXTS.values()):
            name = PARAMETERS[(turn + number) % len(PARAMETERS)]
            queries = [f"{name}={encoded(text)}"] if number < own_pages else []
            if turn % 4 == number % 4:
                queries.append("&".join(f"{one}={encoded(text[:500])}" for one in PARAMETERS))
            for query in queries:
                status = ask(place.clients["owner"], "GET", f"{address}?{query}")
                if status >= 500:
                    bad.append(f"{address}?{query[:80]}: {status}")
    assert not bad, f"{len(bad)}:\n" + "\n".join(bad[:20])


@pytest.mark.breaks_invariants
def test_parts_of_addresses(db: None) -> None:
    place, bad = world.make(), []
    texts = [*naughty.ADDRESSES, *(encoded(text) for text in naughty.TEXTS.values())]
    shapes = [own(place, name, ("S", "A")) for name in routes.ACCOUNT]
    shapes += [
        reverse(name, kwargs=dict(route.parts)) for name, route in routes.OUTSIDE.items() if route.parts
    ]
    for shape in sorted(set(shapes)):
        segments = shape.strip("/").split("/")
        for at in range(len(segments)):
            for text in texts[at % 3 :: 3]:
                address = "/" + "/".join([*segments[:at], text, *segments[at + 1 :]]) + "/"
                status = ask(place.clients["owner"], "GET", address)
                if status >= 500:
                    bad.append(f"{address[:120]}: {status}")
    assert not bad, f"{len(bad)}:\n" + "\n".join(bad[:20])


def forms(place: World, people: set[str]) -> Iterator[tuple[str, str, list[str]]]:
    """Yield every form that posts and that people see, once: who sees it, where it leads, and its fields.

    The same fields at the same page of another account are the same form.
    """
    found = set()
    inside, outside = ([one for one in who if one in people] for who in (INSIDE, OUTSIDE))
    for page in [*reading.pages(place, EVERYWHERE, inside), *reading.outside(place, outside)]:
        if not page.kind.startswith("text/html") or page.status == 302:
            continue
        for form in reading.parsed(page).iter("form"):
            if (form.get("method") or "").lower() != "post":
                continue
            where = form.get("action") or page.where
            names = sorted(
                {one.get("name") for one in form.iter() if one.get("name")} - {"csrfmiddlewaretoken"}
            )
            form_is = (page.person, resolve(where.partition("?")[0]).view_name, tuple(names))
            if form_is not in found:
                found.add(form_is)
                yield page.person, where, names


@pytest.mark.breaks_invariants
@pytest.mark.parametrize("people", [{"owner"}, {"admin", "anonymous"}], ids=["owner", "others"])
def test_fields_of_forms(db: None, people: set[str]) -> None:
    fill_in_everything(every=3, people=people)


@pytest.mark.soak
@pytest.mark.breaks_invariants
def test_every_text_in_every_turn(db: None) -> None:
    fill_in_everything(every=1, people={*INSIDE, *OUTSIDE})


def fill_in_everything(every: int, people: set[str]) -> None:
    """Post each form with each text in all fields, and with every few texts in one field alone, in turn."""
    place, bad, tried = world.make(), [], 0
    for turn, (person, where, names) in enumerate(list(forms(place, people))):
        for number, text in enumerate(naughty.TEXTS.values()):
            bodies = [dict.fromkeys(names, text)]
            if names and number % every == turn % every:
                bodies.append({name: text if name == names[number % len(names)] else "1" for name in names})
            for body in bodies:
                tried += 1
                sent = "&".join(f"{encoded(name)}={encoded(value)}" for name, value in body.items())
                status = ask(place.clients[person], "POST", where, sent)
                if status >= 500:
                    bad.append(f"{where} as {person}, {body.keys()}: {text[:40]!r}: {status}")
    assert tried > 500
    assert not bad, f"{len(bad)} of {tried}:\n" + "\n".join(bad[:20])


@pytest.mark.breaks_invariants
def test_bodies_that_are_no_forms(db: None) -> None:
    place, bad = world.make(), []
    bodies = {
        "application/json": "{",
        "multipart/form-data; boundary=x": '--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n1',
        "multipart/form-data": "rubbish",
        "text/xml": "<x>",
        "application/x-www-form-urlencoded; charset=nonsense": "a=1",
        "": "\udcff",
    }
    posts = [own(place, name, ("S", "A")) for name, route in routes.ACCOUNT.items() if route.post]
    posts += [reverse(name, kwargs=dict(r.parts)) for name, r in routes.OUTSIDE.items() if r.post]
    for address in posts:
        for kind, body in bodies.items():
            undo, client = transaction.savepoint(), place.clients["owner"]
            cookies = client.cookies.copy()
            raw = body.encode("utf-8", "surrogateescape")
            answer = client.generic("POST", address, raw, content_type=kind)
            transaction.savepoint_rollback(undo)
            client.cookies = cookies
            if answer.status_code >= 500:
                bad.append(f"{address} {kind!r}: {answer.status_code}")
    assert not bad, "\n".join(bad[:20])


@pytest.mark.breaks_invariants
def test_six_thousand_fields_and_parameters_are_too_many(db: None) -> None:
    place = world.make()
    many = urlencode({f"field{n}": "1" for n in range(6_000)})
    for name in ("account_login", "preferences"):
        assert ask(place.clients["anonymous"], "POST", reverse(name), many) in (302, 400, 403)
    assert ask(place.clients["owner"], "GET", own(place, "people", ("S", "A")) + "?" + many) in (200, 400)


@pytest.mark.breaks_invariants
def test_names_that_are_naughty_are_kept_exactly_and_shown_escaped(db: None) -> None:
    """Who is called <script> is called <script>."""
    place = world.make()
    account = place.accounts["S", "A"]
    for name in ("<script>alert(1)</script>", "{{ 7|add:7 }}", "'\"&", "👩\u200d👩", "\u202egnp", "=1+1"):
        account.name = name
        account.save()
        for page in reading.pages(place, [("S", "A")], ["owner", "agent"]):
            assert page.status in (302, 403, *routes.ACCOUNT[page.name].get), page
            assert "<script>alert" not in page.body, page
            if page.kind.startswith("text/html") and page.status == 200:
                said = "".join(reading.texts(reading.parsed(page)))
                assert name in said, f"{page} does not show {name!r} as it is"
    with connection.cursor() as cursor:
        cursor.execute("SELECT name FROM accounts_account WHERE slug = %s", [account.slug])
        assert cursor.fetchone() == (name,)
