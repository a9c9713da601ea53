"""The rows of the Manage page: what is held and what can be bought, each with its fields and facts."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta

from django.forms import BoundField
from django.utils.translation import gettext as _

from admin_center.manage.form import ManageForm
from admin_center.manage.options import ManageOptions
from admin_center.presenters.subscription import LineRow, Summary
from admin_center.wording import cycles, notices, phrases
from billing.rules import comparing
from billing.rules.facts import (
    Allowances,
    Availability,
    EditionFacts,
    ProductFacts,
    ProductKind,
    ScheduledFacts,
    ScheduledKind,
)
from billing.rules.periods import Cycle
from billing.rules.suites import Combination


@dataclass(frozen=True, slots=True)
class ListPrice:
    """A list price in a cycle: minor units per seat and month, of a flat item per period; None where none."""

    paid: str
    unit: int | None


@dataclass(frozen=True, slots=True)
class EditionColumn:
    """An edition as one column of the comparison."""

    name: str
    purpose: str
    prices: tuple[ListPrice, ...]
    current: bool
    sales_only: bool


@dataclass(frozen=True, slots=True)
class Comparison:
    """Editions side by side; `rows` are allowances: a label, and the value of each edition."""

    columns: tuple[EditionColumn, ...]
    rows: tuple[tuple[str, tuple[str, ...]], ...]

    @property
    def says_purposes(self) -> bool:
        """Tell whether any of them says what it is for."""
        return any(one.purpose for one in self.columns)


@dataclass(frozen=True, slots=True)
class HeldRow:
    """A line that is held, as the summary shows it, with its fields.

    `scheduled` says in words what holds until the renewal and what from then; `label` and `unit`
    what several and one of its quantity are called.
    """

    line: LineRow
    label: str
    unit: str
    place: str
    seats: BoundField
    edition: BoundField | None
    purpose: str
    remove: BoundField | None
    keep: BoundField | None
    leaving: tuple[BoundField, ...]
    comparison: Comparison | None
    scheduled: tuple[str, ...]

    @property
    def flat(self) -> bool:
        """Tell whether its price is for a period."""
        return self.line.kind is ProductKind.FLAT

    @property
    def open(self) -> bool:
        """Tell whether any of its boxes is ticked, was, or has an error: then they are to be seen."""
        boxes = [box for box in (self.remove, *self.leaving) if box is not None]
        return any(box.value() or box.initial or box.errors for box in boxes)


@dataclass(frozen=True, slots=True)
class YearView:
    """What something costs a year beside what it is compared with: minor units, before discounts and tax."""

    cost: int
    beside: int

    @property
    def less(self) -> int:
        """Return by how much it is less, 0 where it is not."""
        return max(0, self.beside - self.cost)

    @property
    def more(self) -> int:
        """Return by how much it is more, 0 where it is not."""
        return max(0, self.cost - self.beside)


@dataclass(frozen=True, slots=True)
class NewRow:
    """A product that can be bought, with its fields; `combines` names the lines it takes the place of.

    `label` and `unit` are what several and one of its quantity are called.

    `year` sets a Suite as it is proposed against the sum of its parts; `proposed` says what that is.
    """

    name: str
    label: str
    unit: str
    kind: ProductKind
    place: str
    includes: tuple[str, ...]
    needs: tuple[str, ...]
    minimum: int
    prices: tuple[ListPrice, ...]
    seats: BoundField
    edition: BoundField | None
    purpose: str
    combine: BoundField | None
    combines: tuple[str, ...]
    comparison: Comparison | None
    year: YearView | None = None
    proposed: str = ""

    @property
    def flat(self) -> bool:
        """Tell whether its price is for a period."""
        return self.kind is ProductKind.FLAT


@dataclass(frozen=True, slots=True)
class ManageRows:
    """All rows of the page; `held` before the first purchase is empty.

    `years` says of each cycle but the present one what a year costs in it, by its code.
    """

    held: tuple[HeldRow, ...] = ()
    suites: tuple[NewRow, ...] = ()
    new: tuple[NewRow, ...] = ()
    paid: str = ""
    extension: tuple[date, date] | None = None
    cycles: tuple[tuple[str, tuple[str, ...]], ...] = field(default=())
    years: Mapping[str, YearView] = field(default_factory=dict)


def of(form: ManageForm, summed: Summary | None) -> ManageRows:
    """Return the rows for a form; `summed` is the summary of the subscription, None before it has bought."""
    desk = form.desk
    rows = tuple(_new(form, product) for product in form.browsing.shown)
    ahead = None
    if "extend" in form.fields:
        period = desk.facts.next_period
        ahead = period.start, period.last_day
    return ManageRows(
        held=tuple(_held_row(form, line) for line in summed.lines) if summed else (),
        suites=tuple(row for row in rows if row.combine),
        new=tuple(row for row in rows if not row.combine),
        paid=cycles.of(desk.cycle).paid,
        extension=ahead,
        cycles=tuple(_cycles(desk)),
        years=_years(desk) if "cycle" in form.fields else {},
    )


def _years(desk: ManageOptions) -> dict[str, YearView]:
    """Return what a year costs in each other cycle, at its list prices, beside a year as it is paid now."""
    facts, found = desk.facts, {}
    if desk.first or facts.cycle is None:
        return {}
    now = comparing.lines_a_year(facts, facts.lines, facts.cycle)
    for cycle in Cycle:
        then = comparing.listed_a_year(facts, facts.lines, cycle, desk.on)
        if cycle is not facts.cycle and then is not None:
            found[cycle.value] = YearView(then, now)
    return found


def _cycles(desk: ManageOptions) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield the cycles that are not offered, with the lines that are why."""
    for cycle in Cycle:
        if cycle is not desk.facts.cycle and (names := desk.unpriced(cycle)):
            yield phrases.cycle(cycle), names


