"""What must hold before a change is priced; each broken promise is a refusal with its data."""

from collections.abc import Iterable
from datetime import date
from typing import assert_never

from accounts.rules.capabilities import AccountState, whole_catalogue
from billing.rules import changes as new
from billing.rules import refusals
from billing.rules.changes import Change, Moment, takes_effect
from billing.rules.conflicts import lines_of
from billing.rules.facts import Availability, Facts, LineFacts, ProductKind, PromoFacts, ScheduledKind
from billing.rules.periods import Cycle
from billing.rules.renewal_lines import includes

LONGEST_TEMPORARY = 365
SINGLE_KINDS = (ProductKind.PRODUCT, ProductKind.SUITE)


def may_change(facts: Facts, changes: Iterable[Change], on: date) -> None:
    """Refuse what the state, a held change, a due renewal or the day forbids altogether."""
    if facts.state in (AccountState.SUSPENDED, AccountState.CANCELLED):
        raise refusals.StateForbids(state=facts.state.value, invoice=facts.past_due_invoice)
    if facts.held:
        raise refusals.HeldChange
    first = any(isinstance(change, new.FirstPurchase) for change in changes)
    if facts.has_bought and first:
        raise refusals.NotFirstPurchase
    if not facts.has_bought:
        if not first:
            raise refusals.FirstPurchaseNeeded
        return
    if on >= facts.due_on:
        # From the first moment of that day: what is bought on it is bought in the next period.
        due = refusals.RenewalParked if facts.parked else refusals.RenewalDue
        raise due(due=facts.due_on)
    start = facts.current_period.start
    if on < start:
        raise refusals.OutsidePeriod(on=on, start=start)


def agree(facts: Facts, changes: Iterable[Change]) -> None:
    """Refuse changes that cannot be made together, or that wait in the same form already."""
    changes = tuple(changes)
    for i, first in enumerate(changes):
        for second in changes[i + 1 :]:
            if _clash(first, second, facts) or _clash(second, first, facts):
                raise refusals.Contradiction(
                    first=first.code.value, second=second.code.value, product=getattr(second, "product", None)
                )
    for change in changes:
        _not_waiting_already(change, facts)


def quantity_allowed(facts: Facts, product: str, quantity: int) -> None:
    """Refuse a quantity that is not between the product's minimum and maximum."""
    offered = facts.product(product)
    if not offered.minimum <= quantity <= offered.maximum:
        raise refusals.QuantityOutOfRange(
            product=product, quantity=quantity, least=offered.minimum, most=offered.maximum
        )


def at_least_in_use(product: str, quantity: int, used: int) -> None:
    """Refuse fewer seats than people hold."""
    if quantity < used:
        raise refusals.BelowSeatsInUse(product=product, quantity=quantity, used=used)


def sold_unit(facts: Facts, product: str, edition: str, cycle: Cycle, on: date) -> int:
    """Return an edition's list price, or refuse: sales only, included only, no price, not sold."""
    offered = facts.edition(product, edition)
    if facts.product(product).withdrawn or offered.availability is Availability.WITHDRAWN:
        raise refusals.NotSold(product=product)
    if offered.availability is Availability.SALES_ONLY:
        raise refusals.SalesOnly(product=product, edition=edition)
    if offered.availability is Availability.INCLUDED_ONLY:
        raise refusals.IncludedOnly(product=product, edition=edition)
    unit = offered.price(cycle, on)
    if unit is None:
        raise refusals.NoPriceInCycle(product=product, edition=edition, cycle=cycle.value)
    return unit


def may_buy(facts: Facts, product: str, kinds: tuple[ProductKind, ...]) -> None:
    """Refuse a product of another kind, not open to this account, or had already."""
    offered = facts.product(product)
    if offered.kind not in kinds:
        raise refusals.WrongKind(product=product, kind=offered.kind.value)
    if not whole_catalogue(facts.account_type) and not offered.open_to_assisted:
        raise refusals.NotOpenToAccountType(product=product, account_type=facts.account_type.value)
    wanted = {product, *offered.includes}
    for line in facts.lines:
        if wanted & includes(facts, (line,)):
            raise refusals.AlreadyBought(product=product, line=line.product)


def line_of(facts: Facts, product: str) -> LineFacts:
    """Return the live line of a product of the catalogue; UnknownProduct or NoSuchLine."""
    line = facts.line(facts.product(product).key)
    if line is None:
        raise refusals.NoSuchLine(product=product)
    return line


def nothing_left_alone(before: Iterable[LineFacts], after: Iterable[LineFacts], facts: Facts) -> None:
    """Refuse that an add-on stands without any product it needs, unless it stood so before."""
    stood = {line.product for line in _alone(before, facts)}
    for line in _alone(after, facts):
        if line.product not in stood:
            raise refusals.Requires(product=line.product, requires=facts.product(line.product).requires)


def temporary_allowed(facts: Facts, change: new.BuyTemporarySeats, on: date) -> None:
    """Refuse temporary seats that the edition has not, or not for these days or this many."""
    line = line_of(facts, change.product)
    if not facts.edition(line.product, line.edition).supports_temporary:
        raise refusals.TemporaryNotSupported(product=line.product, edition=line.edition)
    if not 1 <= change.days <= LONGEST_TEMPORARY:
        raise refusals.TemporaryLength(days=change.days)
    if change.start < on:
        raise refusals.StartInPast(start=change.start, today=on)
    quantity_allowed(facts, change.product, change.quantity)


