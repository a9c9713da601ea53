"""The keys of every page of an account: where they lead, that none works while typing, how to do without."""

from collections.abc import Callable

import pytest

from tests.browser.test_accessible import violations
from tests.browser.visiting import DESKTOP, PHONE, Visit
from tests.sweeps.world import World

pytestmark = [pytest.mark.browser, pytest.mark.breaks_invariants]

PEOPLE, SEARCH = "/a/firm-sa/people/", "/a/firm-sa/search/"
FOCUSED = "document.activeElement.name || document.activeElement.textContent.trim()"


@pytest.mark.parametrize("key", ["/", "Control+k", "Meta+k"])
def test_a_key_leads_to_the_search_ready_to_type(place: World, visit: Callable[..., Visit], key: str) -> None:
    browser = visit(place, "owner")
    browser.go("/a/firm-sa/")
    browser.page.keyboard.press(key)
    browser.page.wait_for_url(f"**{SEARCH}")
    browser.page.keyboard.type("people")
    browser.page.keyboard.press("Enter")
    browser.page.wait_for_url(f"**{SEARCH}?q=people")
    # There, the key takes up what was typed.
    browser.page.keyboard.press(key)
    assert browser.page.evaluate("getSelection().toString()") == "people"
    browser.page.get_by_role("main").get_by_role("link", name="People", exact=True).click()
    browser.page.wait_for_url(f"**{PEOPLE}")
    assert not browser.complaints


def test_no_key_works_while_something_is_typed(place: World, visit: Callable[..., Visit]) -> None:
    browser = visit(place, "owner")
    browser.go(PEOPLE)
    field = browser.page.locator("main input[name=q]")
    field.focus()
    for key in ("/", "?", "Control+k"):
        browser.page.keyboard.press(key)
    assert field.input_value() == "/?"
    assert not browser.page.locator("#keys").is_visible()
    assert browser.page.url.endswith(PEOPLE)


def test_the_list_of_keys_is_accessible_and_gives_the_focus_back(
    place: World, visit: Callable[..., Visit]
) -> None:
    wrong = []
    for viewport, dark in ((DESKTOP, False), (PHONE, True)):
        browser = visit(place, "owner", viewport=viewport, dark=dark)
        browser.go(SEARCH)
        button, keys = browser.page.locator("[data-keys]"), browser.page.locator("#keys")
        button.focus()
        browser.page.keyboard.press("?")
        assert keys.is_visible()
        assert browser.page.evaluate("document.getElementById('keys').contains(document.activeElement)")
        wrong += violations(browser)
        # What lies beneath is out of reach.
        browser.page.keyboard.press("/")
        assert keys.is_visible()
        browser.page.keyboard.press("Escape")
        assert not keys.is_visible()
        assert browser.page.evaluate(FOCUSED) == "Keyboard shortcuts"
        wrong += browser.complaints
    assert not wrong, "\n".join(wrong[:5])


def test_single_keys_are_turned_off_and_on_again_for_this_browser(
    place: World, visit: Callable[..., Visit]
) -> None:
    browser = visit(place, "owner")
    page = browser.page
    browser.go(SEARCH)
    page.locator("[data-keys]").click()
    page.locator("[data-single-keys]").uncheck()
    page.get_by_role("button", name="Close", exact=True).click()
    browser.go("/a/firm-sa/")
    page.keyboard.press("?")
    page.keyboard.press("/")
    assert not page.locator("#keys").is_visible()
    assert page.url.endswith("/a/firm-sa/")
    page.keyboard.press("Control+k")
    page.wait_for_url(f"**{SEARCH}")
    page.locator("[data-keys]").click()
    page.locator("[data-single-keys]").check()
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    assert page.locator("#keys").is_visible()


def test_without_script_the_search_is_a_link_and_a_form(place: World, visit: Callable[..., Visit]) -> None:
    browser = visit(place, "owner", script=False)
    browser.go("/a/firm-sa/")
    browser.page.get_by_role("link", name="Search", exact=True).click()
    browser.page.locator("main input[name=q]").fill("people")
    browser.page.get_by_role("main").get_by_role("button", name="Search").click()
    assert browser.page.url.endswith(f"{SEARCH}?q=people")
    assert not browser.page.locator("[data-keys]").is_visible()
    assert browser.page.locator("main .card a").first.is_visible()
