"""Which requests the owner's limits approve, and which two people must: tables with their sums."""

import dataclasses

import pytest

from billing.rules.approval_limits import (
    Approval,
    Limits,
    LimitUse,
    NotAutomatic,
    approval_of,
    needs_two,
    not_automatic,
    use_of,
)
from billing.rules.changes import (
    AddProduct,
    AddSeats,
    BuyTemporarySeats,
    Change,
    ChangeCycle,
    ChangeEdition,
    Extend,
    ReduceSeats,
    RemoveProduct,
)
from billing.rules.facts import Facts, ScheduledKind
from billing.rules.periods import Cycle
from billing.rules.quoting import PricedQuote, quote
from tests.rules import shop

NOTHING = LimitUse()


def priced(facts: Facts, *changes: Change) -> PricedQuote:
    return quote(facts, changes, shop.TODAY)


@pytest.fixture
def facts() -> Facts:
    return shop.acme(shop.bought("support", "professional", 10), shop.bought("talk", "team", 3))


def test_what_a_request_takes_of_the_limits(facts: Facts) -> None:
    """Charged now after tax, seats added, and what the renewal costs more, each against today's."""
    unchanged = quote(facts, [ReduceSeats("support", 9)], shop.TODAY)
    line = next(one for one in facts.lines if one.product == "support")
    year = line.unit * 12
    found = use_of(priced(facts, AddSeats("support", 12)), facts)
    assert (found.seats, found.growth) == (2, 2 * year)
    assert found.amount == priced(facts, AddSeats("support", 12)).settlement.total > 0
    assert use_of(unchanged, facts) == LimitUse(0, 0, -year)
    # Four of one product and two fewer of the other: only what is added counts.
    both = priced(facts, AddSeats("talk", 7), ReduceSeats("support", 8))
    assert use_of(both, facts).seats == 4
    # A product that is new: all of its seats are added.
    assert use_of(priced(facts, AddProduct("guide", "standard", 2)), facts).seats == 2
    temporary = priced(facts, BuyTemporarySeats("support", 5, shop.TODAY, 14))
    assert (use_of(temporary, facts).seats, use_of(temporary, facts).growth) == (5, 0)
    assert use_of(priced(facts, Extend()), facts).seats == 0


def test_what_is_counted_in_another_unit_is_no_seat(facts: Facts) -> None:
    """Four resolutions more are no seats, and a limit of seats alone says nothing of them."""
    more = AddSeats("talk", 7)
    made = priced(facts, more)
    assert use_of(made, facts, {"talk"}).seats == 0
    assert use_of(priced(facts, more, AddSeats("support", 12)), facts, {"talk"}).seats == 2
    seats = Limits(seats=4)
    assert not_automatic(seats, use_of(made, facts), NOTHING, made, [more]) is None
    found = not_automatic(seats, use_of(made, facts, {"talk"}), NOTHING, made, [more], {"talk"})
    assert found == NotAutomatic.NOT_SEATS
    amount = Limits(amount=10**6, seats=0)
    assert not_automatic(amount, use_of(made, facts, {"talk"}), NOTHING, made, [more], {"talk"}) is None


def test_a_reduction_that_is_dropped_counts_as_what_it_would_have_taken(facts: Facts) -> None:
    """10 → 5 waits and two are bought: 2 where it stays or is raised to 7, 12 − 5 = 7 where it is dropped."""
    five = dataclasses.replace(facts, scheduled=(shop.waits(ScheduledKind.QUANTITY, "support", quantity=5),))
    for choice, seats in (("keep", 2), ("raise", 2), ("drop", 7)):
        answers = shop.answered(ScheduledKind.QUANTITY, "support", choice)
        assert use_of(priced(five, AddSeats("support", 12, answers)), five).seats == seats


def test_what_waits_already_is_no_part_of_a_request(facts: Facts) -> None:
    """Seats that were bought for a season before count nothing; nor does a renewal that has no price."""
    lent = dataclasses.replace(
        facts, temporary=priced(facts, BuyTemporarySeats("support", 5, shop.TODAY, 14)).after.temporary
    )
    assert use_of(priced(lent, AddSeats("support", 11)), lent).seats == 1
    # Nor where the change ended them.
    assert use_of(priced(facts, AddSeats("support", 11)), lent).seats == 1
    waiting = shop.waits(ScheduledKind.EDITION, "support", edition="elite")
    unpriced = shop.acme(
        shop.bought("support", "team", 5), shop.bought("talk", "team", 3), scheduled=(waiting,)
    )
    drop = RemoveProduct("support", answers=shop.answered(ScheduledKind.EDITION, "support", "drop"))
    found = priced(unpriced, drop)
    # What the renewal would have been nobody can tell: all of it is growth. 3 × 1.00 × 12
    assert (found.usual, use_of(found, unpriced)) == (None, LimitUse(0, 0, found.renewal.amount))


