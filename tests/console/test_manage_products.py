"""A catalogue of 500 products: the page stays small, everything is found, and nothing typed leaves it."""

import re
from datetime import date

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import Account
from billing.models import Quote
from tests import people, shop, wide
from tests.console.changing import LIVE, MANAGE, PREVIEW, pay_by_card
from tests.console.reading import acme_at, signed_in, text

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def olivia(db: None) -> Client:
    """Olivia, whose account has ten seats of one product of 500."""
    account: Account = acme_at()
    wide.catalogue(500)
    shop.subscribe(account, {"p0": ("basic", 10, "10.00")}, start=date(2022, 10, 27), slug="wide")
    pay_by_card(account)
    return signed_in(people.user("olivia"))


HELD = {"seats-p0": "10", "edition-p0": "basic", "cycle": "annual"}


def names(page: str) -> list[str]:
    """Return the names of the fields for seats, in their order."""
    return re.findall(r'name="seats-(p\d+)"', page)


def test_only_what_is_held_or_opened_is_on_the_page(olivia: Client) -> None:
    page = olivia.get(MANAGE).content.decode()
    assert names(page) == ["p0"]
    assert len(page) < 60_000
    assert "Products (449)" in page
    assert "Add-ons (50)" in page


def test_it_takes_eight_statements_and_reads_no_list_again(olivia: Client) -> None:
    """Whether anything is on sale is asked for a first purchase alone."""
    olivia.get(MANAGE)
    with CaptureQueriesContext(connection) as queries:
        assert olivia.get(MANAGE).status_code == 200
    assert len(queries) <= 8, [one["sql"][:80] for one in queries]


def test_a_product_is_found_by_its_words_and_bought(olivia: Client) -> None:
    found = olivia.post(PREVIEW, HELD | {"search": "321 PRODUCT"})
    page = found.content.decode()
    assert names(page) == ["p0", "p321"]
    assert "Products 1 to 1 of 1." in text(found)
    # Chosen, it stays on the page while something else is looked for, whole page or part.
    chosen = HELD | {
        "seats-p321": "3",
        "edition-p321": "plus",
        "searched": "321 PRODUCT",
        "place": "search:1",
    }
    assert names(olivia.post(PREVIEW, chosen | {"search": "product 40"}).content.decode())[1] == "p321"
    part = olivia.post(PREVIEW, chosen | {"section": "addon:2"}, headers=LIVE | {"hx-target": "products"})
    assert names(part.content.decode())[:2] == ["p321", "p209"]
    assert 'value="plus" selected' in part.content.decode()
    assert "Products 21 to 40 of 50." in text(part)
    # 3 × 20.00 × 12 × 105/365 = 207.12, in the live quote and on the review alike.
    typed = chosen | {"search": "321 PRODUCT"}
    assert "Due today $207.12" in text(olivia.post(PREVIEW, typed, headers=LIVE))
    review = olivia.post(MANAGE, typed)
    assert "Confirm and pay $207.12" in text(olivia.get(review.headers["Location"]))


def test_looking_never_draws_up_and_never_loses(olivia: Client) -> None:
    # Enter in the search, without script, posts the form itself.
    answer = olivia.post(MANAGE, HELD | {"seats-p0": "12", "seats-p7": "abc", "search": "product 123"})
    page = answer.content.decode()
    assert answer.status_code == 200
    assert names(page) == ["p0", "p7", "p123"]
    assert 'value="12"' in page
    assert 'value="abc"' in page
    assert not Quote.objects.exists()
    nothing = olivia.post(PREVIEW, HELD | {"search": "no such thing"})
    assert "No product has that name." in text(nothing)


@pytest.mark.parametrize(
    "place",
    ["", "x", "search:1", "product:0", "product:-1", "product:99999", "product:٣", "product:" + "9" * 99],
)
def test_a_place_that_is_none_is_no_failure(olivia: Client, place: str) -> None:
    assert olivia.get(MANAGE, {"section": place}).status_code == 200
    assert olivia.post(PREVIEW, HELD | {"section": place, "search": "x" * 9000}).status_code == 200


def test_an_address_proposes_seats_of_any_product(olivia: Client) -> None:
    page = olivia.get(MANAGE, {"seats-p250": "4"})
    assert names(page.content.decode()) == ["p0", "p250"]
    # 4 × 10.00 × 12 × 105/365
    assert "Due today $138.08" in text(page)


def test_the_quote_leads_back_to_all_that_was_typed(olivia: Client) -> None:
    review = olivia.post(MANAGE, HELD | {"seats-p321": "3", "edition-p321": "plus"}).headers["Location"]
    quote = review.rstrip("/").rpartition("/")[2]
    page = olivia.get(MANAGE, {"quote": quote}).content.decode()
    assert names(page) == ["p0", "p321"]
    assert 'value="plus" selected' in page


def test_a_form_of_every_product_is_taken_too(olivia: Client) -> None:
    # As a page of before posts it: 1,006 fields, of which one differs.
    typed = {f"seats-p{number}": "0" for number in range(1, 500)}
    typed |= {f"edition-p{number}": "basic" for number in range(1, 500)}
    answer = olivia.post(MANAGE, typed | HELD | {"seats-p1": "1"})
    assert answer.status_code == 302
    assert [change["change"] for change in Quote.objects.get().changes] == ["add_product"]


def test_a_first_purchase_chooses_from_all(db: None) -> None:
    account = acme_at(state="trial", trial_ends_on=date(2023, 8, 1))
    wide.catalogue(60)
    shop.subscribe(account, {"p3": ("plus", 5, "20.00")}, start=date(2023, 7, 1), slug="wide")
    account.subscription.__class__.objects.update(period_start=None, period_end=None, paid_until=None)
    olivia = signed_in(people.user("olivia"))
    # What the trial tried stands there, and the rest is found.
    assert names(olivia.get(MANAGE).content.decode()) == ["p3"]
    assert names(olivia.get(MANAGE, {"search": "product 044"}).content.decode()) == ["p3", "p44"]


def test_more_fields_than_a_form_of_ours_has_are_refused(olivia: Client) -> None:
    typed = {f"field-{number}": "" for number in range(settings.DATA_UPLOAD_MAX_NUMBER_FIELDS + 1)}
    assert olivia.post(MANAGE, typed).status_code == 400
