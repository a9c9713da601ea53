"""Prices that staff give: they hold for what is bought now, and end where the renewal changes it."""

from collections.abc import Sequence

import pytest

from billing.rules.changes import (
    AddOn,
    AddProduct,
    AddSeats,
    Change,
    ChangeCycle,
    ChangeEdition,
    CombineIntoSuite,
    FirstPurchase,
    Item,
    ReduceSeats,
)
from billing.rules.facts import Facts, ScheduledKind
from billing.rules.periods import Cycle
from billing.rules.price_overrides import quote_at
from billing.rules.quoting import PricedQuote, UndecidedConflict, quote, renewal
from billing.rules.refusals import FirstPurchaseNeeded, NoPriceInCycle, UnknownProduct
from tests.rules.shop import CATALOGUE, TODAY, acme, bought, nothing, waits

SUPPORT = acme(bought("support", "professional", 10))
FIRST = FirstPurchase(Cycle.ANNUAL, (Item("support", "team", 10), Item("talk", "team", 2)))


def ended(found: PricedQuote) -> list[tuple[object, ...]]:
    """Return product, edition, the price given and the one at renewal, of each that is told."""
    told = [n.data for n in found.notices if n.code == "given_price_ends"]
    return [(data["product"], data["edition"], data["old"], data["new"]) for data in told]


CASES: list[tuple[Facts, dict[str, int], Sequence[Change], list[int], list[tuple[object, ...]]]] = [
    # Team at renewal and 12 seats now: 12 × 2.00 × 12 at list price; the seats keep the line's price.
    (SUPPORT, {"support": 250}, [ChangeEdition("support", "team"), AddSeats("support", 12)], [200],
     [("support", "team", 250, 200)]),
    # What is bought now keeps its price.
    (SUPPORT, {"talk": 70}, [AddProduct("talk", "team", 4)], [300, 70], []),
    (SUPPORT, {"support": 444}, [ChangeEdition("support", "enterprise")], [444], []),
    (SUPPORT, {"support": 444}, [ChangeEdition("support", "enterprise"), ReduceSeats("support", 5)],
     [444], []),
    (SUPPORT, {"suite": 333}, [CombineIntoSuite("suite", "team", 10)], [333], []),
    (SUPPORT, {"credits": 9000}, [AddOn("credits", "one", 1)], [300, 9000], []),
    (nothing(), {"talk": 70}, [FIRST], [200, 70], []),
    # What is sold by talking has the price that the talk gave.
    (SUPPORT, {"support": 777}, [ChangeEdition("support", "elite")], [777], []),
    # Added seats keep the price of their line, whatever is typed.
    (SUPPORT, {"support": 250}, [AddSeats("support", 12)], [300], []),
    # Another cycle at renewal: the list price of that cycle.
    (SUPPORT, {"talk": 70}, [AddProduct("talk", "team", 4), ChangeCycle(Cycle.MONTHLY)], [400, 150],
     [("talk", "team", 70, 150)]),
    (acme(*SUPPORT.lines, scheduled=(waits(ScheduledKind.CYCLE, cycle=Cycle.MONTHLY),)),
     {"talk": 70}, [AddProduct("talk", "team", 4)], [400, 150], [("talk", "team", 70, 150)]),
    # Nothing given, nothing told.
    (SUPPORT, {}, [ChangeEdition("support", "team")], [200], []),
]  # fmt: skip


@pytest.mark.parametrize(("facts", "prices", "changes", "units", "told"), CASES)
def test_the_renewal_that_is_shown_is_the_one_that_comes(
    facts: Facts,
    prices: dict[str, int],
    changes: Sequence[Change],
    units: list[int],
    told: list[tuple[object, ...]],
) -> None:
    """The renewal asks the vendor's own catalogue: it must say the same as the quote."""
    found = quote_at(facts, prices, changes, TODAY)
    assert [line.unit for line in found.renewal.lines] == units
    assert ended(found) == told
    assert {n.data["on"] for n in found.notices if n.code == "given_price_ends"} <= {found.renewal.on}
    coming = renewal(_with_own_catalogue(found.after), TODAY)
    assert coming is not None
    assert coming.lines == found.renewal.lines
    assert coming.settlement == found.renewal.settlement


def _with_own_catalogue(facts: Facts) -> Facts:
    """Return what is read once it is stored: the prices given stand in the lines alone."""
    return Facts(**{name: getattr(facts, name) for name in facts.__slots__} | {"catalogue": CATALOGUE})


def test_a_price_without_another_at_renewal_is_refused() -> None:
    """Sold by talking for a year only: there is no monthly price it could renew at."""
    changes = [ChangeEdition("support", "elite"), ChangeCycle(Cycle.MONTHLY)]
    with pytest.raises(NoPriceInCycle):
        quote_at(SUPPORT, {"support": 777}, changes, TODAY)


def test_a_question_is_asked_with_the_price_in_its_preview() -> None:
    facts = acme(
        bought("support", "professional", 10),
        scheduled=(waits(ScheduledKind.EDITION, "support", edition="team"),),
    )
    with pytest.raises(UndecidedConflict) as asked:
        quote_at(facts, {"support": 444}, [ChangeEdition("support", "enterprise")], TODAY)
    assert asked.value.provisional.lines[-1].unit == 444
    assert ended(asked.value.provisional) == [("support", "team", 444, 200)]
    # Talk renews as it is bought: its price goes on.
    changes = [ChangeEdition("support", "enterprise"), AddProduct("talk", "team", 4)]
    with pytest.raises(UndecidedConflict) as asked:
        quote_at(facts, {"support": 444, "talk": 70}, changes, TODAY)
    assert ended(asked.value.provisional) == [("support", "team", 444, 200)]


def test_a_trial_and_a_product_that_is_unknown() -> None:
    with pytest.raises(UnknownProduct):
        quote_at(SUPPORT, {"sport": 1}, [AddSeats("support", 11)], TODAY)
    assert quote_at(nothing(), {}, [FIRST], TODAY) == quote(nothing(), [FIRST], TODAY)
    # Without a first purchase there is nothing to price: refused as any other change is.
    with pytest.raises(FirstPurchaseNeeded):
        quote_at(nothing(), {"talk": 70}, [AddProduct("talk", "team", 4)], TODAY)
