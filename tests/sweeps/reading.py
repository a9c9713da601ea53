"""All pages as all roles see them, and ways to read them: as HTML, as text, as numbers."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any
from xml.etree.ElementTree import Element

import html5lib
import lxml.html
from django.test import Client
from django.urls import reverse
from django.utils.html import escape

from admin_center.wording.help import ARTICLES
from tests.documents.reading import text_of
from tests.sweeps import routes, world
from tests.sweeps.routes import Route
from tests.sweeps.world import PERSONS, World

MEMBERS = [name for name, letter in PERSONS.items() if letter]
# Attributes that a person reads or hears.
READ_ALOUD = ("title", "aria-label", "alt", "placeholder", "data-label", "aria-description", "label")

# What makes each form of each answer another: the masked token against forged ones.
TOKEN = re.compile(r"\b[A-Za-z0-9]{64}\b")
# Words between tags, and of attributes; a reference (&…) is no word, it can be a wrong one.
WORDS = re.compile(r'(>)[^<&]+|(=")[^"&]+')
SOUND: set[int] = set()


@dataclass(frozen=True)
class Page:
    """One answer: where, as whom, and what came."""

    where: str
    name: str
    person: str
    status: int
    kind: str
    body: str

    def __str__(self) -> str:
        """Say it so that it can be found again."""
        return f"{self.where} as {self.person} ({self.status})"


def pages(place: World, accounts: list[tuple[str, str]], people: list[str], **heads: str) -> Iterator[Page]:
    """Yield every page of these accounts as these people, refusals included."""
    for key in accounts:
        account = place.accounts[key]
        ids = world.own_ids(account)
        for name, route in sorted(routes.ACCOUNT.items()):
            if not route.get:
                continue
            for where in shown_at(name, route, account.slug, ids):
                for person in people:
                    yield read(place.clients[person], where, name, person, **heads)


def shown_at(name: str, route: Route, slug: str, ids: dict[str, Any]) -> Iterator[str]:
    """Yield the addresses at which a page of an account is looked at: for each child, and each tab."""
    for child in (route.child, *route.also):
        parts: dict[str, Any] = {"slug": slug, **dict(route.parts)}
        if child:
            parts[route.part or route.child] = ids[child]
        for query in route.tabs or ("",):
            yield reverse(name, kwargs=parts) + query


def outside(place: World, people: list[str], **heads: str) -> Iterator[Page]:
    """Yield every page outside of accounts, and the pages that say no."""
    for person in people:
        for name, route in sorted(routes.OUTSIDE.items()):
            if route.get == routes.READ:
                for query in route.tabs or ("",):
                    where = reverse(name, kwargs=dict(route.parts)) + query
                    yield read(place.clients[person], where, name, person, **heads)
        for article in ARTICLES:
            where = reverse("help_page", args=[article])
            yield read(place.clients[person], where, "help_page", person, **heads)
        for which in world.LINKS:
            where = reverse("pay_link", args=[world.token(place.accounts["S", "A"], which)])
            yield read(place.clients[person], where, "pay_link", person, **heads)
        yield read(place.clients[person], "/a/nowhere/", "404", person, **heads)
        yield read(place.clients[person], "/sign-in/signup/", "404", person, **heads)


def distinct(found: Iterable[Page], place: World) -> list[Page]:
    """Return the pages in HTML, without those that differ from another in the reader or the address alone.

    Many are refused and read the same; to read a page as a browser does takes nearly as long as to make it.
    """
    kept: dict[tuple[int, str], Page] = {}
    for page in found:
        if page.kind.startswith("text/html") and page.status != 302:
            reader = place.users.get(page.person)
            own = (page.where, reader.email, reader.name) if reader else (page.where,)
            kept.setdefault((page.status, anonymous(page.body, *own)), page)
    return list(kept.values())


def anonymous(body: str, *own: str) -> str:
    """Return a page without what is its own: its form's token, and texts such as its address."""
    body = TOKEN.sub("", body)
    for text in own:
        body = body.replace(escape(text), "")
    return body


def read(client: Client, where: str, name: str, person: str, **heads: str) -> Page:
    answer = client.get(where, **heads)  # type: ignore[arg-type]
    body = text_of(answer.getvalue())
    return Page(where, name, person, answer.status_code, answer.headers.get("Content-Type", ""), body)


# --- As HTML -------------------------------------------------------------------------------------


def demand_sound(page: Page) -> None:
    """Raise html5lib's ParseError where a browser would have to guess.

    A browser guesses at tags, not at words: of pages that differ in words alone the first is tried.
    """
    skeleton = hash(WORDS.sub(r"\1\2", page.body))
    if skeleton not in SOUND:
        html5lib.HTMLParser(strict=True).parse(page.body)
        SOUND.add(skeleton)


def parsed(page: Page) -> Element:
    """Return the document: for its elements and texts, in a twentieth of html5lib's time."""
    tree: Element = lxml.html.document_fromstring(page.body)
    return tree


# --- As text -------------------------------------------------------------------------------------


def texts(tree: Element) -> Iterator[str]:
    """Yield all that is read, in its order: texts, and the attributes that are read aloud."""
    if tree.tag in ("script", "style", "template"):
        return
    for name in READ_ALOUD:
        if tree.get(name):
            yield f"\n{tree.get(name)}\n"
    if tree.tag == "input" and tree.get("type") in ("submit", "button"):
        yield f"\n{tree.get('value', '')}\n"
    yield f"\n{tree.text or ''}"
    for child in tree:
        if isinstance(child.tag, str):
            yield from texts(child)
        yield f"\n{child.tail or ''}"


# --- As numbers ----------------------------------------------------------------------------------


def joined_digits(text: str) -> str:
    """Return a text in which 7,391.37 and 7 391,37 and 7391.37 all read 739137."""
    return re.sub(r"(?<=\d)[.,\s\u00a0\u202f\u2019'](?=\d)", "", text)


def money_like(text: str) -> set[str]:
    """Return what looks like an amount: digits with two decimals, joined."""
    found = re.findall(r"(?<![\d.,/-])\d[\d.,\s\u00a0\u202f\u2019]*[.,]\d{2}(?![\d.,/-])", text)
    return {joined_digits(one) for one in found}
