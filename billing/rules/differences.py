"""Whether a quote that was shown still holds, and if not, why: the reason of each difference."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal

from billing.rules.facts import ScheduledFacts
from billing.rules.lines import PricedLine
from billing.rules.quoting import PricedQuote


@dataclass(frozen=True, slots=True)
class QuoteDifference:
    """Why a quote no longer holds: a code, and its data with the old and the new value.

    Codes: subscription_changed (another version), day_passed, balance_changed, tax_changed,
    schedule_changed, product_added and product_gone, quantity_changed, new_price and
    discount_changed (each per product), amount_changed. Amounts are minor units.
    """

    code: str
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
            ("subscription_changed", old.version, new.version),
            ("day_passed", old.on, new.on),
            ("balance_changed", old.settlement.balance_before, new.settlement.balance_before),
            ("tax_changed", _rates(old), _rates(new)),
            ("schedule_changed", waiting(old), waiting(new)),
        )
        if before != after
    ]
    found += _of_products(old, new)
    if old.due != new.due or not found:
        found.append(QuoteDifference("amount_changed", {"old": old.due, "new": new.due}))
    return tuple(found)


def waiting(quote: PricedQuote) -> tuple[ScheduledFacts, ...]:
    """Return what waits after a quote, without the ids that only the database gives."""
    return tuple(replace(scheduled, id=None) for scheduled in quote.scheduled)


def _of_products(old: PricedQuote, new: PricedQuote) -> list[QuoteDifference]:
    """Compare the lines that go on: what is renewed is the subscription after the change."""
    before = {line.product: line for line in old.renewal.lines}
    after = {line.product: line for line in new.renewal.lines}
    found = [QuoteDifference("product_gone", {"product": key}) for key in before if key not in after]
    found += [QuoteDifference("product_added", {"product": key}) for key in after if key not in before]
    for key in before.keys() & after.keys():
        for code, value in _COMPARED.items():
            was, now = value(before[key]), value(after[key])
            if was != now:
                found.append(QuoteDifference(code, {"product": key, "old": was, "new": now}))
    return sorted(found, key=lambda d: (str(d.data["product"]), d.code))


_COMPARED: dict[str, Callable[[PricedLine], object]] = {
    "quantity_changed": lambda line: line.quantity,
    "new_price": lambda line: line.unit,
    "discount_changed": lambda line: tuple(share.code for share in line.discounts),
}


def _rates(quote: PricedQuote) -> tuple[Decimal, ...]:
    return tuple(tax.rate for tax in quote.renewal.settlement.taxes)
