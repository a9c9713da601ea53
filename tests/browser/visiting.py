"""Visits of several people, each with their own browser, to the accounts of the sweeps."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page

from tests.sweeps import world
from tests.sweeps.world import World

DESKTOP = {"width": 1280, "height": 900}
PHONE = {"width": 390, "height": 844}
# The narrowest that WCAG 2.2 asks for (1.4.10, reflow).
NARROW = {"width": 320, "height": 640}


@pytest.fixture
def place(transactional_db: None) -> World:
    """The eighteen accounts of the sweeps, committed."""
    return world.make()


@dataclass
class Visit:
    """One person's browser, and what its console said that it should not."""

    page: Page
    origin: str
    complaints: list[str] = field(default_factory=list)

    def go(self, where: str) -> int:
        """Open a page, and return its status."""
        answer = self.page.goto(f"{self.origin}{where}")
        assert answer is not None
        return answer.status

    def listen(self, message: ConsoleMessage) -> None:
        """Keep errors and warnings; that a page answered 403 or 404 is what it should."""
        if (
            message.type in ("error", "warning")
            and "the server responded with a status of 4" not in message.text
        ):
            self.complaints.append(f"{self.page.url}: {message.text}")


@pytest.fixture
def visit(browser: Browser, live_server: Any) -> Iterator[Callable[..., Visit]]:
    """Return a function that opens a browser for a person: `visit(place, "owner", dark=True)`."""
    contexts: list[BrowserContext] = []

    def opened(place: World | None = None, person: str = "anonymous", **options: Any) -> Visit:
        dark, script = options.pop("dark", False), options.pop("script", True)
        context = browser.new_context(
            viewport=options.pop("viewport", DESKTOP),
            color_scheme="dark" if dark else "light",
            java_script_enabled=script,
            locale=options.pop("locale", "en-GB"),
            reduced_motion="reduce",
        )
        contexts.append(context)
        if place is not None and person != "anonymous":
            key = place.clients[person].cookies["session"].value
            context.add_cookies([{"name": "session", "value": key, "url": live_server.url}])
        made = Visit(context.new_page(), live_server.url)
        made.page.on("console", made.listen)
        made.page.on("pageerror", lambda error: made.complaints.append(f"{made.page.url}: {error}"))
        return made

    yield opened
    for context in contexts:
        context.close()
