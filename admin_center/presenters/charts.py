"""Bars of SVG: how long each is, and where. Calculates no amount."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from django.utils import formats

# Of the chart in pixels; widths in percent of it, so that its letters keep their size on a phone.
_ROW, _BAR, _TOP = 36, 14, 6
_WIDEST = 41.0


@dataclass(frozen=True, slots=True)
class ChartBar:
    """One bar: where it begins from the top in pixels, and how long it is as an attribute of SVG."""

    y: int
    width: str


@dataclass(frozen=True, slots=True)
class ChartMonth:
    """A month of a chart with its amount, and perhaps with the usual one to compare it with; minor units."""

    first: date
    label: str
    due: int
    bar: ChartBar
    text_y: int
    usual: int | None = None
    usual_bar: ChartBar | None = None

    @property
    def difference(self) -> int:
        """Return how much more it is than usual."""
        return self.due - (self.usual or 0)


@dataclass(frozen=True, slots=True)
class MonthChart:
    """A bar for each month, one under the other, and how high they are together in pixels."""

    months: tuple[ChartMonth, ...]
    height: int

    @property
    def total(self) -> int:
        """Return what all months come to."""
        return sum(month.due for month in self.months)


def by_month(amounts: Sequence[tuple[date, int]], usual: Mapping[date, int] | None = None) -> MonthChart:
    """Return the chart of amounts in minor units; `usual` has those that they are compared with."""
    step = _ROW if usual is None else _ROW + _BAR
    return MonthChart(tuple(_months(amounts, usual, step)), len(amounts) * step)


def _months(
    amounts: Sequence[tuple[date, int]], usual: Mapping[date, int] | None, step: int
) -> Iterator[ChartMonth]:
    largest = max([1, *(amount for _first, amount in amounts), *(usual or {}).values()])
    for place, (first, amount) in enumerate(amounts):
        top = place * step + _TOP
        without = None if usual is None else usual.get(first, 0)
        yield ChartMonth(
            first=first,
            label=formats.date_format(first, "N Y"),
            due=amount,
            bar=ChartBar(top, _width(amount, largest)),
            text_y=top + _BAR - 2,
            usual=without,
            usual_bar=None if without is None else ChartBar(top + _BAR + 2, _width(without, largest)),
        )


def _width(amount: int, largest: int) -> str:
    """Return how long a bar is, in percent with a point: SVG knows no other language."""
    return f"{_WIDEST * max(amount, 0) / largest:.2f}%"
