"""Every page for everybody: axe finds nothing; the keyboard, 320 pixels and no script suffice.

axe checks what a machine can of WCAG 2.2 A and AA, in both themes and both widths; a browser's console
that complains (a violation of the content security policy, a script that fails) fails the page.
"""

from collections.abc import Callable
from typing import Any, Literal

import pytest

from admin_center.wording.help import ARTICLES
from tests.browser import axe
from tests.browser.visiting import DESKTOP, NARROW, PHONE, Visit
from tests.people import PASSWORD
from tests.sweeps import reading, routes, world
from tests.sweeps.world import World

pytestmark = [pytest.mark.browser, pytest.mark.breaks_invariants]

# Whose pages differ: the owner's and admin's views, what an agent is refused, the other types, the states.
VIEWS = [("owner", "SA"), ("admin", "AA"), ("agent", "MA"), ("owner", "SE"), ("admin", "SP"), ("owner", "SC")]
LOOKS: list[tuple[Literal["light", "dark"], Any]] = [("light", DESKTOP), ("dark", PHONE)]
OUTSIDE = ["/sign-in/login/", "/sign-in/password/reset/", "/sign-in/inactive/", "/help/",
           *(f"/help/{name}/" for name in ARTICLES)]  # fmt: skip
OWN = ["/", "/search/?q=a", "/help/?q=zzzz", "/sign-in/2fa/", "/sign-in/sessions/",
       "/sign-in/password/change/", "/sign-in/reauthenticate/", "/sign-in/logout/",
       "/a/nowhere/"]  # fmt: skip


def addresses(place: World, key: str) -> list[str]:
    """Return the pages of one account."""
    account = place.accounts[key[0], key[1]]
    ids = world.own_ids(account)
    found = []
    for name, route in sorted(routes.ACCOUNT.items()):
        if 200 in route.get and not route.download:
            found += reading.shown_at(name, route, account.slug, ids)
    return found


def everything(place: World) -> list[tuple[str, str]]:
    """Return person and address of every page to look at."""
    found = [(person, where) for person, key in VIEWS for where in addresses(place, key)]
    links = [f"/pay/{world.token(place.accounts['S', 'A'], which)}/" for which in (*world.LINKS, "unknown")]
    outside = [*OUTSIDE, *links]
    return [*found, *(("owner", where) for where in OWN), *(("anonymous", where) for where in outside)]


def violations(visit: Visit) -> list[str]:
    """Return what axe finds on the page that is open."""
    return [
        f"{visit.page.url}: {found['id']} ({found['help']}): {found['nodes'][0]['html'][:160]} "
        f"[{found['nodes'][0]['target']}] {found['nodes'][0].get('failureSummary', '')[:200]}"
        for found in axe.violations(visit.page)
    ]


def too_wide(visit: Visit) -> list[str]:
    """Return what is cut off at 320 pixels of the page that is open."""
    visit.page.set_viewport_size(NARROW)
    width = visit.page.evaluate("document.documentElement.scrollWidth")
    if width <= NARROW["width"]:
        cards = visit.page.evaluate(
            """() => [...document.querySelectorAll('.table--cards')]
                .map(one => one.parentElement).filter(one => one.scrollWidth > one.clientWidth)
                .map(one => [...one.querySelectorAll('*')]
                    .filter(part => part.getBoundingClientRect().right > one.getBoundingClientRect().right)
                    .map(part => `${part.tagName}.${part.className} ${part.innerText}`).pop())"""
        )
        return [f"{visit.page.url}: a card is cut off by {one}" for one in cards]
    wide = visit.page.evaluate(
        """() => [...document.querySelectorAll('body *')]
            .filter(one => one.getBoundingClientRect().right > 321)
            .map(one => one.tagName + '.' + one.className).slice(0, 3)"""
    )
    return [f"{visit.page.url}: {width} pixels wide, by {wide}"]


