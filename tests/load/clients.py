"""Clients that ask for one page after another, each when it has read the one before: a closed loop.

`python -m tests.load.clients PORT SECONDS` reads from its input who they are, and prints what they met.
They have a process of their own, without Django: nothing of the server's is shared with them.
"""

import asyncio
import json
import random
import sys
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urlencode

LOOPBACK = "127.0.0.1"
# A client that hears nothing for so long counts that as an error.
PATIENCE = 30.0
MOST_FAULTS = 20
TOKEN = "0" * 32
PRODUCT = "reply-assist"
SUBSCRIPTION = "/a/{slug}/billing/subscription/"
MANAGE = f"{SUBSCRIPTION}manage/"
# How often each is asked for, of a hundred acts; the others edit and buy.
PAGES = {
    "/a/{slug}/": 12,
    SUBSCRIPTION: 22,
    MANAGE: 10,
    f"{SUBSCRIPTION}renewal/": 3,
    f"{SUBSCRIPTION}cancel/": 2,
    "/a/{slug}/people/": 10,
    "/a/{slug}/billing/invoices/": 8,
    "/a/{slug}/billing/statement/": 3,
    "/a/{slug}/billing/payment/": 4,
    "/a/{slug}/billing/contacts/": 2,
    "/a/{slug}/billing/subscription/?tab=requests": 2,
    "/a/{slug}/activity/": 6,
    "/a/{slug}/activity.csv": 1,
    "/a/{slug}/search/?q=agent": 3,
    "/": 1,
    "/help/": 2,
}
EDITS, PURCHASES = 5, 4


class Overloaded(Exception):
    """The server has too much to do; after so many seconds one may ask again."""


@dataclass(slots=True)
class Tally:
    """What all clients met: seconds of each answer, and in words what no answer should be."""

    answered: list[float] = field(default_factory=list)
    refused: list[float] = field(default_factory=list)
    bought: int = 0
    faults: list[str] = field(default_factory=list)
    faulty: int = 0

    def fault(self, what: str) -> None:
        """Count what went wrong, and keep the first few in words."""
        self.faulty += 1
        if len(self.faults) < MOST_FAULTS:
            self.faults.append(what)


class Form(HTMLParser):
    """The fields of the form of that id as a browser would post them, untouched."""

    def __init__(self, page: str, form: str) -> None:
        super().__init__()
        self.form, self.inside, self.select = form, False, ""
        self.fields: dict[str, str] = {}
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.inside = given.get("id") == self.form
        elif not self.inside:
            return
        elif tag == "select":
            self.select = given.get("name", "")
        elif tag == "option" and "selected" in given:
            self.fields[self.select] = given.get("value", "")
        elif tag == "input" and "name" in given:
            box = given.get("type") in ("checkbox", "radio")
            if not box or "checked" in given:
                self.fields[given["name"]] = given.get("value", "on" if box else "")

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self.inside = False


class Client:
    """A billing admin's browser: one connection that stays open, and its session."""

    def __init__(self, port: int, slug: str, session: str, tally: Tally) -> None:
        self.port, self.slug, self.session, self.tally = port, slug, session, tally
        self.streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def until(self, end: float, chance: random.Random) -> None:
        """Ask for pages until then; whoever is told to come back does so when told."""
        acts: list[Callable[[], Awaitable[object]]] = [self.edit] * EDITS + [self.buy] * PURCHASES
        for path, weight in PAGES.items():
            acts += [lambda path=path: self.ask("GET", path)] * weight  # type: ignore[misc]
        while time.monotonic() < end:
            try:
                await chance.choice(acts)()
            except Overloaded as told:
                await asyncio.sleep(max(min(float(str(told)), end - time.monotonic()), 0))
            except (OSError, EOFError, TimeoutError, ValueError, LookupError) as fault:
                self.tally.fault(f"{type(fault).__name__}: {fault}")
                await self.hang_up()
        await self.hang_up()

    async def edit(self) -> None:
        """Ask for the live quote of one seat more."""
        await self.ask("POST", f"{MANAGE}preview", await self.one_more(), htmx=True)

    async def buy(self) -> None:
        """Add a seat: Manage, Review, Confirm, and the receipt."""
        review = await self.ask("POST", MANAGE, await self.one_more())
        page = await self.ask("GET", review)
        receipt = await self.ask("POST", review, Form(page, "confirm").fields)
        if "INV-" not in await self.ask("GET", receipt):
            raise ValueError(f"{review} led to no invoice")
        self.tally.bought += 1

    async def one_more(self) -> dict[str, str]:
        fields = Form(await self.ask("GET", MANAGE), "wish").fields
        return fields | {f"seats-{PRODUCT}": str(int(fields[f"seats-{PRODUCT}"]) + 1)}

    async def ask(
        self, method: str, path: str, fields: dict[str, str] | None = None, *, htmx: bool = False
    ) -> str:
        """Return the page, or where a redirect leads; raise Overloaded where one is told to come back."""
        path = path.format(slug=self.slug)
        body = (
            urlencode({**(fields or {}), "csrfmiddlewaretoken": TOKEN}).encode() if method == "POST" else b""
        )
        began = time.monotonic()
        status, headers, content = await asyncio.wait_for(
            self.exchange(method, path, body, "HX-Request: true\r\n" if htmx else ""), PATIENCE
        )
        took = time.monotonic() - began
        if status == 503 and "retry-after" in headers:
            self.tally.refused.append(took)
            raise Overloaded(headers["retry-after"])
        self.tally.answered.append(took)
        if status not in (200, 302):
            raise ValueError(f"{method} {path} answered {status}")
        return headers.get("location") or content.decode()

    async def exchange(
        self, method: str, path: str, body: bytes, more: str
    ) -> tuple[int, dict[str, str], bytes]:
        """Send a request and read its answer, on the connection of before where it still stands."""
        if self.streams is None:
            self.streams = await asyncio.open_connection(LOOPBACK, self.port, limit=2**20)
        reader, writer = self.streams
        writer.write(
            f"{method} {path} HTTP/1.1\r\nHost: localhost:{self.port}\r\n"
            f"Cookie: session={self.session}; csrf={TOKEN}\r\n{more}"
            f"Origin: http://localhost:{self.port}\r\n"
            f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(body)}\r\n\r\n".encode()
            + body
        )
        first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        headers = {
            name.lower(): value.strip()
            for name, _colon, value in (line.partition(":") for line in lines)
            if name
        }
        content = await reader.readexactly(int(headers["content-length"]))
        return int(first.split()[1]), headers, content

    async def hang_up(self) -> None:
        """End the connection: the next request opens another."""
        if self.streams is not None:
            with suppress(OSError):
                self.streams[1].close()
                await self.streams[1].wait_closed()
            self.streams = None


async def together(port: int, seconds: float, people: list[dict[str, str]]) -> Tally:
    """Let a client for each of them ask until the time is over."""
    tally, end = Tally(), time.monotonic() + seconds
    clients = [Client(port, one["slug"], one["session"], tally) for one in people]
    await asyncio.gather(*(one.until(end, random.Random(number)) for number, one in enumerate(clients)))
    return tally


if __name__ == "__main__":
    told: list[dict[str, Any]] = json.load(sys.stdin)
    print(json.dumps(asdict(asyncio.run(together(int(sys.argv[1]), float(sys.argv[2]), told)))))