def _held_row(form: ManageForm, row: LineRow) -> HeldRow:
    desk = form.desk
    product, line = desk.facts.product(row.product), desk.facts.line(row.product)
    assert line is not None
    return HeldRow(
        line=row,
        label=phrases.unit_label(desk.reading.names, row.product),
        unit=desk.unit(row.product),
        place=row.product,
        seats=form[f"seats-{row.product}"],
        edition=_field(form, f"edition-{row.product}"),
        purpose=form.purpose(row.product),
        remove=_field(form, f"remove-{row.product}"),
        keep=_field(form, f"keep-{row.product}"),
        leaving=tuple(found for key in product.includes if (found := _field(form, f"leave-{key}"))),
        comparison=_compare(desk, product, line.edition, line.allowances),
        scheduled=tuple(_scheduled(desk, row)),
    )


def _scheduled(desk: ManageOptions, row: LineRow) -> Iterator[str]:
    """Yield what holds of a line until the renewal, and what from then, where something is scheduled."""
    facts = desk.facts
    told = {"day": phrases.day(facts.renews_on - timedelta(days=1))}
    if (waits := facts.waiting(ScheduledKind.QUANTITY, row.product)) and waits.quantity:
        yield _paid(row, waits)
    if (waits := facts.waiting(ScheduledKind.EDITION, row.product)) and waits.edition:
        then = desk.edition_name(row.product, waits.edition)
        yield _("%(now)s until %(day)s, %(then)s from then") % {**told, "now": row.edition, "then": then}
    if (waits := facts.waiting(ScheduledKind.REMOVAL, row.product)) and not row.ends_early:
        if waits.leaving:
            leaving = ", ".join(desk.name(key) for key in waits.leaving)
            yield _("Whole until %(day)s, without %(leaving)s from then") % {**told, "leaving": leaving}
        else:
            yield _("Paid until %(day)s, removed then") % told


