"""The only ways to an amount: the quote of a change, and the next renewal."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date

from accounts.rules.capabilities import AccountState
from billing.rules import refusals
from billing.rules.applying import make
from billing.rules.change_request_base import Base, base_of
from billing.rules.changes import Change, Moment, UsePromoCode, takes_effect
from billing.rules.checks import agree, may_change, nothing_left_alone
from billing.rules.conflicts import Question, Resolution, resolve
from billing.rules.drafting import QuoteDraft
from billing.rules.ending import ending
from billing.rules.facts import Facts, LineFacts, ScheduledFacts, ScheduledKind
from billing.rules.lines import DiscountTotal, PricedLine, discount_totals
from billing.rules.notices import Notice, NoticeCode
from billing.rules.renewal import Effect, Renewal, renewal, resumption
from billing.rules.renewal_lines import becomes
from billing.rules.settlement import Settlement, settle

__all__ = [
    "DatedChange",
    "Effect",
    "PricedQuote",
    "Renewal",
    "UndecidedConflict",
    "becomes",
    "quote",
    "renewal",
    "resumption",
]


@dataclass(frozen=True, slots=True)
class DatedChange:
    """A change with the moment and the day it takes effect."""

    change: Change
    moment: Moment
    on: date


@dataclass(frozen=True, slots=True)
class PricedQuote:
    """A priced change, amounts in minor units.

    `version` and `on` name the state it was computed from. `lines` and `settlement` are what is due
    now; `timed` says when each change takes effect; `renewal` is the first one after it. `after` is
    the subscription once it is carried out, and `closed` the lines that end at once, cut at the day.
    `base` is what the changes meet, and `usual` what a whole renewal costs without them, with tax: None
    where that says nothing about the renewal after them (nothing bought, another cycle), or where it was
    not kept yet.
    """

    version: int
    on: date
    currency: str
    changes: tuple[Change, ...]
    lines: tuple[PricedLine, ...]
    settlement: Settlement
    timed: tuple[DatedChange, ...]
    notices: tuple[Notice, ...]
    renewal: Renewal
    closed: tuple[LineFacts, ...]
    after: Facts
    base: Base | None = None
    usual: int | None = None

    @property
    def more(self) -> int | None:
        """Return how much more a renewal costs with the changes than without, None where it is not known."""
        return None if self.usual is None or self.renewal.ends else self.renewal.amount - self.usual

    @property
    def due(self) -> int:
        """Return what is collected now, after tax, balance and the smallest amount."""
        return self.settlement.due

    @property
    def discounts(self) -> tuple[DiscountTotal, ...]:
        """Return each discount as a line of its own, over all lines that are due now."""
        return discount_totals(self.lines)

    @property
    def scheduled(self) -> tuple[ScheduledFacts, ...]:
        """Return all that waits for renewal once this is carried out."""
        return self.after.scheduled


class UndecidedConflict(Exception):
    """A new change meets one that waits and the person has not chosen yet.

    `questions` are what to ask; `provisional` is the quote with each first option, for the preview
    only: it cannot be confirmed.
    """

    def __init__(self, questions: tuple[Question, ...], provisional: PricedQuote) -> None:
        """Keep the questions and the quote to show meanwhile."""
        super().__init__(f"{len(questions)} to decide")
        self.questions = questions
        self.provisional = provisional


def quote(facts: Facts, changes: Iterable[Change], on: date) -> PricedQuote:
    """Return what changes cost on a day and from renewal on, in minor units.

    The same for another day before the renewal is the what-if; on the renewal day itself the
    subscription is renewed first. Refusal (see `refusals`) where they cannot be made; Undecided where
    one meets a change that waits and carries no answer.
    """
    changes = tuple(changes)
    may_change(facts, changes, on)
    agree(facts, changes)
    resolution = resolve(facts, changes)
    if not resolution.changes:
        raise refusals.NoChange
    without = frozenset(one.product for one in resolution.ending if one.product)
    draft = QuoteDraft(replace(facts, scheduled=resolution.scheduled), on, before=facts, ending=without)
    make(draft, resolution.changes)
    priced = _priced(facts, resolution, draft)
    if resolution.questions:
        raise UndecidedConflict(resolution.questions, priced)
    return priced


def _priced(facts: Facts, resolution: Resolution, draft: QuoteDraft) -> PricedQuote:
    settlement = settle(draft.lines, balance=facts.balance, smallest=facts.smallest_charge)
    if facts.state is AccountState.PAST_DUE and settlement.total > 0:
        raise refusals.PastDue(invoice=facts.past_due_invoice, amount=settlement.total)
    after = replace(draft.facts, version=facts.version + 1, balance=settlement.balance_after)
    nothing_left_alone(facts.lines, after.lines, facts)
    following = _following(facts, after, draft.on)
    return PricedQuote(
        version=facts.version,
        on=draft.on,
        currency=facts.currency,
        changes=resolution.changes,
        lines=tuple(draft.lines),
        settlement=settlement,
        timed=tuple(_timed(change, facts, after, draft) for change in resolution.changes),
        notices=_notices(draft, resolution, settlement, following),
        renewal=following,
        closed=tuple(draft.closed),
        after=after,
        base=base_of(facts, resolution.changes),
        usual=_usual(facts, following, draft.on),
    )


def _usual(facts: Facts, following: Renewal, on: date) -> int | None:
    """Return what the renewal costs without the change, where it is as long as the one after it."""
    try:
        usual = renewal(facts, on)
    except refusals.Refusal:
        return None
    alike = usual is not None and (usual.cycle, usual.ends) == (following.cycle, following.ends)
    if usual is None or not alike or any(one.period != one.term for one in (usual, following)):
        return None
    return usual.amount


def _following(facts: Facts, after: Facts, on: date) -> Renewal:
    """Return the first renewal after the change; refuse one that would leave nothing behind."""
    following = renewal(after, on)
    assert following is not None
    ended = ending(after)
    if ended is not None:
        nothing_left_alone(facts.lines, ended.after.lines, facts)
    if following.ends and after.waiting(ScheduledKind.CANCELLATION) is None:
        raise refusals.LastProduct
    if not following.ends:
        nothing_left_alone(facts.lines, following.after.lines, facts)
    return following


def _timed(change: Change, facts: Facts, after: Facts, draft: QuoteDraft) -> DatedChange:
    """Return when a change takes effect: a code with the first line that takes it, perhaps one of today."""
    on, moment = draft.on, takes_effect(change, facts)
    if isinstance(change, UsePromoCode) and change.promo in {d.code for d in discount_totals(draft.lines)}:
        moment = Moment.NOW
    if moment is Moment.ON_ITS_DATES:
        return DatedChange(change, moment, getattr(change, "start", on))
    return DatedChange(change, moment, on if moment is Moment.NOW else after.renews_on)


def _notices(
    draft: QuoteDraft, resolution: Resolution, settlement: Settlement, following: Renewal
) -> tuple[Notice, ...]:
    """Return what the draft found, what is dropped, and what the renewal will bring."""
    notices = list(draft.notices)
    notices += [Notice(NoticeCode.SCHEDULED_DROPPED, {"scheduled": s}) for s in resolution.dropped]
    if draft.facts.waiting(ScheduledKind.CANCELLATION) is not None:
        notices.append(Notice(NoticeCode.CANCELLATION_WAITS, {"on": draft.facts.renews_on}))
    if settlement.carried_over:
        notices.append(Notice(NoticeCode.CARRIED_OVER, {"amount": settlement.carried_over}))
    notices += [n for n in following.notices if n.code != "carried_over"]
    return tuple(notices)
