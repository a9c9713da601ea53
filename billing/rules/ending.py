"""What ends by itself before the next renewal: lines that an extension was made without."""

from dataclasses import dataclass, replace
from datetime import date

from billing.rules.facts import Facts, LineFacts


@dataclass(frozen=True, slots=True)
class LineEnding:
    """Lines that end on their own day, and the subscription after it. It charges and gives back nothing."""

    on: date
    lines: tuple[LineFacts, ...]
    after: Facts


def ending(facts: Facts) -> LineEnding | None:
    """Return what ends next before the renewal, None where nothing does."""
    if not facts.has_bought or facts.due_on == facts.renews_on:
        return None
    on = facts.due_on
    gone = tuple(line for line in facts.lines if facts.ends_early(line.product) == on)
    products = {line.product for line in gone}
    after = replace(
        facts,
        version=facts.version + 1,
        lines=tuple(line for line in facts.lines if line.product not in products),
        scheduled=tuple(one for one in facts.scheduled if one.product not in products),
        temporary=tuple(one for one in facts.temporary if one.product not in products),
    )
    return LineEnding(on, gone, after)
