"""What the first sentence of a quote says: what the changes meet, and what a renewal costs more or less."""

from dataclasses import replace

from billing.quote_json import dump, load
from billing.rules.change_request_base import BaseLine
from billing.rules.changes import AddSeats, Change, ChangeCycle, Extend, FirstPurchase, Item, ReduceSeats
from billing.rules.facts import Facts, ScheduledKind
from billing.rules.periods import Cycle
from billing.rules.quoting import PricedQuote, quote, renewal
from tests.rules.shop import TODAY, acme, bought, nothing, waits

SUPPORT = bought("support", "team", 10)


def priced(facts: Facts, *changes: Change) -> PricedQuote:
    """Return a quote, which is the same once it was stored."""
    found = quote(facts, changes, TODAY)
    stored = load(dump(found))
    assert (stored.base, stored.usual, stored.more) == (found.base, found.usual, found.more)
    return found


def test_seats_say_from_what_and_how_much_more_a_year() -> None:
    found = priced(acme(SUPPORT), AddSeats("support", 12))
    assert found.base is not None
    assert found.base.lines == {"support": BaseLine("team", 10)}
    # (12 − 10) × 2.00 × 12
    assert found.more == 4800
    assert priced(acme(SUPPORT), ReduceSeats("support", 7)).more == -7200


def test_what_waits_already_is_on_both_sides() -> None:
    facts = acme(
        SUPPORT,
        bought("guide", "standard", 3),
        scheduled=(waits(ScheduledKind.QUANTITY, "guide", quantity=1),),
    )
    assert priced(facts, AddSeats("support", 12)).more == 4800


def test_an_extension_changes_no_renewal() -> None:
    found = priced(acme(SUPPORT), Extend())
    assert found.more == 0
    # Four lines of one seat more, and one sentence: both years are charged, 2.00 × 12 more a year.
    extended = found.after
    later = quote(replace(extended, catalogue=acme().catalogue), [AddSeats("support", 11)], TODAY)
    assert len(later.lines) == 4
    assert later.more == 2400
    assert later.base is not None
    assert later.base.lines == {"support": BaseLine("team", 10)}


def test_nothing_is_compared_with_another_cycle_or_with_nothing() -> None:
    assert priced(acme(SUPPORT), ChangeCycle(Cycle.MONTHLY)).more is None
    first = FirstPurchase(Cycle.ANNUAL, (Item("support", "team", 2),))
    assert priced(nothing(), first).more is None


def test_it_is_the_difference_of_the_renewals_themselves() -> None:
    facts = acme(SUPPORT)
    found = priced(facts, AddSeats("support", 25))
    usual, after = renewal(facts, TODAY), renewal(replace(found.after, catalogue=facts.catalogue), TODAY)
    assert usual is not None
    assert after is not None
    assert found.more == after.amount - usual.amount


def test_a_quote_from_before_says_only_what_it_kept() -> None:
    document = dump(quote(acme(SUPPORT), [AddSeats("support", 12)], TODAY))
    del document["base"], document["usual"]
    assert (load(document).base, load(document).more) == (None, None)