def _paid(row: LineRow, waits: ScheduledFacts) -> str:
    """Return "10 paid until 26 October, 8 used, 5 from then" for a line whose reduction waits."""
    told = {
        "paid": phrases.number(row.quantity),
        "day": phrases.day(waits.takes_effect_on - timedelta(days=1)),
        "used": phrases.number(row.seats.used if row.seats else 0),
        "then": phrases.number(waits.quantity or 0),
    }
    if row.seats is None:
        return _("%(paid)s paid until %(day)s, %(then)s from then") % told
    return _("%(paid)s paid until %(day)s, %(used)s used, %(then)s from then") % told


def _new(form: ManageForm, product: ProductFacts) -> NewRow:
    desk = form.desk
    combined = desk.combines(product)
    year, proposed = _against_parts(form, product, combined) if combined else (None, "")
    return NewRow(
        name=desk.name(product.key),
        label=phrases.unit_label(desk.reading.names, product.key),
        unit=desk.unit(product.key),
        kind=product.kind,
        place=product.key,
        includes=tuple(desk.name(key) for key in product.includes),
        needs=() if desk.asking else _missing(desk, product),
        minimum=product.minimum,
        prices=_prices(desk, desk.sold(product)[0]),
        seats=form[f"seats-{product.key}"],
        edition=_field(form, f"edition-{product.key}"),
        purpose=form.purpose(product.key),
        combine=_field(form, f"combine-{product.key}"),
        combines=tuple(desk.name(line.product) for line in combined.lines) if combined else (),
        comparison=_compare(desk, product, None, {}),
        year=year,
        proposed=proposed,
    )


def _against_parts(
    form: ManageForm, product: ProductFacts, combined: Combination
) -> tuple[YearView | None, str]:
    """Return what a Suite as it is proposed costs a year, beside the lines that it takes the place of."""
    desk = form.desk
    edition = comparing.equal_or_above(desk.facts, combined.lines, desk.sold(product))
    unit, cycle = edition.price(desk.cycle, desk.on), desk.cycle
    if unit is None:
        return None, ""
    quantity = int(form.fields[f"seats-{product.key}"].initial or 0)
    cost = comparing.a_year(desk.facts, product.key, unit, quantity, cycle)
    proposed = phrases.line(desk.reading.names, product.key, edition.key, quantity)
    return YearView(cost, comparing.lines_a_year(desk.facts, combined.lines, cycle)), proposed


def _missing(desk: ManageOptions, product: ProductFacts) -> tuple[str, ...]:
    """Return the products of which an add-on needs one, where none of them is held."""
    had = {line.product for line in desk.lines}
    return () if had & set(product.requires) else tuple(desk.name(key) for key in product.requires)


def _prices(desk: ManageOptions, edition: EditionFacts) -> tuple[ListPrice, ...]:
    return tuple(ListPrice(cycles.of(cycle).paid, edition.price(cycle, desk.on)) for cycle in desk.cycles)


def _compare(
    desk: ManageOptions, product: ProductFacts, own: str | None, kept: Allowances
) -> Comparison | None:
    """Put the editions side by side, None where there is but one; `kept` is what came with the own price."""
    editions = desk.shown(product)
    if len(editions) < 2:
        return None
    allowed = [kept if one.key == own else one.allowances for one in editions]
    keys = list(dict.fromkeys(key for each in allowed for key in each))
    return Comparison(
        columns=tuple(
            EditionColumn(
                name=desk.edition_name(product.key, one.key),
                purpose=desk.purpose(product.key, one.key),
                prices=_prices(desk, one),
                current=one.key == own,
                sales_only=one.availability is Availability.SALES_ONLY,
            )
            for one in editions
        ),
        rows=tuple(
            (
                notices.label(desk.reading.labels, key),
                tuple(phrases.number(each[key]) if key in each else "" for each in allowed),
            )
            for key in keys
        ),
    )


def _field(form: ManageForm, name: str) -> BoundField | None:
    return form[name] if name in form.fields else None
