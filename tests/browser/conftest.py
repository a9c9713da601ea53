"""A real browser, and what every page in it must satisfy."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from playwright.sync_api import BrowserContext, Page
from pytest_django.live_server_helper import LiveServer

from accounts.models import User
from tests.browser import axe
from tests.browser.chromium import CHROMIUM, FLAGS
from tests.browser.visiting import place, visit  # noqa: F401 - fixtures for all here


@pytest.fixture(scope="session")
def browser_type_launch_args() -> dict[str, Any]:
    """Use the system's own Chromium."""
    return {"executable_path": CHROMIUM, "args": FLAGS.split()}


@pytest.fixture(scope="session")
def base_url() -> None:
    """Name no address for all tests: each has its own server. The plugin’s own fixture warns."""


@pytest.fixture
def complaints(page: Page) -> list[str]:
    """Return the list to which the browser's complaints are added: refused by the policy, or thrown."""
    heard: list[str] = []

    def hear(message: Any) -> None:
        # An answer of 403 or 404 is what some tests ask for.
        if (
            message.type in ("error", "warning")
            and "the server responded with a status of 4" not in message.text
        ):
            heard.append(message.text)

    page.on("console", hear)
    page.on("pageerror", lambda error: heard.append(str(error)))
    return heard


@pytest.fixture
def be(context: BrowserContext, live_server: LiveServer) -> Callable[[User], None]:
    """Return a function that signs a person in, in this browser."""

    def become(user: User) -> None:
        client = Client()
        client.force_login(user)
        cookie = client.cookies["session"]
        context.add_cookies([{"name": "session", "value": cookie.value, "url": live_server.url}])

    return become


@pytest.fixture
def barriers() -> Callable[[Page], list[str]]:
    """Return a function that lists what keeps people out of a page: rule, and the first place."""

    def find(page: Page) -> list[str]:
        return [f"{one['id']}: {one['nodes'][0]['html'][:160]}" for one in axe.violations(page)]

    return find
