"""A forecast for its page: what happens on each day, the months as a chart, and both as CSV.

Calculates no amount.
"""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from django.utils.translation import gettext as _

from accounts.spreadsheet import defused
from admin_center.presenters import charts
from admin_center.presenters.activity_csv import BYTE_ORDER_MARK, Echo
from admin_center.presenters.charts import MonthChart
from admin_center.wording import planned
from billing.rules.forecast import Forecast, PlannedEvent
from billing.rules.money import to_decimal
from billing.rules.settlement import Settlement
from billing.storage.loading import LoadedFacts


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
class ForecastView:
    """A forecast for its page; `usual_due` is what is collected without the edit that it is told for."""

    forecast: Forecast
    rows: tuple[PlannedRow, ...]
    chart: MonthChart
    usual_due: int | None

    @property
    def uses_balance(self) -> bool:
        """Tell whether the credit balance, or a small sum carried over, settles any of it."""
        return any(row.from_balance for row in self.rows)


def of(forecast: Forecast, reading: LoadedFacts, usual: Forecast | None = None) -> ForecastView:
    """Return a forecast with its words; `usual` is the one without the edit that it is told for."""
    sums = {month.first: month.due for month in usual.months} if usual else None
    return ForecastView(
        forecast=forecast,
        rows=tuple(_row(event, reading) for event in forecast.events),
        chart=charts.by_month([(month.first, month.due) for month in forecast.months], sums),
        usual_due=usual.due if usual else None,
    )


def _row(event: PlannedEvent, reading: LoadedFacts) -> PlannedRow:
    told = planned.sentence(event, reading.names)
    return PlannedRow(event.on, told, event.settlement, event.old, event.new)


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
