"""Whether a quote that was shown still holds, and if not, why: the reason of each difference."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from billing.rules.facts import ScheduledFacts
from billing.rules.lines import LineKind, PricedLine
from billing.rules.quoting import PricedQuote
from billing.rules.tax import LineTaxes


class DifferenceCode(StrEnum):
    """What is another than it was shown: the version, the day, a part of the sum, or a product's line."""

    SUBSCRIPTION_CHANGED = "subscription_changed"
    DAY_PASSED = "day_passed"
    BALANCE_CHANGED = "balance_changed"
    TAX_CHANGED = "tax_changed"
    SCHEDULE_CHANGED = "schedule_changed"
    PRODUCT_ADDED = "product_added"
    PRODUCT_GONE = "product_gone"
    QUANTITY_CHANGED = "quantity_changed"
    NEW_PRICE = "new_price"
    DISCOUNT_CHANGED = "discount_changed"
    AMOUNT_CHANGED = "amount_changed"


@dataclass(frozen=True, slots=True)
class QuoteDifference:
    """Why a quote no longer holds: a code, and its data with the old and the new value.

    Amounts are minor units.
    """

    code: DifferenceCode
    data: Mapping[str, object] = field(default_factory=dict)


def holds(old: PricedQuote, new: PricedQuote) -> bool:
    """Tell whether a quote may be carried out as it was shown.

    The state must be the same version, and every line, what is due, what waits and the renewal
    after it; the day may be another (domain.md 5, "What is shown is what is charged").
    """
    return (
        old.version == new.version
        and old.lines == new.lines
        and old.settlement == new.settlement
        and waiting(old) == waiting(new)
        and old.renewal.on == new.renewal.on
        and old.renewal.lines == new.renewal.lines
        and old.renewal.settlement.total == new.renewal.settlement.total
    )


def differences(old: PricedQuote, new: PricedQuote) -> tuple[QuoteDifference, ...]:
    """Return the reason of each difference between the quote that was shown and that of now.

    Empty where it holds; never empty where it does not.
    """
    if holds(old, new):
        return ()
    found = [
        QuoteDifference(code, {"old": before, "new": after})
        for code, before, after in (
            (DifferenceCode.SUBSCRIPTION_CHANGED, old.version, new.version),
            (DifferenceCode.DAY_PASSED, old.on, new.on),
            (DifferenceCode.BALANCE_CHANGED, old.settlement.balance_before, new.settlement.balance_before),
            (DifferenceCode.TAX_CHANGED, *_taxes(old, new)),
            (DifferenceCode.SCHEDULE_CHANGED, waiting(old), waiting(new)),
        )
        if before != after
    ]
    found += _of_products(old, new)
    if old.due != new.due or not found:
        found.append(QuoteDifference(DifferenceCode.AMOUNT_CHANGED, {"old": old.due, "new": new.due}))
    return tuple(found)


def waiting(quote: PricedQuote) -> tuple[ScheduledFacts, ...]:
    """Return what waits after a quote, without the ids that only the database gives."""
    return tuple(replace(scheduled, id=None) for scheduled in quote.scheduled)


def _of_products(old: PricedQuote, new: PricedQuote) -> list[QuoteDifference]:
    """Compare the lines that go on: what is renewed is the subscription after the change."""
    before = {line.product: line for line in old.renewal.lines}
    after = {line.product: line for line in new.renewal.lines}
    found = [
        QuoteDifference(DifferenceCode.PRODUCT_GONE, {"product": key}) for key in before if key not in after
    ]
    found += [
        QuoteDifference(DifferenceCode.PRODUCT_ADDED, {"product": key}) for key in after if key not in before
    ]
    for key in before.keys() & after.keys():
        for code, value in _COMPARED.items():
            was, now = value(before[key]), value(after[key])
            if was != now:
                found.append(QuoteDifference(code, {"product": key, "old": was, "new": now}))
    return sorted(found, key=lambda d: (str(d.data["product"]), d.code))


_COMPARED: dict[DifferenceCode, Callable[[PricedLine], object]] = {
    DifferenceCode.QUANTITY_CHANGED: lambda line: line.quantity,
    DifferenceCode.NEW_PRICE: lambda line: line.unit,
    DifferenceCode.DISCOUNT_CHANGED: lambda line: tuple(share.code for share in line.discounts),
}


def _taxes(old: PricedQuote, new: PricedQuote) -> tuple[LineTaxes, LineTaxes]:
    """Return the taxes before and after of the first product that is charged with others now.

    Credits keep the taxes of what they credit: what is charged, today and at the renewal, tells.
    """
    for was, now in ((old.lines, new.lines), (old.renewal.lines, new.renewal.lines)):
        before, after = _borne(was), _borne(now)
        for product in before.keys() & after.keys():
            if before[product] != after[product]:
                return before[product], after[product]
    return (), ()


def _borne(lines: Iterable[PricedLine]) -> dict[str, LineTaxes]:
    return {line.product: line.taxes for line in lines if line.kind is not LineKind.CREDIT}
