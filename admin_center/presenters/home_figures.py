"""The figures of the home page: seats with their trend, unused ones, spending by month, the last invoices.

Always the same few statements, whatever the number of seats and invoices. Calculates no amount.
"""

from dataclasses import dataclass
from datetime import date

from django.db.models import Exists, OuterRef, Sum
from django.db.models.functions import TruncMonth
from django.utils import formats
from django.utils.translation import gettext as _

from accounts.models import Account
from accounts.rules.decision import Action
from admin_center.pages import AccountRequest
from admin_center.presenters import charts, seats
from admin_center.presenters.charts import MonthChart
from admin_center.presenters.seats import ProductSeats
from admin_center.wording import phrases
from billing.models import Charge, Invoice
from billing.rules import seat_history
from billing.rules.money import to_minor
from billing.rules.periods import add_months
from billing.rules.seat_history import SeatMonth
from billing.rules.unused_seats import saved_a_year
from billing.storage import seat_history as stored_history
from billing.storage.loading import LoadedFacts

LAST_INVOICES = 3
# Of a column of the trend: its place in percent of the chart, its height in pixels.
_STEP, _HIGHEST = 100 / seat_history.MONTHS, 64


@dataclass(frozen=True, slots=True)
class TrendColumn:
    """A month of the trend: its label, its seats, and where its column stands as attributes of SVG."""

    label: str
    month: SeatMonth
    x: str
    bought_height: int
    used_height: int

    @property
    def bought_y(self) -> int:
        """Return where the column of the seats bought begins."""
        return _HIGHEST - self.bought_height

    @property
    def used_y(self) -> int:
        """Return where the column of the seats in use begins."""
        return _HIGHEST - self.used_height


@dataclass(frozen=True, slots=True)
class SeatFigure:
    """The seats of a product with twelve months of them; `change` says what they were at the beginning."""

    seats: ProductSeats
    columns: tuple[TrendColumn, ...]
    change: str


@dataclass(frozen=True, slots=True)
class UnusedFigure:
    """Seats of a product that nobody holds or is promised; `cost` is for a year, None where not shown."""

    seats: ProductSeats
    unused: int
    cost: int | None


@dataclass(frozen=True, slots=True)
class Figures:
    """What the home page tells in numbers; `spending` is None for who may not see invoices."""

    seats: tuple[SeatFigure, ...]
    unused: tuple[UnusedFigure, ...]
    spending: MonthChart | None
    invoices: tuple[Invoice, ...]

    @property
    def unused_cost(self) -> int | None:
        """Return what all unused seats cost a year, None where that is not shown or known of any."""
        costs = [one.cost for one in self.unused]
        return None if not costs or None in costs else sum(cost for cost in costs if cost is not None)


def of(request: AccountRequest, reading: LoadedFacts | None) -> Figures:
    """Return the figures for one person; `reading` is None for who may not see the subscription."""
    account, gate = request.account, request.gate
    seated = seats.of(request, reading)
    sees_costs = bool(gate.may(Action.SEE_COSTS))
    sees_invoices = bool(gate.may(Action.VIEW_INVOICES))
    last = _last_invoices(account) if sees_invoices else ()
    return Figures(
        seats=_seats(account, reading, seated, request.today) if reading else (),
        unused=_unused(reading, seated, sees_costs=sees_costs) if reading else (),
        spending=_spending(account, request.today) if last else None,
        invoices=last,
    )


def _seats(
    account: Account, reading: LoadedFacts, seated: list[ProductSeats], on: date
) -> tuple[SeatFigure, ...]:
    lines = [line for one in seated if (line := reading.facts.line(one.product)) is not None]
    months = stored_history.of(account, lines, on)
    return tuple(
        SeatFigure(one, _columns(months[one.product]), _change(months[one.product])) for one in seated
    )


def _columns(months: tuple[SeatMonth, ...]) -> tuple[TrendColumn, ...]:
    largest = max(1, *(max(month.bought, month.used) for month in months))
    return tuple(
        TrendColumn(
            label=formats.date_format(month.first, "N Y"),
            month=month,
            x=f"{place * _STEP:.2f}%",
            bought_height=_HIGHEST * month.bought // largest,
            used_height=_HIGHEST * month.used // largest,
        )
        for place, month in enumerate(months)
    )


def _change(months: tuple[SeatMonth, ...]) -> str:
    """Say what the first month of the trend had, where any but the present one had anything."""
    earliest = next((month for month in months[:-1] if month.bought), None)
    if earliest is None:
        return _("Bought this month.")
    return _("At the end of %(month)s: %(used)s of %(bought)s in use.") % {
        "month": formats.date_format(earliest.first, "F Y"),
        "used": phrases.number(earliest.used),
        "bought": phrases.number(earliest.bought),
    }


def _unused(
    reading: LoadedFacts, seated: list[ProductSeats], *, sees_costs: bool
) -> tuple[UnusedFigure, ...]:
    return tuple(
        UnusedFigure(
            one,
            one.seats.bought - one.fewer.seats,
            saved_a_year(reading.facts, one.product, one.fewer.seats) if sees_costs else None,
        )
        for one in seated
        if one.fewer is not None
    )


def _last_invoices(account: Account) -> tuple[Invoice, ...]:
    collected = Charge.objects.filter(invoice=OuterRef("pk"), state=Charge.State.PROCESSING)
    found = Invoice.objects.filter(subscription_id=account.pk).select_related("payment")
    return tuple(found.annotate(collecting=Exists(collected)).order_by("-issued_at", "-pk")[:LAST_INVOICES])


def _spending(account: Account, on: date) -> MonthChart:
    """Return what was invoiced less what was credited, by the month of issue (domain.md 9)."""
    first = seat_history.first_month(on)
    rows = (
        Invoice.objects.of_ours()
        .filter(subscription_id=account.pk, currency=account.currency, issued_on__gte=first)
        .order_by()
        .values_list(TruncMonth("issued_on"))
        .annotate(Sum("total"))
    )
    sums = {month: to_minor(total, account.currency) for month, total in rows}
    months = [add_months(first, number) for number in range(seat_history.MONTHS)]
    return charts.by_month([(month, sums.get(month, 0)) for month in months])