# What is asked, what it takes, what was so approved before in this month, the limits: why not.
AMOUNTS: list[tuple[LimitUse, LimitUse, Limits, NotAutomatic | None]] = [
    (LimitUse(0, 0, 0), NOTHING, Limits(), NotAutomatic.OFF),
    (LimitUse(0, 0, 0), NOTHING, Limits(two_above=100), NotAutomatic.OFF),
    # 50.00 = 50.00, and a cent more
    (LimitUse(5000, 1, 0), NOTHING, Limits(5000), None),
    (LimitUse(5001, 1, 0), NOTHING, Limits(5000), NotAutomatic.AMOUNT),
    # 20.00 + 30.00 = 50.00; 20.01 + 30.00 = 50.01
    (LimitUse(3000, 1, 0), LimitUse(2000, 9), Limits(5000), None),
    (LimitUse(3000, 1, 0), LimitUse(2001, 9), Limits(5000), NotAutomatic.AMOUNT),
    # Nothing is due now, but the renewal grows by 50.01 a period.
    (LimitUse(0, 0, 5000), NOTHING, Limits(5000), None),
    (LimitUse(0, 0, 5001), NOTHING, Limits(5000), NotAutomatic.GROWTH),
    (LimitUse(0, 0, -9000), NOTHING, Limits(0), None),
    # 3 + 2 = 5 seats
    (LimitUse(99999, 2, 99999), LimitUse(0, 3), Limits(seats=5), None),
    (LimitUse(99999, 3, 99999), LimitUse(0, 3), Limits(seats=5), NotAutomatic.SEATS),
    # Both are set: both must hold.
    (LimitUse(5000, 5, 0), NOTHING, Limits(5000, 5), None),
    (LimitUse(5000, 6, 0), NOTHING, Limits(5000, 5), NotAutomatic.SEATS),
    (LimitUse(5001, 5, 0), NOTHING, Limits(5000, 5), NotAutomatic.AMOUNT),
    # Two people come first, also where only a number of seats is set.
    (LimitUse(90001, 1, 0), NOTHING, Limits(seats=5, two_above=90000), NotAutomatic.TWO_NEEDED),
    (LimitUse(0, 1, 90001), NOTHING, Limits(seats=5, two_above=90000), NotAutomatic.TWO_NEEDED),
    (LimitUse(90000, 1, 90000), NOTHING, Limits(seats=5, two_above=90000), None),
]


@pytest.mark.parametrize(("use", "spent", "limits", "why"), AMOUNTS)
def test_the_sums(
    facts: Facts, use: LimitUse, spent: LimitUse, limits: Limits, why: NotAutomatic | None
) -> None:
    asked = AddSeats("support", 11)
    assert not_automatic(limits, use, spent, priced(facts, asked), [asked]) == why
    assert needs_two(limits, use) is (why is NotAutomatic.TWO_NEEDED)


MUCH = Limits(10_000_000, 1000)
KINDS: list[tuple[Change, Limits, NotAutomatic | None]] = [
    (AddSeats("support", 11), MUCH, None),
    (AddProduct("guide", "standard", 2), MUCH, None),
    (ReduceSeats("support", 5), MUCH, None),
    # Ending a product is the owner's alone, whatever it saves.
    (RemoveProduct("talk"), MUCH, NotAutomatic.PRODUCT_REMOVED),
    # A number of seats alone says nothing of other purchases.
    (AddSeats("support", 11), Limits(seats=5), None),
    (ReduceSeats("support", 5), Limits(seats=5), None),
    (ChangeEdition("support", "enterprise"), Limits(seats=5), NotAutomatic.NOT_SEATS),
    (AddProduct("guide", "standard", 2), Limits(seats=5), NotAutomatic.NOT_SEATS),
    (Extend(), Limits(seats=5), NotAutomatic.NOT_SEATS),
    (ChangeCycle(Cycle.MONTHLY), Limits(seats=5), NotAutomatic.NOT_SEATS),
]


@pytest.mark.parametrize(("change", "limits", "why"), KINDS)
def test_the_kinds(facts: Facts, change: Change, limits: Limits, why: NotAutomatic | None) -> None:
    made = priced(facts, change)
    assert not_automatic(limits, use_of(made, facts), NOTHING, made, [change]) == why


def test_a_kept_price_that_would_be_lost_is_for_people() -> None:
    kept = shop.acme(shop.bought("support", "team", 10, unit=100))
    change = ChangeEdition("support", "professional")
    made = priced(kept, change)
    assert not_automatic(MUCH, use_of(made, kept), NOTHING, made, [change]) == NotAutomatic.PRICE_LOST
    more = AddSeats("support", 11)
    made = priced(kept, more)
    assert not_automatic(MUCH, use_of(made, kept), NOTHING, made, [more]) is None


def test_what_is_automatic_never_needs_two() -> None:
    assert Limits(5000, None, 5000).agree
    assert not Limits(5001, None, 5000).agree
    assert Limits(None, 5, 0).agree
    assert Limits(5000).agree


FIRST = Approval((AddSeats("support", 20), AddSeats("talk", 5)), 3, 50_000, 90_000)


@pytest.mark.parametrize(
    ("change", "counts"),
    [
        ({}, True),
        # A day later less is due for the rest of the period.
        ({"amount": 49_900}, True),
        ({"amount": 50_001}, False),
        ({"renewal": 90_001}, False),
        ({"renewal": 80_000}, True),
        ({"version": 4}, False),
        ({"changes": (AddSeats("talk", 5), AddSeats("support", 20))}, True),
        ({"changes": (AddSeats("support", 20),)}, False),
        ({"changes": (AddSeats("support", 21), AddSeats("talk", 5))}, False),
    ],
)
def test_what_a_first_approval_still_counts_for(change: dict[str, object], counts: bool) -> None:
    assert FIRST.covers(dataclasses.replace(FIRST, **change)) is counts  # type: ignore[arg-type]


def test_the_approval_of_a_quote(facts: Facts) -> None:
    made = priced(facts, AddSeats("support", 11))
    found = approval_of(made)
    assert (found.changes, found.version, found.amount, found.renewal) == (
        (AddSeats("support", 11),),
        facts.version,
        made.settlement.total,
        made.renewal.amount,
    )
