"""One search of the back office over accounts, people and invoices, from every page of it."""

from datetime import date

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import Account
from accounts.rules.roles import Role
from tests import people, shop
from tests.console.reading import signed_in, text
from tests.console.test_invoices import invoice

# The documents here stand alone, without lines and numbering.
pytestmark = [pytest.mark.django_db, pytest.mark.breaks_invariants]
SEARCH = "/vendor/search/"


@pytest.fixture
def vera() -> Client:
    browser = signed_in(people.vera())
    browser.get("/vendor/")
    return browser


@pytest.fixture
def billed(acme: Account, globex: Account) -> Account:
    shop.subscribe(acme, {"support": ("team", 10, "1.00")}, start=date(2026, 1, 1))
    invoice(acme, "INV-000001", "120.00")
    invoice(acme, "INV-000002", "9.00")
    return acme


@pytest.mark.parametrize(
    ("term", "accounts", "persons", "numbers"),
    [
        ("acm", ["acme"], [], []),
        ("olivia", [], ["olivia@acme.example"], []),
        ("olivia@", ["acme"], ["olivia@acme.example"], []),
        ("inv-00000", [], [], ["INV-000002", "INV-000001"]),
        ("INV-000001", [], [], ["INV-000001"]),
        ("zzz", [], [], []),
        ("%", [], [], []),
    ],
)
def test_it_finds_accounts_people_and_invoices_by_how_they_begin(
    billed: Account, vera: Client, term: str, accounts: list[str], persons: list[str], numbers: list[str]
) -> None:
    found = vera.get(SEARCH, {"q": term}).context
    assert [one.slug for one in found["accounts"]] == accounts
    assert [one.email for one in found["people"]] == persons
    assert [one.number for one in found["invoices"]] == numbers


def test_what_is_found_leads_to_its_page(billed: Account, vera: Client) -> None:
    body = vera.get(SEARCH, {"q": "acme"}).content.decode()
    assert f'href="{reverse("vendor:accounts_account_change", args=[billed.pk])}"' in body
    assert "Nothing found." in text(vera.get(SEARCH, {"q": "zzz"}))
    assert "Nothing found." not in text(vera.get(SEARCH))


def test_every_page_has_it(acme: Account, vera: Client) -> None:
    for address in (
        "/vendor/",
        SEARCH,
        reverse("vendor:billing_invoice_changelist"),
        reverse("vendor:accounts_account_change", args=[acme.pk]),
        reverse("vendor:accounts_account_suspension", args=[acme.pk]),
    ):
        assert f'role="search" action="{SEARCH}"' in vera.get(address).content.decode(), address


def test_many_finds_are_cut_and_lead_to_the_list(vera: Client) -> None:
    owner = [(people.person("mona@many.example", "Mona"), Role.OWNER)]
    for number in range(11):
        people.account(f"many-{number:02}", f"Many {number:02}", owner)
    answer = vera.get(SEARCH, {"q": "many"})
    assert len(answer.context["accounts"]) == 10
    assert f'{reverse("vendor:accounts_account_changelist")}?q=many"' in answer.content.decode()


def test_it_is_nobody_s_but_the_staff_s(acme: Account) -> None:
    assert signed_in(people.user("olivia")).get(SEARCH, {"q": "acme"}).status_code == 404
    assert Client().get(SEARCH, {"q": "acme"}).status_code == 302


def test_an_invoice_is_found_by_the_index_of_its_number(billed: Account, vera: Client) -> None:
    with CaptureQueriesContext(connection) as captured:
        vera.get(SEARCH, {"q": "INV-0"})
    (asked,) = [one["sql"] for one in captured.captured_queries if '"billing_invoice"' in one["sql"]]
    assert "LIKE" in asked
    assert "UPPER(" not in asked
    assert len(captured.captured_queries) <= 16
