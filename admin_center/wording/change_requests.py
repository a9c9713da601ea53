"""Change requests in sentences: from what to what, what its author chose, and what moved since.

Pages, the trail, the back office and letters ask the same functions.
"""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import TypeAlias, assert_never

from django.utils.formats import number_format
from django.utils.translation import gettext as _

from admin_center.wording import changes as change_words
from admin_center.wording import phrases
from billing.quote_json import load_base
from billing.rules import changes
from billing.rules.change_json import MalformedChange, changes_from_plain
from billing.rules.change_request_base import Base, BaseDifference, BaseLine, ChosenAnswer, Value
from billing.rules.changes import Change
from billing.rules.facts import ScheduledFacts
from billing.rules.names import Names
from billing.rules.periods import Cycle


def sentences(stored: object, base: object, names: Names) -> list[str]:
    """Return changes as they are stored, and the answers that came with them, in words.

    One from before a change of the wire format says so; one without a base says only to what.
    """
    try:
        wanted = changes_from_plain(stored)
    except MalformedChange:
        return [_("This request can no longer be read. Please ask for it to be made again.")]
    known = load_base(base if isinstance(base, dict) else None)
    return [*(change(one, known, names) for one in wanted), *chosen(known, names)]


def change(one: Change, base: Base | None, names: Names) -> str:
    """Return what a change asks for, with what stood when it was asked: "Support: 12 → 14 seats (+2)"."""
    compared = "" if base is None else _compared(one, base, names)
    return compared or change_words.change(one, names)


def _compared(one: Change, base: Base, names: Names) -> str:
    """Return the sentence of a change beside what stood; empty where the base adds nothing to it."""
    match one:
        case changes.AddSeats() | changes.ReduceSeats() | changes.GiveBackSeats():
            line = base.lines.get(one.product)
            return _of_line(one, line, names) if line else ""
        case changes.ChangeEdition() | changes.RemoveProduct():
            line = base.lines.get(one.product)
            return _of_line(one, line, names) if line else ""
        case changes.CombineIntoSuite():
            return _combined(one, base.lines, names) if base.lines else ""
        case changes.ChangeCycle():
            if base.cycle is None:
                return ""
            if base.cycle is one.cycle:
                return _("Billing cycle: stays %(cycle)s") % {"cycle": phrases.cycle(one.cycle).lower()}
            return _("Billing cycle: %(old)s → %(new)s") % {
                "old": phrases.cycle(base.cycle).lower(),
                "new": phrases.cycle(one.cycle).lower(),
            }
        case changes.Extend():
            if base.renews_on is None:
                return ""
            return _("Extend by one period from %(day)s on") % {"day": phrases.day(base.renews_on)}
        case changes.FirstPurchase() | changes.AddProduct() | changes.AddOn() | changes.KeepProduct():
            return ""
        case changes.BuyTemporarySeats() | changes.UsePromoCode():
            return ""
        case _:
            assert_never(one)


_OfLine: TypeAlias = (
    changes.AddSeats
    | changes.ReduceSeats
    | changes.GiveBackSeats
    | changes.ChangeEdition
    | changes.RemoveProduct
)


def _of_line(one: _OfLine, line: BaseLine, names: Names) -> str:
    """Return what becomes of a line, beside what it was."""
    told = {"product": phrases.product(names, one.product)}
    match one:
        case changes.ReduceSeats() if one.quantity == line.quantity:
            stays = phrases.quantity(names, one.product, one.quantity)
            return _("%(product)s: stays at %(stays)s") % {**told, "stays": stays}
        case changes.ChangeEdition() if one.edition == line.edition:
            stays = phrases.edition(names, one.product, one.edition)
            return _("%(product)s: stays %(stays)s") % {**told, "stays": stays}
        case changes.AddSeats() | changes.ReduceSeats() | changes.GiveBackSeats():
            return _("%(product)s: %(old)s → %(new)s (%(difference)s)") % {
                **told,
                "old": phrases.number(line.quantity),
                "new": phrases.quantity(names, one.product, one.quantity),
                "difference": difference(one.quantity - line.quantity),
            }
        case changes.ChangeEdition():
            return _("%(product)s: %(old)s → %(new)s") % {
                **told,
                "old": phrases.edition(names, one.product, line.edition),
                "new": phrases.edition(names, one.product, one.edition),
            }
        case changes.RemoveProduct():
            bought = phrases.line(names, one.product, line.edition, line.quantity)
            return _("Remove %(product)s") % {"product": bought}
        case _:
            assert_never(one)


def _combined(one: changes.CombineIntoSuite, lines: Mapping[str, BaseLine], names: Names) -> str:
    return _("Combine %(lines)s into %(line)s") % {
        "lines": ", ".join(
            phrases.line(names, key, line.edition, line.quantity) for key, line in lines.items()
        ),
        "line": phrases.line(names, one.product, one.edition, one.quantity),
    }


def difference(seats: int) -> str:
    """Return a difference with its sign: "+2", "−3"."""
    sign = "+" if seats > 0 else "\N{MINUS SIGN}"
    return f"{sign}{number_format(abs(seats), force_grouping=True)}"


def chosen(base: Base | None, names: Names) -> list[str]:
    """Return what the author chose where the change met one that waited: "… renew with 5 seats"."""
    return [_chosen(one, names) for one in base.chosen] if base else []


def _chosen(one: ChosenAnswer, names: Names) -> str:
    return _("Scheduled: %(scheduled)s. Chosen: %(choice)s") % {
        "scheduled": change_words.waits(one.scheduled, names),
        "choice": change_words.choice(one.option, one.scheduled, names),
    }


def moved(found: Iterable[BaseDifference], names: Names) -> list[str]:
    """Return what is no longer as it was when the change was asked for."""
    return [_moved(one, names) for one in found]


def _moved(one: BaseDifference, names: Names) -> str:
    then, now = _value(one, one.then, names), _value(one, one.now, names)
    if isinstance(one.then or one.now, ScheduledFacts):
        if one.now is None:
            return _("No longer scheduled: %(change)s") % {"change": then}
        if one.then is None:
            return _("Scheduled since: %(change)s") % {"change": now}
        return _("Scheduled then: %(then)s; now: %(now)s") % {"then": then, "now": now}
    if one.now is None:
        return _("%(then)s then, no longer there") % {"then": then}
    if one.then is None:
        return _("Added since: %(now)s") % {"now": now}
    if isinstance(one.now, date):
        return _("The renewal was on %(then)s, and is on %(now)s now") % {"then": then, "now": now}
    return _("%(then)s then, %(now)s now") % {"then": then, "now": now}


def _value(one: BaseDifference, value: Value | None, names: Names) -> str:
    match value:
        case BaseLine():
            return phrases.line(names, one.product or "", value.edition, value.quantity)
        case ScheduledFacts():
            return change_words.waits(value, names)
        case Cycle():
            return phrases.cycle(value)
        case date():
            return phrases.day(value)
        case None:
            return ""
        case _:
            assert_never(value)
