"""Carry out the changes of one quote in their order: discounts, lines, extension, then what waits."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import assert_never

from billing.rules import changes as new
from billing.rules import checks, drafting, refusals, regret
from billing.rules.changes import Change
from billing.rules.drafting import QuoteDraft
from billing.rules.facts import (
    DiscountFacts,
    DiscountSource,
    LineFacts,
    ProductKind,
    ScheduledFacts,
    ScheduledKind,
    TemporaryFacts,
)
from billing.rules.lines import LineKind, charge_line, open_segment
from billing.rules.notices import Notice, NoticeCode
from billing.rules.periods import Cycle, Period, next_period
from billing.rules.renewal_lines import at_list_price, becomes, listed
from billing.rules.suites import combination


def make(draft: QuoteDraft, changes: Sequence[Change]) -> None:
    """Make all changes on a draft; Refusal where one cannot be made.

    A promo code comes first, so that its percentage holds for lines that are new in this change; an
    extension comes after all that is bought now, so that it has the seats of today, and so does the rest
    of what is kept after all.
    """
    for change in changes:
        if isinstance(change, new.UsePromoCode):
            _use_promo(draft, change, changes)
    for change in changes:
        if isinstance(change, new.FirstPurchase):
            _first_purchase(draft, change)
        elif isinstance(change, new.CombineIntoSuite):
            _combine(draft, change)
        elif isinstance(change, new.AddProduct):
            _add(draft, change, checks.SINGLE_KINDS)
        elif isinstance(change, new.AddOn):
            _add(draft, change, (ProductKind.ADDON, ProductKind.FLAT))
        elif isinstance(change, new.GiveBackSeats):
            _give_back(draft, change)
    _edit_lines(draft, changes)
    for change in changes:
        if isinstance(change, new.KeepProduct):
            _may_keep(draft, change)
    drafting.buy_rest(draft)
    for change in changes:
        if isinstance(change, new.Extend):
            _extend(draft, change)
    for change in changes:
        if isinstance(change, new.BuyTemporarySeats):
            _buy_temporary(draft, change)
    for change in changes:
        _schedule(draft, change)
    _announce_promo(draft, changes)


def _use_promo(draft: QuoteDraft, change: new.UsePromoCode, changes: Iterable[Change]) -> None:
    facts = draft.facts
    had = frozenset(
        key
        for product in (
            *(line.product for line in facts.lines),
            *(item.product for one in changes for item in new.bought(one)),
        )
        for key in checks.includes_of(facts, product)
    )
    first = any(isinstance(c, new.FirstPurchase) for c in changes)
    promo = checks.promo_allowed(facts, change, draft.on, had=had, first=first)
    given = DiscountFacts(
        code=promo.code,
        source=DiscountSource.PROMO,
        percent=promo.percent,
        amount=promo.amount,
        products=promo.products,
        periods_left=promo.periods,
        order=max((d.order for d in facts.discounts), default=0) + 1,
        version=facts.version + 1,
    )
    draft.given.append(given)
    draft.facts = replace(facts, discounts=(*facts.discounts, given))


def _announce_promo(draft: QuoteDraft, changes: Iterable[Change]) -> None:
    """Say that a code does nothing yet, where no whole period and no new line took it."""
    taken = {share.code for line in draft.lines for share in line.discounts}
    draft.notices += [
        Notice(NoticeCode.PROMO_STARTS_AT_RENEWAL, {"code": change.promo, "on": draft.facts.renews_on})
        for change in changes
        if isinstance(change, new.UsePromoCode) and change.promo not in taken
    ]


def _first_purchase(draft: QuoteDraft, change: new.FirstPurchase) -> None:
    facts = draft.facts
    if not change.items:
        raise refusals.NoChange
    bought: list[LineFacts] = []
    for item in change.items:
        checks.may_buy(replace(facts, lines=tuple(bought)), item.product, tuple(ProductKind))
        checks.sold_unit(facts, item.product, item.edition, change.cycle, draft.on)
        checks.quantity_allowed(facts, item.product, item.quantity)
        tried = facts.line(item.product)
        if tried is not None:
            checks.at_least_in_use(item.product, item.quantity, tried.seats_in_use)
        bought.append(
            listed(facts, item.product, item.edition, item.quantity, cycle=change.cycle, on=draft.on)
        )
    drafting.first_purchase(draft, change)


def _add(draft: QuoteDraft, change: new.AddProduct | new.AddOn, kinds: tuple[ProductKind, ...]) -> None:
    checks.may_buy(draft.facts, change.product, kinds)
    checks.quantity_allowed(draft.facts, change.product, change.quantity)
    drafting.add_line(draft, _listed(draft, change), because=(change.code,))


def _listed(draft: QuoteDraft, change: new.AddProduct | new.AddOn | new.CombineIntoSuite) -> LineFacts:
    cycle = draft.facts.paid_cycle
    checks.sold_unit(draft.facts, change.product, change.edition, cycle, draft.on)
    return listed(draft.facts, change.product, change.edition, change.quantity, cycle=cycle, on=draft.on)


def _combine(draft: QuoteDraft, change: new.CombineIntoSuite) -> None:
    facts = draft.facts
    included = facts.product(change.product).includes
    others = tuple(line for line in facts.lines if line.product not in included)
    checks.may_buy(replace(facts, lines=others), change.product, (ProductKind.SUITE,))
    found = combination(facts, change.product)
    if found is None:
        raise refusals.NoSuchLine(product=change.product)
    checks.quantity_allowed(facts, change.product, change.quantity)
    checks.at_least_in_use(change.product, change.quantity, found.least)
    suite = replace(_listed(draft, change), holders=found.holders, seats_in_use=found.least)
    drafting.combine(draft, found.lines, suite, (change.code,))


def _edit_lines(draft: QuoteDraft, changes: Iterable[Change]) -> None:
    """Make upgrades and added seats, both of one line in one step."""
    edits: dict[str, list[new.AddSeats | new.ChangeEdition]] = {}
    for change in changes:
        upgrade = isinstance(change, new.ChangeEdition) and new.is_upgrade(change, draft.before)
        if isinstance(change, new.AddSeats) or (isinstance(change, new.ChangeEdition) and upgrade):
            edits.setdefault(change.product, []).append(change)
    for product, own in edits.items():
        old = checks.line_of(draft.facts, product)
        line = old
        for edit in own:
            line = _edited(draft, line, edit)
        drafting.edit_line(draft, old, line, because=tuple(edit.code for edit in own))


def _edited(draft: QuoteDraft, line: LineFacts, edit: new.AddSeats | new.ChangeEdition) -> LineFacts:
    if isinstance(edit, new.AddSeats):
        if edit.quantity == line.quantity:
            raise refusals.NoChange(product=line.product)
        if edit.quantity < line.quantity:
            raise refusals.WrongDirection(product=line.product, quantity=edit.quantity, now=line.quantity)
        checks.quantity_allowed(draft.facts, line.product, edit.quantity)
        return replace(line, quantity=edit.quantity)
    cycle = draft.facts.paid_cycle
    checks.sold_unit(draft.facts, line.product, edit.edition, cycle, draft.on)
    return at_list_price(replace(line, edition=edit.edition), draft.facts, cycle, draft.on)


def _give_back(draft: QuoteDraft, change: new.GiveBackSeats) -> None:
    line = checks.line_of(draft.facts, change.product)
    found = regret.window(draft.facts, line, draft.on)
    if found is None:
        raise refusals.RegretOver(product=line.product)
    checks.quantity_allowed(draft.facts, line.product, change.quantity)
    checks.at_least_in_use(line.product, change.quantity, line.seats_in_use)
    least, most = line.quantity - found.added, line.quantity - 1
    if not least <= change.quantity <= most:
        raise refusals.QuantityOutOfRange(
            product=line.product, quantity=change.quantity, least=least, most=most
        )
    drafting.give_back(draft, line, change.quantity, because=(change.code,))


def _may_keep(draft: QuoteDraft, change: new.KeepProduct) -> None:
    """Refuse to keep what does not end; a removal that waits for the renewal is dropped for nothing."""
    line = checks.line_of(draft.facts, change.product)
    if draft.before.waiting(ScheduledKind.REMOVAL, line.product) is None:
        raise refusals.NoChange(product=line.product)


def _extend(draft: QuoteDraft, change: new.Extend) -> None:
    facts = draft.facts
    if facts.period_on(draft.on).end < facts.renews_on:
        raise refusals.ExtensionAhead(until=facts.renews_on)
    drafting.extend(draft, (change.code,))


def _buy_temporary(draft: QuoteDraft, change: new.BuyTemporarySeats) -> None:
    """Charge temporary seats period by period: those that are paid, then the coming ones."""
    facts = draft.facts
    checks.temporary_allowed(facts, change, draft.on)
    line = checks.line_of(facts, change.product)
    cycle = facts.paid_cycle
    unit = checks.sold_unit(facts, line.product, line.edition, cycle, draft.on)
    wanted = Period(change.start, change.start + timedelta(days=change.days))
    charged = 0
    for term in _terms_until(draft, wanted):
        segment = open_segment(
            covers=wanted.overlap(term),
            term=term,
            unit=unit,
            quantity=change.quantity,
            months=facts.months(line.product, cycle),
            cycle=cycle,
            discounts=(),
            taxes=facts.taxes(line.product, draft.on),
        )
        charged += segment.charged
        draft.lines.append(
            charge_line(
                segment,
                product=line.product,
                edition=line.edition,
                kind=LineKind.TEMPORARY,
                because=(change.code,),
            )
        )
    seats = TemporaryFacts(line.product, change.quantity, wanted, charged)
    draft.facts = replace(facts, temporary=(*facts.temporary, seats))


def _terms_until(draft: QuoteDraft, wanted: Period) -> list[Period]:
    facts = draft.facts
    terms = list(facts.terms(draft.on))
    end = facts.renews_on
    while end < wanted.end:
        terms.append(next_period(facts.first_day, end, facts.paid_cycle))
        end = terms[-1].end
    return [term for term in terms if wanted.overlap(term).days]


def _schedule(draft: QuoteDraft, change: Change) -> None:
    """Write down what waits for renewal."""
    match change:
        case new.ReduceSeats():
            _schedule_reduction(draft, change)
        case new.ChangeEdition():
            if not new.is_upgrade(change, draft.before):
                _schedule_edition(draft, change)
        case new.RemoveProduct():
            _schedule_removal(draft, change)
        case new.ChangeCycle():
            _schedule_cycle(draft, change)
        case new.GiveBackSeats() | new.FirstPurchase() | new.CombineIntoSuite():
            pass
        case new.AddProduct() | new.AddOn() | new.AddSeats():
            pass  # Made already, by `make`: at once, and so are those that follow.
        case new.KeepProduct() | new.Extend() | new.BuyTemporarySeats() | new.UsePromoCode():
            pass
        case _:
            assert_never(change)


def _schedule_reduction(draft: QuoteDraft, change: new.ReduceSeats) -> None:
    line = checks.line_of(draft.facts, change.product)
    if change.quantity == line.quantity:
        _stays(draft, ScheduledKind.QUANTITY, line.product)
        return
    if change.quantity > line.quantity:
        raise refusals.WrongDirection(product=line.product, quantity=change.quantity, now=line.quantity)
    checks.quantity_allowed(draft.facts, line.product, change.quantity)
    checks.at_least_in_use(line.product, change.quantity, line.seats_in_use)
    _wait(draft, ScheduledKind.QUANTITY, line.product, quantity=change.quantity)


def _schedule_edition(draft: QuoteDraft, change: new.ChangeEdition) -> None:
    facts = draft.facts
    line = checks.line_of(facts, change.product)
    if change.edition == line.edition:
        _stays(draft, ScheduledKind.EDITION, line.product)
        return
    # In the present cycle too, so that undoing a change of cycle leaves no edition without a price.
    for cycle in {facts.paid_cycle, facts.next_cycle}:
        checks.sold_unit(facts, line.product, change.edition, cycle, facts.renews_on)
    _wait(draft, ScheduledKind.EDITION, line.product, edition=change.edition)


def _schedule_removal(draft: QuoteDraft, change: new.RemoveProduct) -> None:
    facts = draft.facts
    leaving: tuple[str, ...] = ()
    line = facts.line(facts.product(change.product).key)
    if line is None:
        line = next(
            (own for own in facts.lines if change.product in facts.product(own.product).includes), None
        )
        leaving = (change.product,)
    if line is None:
        raise refusals.NoSuchLine(product=change.product)
    waiting = facts.waiting(ScheduledKind.REMOVAL, line.product)
    if leaving and waiting is not None:
        leaving = (*waiting.leaving, *leaving)
    _wait(draft, ScheduledKind.REMOVAL, line.product, leaving=leaving)


def _schedule_cycle(draft: QuoteDraft, change: new.ChangeCycle) -> None:
    facts = draft.facts
    if change.cycle is facts.paid_cycle:
        _stays(draft, ScheduledKind.CYCLE)
        return
    _wait(draft, ScheduledKind.CYCLE, cycle=change.cycle)
    for line in facts.lines:
        becomes(line, draft.facts)


def _stays(draft: QuoteDraft, kind: ScheduledKind, product: str | None = None) -> None:
    """Go back to what holds today: what waited is dropped. NoChange where nothing did."""
    if draft.before.waiting(kind, product) is None:
        raise refusals.NoChange(**({"product": product} if product else {}))


def _wait(
    draft: QuoteDraft,
    kind: ScheduledKind,
    product: str | None = None,
    *,
    quantity: int | None = None,
    edition: str | None = None,
    cycle: Cycle | None = None,
    leaving: tuple[str, ...] = (),
) -> None:
    """Let a change wait for renewal, in the place of one of its kind on the same line."""
    facts = draft.facts
    waiting = ScheduledFacts(
        kind,
        facts.renews_on,
        product,
        quantity=quantity,
        edition=edition,
        cycle=cycle,
        leaving=leaving,
        version=facts.version + 1,
    )
    others = tuple(s for s in facts.scheduled if s.slot != waiting.slot)
    draft.facts = replace(facts, scheduled=(*others, waiting))
