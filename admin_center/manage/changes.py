"""From the Manage form to the changes of the rules, and back: what was asked for, to be edited."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any, assert_never

from admin_center.manage.form import ManageForm
from billing.rules import changes
from billing.rules.changes import Answer, Change
from billing.rules.facts import LineFacts, ProductFacts, ProductKind, ScheduledFacts, ScheduledKind
from billing.rules.periods import Cycle


def changes_of(form: ManageForm) -> tuple[Change, ...]:
    """Return what a valid form comes to, with the answers to what it meets."""
    if form.desk.first:
        return tuple(_first_purchase(form))
    given = (*_implied(form), *answers(form.data))
    made = (*_of_lines(form), *_of_products(form), *_of_subscription(form))
    return tuple(replace(change, answers=given) for change in made)


def answers(data: Mapping[str, Any]) -> tuple[Answer, ...]:
    """Return the choices about what waits; what is no choice is as if nothing was chosen."""
    found = []
    for name, value in data.items():
        if not name.startswith("answer-"):
            continue
        kind, _dash, product = name.removeprefix("answer-").partition("-")
        if kind in list(ScheduledKind) and value in list(changes.Choice):
            found.append(Answer(ScheduledKind(kind), product or None, changes.Choice(value)))
    return tuple(found)


def _first_purchase(form: ManageForm) -> Iterator[Change]:
    items = tuple(
        changes.Item(product.key, _edition(form, product), quantity)
        for product in form.fielded
        if (quantity := form.cleaned_data.get(f"seats-{product.key}") or 0) > 0
    )
    if items:
        yield changes.FirstPurchase(Cycle(form.cleaned_data.get("cycle") or form.desk.cycle), items)
        yield from _promo(form)


def _implied(form: ManageForm) -> Iterator[Answer]:
    """Yield the answers that lie in the edit itself: what is scheduled stood in the field that was edited."""
    if not form.fresh:
        return
    desk = form.desk
    for line in desk.lines:
        quantity, edition = _typed(form, line)
        fewer = desk.waits(ScheduledKind.QUANTITY, line.product)
        lower = desk.waits(ScheduledKind.EDITION, line.product)
        removal = desk.waits(ScheduledKind.REMOVAL, line.product)
        if fewer and quantity != fewer.quantity and quantity <= line.quantity:
            yield Answer(fewer.kind, fewer.product, changes.Choice.DROP)
        if lower and edition != lower.edition and not _is_higher(form, line, edition):
            yield Answer(lower.kind, lower.product, changes.Choice.DROP)
        if removal and _is_kept(form, removal):
            yield Answer(removal.kind, removal.product, changes.Choice.DROP)
        elif removal and removal.leaving:
            # Another product that is ticked beside it leaves, too.
            yield Answer(removal.kind, removal.product, changes.Choice.KEEP)
    cycle = desk.waits(ScheduledKind.CYCLE)
    if cycle and form.cleaned_data.get("cycle") != cycle.cycle:
        yield Answer(cycle.kind, None, changes.Choice.DROP)


def _typed(form: ManageForm, line: LineFacts) -> tuple[int, str]:
    asked = form.cleaned_data
    return asked[f"seats-{line.product}"], asked.get(f"edition-{line.product}") or line.edition


def _is_higher(form: ManageForm, line: LineFacts, edition: str) -> bool:
    return changes.is_upgrade(changes.ChangeEdition(line.product, edition), form.desk.facts)


def _is_kept(form: ManageForm, removal: ScheduledFacts) -> bool:
    """Tell whether the ticks of a removal that is scheduled were taken out."""
    names = [f"leave-{key}" for key in removal.leaving] or [f"remove-{removal.product}"]
    return not any(form.cleaned_data.get(name) for name in names)


def _of_lines(form: ManageForm) -> Iterator[Change]:
    asked, facts = form.cleaned_data, form.desk.facts
    for line in form.desk.lines:
        name = f"remove-{line.product}"
        if asked.get(name) and name not in form.ticked:
            yield changes.RemoveProduct(line.product)
            continue
        removal = form.desk.waits(ScheduledKind.REMOVAL, line.product)
        if asked.get(f"keep-{line.product}") or (form.fresh and removal and _is_kept(form, removal)):
            yield changes.KeepProduct(line.product)
        yield from _of_line(form, line)
        for key in facts.product(line.product).includes:
            if asked.get(f"leave-{key}") and f"leave-{key}" not in form.ticked:
                yield changes.RemoveProduct(key)


def _of_line(form: ManageForm, line: LineFacts) -> Iterator[Change]:
    """Yield what becomes of a line: what is scheduled is no edit, and what holds today drops it."""
    desk, (quantity, edition) = form.desk, _typed(form, line)
    fewer = desk.waits(ScheduledKind.QUANTITY, line.product)
    lower = desk.waits(ScheduledKind.EDITION, line.product)
    if lower and form.fresh and edition == line.edition:
        yield changes.ChangeEdition(line.product, edition)
    if fewer and form.fresh and quantity == line.quantity:
        yield changes.ReduceSeats(line.product, quantity)
    yield from changes.for_line(
        desk.facts,
        line.product,
        edition=line.edition if lower and edition == lower.edition else edition,
        quantity=line.quantity if fewer and quantity == fewer.quantity else quantity,
    )


def _of_products(form: ManageForm) -> Iterator[Change]:
    for product in form.fielded:
        quantity = form.cleaned_data.get(f"seats-{product.key}") or 0
        edition = _edition(form, product)
        if form.desk.combines(product):
            if form.cleaned_data.get(f"combine-{product.key}"):
                yield changes.CombineIntoSuite(product.key, edition, quantity)
        elif quantity and product.kind in (ProductKind.ADDON, ProductKind.FLAT):
            yield changes.AddOn(product.key, edition, quantity)
        elif quantity:
            yield changes.AddProduct(product.key, edition, quantity)


def _of_subscription(form: ManageForm) -> Iterator[Change]:
    asked = form.cleaned_data
    cycle = Cycle(asked.get("cycle") or form.desk.next_cycle)
    if cycle is not form.desk.next_cycle and (form.fresh or cycle is not form.desk.facts.paid_cycle):
        yield changes.ChangeCycle(cycle)
    if asked.get("extend"):
        yield changes.Extend()
    if asked.get("temporary_seats"):
        first, last = asked["temporary_first"], asked["temporary_last"]
        product = asked["temporary_product"] or form.desk.temporary()[0].product
        yield changes.BuyTemporarySeats(product, asked["temporary_seats"], first, (last - first).days + 1)
    yield from _promo(form)


def _promo(form: ManageForm) -> Iterator[Change]:
    if code := (form.cleaned_data.get("promo") or "").strip().upper():
        yield changes.UsePromoCode(code)


def _edition(form: ManageForm, product: ProductFacts) -> str:
    return form.cleaned_data.get(f"edition-{product.key}") or form.desk.sold(product)[0].key


def prefilled(asked: Iterable[Change]) -> dict[str, Any]:
    """Return the form's initial values for changes that were asked for, or quoted."""
    initial: dict[str, Any] = {}
    for change in asked:
        initial |= _prefilled(change)
        for answer in change.answers:
            initial[f"answer-{answer.kind.value}-{answer.product or ''}"] = answer.choice.value
    return initial


