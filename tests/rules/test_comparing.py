"""What lines cost a year: another cycle, a Suite against its parts, and the edition proposed for it."""

from dataclasses import replace

import pytest

from billing.rules.comparing import a_year, equal_or_above, lines_a_year, listed_a_year
from billing.rules.periods import Cycle
from tests.rules import shop

SUPPORT = shop.bought("support", "professional", 10)
TALK = shop.bought("talk", "team", 4)


@pytest.mark.parametrize(
    ("product", "unit", "quantity", "cycle", "year"),
    [
        # 3.00 × 10 seats × 12 months; 4.00 × 10 × 1 month, twelve times
        ("support", 300, 10, Cycle.ANNUAL, 36_000),
        ("support", 400, 10, Cycle.MONTHLY, 48_000),
        # A flat item is priced for its period: 200.00 a year, or 20.00 twelve times.
        ("credits", 20_000, 1, Cycle.ANNUAL, 20_000),
        ("credits", 2_000, 1, Cycle.MONTHLY, 24_000),
    ],
)
def test_a_year_of_a_line(product: str, unit: int, quantity: int, cycle: Cycle, year: int) -> None:
    found = a_year(shop.acme(SUPPORT), product, unit, quantity, cycle)
    assert found == year
    assert isinstance(found, int), "minor units are whole"


def test_a_year_as_it_is_and_at_the_list_prices_of_another_cycle() -> None:
    facts = shop.acme(SUPPORT, TALK)
    # 3.00 × 10 × 12 + 1.00 × 4 × 12; and 4.00 × 10 × 12 + 1.50 × 4 × 12
    assert lines_a_year(facts, facts.lines, Cycle.ANNUAL) == 36_000 + 4_800
    assert listed_a_year(facts, facts.lines, Cycle.MONTHLY, shop.TODAY) == 48_000 + 7_200
    # Enterprise has no monthly price.
    high = shop.acme(shop.bought("support", "enterprise", 10))
    assert listed_a_year(high, high.lines, Cycle.MONTHLY, shop.TODAY) is None


@pytest.mark.parametrize(
    ("held", "proposed"),
    [
        ([("support", "team")], "team"),
        ([("support", "professional")], "professional"),
        ([("support", "team"), ("talk", "professional")], "professional"),
        # Guide has no "team" or "professional": its second level is Suite's second.
        ([("guide", "standard")], "professional"),
        ([("support", "enterprise")], "enterprise"),
    ],
)
def test_the_edition_that_is_held_or_the_next_above(held: list[tuple[str, str]], proposed: str) -> None:
    lines = [shop.bought(product, edition, 3) for product, edition in held]
    facts = shop.acme(*lines)
    suite = facts.product("suite")
    assert equal_or_above(facts, facts.lines, suite.editions).key == proposed


def test_where_nothing_offered_is_as_high_the_highest_is_proposed() -> None:
    elite = replace(SUPPORT, edition="elite")
    facts = shop.acme(elite)
    assert equal_or_above(facts, facts.lines, facts.product("suite").editions[::-1]).key == "enterprise"


def test_the_same_key_is_the_same_level_whatever_its_rank() -> None:
    """Support Team stands above Suite Team by its rank: whoever has one is offered the other."""
    facts = shop.acme(shop.bought("support", "team", 3))
    support = facts.product("support")
    editions = tuple(replace(one, rank=one.rank + 1) for one in support.editions)
    raised = replace(facts, catalogue={**facts.catalogue, "support": replace(support, editions=editions)})
    assert equal_or_above(raised, raised.lines, raised.product("suite").editions).key == "team"
