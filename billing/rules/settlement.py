"""From lines to what is collected: tax, then the balance, then the smallest amount."""

from collections.abc import Iterable
from dataclasses import dataclass

from billing.rules.lines import PricedLine
from billing.rules.tax import LineTaxes, TaxLine, taxes


@dataclass(frozen=True, slots=True)
class Settlement:
    """What lines come to and how they are settled, in minor units.

    Always: balance_after = balance_before − total + due.
    """

    subtotal: int
    taxes: tuple[TaxLine, ...]
    total: int
    balance_before: int
    due: int
    carried_over: int = 0

    @property
    def tax(self) -> int:
        """Return all taxes together."""
        return sum(line.amount for line in self.taxes)

    @property
    def balance_after(self) -> int:
        """Return the balance once this is settled: a credit note raises it, a prepayment uses it."""
        return self.balance_before - self.total + self.due

    @property
    def prepaid(self) -> int:
        """Return what the balance pays of the total; negative where it adds an earlier small sum."""
        if self.total <= 0:
            return 0
        return min(self.balance_before, self.total)

    @property
    def is_credit_note(self) -> bool:
        """Tell whether it gives back more than it charges."""
        return self.total < 0


def settle(lines: Iterable[PricedLine], *, balance: int, smallest: int) -> Settlement:
    """Return how lines are settled against a balance (positive: the customer's), minor units.

    Tax comes first, each on the sum of the lines that bear it. A positive balance is used as a
    prepayment after tax; a negative one, from amounts too small to collect, is collected with this one.
    What is then below `smallest` is carried over as a negative balance (domain.md 5).
    """
    bases: dict[LineTaxes, int] = {}
    for line in lines:
        bases[line.taxes] = bases.get(line.taxes, 0) + line.amount
    taxed = taxes(bases)
    subtotal = sum(bases.values())
    total = subtotal + sum(line.amount for line in taxed)
    open_amount = max(total - balance, 0) if total > 0 else 0
    due = open_amount if open_amount >= smallest else 0
    return Settlement(
        subtotal=subtotal,
        taxes=taxed,
        total=total,
        balance_before=balance,
        due=due,
        carried_over=open_amount - due,
    )
