"""The frame around every page: what it costs, what it hides from nobody, and the answers of errors."""

import re
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from django.conf import settings
from django.db import IntegrityError, connection, transaction
from django.template.loader import render_to_string
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext
from django.urls import resolve

from accounts.gate import Gate
from accounts.models import Account, User
from accounts.rules.capabilities import AccountState, AccountType
from admin_center import navigation
from admin_center.context import Frame
from billing.models import Line, Product
from tests import people, shop

SignIn = Callable[[User], Client]
# Letters have no policy, and mail programs know no style sheets.
TEMPLATES = sorted(
    path for path in (settings.BASE_DIR / "templates").rglob("*.html") if "mail" not in path.parts
)


def framed(account: Account, first_name: str, address: str = "/a/acme/") -> Frame:
    """Return the frame of a page as one of the cast sees it."""
    request = RequestFactory().get(address)
    request.user, request.account = people.user(first_name), account
    request.gate = Gate(request.user, account, live=True)
    request.resolver_match = resolve(address)
    return Frame(request)


def test_the_frame_asks_the_database_once_besides_the_gate(acme: Account) -> None:
    frame = framed(acme, "olivia")
    frame.request.gate.held  # noqa: B018 - the door has asked it by then
    with CaptureQueriesContext(connection) as asked:
        assert frame.sidebar
        assert frame.topbar
    assert len(asked) == 1


def test_what_is_not_theirs_stays_in_the_sidebar_with_the_reason(acme: Account) -> None:
    reasons = {"olivia": 0, "bilal": 0, "adam": 3, "agnes": 7}
    for first_name, locked in reasons.items():
        sidebar = framed(acme, first_name).sidebar
        assert sidebar.count("sidebar__link") == 9, first_name
        assert sidebar.count("sidebar__why") == locked, first_name


def test_a_managed_account_says_who_handles_its_invoices(db: None) -> None:
    account = people.acme(type=AccountType.MANAGED)
    assert f"Handled by {settings.VENDOR_NAME}" in framed(account, "olivia").sidebar


def test_the_top_bar_lists_the_persons_accounts_but_no_cancelled_and_no_foreign_one(
    acme: Account, globex: Account
) -> None:
    olivia = people.user("olivia")
    people.account("second", "Second & Sons", [(olivia, "owner")])
    people.account("gone", "Gone", [(olivia, "owner")], state=AccountState.CANCELLED)
    bar = framed(acme, "olivia").topbar
    assert "Second &amp; Sons" in bar
    assert "Gone" not in bar
    assert "Globex" not in bar


@pytest.mark.breaks_invariants
def test_the_tray_leads_to_the_products_of_the_account_that_have_an_address(
    acme: Account, globex: Account
) -> None:
    shop.subscribe(acme, {"support": ("team", 5, "12"), "guide": ("team", 5, "6")}, start=date(2023, 7, 1))
    assert "tray-products" not in framed(acme, "olivia").topbar
    Product.objects.filter(key="support").update(url="https://support.example/?a=1&b=2")
    for first_name in ("olivia", "agnes"):
        bar = framed(acme, first_name).topbar
        assert '<a class="menu__item" href="https://support.example/?a=1&amp;b=2">' in bar
        assert bar.count("#product") == 1
        assert "Guide" not in bar
    assert "support.example" not in framed(globex, "olivia").topbar
    Line.objects.filter(product__key="support").update(ended_on=date(2023, 7, 2))
    assert "tray-products" not in framed(acme, "olivia").topbar


@pytest.mark.parametrize("url", ["http://support.example/", "javascript:alert(1)", "//support.example/"])
def test_the_database_keeps_no_address_that_is_not_secure(acme: Account, url: str) -> None:
    shop.subscribe(acme, {"support": ("team", 5, "12")}, start=date(2023, 7, 1))
    with pytest.raises(IntegrityError, match="product_url_https"), transaction.atomic():
        Product.objects.update(url=url)


def test_what_is_kept_of_the_frame_holds_no_token_and_serves_one_person(acme: Account) -> None:
    bars = [framed(acme, first_name).topbar for first_name in ("olivia", "bilal")]
    assert all("csrf" not in bar for bar in bars)
    assert "bilal@acme.example" not in bars[0]
    assert "olivia@acme.example" not in bars[1]


@pytest.mark.usefixtures("acme", "globex")
def test_a_foreign_account_and_none_get_the_same_bytes(sign_in: SignIn) -> None:
    browser = sign_in(people.user("olivia"))
    foreign, absent = browser.get("/a/globex/"), browser.get("/a/nobody/")
    assert foreign.status_code == absent.status_code == 404
    assert foreign.content == absent.content


def test_the_page_of_a_failure_asks_nothing_of_the_database() -> None:
    request = RequestFactory().get("/")
    page = render_to_string("500.html", {"frame": Frame(request)}, request=None)
    assert "Something broke on our side" in page


def test_every_page_of_an_account_has_a_title() -> None:
    from admin_center.urls import of_account

    names = {pattern.name for pattern in of_account}
    own_title = {name for name in names if name and name.split("_")[0] in navigation.PAGES}
    assert "home" in own_title
    assert all(str(navigation.title(name)) for name in own_title & set(navigation.PAGES))


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.relative_to(settings.BASE_DIR)))
def test_nothing_is_inline(path: Path) -> None:
    text = path.read_text()
    assert not re.search(r"""<style|\sstyle=|<script(?![^>]*\ssrc=)|\son[a-z]+=["']|hx-on""", text)


def test_every_icon_is_in_the_sprite() -> None:
    drawn = set(re.findall(r'<symbol id="([\w-]+)"', (settings.BASE_DIR / "static/icons.svg").read_text()))
    used = {name for path in TEMPLATES for name in re.findall(r'icon(?: |=)"([\w-]+)"', path.read_text())}
    used |= {entry.icon for _heading, entries in navigation.SIDEBAR for entry in entries}
    assert used - drawn == set()