@pytest.mark.parametrize("part", range(3))
def test_nothing_keeps_anybody_out_of_a_page(place: World, visit: Callable[..., Visit], part: int) -> None:
    """Each page as a desktop in the light shows it, as a phone in the dark does, and at 320 pixels.

    What differs from a page before in its address alone, such as most refusals, is opened and not looked at.
    """
    wrong, browsers, seen = [], {}, set()
    for person, where in everything(place)[part::3]:
        if person not in browsers:
            browsers[person] = visit(place, person)
        browser = browsers[person]
        for theme, viewport in LOOKS:
            browser.page.emulate_media(color_scheme=theme)
            browser.page.set_viewport_size(viewport)
            if theme == "light":
                if browser.go(where) >= 500:
                    wrong.append(f"{where} fails")
                page = reading.anonymous(browser.page.content(), where)
                if page in seen:
                    break
                seen.add(page)
            wrong += violations(browser)
        else:
            wrong += too_wide(browser)
    wrong += [complaint for browser in browsers.values() for complaint in browser.complaints]
    assert not wrong, f"{len(wrong)}:\n" + "\n".join(wrong[:15])


@pytest.mark.soak
@pytest.mark.parametrize(
    ("dark", "viewport"), [(True, DESKTOP), (False, PHONE)], ids=["dark desktop", "light phone"]
)
def test_axe_finds_nothing_the_other_way_round(
    place: World, visit: Callable[..., Visit], dark: bool, viewport: dict[str, int]
) -> None:
    wrong, browsers = [], {}
    for person, where in everything(place):
        if person not in browsers:
            browsers[person] = visit(place, person, dark=dark, viewport=viewport)
        browsers[person].go(where)
        wrong += violations(browsers[person])
    assert not wrong, f"{len(wrong)}:\n" + "\n".join(wrong[:15])


def test_open_menus_are_accessible_too(place: World, visit: Callable[..., Visit]) -> None:
    wrong = []
    for viewport in (DESKTOP, PHONE):
        browser = visit(place, "owner", viewport=viewport)
        browser.go("/a/firm-sa/")
        buttons = browser.page.locator("button[popovertarget]:visible")
        assert buttons.count() > 2
        for number in range(buttons.count()):
            buttons.nth(number).click()
            wrong += violations(browser)
            browser.page.keyboard.press("Escape")
        wrong += browser.complaints
    assert not wrong, "\n".join(wrong[:10])


# --- By keyboard alone ---------------------------------------------------------------------------

REACHED = """() => {
    const one = document.activeElement;
    if (!one || one === document.body) return null;
    const style = getComputedStyle(one), box = one.getBoundingClientRect();
    return {
        number: [...document.querySelectorAll('*')].indexOf(one),
        what: one.outerHTML.slice(0, 120),
        seen: style.boxShadow !== 'none'
            || (style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) > 0),
        inside: box.width > 0 && box.height > 0 && box.right > 0 && box.left < innerWidth,
    };
}"""


@pytest.mark.parametrize(
    "where", ["/a/firm-sa/billing/subscription/", "/a/firm-sa/people/", "/a/firm-sa/", "/sign-in/2fa/"]
)
def test_the_keyboard_reaches_everything_in_order(
    place: World, visit: Callable[..., Visit], where: str
) -> None:
    browser = visit(place, "owner")
    browser.go(where)
    page, numbers, problems = browser.page, [], []
    for _press in range(300):
        page.keyboard.press("Tab")
        reached = page.evaluate(REACHED)
        if reached is None:
            break
        numbers.append(reached["number"])
        problems += [] if reached["seen"] else [f"focus is not seen: {reached['what']}"]
        problems += [] if reached["inside"] else [f"focus is off the page: {reached['what']}"]
    else:
        problems.append("the focus never leaves the page: a trap")
    assert numbers == sorted(numbers), "the focus jumps back"
    assert len(set(numbers)) == len(numbers) > 8
    assert not problems, "\n".join(problems[:8])


