"""Manage compares: another cycle, a Suite beside its parts; and shows bounds only where they matter."""

from datetime import date

import pytest
from django.utils.html import strip_tags

from accounts.models import Account
from tests import shop
from tests.console.reading import acme_at, open_as, text

MANAGE = "/a/acme/billing/subscription/manage/"


def manage(name: str = "olivia", language: str = "en") -> str:
    return text(open_as(name, MANAGE, language))


@pytest.fixture
def annual(db: None) -> Account:
    account = acme_at()
    lines = {"support": ("professional", 10, "30.00"), "guide": ("team", 4, "6.00")}
    shop.subscribe(account, lines, start=date(2022, 10, 27))
    return account


def test_a_suite_is_set_against_the_sum_of_its_parts(annual: Account) -> None:
    """90.00 × 10 × 12 = 10,800.00 beside 30.00 × 10 × 12 + 6.00 × 4 × 12 = 3,600.00 + 288.00."""
    page = manage()
    assert (
        "Suite Professional × 10: $10,800.00 a year, its parts as they are $3,888.00: $6,912.00 more. "
        "Before discounts and tax."
    ) in page.replace("\u2068", "").replace("\u2069", "")


def test_the_suite_is_proposed_in_the_edition_that_is_held_or_above(annual: Account) -> None:
    page = open_as("olivia", MANAGE).content.decode()
    field = page[page.index('name="edition-suite"') :]
    chosen = field[: field.index("</select>")]
    assert strip_tags(chosen[chosen.index("selected") :]).split(">")[-1].split()[0] == "Professional"


def test_annual_says_what_it_saves(db: None) -> None:
    """Ten seats month by month, beside a year of the annual list price, 12.00 × 10 × 12 = 1,440.00."""
    account = acme_at()
    shop.subscribe(account, {"support": ("team", 10, "15.00")}, start=date(2023, 7, 1), cycle="monthly")
    page = manage()
    # 15.00 × 10 × 12 = 1,800.00
    assert "Saves $360.00 a year: $1,440.00 instead of $1,800.00, before discounts and tax." in page
    assert "Économise 360,00 $US par an" in manage(language="fr").replace("\u2011", "-")


def test_no_comparison_where_costs_are_hidden(annual: Account) -> None:
    Account.objects.update(type="assisted")
    page = manage()
    assert "a year" not in page
    assert "$" not in page


@pytest.mark.parametrize(("held", "shown"), [(10, False), (4999, False), (5001, True)])
def test_bounds_are_shown_where_they_matter(db: None, held: int, shown: bool) -> None:
    account = acme_at()
    shop.subscribe(account, {"support": ("team", held, "1.00")}, start=date(2022, 10, 27))
    assert ("1 to 10,000" in manage()) is shown
