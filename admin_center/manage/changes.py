"""From the Manage form to the changes of the rules, and back: what was asked for, to be edited."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any, assert_never

from admin_center.manage.form import ManageForm
from billing.rules import changes
from billing.rules.changes import Answer, Change
from billing.rules.facts import ProductFacts, ProductKind, ScheduledKind
from billing.rules.periods import Cycle


def changes_of(form: ManageForm) -> tuple[Change, ...]:
    """Return what a valid form comes to, with the answers to what it meets."""
    if form.desk.first:
        return tuple(_first_purchase(form))
    given = answers(form.data)
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


def _of_lines(form: ManageForm) -> Iterator[Change]:
    asked, facts = form.cleaned_data, form.desk.facts
    for line in form.desk.lines:
        if asked.get(f"remove-{line.product}"):
            yield changes.RemoveProduct(line.product)
            continue
        if asked.get(f"keep-{line.product}"):
            yield changes.KeepProduct(line.product)
        edition = asked.get(f"edition-{line.product}") or line.edition
        quantity = asked[f"seats-{line.product}"]
        yield from changes.for_line(facts, line.product, edition=edition, quantity=quantity)
        for key in facts.product(line.product).includes:
            if asked.get(f"leave-{key}"):
                yield changes.RemoveProduct(key)


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
    cycle = asked.get("cycle")
    if cycle and Cycle(cycle) is not form.desk.facts.paid_cycle:
        yield changes.ChangeCycle(Cycle(cycle))
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
            return {f"keep-{change.product}": True}
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
