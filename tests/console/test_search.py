"""The one search: what each reader finds, in their language, and nothing that they may not open."""

import re

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import resolve, reverse

from accounts import roles
from accounts.models import Account
from accounts.rules.capabilities import AccountState, AccountType
from accounts.rules.roles import Role
from admin_center.presenters.search import MOST, NAMES
from tests import people
from tests.console.reading import acme_at, open_as, signed_in, text
from tests.console.test_invoices import bought, invoice


def links(response: object) -> list[str]:
    """Return where what was found leads, in the order of the page."""
    body = response.content.decode()  # type: ignore[attr-defined]
    return re.findall(r'<a href="([^"]+)"', body[body.index('<form class="filters"') :])


def search(name: str, asked: str, language: str = "en") -> list[str]:
    return links(signed_in(people.user(name), language).get("/a/acme/search/", {"q": asked}))


@pytest.fixture
def acme(db: None) -> Account:
    """Acme, on a day that stands still."""
    return acme_at()


def test_without_a_word_there_is_a_field_to_type_in_and_nothing_else(acme: Account) -> None:
    empty = open_as("olivia", "/a/acme/search/")
    assert "autofocus" in empty.content.decode()
    assert links(empty) == []
    assert "Nothing was found" not in text(empty)


def test_what_was_typed_stays_and_does_not_take_the_focus_from_what_was_found(acme: Account) -> None:
    found = open_as("olivia", "/a/acme/search/?q=zzzz")
    assert 'value="zzzz"' in found.content.decode()
    assert "autofocus" not in found.content.decode()
    assert "Nothing was found" in text(found)


@pytest.mark.parametrize(
    ("language", "asked", "page"),
    [
        ("en", "invoices", "invoices"),
        ("en", "MONTHS twelve", "forecast"),
        ("en", "invoices people", None),
        ("fr", "paiement", "payment"),
        ("fr", "resil", "cancel"),
    ],
)
def test_a_page_is_found_by_its_name_in_the_readers_language(
    acme: Account, language: str, asked: str, page: str | None
) -> None:
    found = search("olivia", asked, language)
    if page:
        assert reverse(page, args=["acme"]) in found
    else:
        # An article of help has both words.
        assert [one for one in found if "/help/" not in one] == []


def test_every_page_that_is_found_opens_to_who_found_it(acme: Account) -> None:
    """Each by its own name, to each of the cast; who is refused the page doesn't find it."""
    from admin_center.navigation import PAGES

    for name in ("olivia", "bilal", "adam", "agnes"):
        client, opened = signed_in(people.user(name)), 0
        for page in NAMES:
            url = reverse(page, args=["acme"])
            assert resolve(url).url_name == page
            found = url in links(client.get("/a/acme/search/", {"q": str(PAGES[page].words)}))
            assert found == (client.get(url).status_code in (200, 302)), (name, page)
            opened += found
        assert 0 < opened <= len(NAMES)


def test_people_are_found_by_name_and_address_by_who_may_see_them(acme: Account) -> None:
    bilal = f"/a/acme/people/{acme.memberships.get(user__email='bilal@acme.example').pk}/"
    for asked in ("bilal", "BILÀL", "bilal@acme", "brahimi bilal"):
        assert search("adam", asked) == [bilal], asked
        assert search("agnes", asked) == [], asked


def test_nobody_of_another_account_is_found(acme: Account) -> None:
    people.globex()
    for asked in ("stella", "globex"):
        assert search("olivia", asked) == []


def test_the_readers_other_accounts_are_found_unless_cancelled(acme: Account) -> None:
    olivia, bilal = people.user("olivia"), people.user("bilal")
    people.account("second", "Écurie & Sons", [(olivia, Role.OWNER)])
    people.account("gone", "Écurie gone", [(olivia, Role.OWNER)], state=AccountState.CANCELLED)
    people.account("theirs", "Écurie of Bilal", [(bilal, Role.OWNER)])
    assert search("olivia", "ecurie") == ["/a/second/"]


