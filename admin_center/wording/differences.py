"""What changed meanwhile, in words: from the codes of billing.rules.differences."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, assert_never

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from admin_center.wording import phrases, taxes
from billing.rules.differences import DifferenceCode, QuoteDifference
from billing.rules.names import Names
from billing.rules.tax import LineTaxes

# Left out where costs are not shown.
ABOUT_COSTS = frozenset(
    {
        DifferenceCode.BALANCE_CHANGED,
        DifferenceCode.TAX_CHANGED,
        DifferenceCode.NEW_PRICE,
        DifferenceCode.DISCOUNT_CHANGED,
        DifferenceCode.AMOUNT_CHANGED,
    }
)


@dataclass(frozen=True, slots=True)
class DifferenceText:
    """Why the new quote differs; `old` and `new` are amounts in minor units, None where it names none."""

    sentence: str
    old: int | None = None
    new: int | None = None


def sentences(found: Iterable[QuoteDifference], names: Names, *, costs_shown: bool) -> list[DifferenceText]:
    """Return the differences with their words, in the language of the moment."""
    return [
        _reason(difference, names)
        for difference in found
        if costs_shown or difference.code not in ABOUT_COSTS
    ]


def _reason(difference: QuoteDifference, names: Names) -> DifferenceText:
    data: dict[str, Any] = dict(difference.data)
    data["name"] = phrases.product(names, data.get("product"))
    match code := difference.code:
        case DifferenceCode.SUBSCRIPTION_CHANGED:
            return DifferenceText(_("Somebody changed the subscription meanwhile."))
        case DifferenceCode.DAY_PASSED:
            return DifferenceText(
                _("The day changed: it was priced for %(old)s, and it is now %(new)s.")
                % {"old": phrases.day(data["old"]), "new": phrases.day(data["new"])}
            )
        case DifferenceCode.BALANCE_CHANGED:
            return DifferenceText(_("The credit balance changed."), data["old"], data["new"])
        case DifferenceCode.TAX_CHANGED:
            return DifferenceText(
                _("The tax changed: it was %(old)s, and is now %(new)s.")
                % {"old": _taxes(data["old"]), "new": _taxes(data["new"])}
            )
        case DifferenceCode.SCHEDULE_CHANGED:
            return DifferenceText(_("What is scheduled for the renewal changed."))
        case DifferenceCode.PRODUCT_ADDED:
            return DifferenceText(_("%(name)s was added.") % data)
        case DifferenceCode.PRODUCT_GONE:
            return DifferenceText(_("%(name)s is gone.") % data)
        case DifferenceCode.QUANTITY_CHANGED:
            return DifferenceText(
                _("%(name)s: the number changed from %(old)s to %(new)s.")
                % {**data, "old": phrases.number(data["old"]), "new": phrases.number(data["new"])}
            )
        case DifferenceCode.NEW_PRICE:
            return DifferenceText(
                _("%(name)s: a new price came into force.") % data, data["old"], data["new"]
            )
        case DifferenceCode.DISCOUNT_CHANGED:
            return DifferenceText(_("%(name)s: a discount changed.") % data)
        case DifferenceCode.AMOUNT_CHANGED:
            return DifferenceText(_("What is due today is another amount."), data["old"], data["new"])
        case _:
            assert_never(code)


def _taxes(borne: LineTaxes) -> str:
    return " + ".join(taxes.label(tax) for tax in borne) or pgettext("taxes", "none")
