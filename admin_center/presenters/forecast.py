"""A forecast for its page: what happens on each day, the months as a chart, and both as CSV.

Calculates no amount; what it calculates is how long a bar is.
"""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from django.utils import formats
from django.utils.translation import gettext as _

from accounts.spreadsheet import defused
from admin_center.presenters.activity_csv import BYTE_ORDER_MARK, Echo
from admin_center.wording import planned
from billing.rules.forecast import Forecast, PlannedEvent
from billing.rules.money import to_decimal
from billing.rules.settlement import Settlement
from billing.storage.loading import LoadedFacts

# Of the chart in pixels; widths in percent of it, so that its letters keep their size on a phone.
_ROW, _BAR, _TOP = 36, 14, 6
_LEFT, _WIDEST = 25.0, 41.0


@dataclass(frozen=True, slots=True)
class PlannedRow:
    """What happens on a day, with the charge that it brings, if any; prices in minor units, zero for none."""

    on: date
    sentence: str
    settlement: Settlement | None
    old: int
    new: int

    @property
    def from_balance(self) -> int:
        """Return what the balance takes off: negative, positive where it adds an earlier small sum."""
        return -self.settlement.prepaid if self.settlement else 0


@dataclass(frozen=True, slots=True)
class ChartBar:
    """One bar: where it begins from the top in pixels, and how long it is as an attribute of SVG."""

    y: int
    width: str


@dataclass(frozen=True, slots=True)
class ChartMonth:
    """A month of the chart: what is collected, as edited and (with an edit) as things stand, minor units."""

    first: date
    label: str
    due: int
    bar: ChartBar
    text_y: int
    usual: int | None = None
    usual_bar: ChartBar | None = None

    @property
    def difference(self) -> int:
        """Return how much more is collected with the edit than without."""
        return self.due - (self.usual or 0)


@dataclass(frozen=True, slots=True)
class ForecastView:
    """A forecast for its page; `usual_due` is what is collected without the edit that it is told for."""

    forecast: Forecast
    rows: tuple[PlannedRow, ...]
    months: tuple[ChartMonth, ...]
    height: int
    usual_due: int | None

    @property
    def uses_balance(self) -> bool:
        """Tell whether the credit balance, or a small sum carried over, settles any of it."""
        return any(row.from_balance for row in self.rows)


def of(forecast: Forecast, reading: LoadedFacts, usual: Forecast | None = None) -> ForecastView:
    """Return a forecast with its words; `usual` is the one without the edit that it is told for."""
    step = _ROW if usual is None else _ROW + _BAR
    months = tuple(_months(forecast, usual, step))
    return ForecastView(
        forecast=forecast,
        rows=tuple(_row(event, reading) for event in forecast.events),
        months=months,
        height=len(months) * step,
        usual_due=usual.due if usual else None,
    )


def _row(event: PlannedEvent, reading: LoadedFacts) -> PlannedRow:
    told = planned.sentence(event, reading.names)
    return PlannedRow(event.on, told, event.settlement, event.old, event.new)


def _months(forecast: Forecast, usual: Forecast | None, step: int) -> Iterator[ChartMonth]:
    sums = {one.first: one.due for one in usual.months} if usual else {}
    largest = max([1, *(one.due for one in forecast.months), *sums.values()])
    for place, month in enumerate(forecast.months):
        top = place * step + _TOP
        without = sums.get(month.first, 0) if usual else None
        yield ChartMonth(
            first=month.first,
            label=formats.date_format(month.first, "N Y"),
            due=month.due,
            bar=ChartBar(top, _width(month.due, largest)),
            text_y=top + _BAR - 2,
            usual=without,
            usual_bar=None if without is None else ChartBar(top + _BAR + 2, _width(without, largest)),
        )


def _width(amount: int, largest: int) -> str:
    """Return how long a bar is, in percent with a point: SVG knows no other language."""
    return f"{_WIDEST * max(amount, 0) / largest:.2f}%"


def as_csv(forecast: Forecast, reading: LoadedFacts) -> Iterator[str]:
    """Yield what is planned line by line, as CSV; what begins as a formula is defused."""
    writer, currency = csv.writer(Echo()), reading.facts.currency
    heading = (
        *(_("Day"), _("What happens"), _("Before tax"), _("Tax"), _("Total")),
        *(_("From the credit balance"), _("To be charged"), _("Currency")),
    )
    yield BYTE_ORDER_MARK + writer.writerow(heading)
    for event in forecast.events:
        words = defused(planned.sentence(event, reading.names))
        yield writer.writerow((event.on.isoformat(), words, *_amounts(event.settlement, currency), currency))


def _amounts(settled: Settlement | None, currency: str) -> tuple[object, ...]:
    if settled is None:
        return ("",) * 5
    sums = settled.subtotal, settled.tax, settled.total, -settled.prepaid, settled.due
    return tuple(to_decimal(amount, currency) for amount in sums)