@pytest.mark.breaks_invariants
def test_invoices_are_found_by_number_and_order_by_who_may_see_them(db: None) -> None:
    account = bought()
    invoice(account, "INV-000001", "120.00", purchase_order="PO-77")
    invoice(account, "INV-000002", "60.00")
    first = "/a/acme/billing/invoices/INV-000001/"
    for asked in ("inv-000001", "0001", "po-77"):
        assert search("bilal", asked) == [first], asked
        assert search("adam", asked) == [], asked
        assert search("agnes", asked) == [], asked
    assert len(search("bilal", "INV-")) == 2


@pytest.mark.breaks_invariants
def test_no_invoice_is_found_where_the_vendor_handles_them(db: None) -> None:
    invoice(bought(type=AccountType.MANAGED), "INV-000001", "120.00")
    assert search("olivia", "INV-000001") == []


def test_help_pages_are_found(acme: Account) -> None:
    assert "/a/acme/help/account-types/" in search("agnes", "managed")


def test_more_than_are_shown_lead_to_the_list(acme: Account) -> None:
    for number in range(MOST + 1):
        roles.enrol(acme, [(people.person(f"zoe{number}@acme.example", f"Zoe {number:02}"), Role.AGENT)])
    found = search("olivia", "zoe")
    assert len(found) == MOST + 1
    assert "/a/acme/people/?q=zoe" in found


def test_what_is_too_long_is_refused_on_the_field(acme: Account) -> None:
    seen = text(open_as("olivia", f"/a/acme/search/?q={'x' * 121}"))
    assert "at most 120 characters" in seen
    assert "Nothing was found" not in seen


def test_the_statements_are_the_same_however_much_is_found(acme: Account) -> None:
    def statements(asked: str) -> int:
        client = signed_in(people.user("olivia"))
        client.get("/a/acme/search/")
        with CaptureQueriesContext(connection) as run:
            client.get("/a/acme/search/", {"q": asked})
        return len(run)

    without = statements("")
    # Accounts, people, invoices.
    assert statements("zzzz") == without + 3
    for number in range(20):
        roles.enrol(acme, [(people.person(f"zoe{number}@acme.example", f"Zoe {number:02}"), Role.AGENT)])
        people.account(f"zoe{number}", f"Zoe {number}", [(people.user("olivia"), Role.OWNER)])
    assert statements("zoe") == without + 3


# --- Outside of accounts -------------------------------------------------------------------------


def test_outside_of_accounts_the_readers_accounts_and_help_are_found(acme: Account) -> None:
    people.globex()
    olivia = signed_in(people.user("olivia"))
    assert links(olivia.get("/search/")) == []
    assert links(olivia.get("/search/", {"q": "acme"})) == ["/a/acme/"]
    assert links(olivia.get("/search/", {"q": "stella"})) == []
    assert links(olivia.get("/search/", {"q": "globex"})) == []
    assert "/help/account-types/" in links(olivia.get("/search/", {"q": "managed"}))
    assert "Nothing was found" in text(olivia.get("/search/", {"q": "zzzz"}))


def test_outside_of_accounts_a_cancelled_account_and_a_suspended_membership_are_not_found(
    acme: Account,
) -> None:
    olivia, bilal = people.user("olivia"), people.user("bilal")
    people.account("gone", "Écurie", [(olivia, Role.OWNER)], state=AccountState.CANCELLED)
    assert links(signed_in(olivia).get("/search/", {"q": "ecurie"})) == []
    acme.memberships.filter(user=bilal).update(suspended_at=acme.clock)
    assert links(signed_in(bilal).get("/search/", {"q": "acme"})) == []


def test_every_page_with_the_frame_leads_to_the_search_of_where_one_is(acme: Account) -> None:
    people.account("second", "Second", [(people.user("olivia"), Role.OWNER)])
    for address, there in (("/", "/search/"), ("/help/", "/search/"), ("/a/acme/", "/a/acme/search/")):
        assert f'href="{there}"' in open_as("olivia", address).content.decode()
    assert "data-search" not in Client().get("/help/").content.decode()
    assert Client().get("/search/").status_code == 302
