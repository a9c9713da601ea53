"""What changed meanwhile, in words: from the codes of billing.rules.differences."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from admin_center.wording import phrases
from admin_center.wording.phrases import Names
from billing.rules.differences import QuoteDifference


@dataclass(frozen=True, slots=True)
class DifferenceText:
    """Why the new quote differs; `old` and `new` are amounts in minor units, None where it names none."""

    sentence: str
    old: int | None = None
    new: int | None = None


def sentences(found: Iterable[QuoteDifference], names: Names, *, costs_shown: bool) -> list[DifferenceText]:
    """Return the differences with their words, in the language of the moment."""
    return [
        reason
        for difference in found
        if costs_shown
        or difference.code
        not in ("balance_changed", "tax_changed", "new_price", "discount_changed", "amount_changed")
        if (reason := _reason(difference, names)).sentence
    ]


def _reason(difference: QuoteDifference, names: Names) -> DifferenceText:
    data: dict[str, Any] = dict(difference.data)
    data["name"] = phrases.product(names, data.get("product"))
    match difference.code:
        case "subscription_changed":
            return DifferenceText(_("Somebody changed the subscription meanwhile."))
        case "day_passed":
            return DifferenceText(
                _("The day changed: it was priced for %(old)s, and it is now %(new)s.")
                % {"old": phrases.day(data["old"]), "new": phrases.day(data["new"])}
            )
        case "balance_changed":
            return DifferenceText(_("The credit balance changed."), data["old"], data["new"])
        case "tax_changed":
            return DifferenceText(_("The tax rate changed."))
        case "schedule_changed":
            return DifferenceText(_("What waits for the renewal changed."))
        case "product_added":
            return DifferenceText(_("%(name)s was added.") % data)
        case "product_gone":
            return DifferenceText(_("%(name)s is gone.") % data)
        case "quantity_changed":
            return DifferenceText(
                _("%(name)s: the number changed from %(old)s to %(new)s.")
                % {**data, "old": phrases.number(data["old"]), "new": phrases.number(data["new"])}
            )
        case "new_price":
            return DifferenceText(
                _("%(name)s: a new price came into force.") % data, data["old"], data["new"]
            )
        case "discount_changed":
            return DifferenceText(_("%(name)s: a discount changed.") % data)
        case "amount_changed":
            return DifferenceText(_("What is due today is another amount."), data["old"], data["new"])
        case _:
            return DifferenceText("")
