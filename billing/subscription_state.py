"""What a subscription is, as activity, exports and cancellations keep it: data in the rules' own shapes."""

from billing.rules.facts import Facts, ScheduledFacts


def state_of(facts: Facts) -> dict[str, object]:
    """Return what a subscription is: no amounts, so that it may be read by all (accounts.rules.activity)."""
    return {
        "lines": {line.product: {"edition": line.edition, "quantity": line.quantity} for line in facts.lines},
        "cycle": facts.cycle.value if facts.cycle else None,
        "paid_until": facts.paid_until.isoformat() if facts.paid_until else None,
        "scheduled": [
            _scheduled(one, facts)
            for one in sorted(facts.scheduled, key=lambda one: (one.kind, one.product or ""))
        ],
        "temporary": [
            {
                "product": one.product,
                "quantity": one.quantity,
                "covers": {"start": one.covers.start.isoformat(), "end": one.covers.end.isoformat()},
            }
            for one in sorted(facts.temporary, key=lambda one: (one.product, one.covers.start, one.quantity))
        ],
        "discounts": sorted(one.code for one in facts.discounts),
    }


def _scheduled(change: ScheduledFacts, facts: Facts) -> dict[str, object]:
    """Return a change that waits, without what it has not; the renewal's own day stands beside it."""
    parts: dict[str, object] = {
        "kind": change.kind.value,
        "product": change.product,
        "quantity": change.quantity,
        "edition": change.edition,
        "cycle": change.cycle.value if change.cycle else None,
        "leaving": list(change.leaving) or None,
        "takes_effect_on": (
            None if change.takes_effect_on == facts.paid_until else change.takes_effect_on.isoformat()
        ),
    }
    return {name: part for name, part in parts.items() if part is not None}
