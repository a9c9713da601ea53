"""What a subscription is, as activity, exports and cancellations keep it."""

from billing.rules.facts import Facts


def state_of(held: Facts) -> dict[str, object]:
    """Return what a subscription is, as the trail keeps it: no amounts, so that it may be read by all."""
    return {
        "lines": {line.product: f"{line.edition} × {line.quantity}" for line in held.lines},
        "cycle": held.cycle.value if held.cycle else None,
        "paid_until": held.paid_until.isoformat() if held.paid_until else None,
        "scheduled": sorted(
            " ".join(
                str(part)
                for part in (one.kind.value, one.product, one.quantity, one.edition, one.cycle, *one.leaving)
                if part
            )
            # The renewal's own day stands above.
            + (f" {one.takes_effect_on}" if one.takes_effect_on != held.paid_until else "")
            for one in held.scheduled
        ),
        "temporary": sorted(
            f"{one.product} × {one.quantity} {one.covers.start}/{one.covers.end}" for one in held.temporary
        ),
        "discounts": sorted(one.code for one in held.discounts),
    }
