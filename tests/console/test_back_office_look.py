"""The back office in the console's own look: its parts, its theme, its sidebar; nothing of Django's style."""

import re

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import Account
from admin_center.back_office import sections, site
from tests import people

pytestmark = pytest.mark.django_db


@pytest.fixture
def vera(sign_in) -> Client:  # type: ignore[no-untyped-def]
    return sign_in(people.vera())


def addresses(account: Account) -> list[str]:
    """Return a page of each kind: the front page, a list, a row's page, an act's page."""
    return [
        reverse("vendor:index"),
        reverse("vendor:accounts_account_changelist"),
        reverse("vendor:accounts_account_change", args=[account.pk]),
        reverse("vendor:accounts_account_suspension", args=[account.pk]),
        reverse("vendor:billing_cancellation_figures"),
        reverse("vendor:billing_promocode_add"),
    ]


def test_every_page_wears_the_console_s_look_and_none_of_django_s(acme: Account, vera: Client) -> None:
    vera.cookies["theme"] = "dark"
    for address in addresses(acme):
        page = vera.get(address).content.decode()
        assert "css/tokens.css" in page, address
        assert "css/back-office.css" in page, address
        assert 'data-theme="dark"' in page, address
        assert "/admin/css/" not in page, address
        assert "/admin/js/" not in page, address
        assert page.count("<h1") == 1, address


def test_the_sidebar_leads_to_every_list_once() -> None:
    listed = [label for _words, lists in sections.SECTIONS for label in lists]
    assert sorted(listed) == sorted(model._meta.label_lower for model in site._registry)


def test_the_sidebar_says_where_one_is(acme: Account, vera: Client) -> None:
    current = re.compile(r'sidebar__link" href="([^"]+)"\s+aria-current="(page|true)"')
    lists = reverse("vendor:accounts_account_changelist")
    for address, marked in {
        reverse("vendor:index"): (reverse("vendor:index"), "page"),
        lists: (lists, "page"),
        reverse("vendor:accounts_account_suspension", args=[acme.pk]): (lists, "true"),
    }.items():
        assert current.findall(vera.get(address).content.decode()) == [marked]


def test_what_takes_something_away_looks_like_it(acme: Account, vera: Client) -> None:
    page = vera.get(reverse("vendor:accounts_account_suspension", args=[acme.pk])).content.decode()
    assert re.search(r'class="button button--danger">\s*Suspend the account', page)
    assert "button--primary" not in page


def test_a_filter_of_many_choices_is_folded(vera: Client) -> None:
    page = vera.get(reverse("vendor:accounts_letter_changelist")).content.decode()
    assert page.count('<details class="more">') == 1
    chosen = vera.get(reverse("vendor:accounts_letter_changelist"), {"kind": "invited"}).content.decode()
    assert re.search(r"<summary>\s*Kind\s*\(Invited\)\s*</summary>", chosen)
