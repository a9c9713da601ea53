"""The live quote of the Manage page beside the summary page: it must follow every edit within a blink."""

from collections.abc import Callable
from urllib.parse import urlencode

import html5lib
from django.conf import settings

from tests.bench.measuring import Comparison, Sample, by_turns
from tests.bench.pages import COMING_BACK, SUMMARY, WARM_UP, Page, reading
from tests.bench.population import database, database_of_products
from tests.bench.server import HEADER, Browser
from tests.bench.visitors import Visitor, visitors

ACCOUNTS = 1_000
PRODUCTS = 500
# Of those.
FIRST = "Product 000"
MANAGE = "/a/{slug}/billing/subscription/manage/"
TOKEN = "0" * 32


def previews(port: int, rounds: int) -> tuple[dict[str, Sample], list[Comparison]]:
    """Measure the preview of one seat more: at most 1.3 summary pages."""
    people = visitors(database(ACCOUNTS), COMING_BACK)
    browser = Browser(port)
    samples = by_turns(
        {
            "preview of one seat more": previewing(browser, people),
            "summary beside it": reading(browser, SUMMARY, people),
        },
        rounds=rounds,
        warm_up=WARM_UP,
    )
    preview, summary = samples.values()
    return samples, [Comparison("preview / summary", preview, summary, limit=1.30)]


def wide_catalogue(port: int, rounds: int) -> tuple[dict[str, Sample], list[Comparison]]:
    """Measure pages where 500 products more can be bought, beside the same without them.

    At most 1.3 times for the summary; 4 times for Manage, also with a section of them opened or searched.
    """
    browser, manage = Browser(port), Page(MANAGE, 'id="wish"')
    wide, narrow = visitors(database_of_products(PRODUCTS), 1), visitors(database(ACCOUNTS), 1)
    samples = by_turns(
        {
            f"summary with {PRODUCTS} products more": reading(browser, SUMMARY, wide),
            "summary beside it": reading(browser, SUMMARY, narrow),
            f"manage with {PRODUCTS} products more": reading(browser, manage, wide),
            "  a section of them opened": reading(browser, Page(f"{MANAGE}?section=product:1", FIRST), wide),
            "  searched for": reading(browser, Page(f"{MANAGE}?search=product+00", FIRST), wide),
            "manage beside it": reading(browser, manage, narrow),
        },
        rounds=rounds,
        warm_up=WARM_UP,
    )
    summary, summary_beside, closed, opened, searched, beside = samples.values()
    return samples, [
        Comparison(f"summary, {PRODUCTS} products more / none", summary, summary_beside, limit=1.3),
        Comparison(f"manage, {PRODUCTS} products more / none", closed, beside, limit=4.0),
        Comparison("  a section of them opened", opened, beside, limit=4.0),
        Comparison("  searched for", searched, beside, limit=4.0),
    ]


def previewing(browser: Browser, people: list[Visitor]) -> Callable[[int], None]:
    """Return the act of asking for the quote of the whole form, as the page does after an edit."""
    forms = [_edited(browser, who) for who in people]

    def act(number: int) -> None:
        who, form = people[number % len(people)], forms[number % len(people)]
        browser.ask("POST", f"{MANAGE.format(slug=who.slug)}preview", body=form, holds="$", **_headers(who))

    return act


def _edited(browser: Browser, who: Visitor) -> str:
    """Return the form of the Manage page with one seat more of an add-on, as it is posted."""
    page = browser.ask("GET", MANAGE.format(slug=who.slug), holds='id="wish"', **_headers(who))
    form = html5lib.parse(page, namespaceHTMLElements=False).find(".//form[@id='wish']")
    typed = {
        field.get("name"): field.get("value", "")
        for field in form.iter("input")
        if field.get("name") and (field.get("type") not in ("checkbox", "radio") or "checked" in field.attrib)
    }
    for field in form.iter("select"):
        chosen = [one.get("value", "") for one in field.iter("option") if "selected" in one.attrib]
        typed[field.get("name")] = chosen[0] if chosen else ""
    typed["seats-reply-assist"] = str(int(typed["seats-reply-assist"]) + 1)
    return urlencode(typed | {"csrfmiddlewaretoken": TOKEN})


def _headers(who: Visitor) -> dict[str, str]:
    return {
        HEADER: who.database,
        "HX-Request": "true",
        "Content-Type": "application/x-www-form-urlencoded",
        "Cookie": f"session={who.session}; {settings.CSRF_COOKIE_NAME}={TOKEN}",
    }
