"""What a change does at once: segments end and open, and each leaves its line on the quote."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date

from accounts.rules.capabilities import AccountState
from billing.rules import discounts
from billing.rules.changes import ChangeKind, FirstPurchase, Item
from billing.rules.facts import DiscountFacts, Facts, LineFacts, ScheduledFacts, ScheduledKind
from billing.rules.lines import LineKind, PricedLine, charge_line, credit_line, open_segment
from billing.rules.notices import Notice, NoticeCode, price_notices
from billing.rules.periods import AppliedDiscount, Cycle, Period, Segment, next_period
from billing.rules.renewal import whole_period
from billing.rules.renewal_lines import at_lasting_price, listed
from billing.rules.tax import LineTaxes, burden
from billing.rules.tax_json import to_plain


@dataclass
class QuoteDraft:
    """A quote while it is drawn up: the subscription as changed so far, and the lines it cost.

    `before` is the subscription as it was; `closed` are lines that end at once, their segments cut
    at the day; `given` are the discounts that come with this very change; `ending` the products that an
    extension is made without.
    """

    facts: Facts
    on: date
    before: Facts
    lines: list[PricedLine] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)
    closed: list[LineFacts] = field(default_factory=list)
    given: list[DiscountFacts] = field(default_factory=list)
    ending: frozenset[str] = frozenset()

    def put(self, line: LineFacts) -> None:
        """Put a line in the place of the one of its product, or at the end."""
        known = self.facts.line(line.product) is not None
        lines = tuple(line if old.product == line.product else old for old in self.facts.lines)
        self.facts = replace(self.facts, lines=lines if known else (*self.facts.lines, line))

    def take(self, products: Iterable[str]) -> None:
        """Take lines out of the subscription."""
        gone = frozenset(products)
        kept = tuple(line for line in self.facts.lines if line.product not in gone)
        self.facts = replace(self.facts, lines=kept)


def edit_line(draft: QuoteDraft, old: LineFacts, new: LineFacts, *, because: tuple[str, ...]) -> None:
    """Replace a line from the day on: every paid day ahead is credited and charged anew.

    Another edition costs its own price, the same one that of the segment; discounts stay.
    """
    other_edition = new.edition != old.edition
    segments: list[Segment] = []
    for segment in old.segments:
        if segment.covers.end <= draft.on:
            segments.append(segment)
            continue
        segments += _cut(draft, old, segment, because)
        opened = open_segment(
            covers=segment.covers.from_day(draft.on),
            term=segment.term,
            unit=new.unit if other_edition else segment.unit,
            quantity=new.quantity,
            months=segment.months,
            cycle=segment.cycle,
            discounts=segment.discounts,
            taxes=draft.facts.taxes(new.product, draft.on),
            added=max(new.quantity - old.quantity, 0),
        )
        segments.append(opened)
        _charge(draft, new, opened, LineKind.CHARGE, because)
    draft.notices += price_notices(old, new, draft.facts, draft.on)
    draft.put(replace(new, segments=tuple(segments)))


def give_back(draft: QuoteDraft, line: LineFacts, quantity: int, *, because: tuple[str, ...]) -> None:
    """Let what the last purchase of a line opened go on with fewer seats, as if it had been so from its day.

    Its discounts and taxes stay as charged; nothing of it can be given back again.
    """
    segments = []
    for segment in line.segments:
        if segment.covers.end <= draft.on:
            segments.append(segment)
            continue
        credit = credit_line(
            segment, segment.covers.start, product=line.product, edition=line.edition, because=because
        )
        draft.lines.append(credit)
        opened = open_segment(
            covers=segment.covers,
            term=segment.term,
            unit=segment.unit,
            quantity=quantity,
            months=segment.months,
            cycle=segment.cycle,
            discounts=segment.discounts,
            taxes=segment.taxes,
        )
        segments.append(opened)
        _charge(draft, line, opened, LineKind.CHARGE, because)
    draft.put(replace(line, quantity=quantity, segments=tuple(segments)))


def add_line(
    draft: QuoteDraft,
    line: LineFacts,
    *,
    because: tuple[str, ...],
    inherited: dict[Period, tuple[AppliedDiscount, ...]] | None = None,
) -> None:
    """Buy a new line for all paid days ahead, with the percentages of this change.

    `inherited` are discounts, by term, of the lines it replaces.
    """
    cycle = draft.facts.paid_cycle
    segments = []
    for term in draft.facts.terms(draft.on):
        carried = (inherited or {}).get(term, ())
        segment = open_segment(
            covers=term.from_day(draft.on),
            term=term,
            unit=line.unit,
            quantity=line.quantity,
            months=draft.facts.months(line.product, cycle),
            cycle=cycle,
            discounts=in_order((*carried, *discounts.percentages(draft.given, line.product))),
            taxes=draft.facts.taxes(line.product, draft.on),
        )
        segments.append(segment)
        _charge(draft, line, segment, LineKind.CHARGE, because)
    draft.put(replace(line, segments=tuple(segments)))


def combine(
    draft: QuoteDraft, lines: tuple[LineFacts, ...], suite: LineFacts, because: tuple[str, ...]
) -> None:
    """Replace lines by a Suite for all paid days ahead.

    The Suite goes on with what every replaced line was bought with: percentages that all carried,
    and their shares of fixed amounts together. Discounts for single products end with their line.
    """
    inherited: dict[Period, tuple[AppliedDiscount, ...]] = {}
    for term in draft.facts.terms(draft.on):
        replaced = [s for line in lines for s in line.segments if s.term == term and s.covers.end > draft.on]
        inherited[term] = inherit(suite.product, replaced)
    had = {a.code for line in lines for s in line.segments if s.covers.end > draft.on for a in s.discounts}
    kept = {applied.code for carried in inherited.values() for applied in carried}
    ended = _end_discounts(draft, {line.product for line in lines}, suite.product)
    for line in lines:
        segments = [s for s in line.segments if s.covers.end <= draft.on]
        for segment in line.segments:
            if segment.covers.end > draft.on:
                segments += _cut(draft, line, segment, because)
        draft.closed.append(replace(line, segments=tuple(segments)))
        draft.notices += price_notices(line, suite, draft.facts, draft.on)
    draft.notices += [
        Notice(NoticeCode.DISCOUNT_LOST, {"code": code}) for code in sorted((had - kept) | ended)
    ]
    products = [line.product for line in lines]
    draft.take(products)
    _carry_reduction(draft, products, suite)
    _lose_temporary(draft, products)
    add_line(draft, suite, because=because, inherited=inherited)


def inherit(suite: str, segments: list[Segment]) -> tuple[AppliedDiscount, ...]:
    """Return the discounts a Suite takes over from the segments it replaces in one term."""
    carried: list[AppliedDiscount] = []
    for applied in (a for segment in segments for a in segment.discounts):
        if applied.code in {c.code for c in carried} or not applied.covers(suite):
            continue
        same = [a for s in segments for a in s.discounts if a.code == applied.code]
        if applied.percent is None:
            carried.append(replace(applied, share=sum(a.share for a in same)))
        elif len(same) == len(segments):
            carried.append(applied)
    return in_order(carried)


def _end_discounts(draft: QuoteDraft, replaced: set[str], suite: str) -> set[str]:
    """End the discounts for single products whose last line becomes a Suite; return their codes.

    One that is also for a line that stays goes on there.
    """
    facts = draft.facts
    stay = {line.product for line in facts.lines} - replaced | {suite}
    ended = [
        d
        for d in facts.discounts
        if any(d.covers(product) for product in replaced) and not any(d.covers(product) for product in stay)
    ]
    draft.facts = replace(facts, discounts=tuple(d for d in facts.discounts if d not in ended))
    return {d.code for d in ended}


def in_order(applied: Iterable[AppliedDiscount]) -> tuple[AppliedDiscount, ...]:
    """Return discounts with the percentages first, otherwise as they came."""
    return tuple(sorted(applied, key=lambda a: a.percent is None))


def extend(draft: QuoteDraft, because: tuple[str, ...]) -> None:
    """Buy the next period with the seats of today; what waits moves to the new renewal day.

    Lines that are to end as planned are left out: they are paid until their day, and their removal keeps it.
    """
    facts = draft.facts
    period = facts.next_period
    going = [line for line in facts.lines if line.product in draft.ending]
    priced, charged = whole_period(
        facts,
        _lasting(draft, [line for line in facts.lines if line not in going], period.start),
        given=facts.discounts,
        covers=period,
        term=period,
        cycle=facts.paid_cycle,
        because=because,
        issued_on=draft.on,
    )
    draft.lines += priced
    moving = [s for s in facts.scheduled if s.product not in draft.ending]
    draft.notices += [
        Notice(NoticeCode.SCHEDULED_MOVES, {"scheduled": s, "from": s.takes_effect_on, "to": period.end})
        for s in moving
    ]
    draft.notices += [
        Notice(
            NoticeCode.ENDS_AS_PLANNED,
            {"product": line.product, "on": period.start, "used": line.seats_in_use},
        )
        for line in going
    ]
    bought = {line.product: line for line in charged}
    draft.facts = replace(
        facts,
        lines=tuple(bought.get(line.product, line) for line in facts.lines),
        period=facts.period_on(draft.on),
        paid_until=period.end,
        scheduled=tuple(
            replace(s, takes_effect_on=period.end) if s in moving else s for s in facts.scheduled
        ),
        discounts=discounts.used_once(facts.discounts, charged),
    )


def buy_rest(draft: QuoteDraft) -> None:
    """Buy lines that were to end before the renewal and are kept, for the days until it.

    At their lasting price with the percentages in force; a fixed amount was shared when the others were
    extended, and no period of a code is counted again.
    """
    facts = draft.facts
    for line in facts.lines:
        ended = draft.before.ends_early(line.product)
        if ended is None or facts.ends_early(line.product) is not None:
            continue
        rest = Period(ended, facts.renews_on)
        priced, (kept,) = whole_period(
            facts,
            _lasting(draft, [line], rest.start),
            given=[discount for discount in facts.discounts if discount.percent is not None],
            covers=rest,
            term=rest,
            cycle=facts.paid_cycle,
            because=(ChangeKind.KEEP_PRODUCT,),
            issued_on=draft.on,
        )
        draft.lines += priced
        draft.put(kept)


def _lasting(draft: QuoteDraft, lines: list[LineFacts], on: date) -> list[LineFacts]:
    """Return lines at the price they have from a day on, with what they lose by it told."""
    facts = draft.facts
    lasting = [at_lasting_price(line, facts, facts.paid_cycle, on) for line in lines]
    for old, new in zip(lines, lasting, strict=True):
        draft.notices += price_notices(old, new, facts, draft.on)
    return lasting


def first_purchase(draft: QuoteDraft, change: FirstPurchase) -> None:
    """Buy a whole period from today in a cycle; today is the anchor."""
    period = next_period(draft.on, draft.on, change.cycle)
    bought = [_first_line(draft, item, change.cycle) for item in change.items]
    kept = {line.product for line in bought}
    draft.closed += [line for line in draft.facts.lines if line.product not in kept]
    priced, charged = whole_period(
        draft.facts,
        bought,
        given=draft.facts.discounts,
        covers=period,
        term=period,
        cycle=change.cycle,
        because=(change.code,),
        issued_on=draft.on,
    )
    draft.lines += priced
    draft.facts = replace(
        draft.facts,
        state=AccountState.ACTIVE,
        cycle=change.cycle,
        anchor=draft.on,
        period=period,
        paid_until=period.end,
        lines=charged,
        discounts=discounts.used_once(draft.facts.discounts, charged),
    )


def _first_line(draft: QuoteDraft, item: Item, cycle: Cycle) -> LineFacts:
    """Return the line of an item at list price; what was tried in a trial goes on, people included."""
    line = listed(draft.facts, item.product, item.edition, item.quantity, cycle=cycle, on=draft.on)
    tried = draft.facts.line(item.product)
    if tried is None:
        return line
    return replace(line, id=tried.id, seats_in_use=tried.seats_in_use, holders=tried.holders)


def _cut(draft: QuoteDraft, line: LineFacts, segment: Segment, because: tuple[str, ...]) -> list[Segment]:
    """Credit a segment from the day on; return what is left of it, nothing where it had not begun."""
    credit = credit_line(segment, draft.on, product=line.product, edition=line.edition, because=because)
    draft.lines.append(credit)
    _tell_tax(draft, line.product, segment.taxes)
    covers = segment.covers.until_day(draft.on)
    left = replace(segment, covers=covers, credited=segment.credited - credit.amount)
    return [left] if covers.days else []


def _tell_tax(draft: QuoteDraft, product: str, was: LineTaxes) -> None:
    """Say that days which were paid at one rate are charged anew at another, not the new seats alone."""
    now = draft.facts.taxes(product, draft.on)
    both = {"was": tuple(map(to_plain, was)), "now": tuple(map(to_plain, now))}
    notice = Notice(NoticeCode.TAXED_ANEW, {"product": product, **both})
    if burden(was) != burden(now) and notice not in draft.notices:
        draft.notices.append(notice)


def _charge(
    draft: QuoteDraft, line: LineFacts, segment: Segment, kind: LineKind, because: tuple[str, ...]
) -> None:
    draft.lines.append(
        charge_line(segment, product=line.product, edition=line.edition, kind=kind, because=because)
    )


def _carry_reduction(draft: QuoteDraft, products: list[str], suite: LineFacts) -> None:
    """Let reductions of replaced lines go on as one of the Suite, as far as it can be one."""
    facts = draft.facts
    waiting = [s for s in facts.scheduled if s.product in products]
    quantities = [s.quantity for s in waiting if s.quantity is not None]
    carried: tuple[ScheduledFacts, ...] = ()
    if quantities and suite.seats_in_use <= max(quantities) < suite.quantity:
        carried = (
            ScheduledFacts(
                ScheduledKind.QUANTITY,
                facts.renews_on,
                suite.product,
                quantity=max(quantities),
                version=facts.version + 1,
            ),
        )
    else:
        draft.notices += [Notice(NoticeCode.SCHEDULED_DROPPED, {"scheduled": s}) for s in waiting]
    rest = tuple(s for s in facts.scheduled if s not in waiting)
    draft.facts = replace(facts, scheduled=(*rest, *carried))


def _lose_temporary(draft: QuoteDraft, products: list[str]) -> None:
    lost = [t for t in draft.facts.temporary if t.product in products and t.covers.end > draft.on]
    draft.notices += [
        Notice(
            NoticeCode.TEMPORARY_LOST, {"product": t.product, "quantity": t.quantity, "until": t.covers.end}
        )
        for t in lost
    ]
    kept = tuple(t for t in draft.facts.temporary if t not in lost)
    draft.facts = replace(draft.facts, temporary=kept)