def _prefilled(change: Change) -> dict[str, Any]:
    match change:
        case changes.AddSeats() | changes.ReduceSeats() | changes.GiveBackSeats():
            return {f"seats-{change.product}": change.quantity}
        case changes.ChangeEdition():
            return {f"edition-{change.product}": change.edition}
        case changes.AddProduct() | changes.AddOn() | changes.CombineIntoSuite():
            return {f"combine-{change.product}": True} | _line(change)
        case changes.RemoveProduct():
            return {f"remove-{change.product}": True, f"leave-{change.product}": True}
        case changes.KeepProduct():
            return {f"keep-{change.product}": True, f"remove-{change.product}": False}
        case changes.ChangeCycle():
            return {"cycle": change.cycle.value}
        case changes.Extend():
            return {"extend": True}
        case changes.UsePromoCode():
            return {"promo": change.promo}
        case changes.FirstPurchase():
            lines = {name: value for item in change.items for name, value in _line(item).items()}
            return {"cycle": change.cycle.value} | lines
        case changes.BuyTemporarySeats():
            return {
                "temporary_product": change.product,
                "temporary_seats": change.quantity,
                "temporary_first": change.start,
                "temporary_last": change.start + timedelta(days=change.days - 1),
            }
        case _:
            assert_never(change)


def _line(one: Any) -> dict[str, Any]:
    return {f"seats-{one.product}": one.quantity, f"edition-{one.product}": one.edition}
