"""What a quote promises, as plain values to keep beside it, and why a later one differs."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, TypeAlias

from billing.rules.facts import ScheduledFacts
from billing.rules.lines import PricedLine
from billing.rules.periods import Period
from billing.rules.quoting import Quote
from billing.rules.wire import changes_to_plain

Promise: TypeAlias = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Difference:
    """Why a quote no longer holds: a code, and its data with the old and the new value.

    Codes: subscription_changed (another version), day_passed, quantity_changed and new_price (per
    product), discount_changed, tax_changed, balance_changed, schedule_changed, amount_changed.
    """

    code: str
    data: Mapping[str, object] = field(default_factory=dict)


def promise(quote: Quote) -> Promise:
    """Return all that confirming a quote would carry out, as values JSON keeps exactly."""
    settlement, renewal = quote.settlement, quote.renewal
    return {
        "version": quote.version,
        "on": quote.on.isoformat(),
        "currency": quote.currency,
        "changes": changes_to_plain(quote.changes),
        "lines": [line_to_plain(line) for line in quote.lines],
        "subtotal": settlement.subtotal,
        "taxes": [[str(t.rate), t.base, t.amount] for t in settlement.taxes],
        "total": settlement.total,
        "balance": settlement.balance_before,
        "due": settlement.due,
        "scheduled": [_scheduled(s) for s in quote.scheduled],
        "renewal": {
            "on": renewal.on.isoformat(),
            "total": renewal.amount,
            "taxes": [[str(t.rate), t.base, t.amount] for t in renewal.settlement.taxes],
            "lines": [line_to_plain(line) for line in renewal.lines],
        },
    }


def line_to_plain(line: PricedLine) -> dict[str, Any]:
    """Return a line as values JSON keeps exactly, with all its arithmetic."""
    return {
        "kind": line.kind.value,
        "product": line.product,
        "edition": line.edition,
        "covers": _period(line.covers),
        "term": _period(line.term),
        "unit": line.unit,
        "quantity": line.quantity,
        "months": line.months,
        "cycle": line.cycle.value,
        "gross": line.gross,
        "amount": line.amount,
        "discounts": [[s.code, _number(s.percent), s.amount] for s in line.discounts],
        "tax_rate": _number(line.tax_rate),
        "because": list(line.because),
        "capped": line.capped,
    }


def fingerprint(promised: Promise) -> str:
    """Return a digest of everything a quote promises and of the state it names."""
    canonical = json.dumps(promised, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


def holds(old: Promise, new: Promise) -> bool:
    """Tell whether a quote may be carried out: all is the same but perhaps the day."""
    return {**old, "on": None} == {**new, "on": None}


def differences(old: Promise, new: Promise) -> tuple[Difference, ...]:
    """Return the reason of each difference between the quote that was shown and that of now.

    Empty where it holds (domain.md 5: if only the day changed and every line is the same).
    """
    if holds(old, new):
        return ()
    found = [
        Difference(code, {"old": old[key], "new": new[key]})
        for code, key in (
            ("subscription_changed", "version"),
            ("day_passed", "on"),
            ("balance_changed", "balance"),
            ("schedule_changed", "scheduled"),
        )
        if old[key] != new[key]
    ]
    found += _per_product("quantity_changed", "quantity", old, new)
    found += _per_product("new_price", "unit", old, new)
    found += _per_product("discount_changed", "discounts", old, new)
    if _rates(old) != _rates(new):
        found.append(Difference("tax_changed", {"old": _rates(old), "new": _rates(new)}))
    if old["due"] != new["due"] or not found:
        found.append(Difference("amount_changed", {"old": old["due"], "new": new["due"]}))
    return tuple(found)


def _per_product(code: str, name: str, old: Promise, new: Promise) -> list[Difference]:
    """Compare one thing of the lines that go on: what is renewed, as it is after the change."""
    before, after = _by_product(old["renewal"]["lines"], name), _by_product(new["renewal"]["lines"], name)
    return [
        Difference(code, {"product": product, "old": before[product], "new": after[product]})
        for product in before
        if product in after and before[product] != after[product]
    ]


def _by_product(lines: Iterable[Mapping[str, Any]], name: str) -> dict[str, Any]:
    return {line["product"]: line[name] for line in lines}


def _rates(promised: Promise) -> list[str]:
    return [rate for rate, _, _ in promised["renewal"]["taxes"]]


def _scheduled(scheduled: ScheduledFacts) -> dict[str, Any]:
    return {
        "kind": scheduled.kind.value,
        "product": scheduled.product,
        "quantity": scheduled.quantity,
        "edition": scheduled.edition,
        "cycle": scheduled.cycle.value if scheduled.cycle else None,
        "leaving": list(scheduled.leaving),
        "on": scheduled.takes_effect_on.isoformat(),
    }


def _period(period: Period) -> list[str]:
    return [period.start.isoformat(), period.end.isoformat()]


def _number(value: Decimal | None) -> str | None:
    return None if value is None else str(value)
