"""When the coming renewal is told of, and when it is told again (domain.md 12)."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from accounts.rules.capabilities import AccountState
from billing.rules.periods import Cycle
from billing.rules.renewal_comparison import RenewalComparison

# On which days before the renewal, by the cycle of the period that ends: the nearest last.
DAYS_BEFORE: dict[Cycle, tuple[int, ...]] = {Cycle.MONTHLY: (7,), Cycle.ANNUAL: (60, 30, 7)}
# From here on an amount that changes is told at once: no later reminder would.
LAST = 7
# Whose renewal is told of: a trial has none, and a suspended account does not renew.
REMINDED = frozenset({AccountState.ACTIVE, AccountState.PAST_DUE})


class ReminderReason(StrEnum):
    """Why a letter about the coming renewal is written, or that only its amount is kept in mind."""

    COMING = "coming"
    CHANGED = "changed"
    NOTED = "noted"


@dataclass(frozen=True, slots=True)
class KnownReminder:
    """What was told of a renewal so far: the nearest of its days, and the amount with tax in minor units."""

    days_before: int | None
    amount: int


def stage(cycle: Cycle, renews_on: date, on: date) -> int | None:
    """Return the reminder whose day has come; None before the first, and from the renewal day on.

    Of several that were missed it is the nearest: the others would say what this one says.
    """
    left = (renews_on - on).days
    return min((days for days in DAYS_BEFORE[cycle] if left <= days), default=None) if left > 0 else None


def reminder(
    compared: RenewalComparison, on: date, known: KnownReminder | None, *, costs_shown: bool
) -> ReminderReason | None:
    """Return whether a day's reminder is to be written, and why; None where everything was told.

    A month that renews as the one before it is no news: its amount is kept in mind, and told only if
    it changes.
    """
    coming = compared.coming
    now = stage(compared.now.cycle, coming.on, on)
    if now is None:
        return None
    if known is None or known.days_before is None or known.days_before > now:
        every_time = compared.now.cycle is not Cycle.MONTHLY
        return ReminderReason.COMING if every_time or compared.differs else ReminderReason.NOTED
    changed = now <= LAST and known.amount != coming.amount and costs_shown
    return ReminderReason.CHANGED if changed else None
