"""The coming renewal for its page: line by line from today to then, what changes, and who holds the seats.

Calculates no amount but the difference of two that stand beside it.
"""

from dataclasses import dataclass

from django.db.models import F, Window
from django.db.models.functions import RowNumber
from django.utils.translation import gettext as _

from accounts.models import Account
from admin_center.presenters.seats import ProductSeats
from admin_center.wording import notices, phrases, taxes
from admin_center.wording.notices import Consequence
from billing.models import AgentSeat
from billing.rules.lines import PricedLine
from billing.rules.renewal_comparison import ComparedLine, RenewalComparison
from billing.rules.tax_json import to_plain
from billing.storage.loading import LoadedFacts

# How many of those who hold a seat of a product are named.
MOST_HOLDERS = 12


@dataclass(frozen=True, slots=True)
class ComparisonRow:
    """A line or a discount as it is and as it becomes; amounts in minor units, None where there is none.

    `then` is empty where nothing is left; `stays` says that it goes on as it is.
    """

    name: str
    now: str
    then: tuple[str, ...]
    old: int | None
    new: int | None
    difference: int | None
    stays: bool
    is_discount: bool = False


@dataclass(frozen=True, slots=True)
class RenewalView:
    """The renewal beside today, for its page; `difference` is that of the sums before tax.

    `comparable` says that both are for a period of one length.
    """

    rows: tuple[ComparisonRow, ...]
    old: int
    new: int
    difference: int
    comparable: bool
    consequences: tuple[Consequence, ...]
    sentences: tuple[str, ...]


def of(comparison: RenewalComparison, reading: LoadedFacts, *, costs_shown: bool) -> RenewalView:
    """Return a renewal with its words, in the language of the moment."""
    old, new = comparison.now.settlement.subtotal, comparison.coming.settlement.subtotal
    lines = [_line(one, reading) for one in comparison.lines]
    discounts = [
        ComparisonRow(
            name=_("Discount %(code)s") % {"code": one.code},
            now="",
            then=(),
            old=one.old or None,
            new=one.new or None,
            difference=one.new - one.old,
            stays=one.old == one.new,
            is_discount=True,
        )
        for one in comparison.discounts
    ]
    told = comparison.coming.notices
    return RenewalView(
        rows=(*lines, *(discounts if costs_shown else ())),
        old=old,
        new=new,
        difference=new - old,
        comparable=comparison.same_length,
        consequences=tuple(notices.sentences(told, reading.names, reading.labels, costs_shown=costs_shown)),
        sentences=tuple(_sentences(comparison, reading)) if costs_shown else (),
    )


def _line(one: ComparedLine, reading: LoadedFacts) -> ComparisonRow:
    return ComparisonRow(
        name=phrases.product(reading.names, one.line.product),
        now=_held(one.now, reading),
        then=tuple(
            _held(then, reading)
            if then.product == one.line.product
            else phrases.line(reading.names, then.product, then.edition, then.quantity)
            for then in one.then
        ),
        old=one.old,
        new=one.new if one.then else None,
        difference=one.new - one.old,
        stays=one.stays,
    )


def _held(line: PricedLine, reading: LoadedFacts) -> str:
    """Return a line without its product: "Team × 12"."""
    edition = phrases.edition(reading.names, line.product, line.edition)
    return f"{edition} × {phrases.number(line.quantity)}".strip()


def _sentences(comparison: RenewalComparison, reading: LoadedFacts) -> list[str]:
    """Return what else is another than today: codes that are used up, and taxes."""
    named = {str(one.data.get("code")) for one in comparison.coming.notices}
    ended = [
        _("The discount %(code)s has been given for all its periods: the renewal no longer has it.")
        % {"code": code}
        for code in comparison.codes_ended
        if code not in named
    ]
    return ended + [
        _("%(product)s: charged %(was)s until then, and %(now)s from the renewal on.")
        % {
            "product": phrases.product(reading.names, one.product),
            "was": taxes.borne(map(to_plain, one.was)),
            "now": taxes.borne(map(to_plain, one.becomes)),
        }
        for one in comparison.taxes
    ]


# --- Seats -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SeatUse:
    """A product's seats at the renewal: some of their holders by name, and how many more there are."""

    seats: ProductSeats
    holders: tuple[str, ...]
    more: int

    @property
    def unused(self) -> int:
        """Return how many bought seats nobody holds, and nobody is promised."""
        return max(self.seats.seats.bought - self.seats.seats.used - self.seats.promised, 0)


def seat_use(account: Account, seated: list[ProductSeats]) -> list[SeatUse]:
    """Return who holds the seats of each product, some by name."""
    held = AgentSeat.objects.filter(subscription_id=account.pk, line__ended_on=None)
    place = Window(RowNumber(), partition_by=[F("line_id")], order_by=F("membership__listed_as").asc())
    rows = held.annotate(place=place).filter(place__lte=MOST_HOLDERS).order_by("place")
    names: dict[str, list[str]] = {}
    for product, name, email in rows.values_list(
        "line__product__key", "membership__user__name", "membership__user__email"
    ):
        names.setdefault(product, []).append(name or email)
    return [
        SeatUse(
            one,
            tuple(names.get(one.product, ())),
            max(one.seats.used - len(names.get(one.product, ())), 0),
        )
        for one in seated
    ]