def promo_allowed(
    facts: Facts, change: new.UsePromoCode, on: date, *, had: frozenset[str], first: bool
) -> PromoFacts:
    """Return the promo code that was typed, or refuse with the reason for the vendor's staff.

    `had` are the products the subscription has with this change.
    """
    promo = next((p for p in facts.promos if p.code == change.promo), None)
    reason = "unknown" if promo is None else _promo_fault(promo, facts, on, had=had, first=first)
    if promo is None or reason:
        raise refusals.PromoNotValid(promo=change.promo, reason=reason)
    return promo


def without_price(facts: Facts, cycle: Cycle) -> tuple[LineFacts, ...]:
    """Return the lines that have no price in a cycle at renewal: why it cannot be offered."""
    lines = []
    for line in facts.lines:
        waiting = facts.waiting(ScheduledKind.EDITION, line.product)
        edition = line.edition if waiting is None or waiting.edition is None else waiting.edition
        priced = facts.edition(line.product, edition).price(cycle, facts.renews_on) is not None
        if not priced and facts.waiting(ScheduledKind.REMOVAL, line.product) is None:
            lines.append(line)
    return tuple(lines)


def _promo_fault(
    promo: PromoFacts, facts: Facts, on: date, *, had: frozenset[str], first: bool
) -> str | None:
    faults = {
        "withdrawn": promo.withdrawn,
        "already_used": any(d.code == promo.code for d in facts.discounts),
        "not_yet": promo.valid_from is not None and on < promo.valid_from,
        "expired": promo.valid_until is not None and on > promo.valid_until,
        "used_up": promo.uses_left is not None and promo.uses_left < 1,
        "first_purchase_only": promo.first_purchase_only and not first,
        "currency": promo.currency not in (None, facts.currency),
        "products": bool(promo.products) and not had.intersection(promo.products),
    }
    return next((name for name, holds in faults.items() if holds), None)


def _alone(lines: Iterable[LineFacts], facts: Facts) -> tuple[LineFacts, ...]:
    lines = tuple(lines)
    had = includes(facts, lines)
    needs = ((line, facts.product(line.product).requires) for line in lines)
    return tuple(line for line, required in needs if required and not had.intersection(required))


def _clash(first: Change, second: Change, facts: Facts) -> bool:
    """Tell whether the first does not go with the second, read in this direction."""
    product, other = getattr(first, "product", None), getattr(second, "product", None)
    match first:
        case new.GiveBackSeats():
            # What it comes to depends on the line as the purchase left it.
            return True
        case new.FirstPurchase():
            return not isinstance(second, new.UsePromoCode)
        case new.UsePromoCode():
            return isinstance(second, new.UsePromoCode)
        case new.BuyTemporarySeats():
            return isinstance(second, new.BuyTemporarySeats) and _same_days(first, second)
        case new.CombineIntoSuite():
            return other is not None and other in includes_of(facts, first.product)
        case new.RemoveProduct():
            return _clashes_with_removal(first, second, facts)
        case new.AddProduct() | new.AddOn():
            return product == other and not isinstance(second, new.BuyTemporarySeats)
        case new.AddSeats() | new.ReduceSeats() | new.ChangeEdition() | new.KeepProduct():
            return type(first) is type(second) and product == other
        case new.ChangeCycle() | new.Extend():
            return type(first) is type(second)
        case _:
            assert_never(first)


def _same_days(first: new.BuyTemporarySeats, second: new.BuyTemporarySeats) -> bool:
    """Tell whether extra seats of one product are bought twice for the same stretch."""
    return (first.product, first.start, first.days) == (second.product, second.start, second.days)


def _clashes_with_removal(first: new.RemoveProduct, second: Change, facts: Facts) -> bool:
    """Tell whether a change is about a line that goes, or waits on a Suite that one product leaves."""
    other = getattr(second, "product", None)
    if other in includes_of(facts, first.product):
        return True
    waits = takes_effect(second, facts) is Moment.AT_RENEWAL and not isinstance(second, new.RemoveProduct)
    return waits and any(other == line.product for line in lines_of(first, facts))


def includes_of(facts: Facts, product: str) -> frozenset[str]:
    """Return a product with what it includes."""
    return frozenset((product, *facts.product(product).includes))


def _not_waiting_already(change: Change, facts: Facts) -> None:
    kind = _waits_already(change, facts)
    if kind is not None:
        raise refusals.AlreadyScheduled(kind=kind.value, product=getattr(change, "product", None))


def _waits_already(change: Change, facts: Facts) -> ScheduledKind | None:
    """Return the kind of what waits in the form that is asked for; None where nothing does."""
    match change:
        case new.ReduceSeats():
            found = facts.waiting(ScheduledKind.QUANTITY, change.product)
            return found.kind if found and found.quantity == change.quantity else None
        case new.ChangeEdition():
            found = facts.waiting(ScheduledKind.EDITION, change.product)
            return found.kind if found and found.edition == change.edition else None
        case new.RemoveProduct():
            return ScheduledKind.REMOVAL if _leaves_already(change.product, facts) else None
        case new.ChangeCycle():
            found = facts.waiting(ScheduledKind.CYCLE)
            return found.kind if found and found.cycle == change.cycle else None
        case new.GiveBackSeats() | new.FirstPurchase() | new.CombineIntoSuite():
            return None
        case new.AddProduct() | new.AddOn() | new.AddSeats():
            return None
        case new.KeepProduct() | new.Extend() | new.BuyTemporarySeats() | new.UsePromoCode():
            return None
        case _:
            assert_never(change)


def _leaves_already(product: str, facts: Facts) -> bool:
    removals = (s for s in facts.scheduled if s.kind is ScheduledKind.REMOVAL)
    return any(product in s.leaving or (s.product == product and not s.leaving) for s in removals)