def test_the_first_key_leads_past_the_frame(place: World, visit: Callable[..., Visit]) -> None:
    browser = visit(place, "owner")
    browser.go("/a/firm-sa/billing/subscription/")
    browser.page.keyboard.press("Tab")
    skip = browser.page.locator(":focus")
    assert skip.get_attribute("href") == "#main"
    assert skip.is_visible()
    browser.page.keyboard.press("Enter")
    assert browser.page.evaluate("document.activeElement.id") == "main"


def test_a_menu_opens_and_closes_by_keyboard_and_gives_the_focus_back(
    place: World, visit: Callable[..., Visit]
) -> None:
    browser = visit(place, "owner")
    browser.go("/a/firm-sa/")
    button = browser.page.locator("button[popovertarget=menu-person]")
    button.focus()
    browser.page.keyboard.press("Enter")
    assert browser.page.locator("#menu-person").is_visible()
    browser.page.keyboard.press("Tab")
    assert browser.page.evaluate("document.activeElement.closest('#menu-person') !== null")
    browser.page.keyboard.press("Escape")
    assert not browser.page.locator("#menu-person").is_visible()
    assert browser.page.evaluate("document.activeElement.getAttribute('popovertarget')") == "menu-person"


# Buttons that need a script, and are shown by it.
MADE_BY_SCRIPT = "[data-print], [data-step], [data-keys]"

# --- Without script ------------------------------------------------------------------------------


def test_without_script_olivia_signs_in_reads_changes_the_language_and_leaves(
    place: World, visit: Callable[..., Visit]
) -> None:
    browser = visit(script=False)
    page = browser.page
    browser.go("/a/firm-sa/billing/subscription/")
    page.get_by_label("Email").fill("owner@people.example")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("main").get_by_role("button", name="Sign in").click()
    assert page.url.endswith("/a/firm-sa/billing/subscription/")
    assert page.locator("h1").inner_text() == "Subscription"
    page.locator("button[popovertarget=menu-preferences]").click()
    page.locator("#menu-preferences").get_by_role("button", name="Français").click()
    assert page.url.endswith("/a/firm-sa/billing/subscription/")
    assert page.locator("html").get_attribute("lang") == "fr"
    page.locator("button[popovertarget=menu-person]").click()
    page.locator("#menu-person button[form=sign-out]").click()
    browser.go("/a/firm-sa/billing/subscription/")
    assert "/sign-in/login/" in page.url


def test_without_script_every_page_says_the_same(place: World, visit: Callable[..., Visit]) -> None:
    with_script, without = visit(place, "owner"), visit(place, "owner", script=False)
    for where in addresses(place, "SA"):
        said = []
        for browser in (with_script, without):
            assert browser.go(where) == 200, where
            if browser is with_script:
                browser.page.evaluate(
                    f"document.querySelectorAll('{MADE_BY_SCRIPT}').forEach(it => it.remove())"
                )
            said.append(set(browser.page.locator("main").inner_text().splitlines()))
        # Without script there may be more: a button that the script makes needless.
        assert said[0] <= said[1], f"{where}: only with script: {said[0] - said[1]}"


def test_the_theme_is_kept_and_the_devices_is_followed(place: World, visit: Callable[..., Visit]) -> None:
    def ink(browser: Visit) -> str:
        return str(browser.page.evaluate("getComputedStyle(document.querySelector('h1')).color"))

    light, dark = visit(place, "owner"), visit(place, "owner", dark=True)
    light.go("/a/firm-sa/")
    dark.go("/a/firm-sa/")
    assert ink(light) != ink(dark)
    light.page.locator("button[popovertarget=menu-preferences]").click()
    light.page.locator("#menu-preferences button[value=dark]").click()
    light.go("/a/firm-sa/people/")
    assert ink(light) == ink(dark)
