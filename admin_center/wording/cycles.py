"""Words for a billing cycle: all of them, so that a cycle more is worded here and nowhere else."""

from dataclasses import dataclass
from typing import assert_never

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from billing.rules.periods import Cycle


@dataclass(frozen=True, slots=True)
class CycleWords:
    """How pages speak of a cycle: its name, its length, beside an amount, in headings."""

    name: str
    length: str
    paid: str
    each: str
    each_title: str
    cost: str
    total: str
    first_charge: str


def of(cycle: Cycle) -> CycleWords:
    """Return the words for a cycle, in the language of the moment."""
    match cycle:
        case Cycle.MONTHLY:
            return CycleWords(
                # The models find it by the name of the rules: `billing.models.fields.cycle_choices`.
                name=_("Monthly"),
                length=pgettext("length of a cycle", "a month"),
                paid=_("paid monthly"),
                each=_("a month"),
                each_title=_("A month"),
                cost=_("Cost per month"),
                total=_("Total per month"),
                first_charge=_("charged for a month from today, renewed each month"),
            )
        case Cycle.ANNUAL:
            return CycleWords(
                name=_("Annual"),
                length=pgettext("length of a cycle", "a year"),
                paid=_("paid annually"),
                each=_("a year"),
                each_title=_("A year"),
                cost=_("Cost per year"),
                total=_("Total per year"),
                first_charge=_("charged for a year from today, renewed each year"),
            )
        case _:
            assert_never(cycle)


def instead(old: Cycle, new: Cycle) -> str:
    """Return what a change of cycle makes of a price: "for a year instead of a month"."""
    return _("for %(new)s instead of %(old)s") % {"new": of(new).length, "old": of(old).length}
