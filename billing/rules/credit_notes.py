"""What of an invoice's lines may be credited: what each charged less what was credited before."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from billing.rules.documents import DocumentLine
from billing.rules.lines import DiscountShare, LineKind, PricedLine
from billing.rules.periods import Period

# What a line of a note of the staff is because of.
CORRECTION = "correction"


class CreditRefusal(StrEnum):
    """Why lines of an invoice are not credited."""

    # Nothing was chosen, or a line that charges nothing.
    NOTHING = "nothing"
    TOO_MUCH = "too_much"
    # A payment of the invoice may still come in.
    UNDER_WAY = "under_way"
    # What it asked for was given up: nothing of it was paid.
    WRITTEN_OFF = "written_off"
    # It is to be refunded, and no charge paid the invoice, or nothing is left of that.
    NOT_CHARGED = "not_charged"


@dataclass(frozen=True, slots=True)
class IssuedLine:
    """A line of an issued document, in minor units, negative where it gives back.

    `credits` is the line that a credit note of the staff names; what a change gives back names none.
    `temporary` seats are never given back by a change.
    """

    id: int
    product: str
    covers: Period
    amount: int
    temporary: bool = False
    credits: int | None = None


def credited(lines: Iterable[IssuedLine]) -> dict[int, int]:
    """Return what was credited of each line that charged something, from lines in their order of issue.

    What a change gives back are days of what was charged last for the product (domain.md 6); what is more
    than that charged is of the line before.
    """
    found: dict[int, int] = {}
    charged: list[IssuedLine] = []
    for line in lines:
        if line.amount > 0:
            charged.append(line)
            found[line.id] = 0
        elif line.credits is not None:
            found[line.credits] = found.get(line.credits, 0) - line.amount
        else:
            _give_back(line, charged, found)
    return found


def _give_back(line: IssuedLine, charged: list[IssuedLine], found: dict[int, int]) -> None:
    """Count what a change gave back on the lines that charged those days, the last first."""
    left = -line.amount
    for one in reversed(charged):
        if one.temporary or one.product != line.product or not one.covers.overlap(line.covers).days:
            continue
        part = min(left, one.amount - found[one.id])
        found[one.id] += part
        left -= part


def part_of(line: DocumentLine, edition: str, part: int) -> PricedLine:
    """Return the line that gives a part of another back, in minor units: all of it is its exact negative.

    A part has no arithmetic of its own: it is less than the seats and days of the line come to.
    """
    whole = part == line.amount
    shares = tuple(DiscountShare(one.code, one.percent, -one.amount) for one in line.discounts)
    return PricedLine(
        kind=LineKind.CREDIT,
        product=line.product,
        edition=edition,
        covers=line.covers,
        term=line.term,
        unit=line.unit,
        quantity=line.quantity,
        months=line.months,
        gross=-line.gross if whole else -part,
        amount=-part,
        cycle=line.cycle,
        discounts=shares if whole else (),
        taxes=line.taxes,
        because=(CORRECTION,),
        capped=line.capped if whole else True,
    )
