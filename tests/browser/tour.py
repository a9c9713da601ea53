"""Takes the pictures of the README from a demo of its own: `make tour`."""

import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
from playwright.sync_api import Browser, Page, sync_playwright

from admin_center.server import database
from tests.browser.chromium import CHROMIUM, FLAGS

PICTURES = database.ROOT / "docs" / "tour"
WIDE = {"width": 1200, "height": 820}
PHONE = {"width": 390, "height": 780}


@contextmanager
def demo() -> Iterator[tuple[str, str]]:
    """Serve a fresh demo and yield its address and password; end the server with the block."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    # Each time anew: what the last walk drew up is not part of the picture.
    database.start()
    with psycopg.connect(host=str(database.folder()), user="postgres", autocommit=True) as connection:
        connection.execute("DROP DATABASE IF EXISTS admin_center_tour WITH (FORCE)")
    env = {**os.environ, "DEMO": "1", "PORT": str(port), "DATABASE_NAME": "admin_center_tour"}
    manage = [sys.executable, str(database.ROOT / "manage.py")]
    server = subprocess.Popen([*manage, "serve", "--demo"], env=env, stdout=subprocess.PIPE, text=True)
    try:
        yield f"http://localhost:{port}", _password(server)
    finally:
        server.terminate()
        server.wait(timeout=30)


def _password(server: "subprocess.Popen[str]") -> str:
    """Return the password that the demo prints, once it says that it answers."""
    assert server.stdout is not None
    found = ""
    for line in server.stdout:
        if match := re.search("password “(.+?)”", line):
            found = match[1]
        if "answers at" in line and found:
            return found
    raise RuntimeError("the demo did not start")


@contextmanager
def signed_in(browser: Browser, there: tuple[str, str], email: str, **looks: Any) -> Iterator[Page]:
    """Open a browser window of somebody of the demo."""
    address, password = there
    context = browser.new_context(base_url=address, **{"viewport": WIDE, "locale": "en-US", **looks})
    page = context.new_page()
    page.goto("/sign-in/login/")
    page.fill("input[name=login]", email)
    page.fill("input[name=password]", password)
    page.click("form button[type=submit]")
    page.wait_for_url(lambda url: "sign-in" not in url)
    yield page
    context.close()


def take(page: Page, name: str) -> None:
    """Keep what the window shows, once nothing moves any more."""
    page.wait_for_load_state("networkidle")
    page.screenshot(path=str(PICTURES / f"{name}.png"), animations="disabled", caret="hide")
    sys.stdout.write(f"{Path('docs/tour')}/{name}.png\n")


def pictures(browser: Browser, there: tuple[str, str]) -> None:
    """Take them all."""
    with signed_in(browser, there, "olivia@acme.example") as page:
        page.goto("/a/acme/")
        take(page, "home")
        page.goto("/a/acme/billing/subscription/")
        take(page, "subscription")
        page.goto("/a/acme/billing/subscription/manage/")
        page.locator("[data-stepper] button[data-step='1']").first.click()
        page.locator("#panel-card .figure__value").first.wait_for()
        take(page, "manage")
        page.goto("/a/acme/people/")
        take(page, "people")
        page.goto("/a/acme/billing/subscription/cancel/period-end/")
        take(page, "cancel")
        page.goto("/a/acme/billing/invoices/")
        page.locator("#issued").wait_for()
        page.locator("tbody th a").last.click()
        page.locator("#evidence").wait_for()
        take(page, "invoice")
    with signed_in(browser, there, "harriet@harbor.example") as page:
        page.goto("/a/harbor-dental/billing/payment/")
        take(page, "payment")
    with signed_in(browser, there, "lena@ledger.example") as page:
        page.goto("/a/ledger/billing/subscription/manage/")
        page.locator("[data-stepper] button[data-step='1']").first.click()
        page.locator("#panel-card .figure__value").first.wait_for()
        page.locator("#panel-card .button--primary").click()
        page.wait_for_url("**/billing/quotes/**")
        take(page, "review")
    with signed_in(browser, there, "agnes@acme.example") as page:
        page.goto("/a/acme/billing/subscription/")
        take(page, "refusal")
    phone = {"viewport": PHONE, "locale": "fr-FR", "color_scheme": "dark", "device_scale_factor": 2}
    with signed_in(browser, there, "lucie@lumiere.example", **phone) as page:
        page.goto("/a/brasserie-lumiere/billing/subscription/")
        take(page, "phone")


def main() -> None:
    """Serve the demo, and walk through it."""
    PICTURES.mkdir(exist_ok=True)
    with demo() as there, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS.split())
        pictures(browser, there)
        browser.close()


if __name__ == "__main__":
    main()
