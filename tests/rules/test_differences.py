"""Whether a quote that was shown still holds, and the reason of each difference."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

from billing.rules.changes import AddProduct, AddSeats, Change, ReduceSeats
from billing.rules.differences import QuoteDifference, differences, holds, waiting
from billing.rules.facts import DiscountFacts, DiscountSource, Facts, PriceFacts, ScheduledKind
from billing.rules.periods import Cycle
from billing.rules.quoting import PricedQuote, quote
from billing.rules.tax import AppliedTax, at_rate
from billing.rules.taxation import Taxation, TaxBuyer, TaxSeller
from tests.rules.shop import CATALOGUE, RISING, TODAY, acme, bought, saved, waits

TOMORROW = TODAY + timedelta(days=1)
TVA_20, TVA_20_6 = ((AppliedTax("TVA", Decimal(rate)),) for rate in ("20", "20.6"))


def ledger(**more: object) -> Facts:
    return acme(bought("support", "team", 10, 100), **more)


def quoted(facts: Facts, *changes: Change, on: date = TODAY) -> PricedQuote:
    return quote(facts, changes or (AddSeats("support", 11),), on)


def reasons(old: PricedQuote, new: PricedQuote) -> dict[str, dict[str, object]]:
    assert not holds(old, new)
    return {d.code: dict(d.data) for d in differences(old, new)}


def test_nothing_has_changed() -> None:
    assert holds(quoted(ledger()), quoted(ledger()))
    assert differences(quoted(ledger()), quoted(ledger())) == ()


def test_midnight_passed_over_a_change_that_waits() -> None:
    """If only the day changed and every line is the same, it goes on."""
    old = quoted(ledger(), ReduceSeats("support", 5))
    new = quoted(ledger(), ReduceSeats("support", 5), on=TOMORROW)
    assert holds(old, new)
    assert differences(old, new) == ()


def test_midnight_passed_over_a_charge() -> None:
    assert reasons(quoted(ledger()), quoted(ledger(), on=TOMORROW)) == {
        "day_passed": {"old": TODAY, "new": TOMORROW},
        "amount_changed": {"old": 345, "new": 342},
    }


def test_someone_else_bought_two_seats() -> None:
    other = saved(quote(ledger(), [AddSeats("support", 12)], TODAY).after)
    talk = AddProduct("talk", "team", 1)
    assert reasons(quoted(ledger(), talk), quoted(other, talk)) == {
        "subscription_changed": {"old": 7, "new": 8},
        "quantity_changed": {"product": "support", "old": 10, "new": 12},
    }


def test_someone_else_bought_a_product() -> None:
    other = saved(quote(ledger(), [AddProduct("talk", "team", 1)], TODAY).after)
    found = reasons(quoted(ledger()), quoted(other))
    assert found == {
        "subscription_changed": {"old": 7, "new": 8},
        "product_added": {"product": "talk"},
    }
    back = reasons(quoted(other), quoted(ledger()))
    assert back["product_gone"] == {"product": "talk"}


def test_a_new_price_came_into_force() -> None:
    talk = CATALOGUE["talk"]
    dearer = replace(talk.editions[0], prices=(PriceFacts(Cycle.ANNUAL, 120),))
    catalogue = {**CATALOGUE, "talk": replace(talk, editions=(dearer, talk.editions[1]))}
    change = AddProduct("talk", "team", 1)
    assert reasons(quoted(ledger(), change), quoted(ledger(catalogue=catalogue), change)) == {
        "new_price": {"product": "talk", "old": 100, "new": 120},
        "amount_changed": {"old": 345, "new": 414},
    }


def test_a_discount_the_tax_or_the_balance_is_another() -> None:
    given = DiscountFacts("TEN", DiscountSource.COUPON, percent=Decimal(10))
    old = quoted(ledger(taxation=Taxation(own_rate=Decimal(19))))
    new = quoted(ledger(taxation=Taxation(own_rate=Decimal(20)), balance=100, discounts=(given,)))
    found = reasons(old, new)
    assert set(found) == {"discount_changed", "tax_changed", "balance_changed", "amount_changed"}
    assert found["tax_changed"] == {"old": at_rate(Decimal(19)), "new": at_rate(Decimal(20))}
    assert found["balance_changed"] == {"old": 0, "new": 100}
    assert found["discount_changed"] == {"product": "support", "old": (), "new": ("TEN",)}


def test_what_waits_is_another() -> None:
    old, new = quoted(ledger(), ReduceSeats("support", 5)), quoted(ledger(), ReduceSeats("support", 6))
    found = reasons(old, new)
    assert set(found) == {"schedule_changed", "quantity_changed"}
    assert found["schedule_changed"] == {"old": waiting(old), "new": waiting(new)}


def test_ids_of_what_waits_do_not_count() -> None:
    one = ledger(scheduled=(waits(ScheduledKind.QUANTITY, "support", quantity=5, id=90),))
    two = ledger(scheduled=(waits(ScheduledKind.QUANTITY, "support", quantity=5, id=91),))
    change = AddProduct("talk", "team", 1)
    assert holds(quoted(one, change), quoted(two, change))


def test_products_are_told_in_order() -> None:
    facts = acme(bought("talk", "team", 1), bought("guide", "standard", 1), bought("support", "team", 1))
    lines = tuple(replace(line, quantity=9, unit=line.unit + 1) for line in facts.lines)
    change = AddProduct("legacy", "one", 1)
    catalogue = {**CATALOGUE, "legacy": replace(CATALOGUE["legacy"], withdrawn=False)}
    old = quoted(replace(facts, catalogue=catalogue), change)
    new = quoted(replace(facts, catalogue=catalogue, lines=lines), change)
    assert [(d.data["product"], d.code) for d in differences(old, new)] == [
        (product, code)
        for product in ("guide", "support", "talk")
        for code in ("new_price", "quantity_changed")
    ]


def test_no_difference_is_without_a_reason() -> None:
    old = quoted(ledger())
    new = replace(old, settlement=replace(old.settlement, subtotal=old.settlement.subtotal + 1))
    assert differences(old, new) == (QuoteDifference("amount_changed", {"old": 345, "new": 345}),)


def test_everything_that_was_promised_counts() -> None:
    old = quoted(ledger())
    coming = old.renewal
    for new in (
        replace(old, version=8),
        replace(old, lines=()),
        replace(old, settlement=replace(old.settlement, due=346)),
        replace(old, after=replace(old.after, scheduled=(waits(ScheduledKind.CANCELLATION),))),
        replace(old, renewal=replace(coming, on=TOMORROW)),
        replace(old, renewal=replace(coming, lines=())),
        replace(old, renewal=replace(coming, settlement=replace(coming.settlement, total=1))),
    ):
        assert not holds(old, new)
        assert differences(old, new)
    assert holds(old, replace(old, on=TOMORROW))


def test_a_rate_that_came_into_force_is_told_with_the_tax_before_and_after() -> None:
    """Quoted on 30 June 2023 and confirmed on 1 July: the table's rate rose from 20 % to 20.6 %."""
    rising = ledger(taxation=Taxation(TaxSeller("FR"), TaxBuyer("FR"), RISING))
    change = AddSeats("support", 11)
    before, after = quote(rising, [change], date(2023, 6, 30)), quote(rising, [change], date(2023, 7, 1))
    found = reasons(before, after)
    assert found["day_passed"] == {"old": date(2023, 6, 30), "new": date(2023, 7, 1)}
    assert found["tax_changed"] == {"old": TVA_20, "new": TVA_20_6}


def test_a_table_that_was_loaded_meanwhile_is_told_though_only_the_renewal_is_another() -> None:
    now = ledger(taxation=Taxation(TaxSeller("FR"), TaxBuyer("FR"), RISING[:1]))
    then = replace(now, taxation=replace(now.taxation, rates=RISING[:2]))
    change, day = ReduceSeats("support", 5), date(2023, 6, 30)
    found = reasons(quote(now, [change], day), quote(then, [change], day))
    assert found == {"tax_changed": {"old": TVA_20, "new": TVA_20_6}}


def test_a_number_for_vat_changes_the_tax() -> None:
    without = ledger(taxation=Taxation(TaxSeller("FR"), TaxBuyer("DE"), RISING))
    given = replace(without, taxation=Taxation(TaxSeller("FR"), TaxBuyer("DE", number_of="DE"), RISING))
    (tax,) = reasons(quoted(without), quoted(given))["tax_changed"]["new"]  # type: ignore[misc]
    assert tax.reason == "reverse_charge"
