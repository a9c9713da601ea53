"""Changes in words: what is scheduled, what is asked for, and what may be chosen where two meet."""

from datetime import timedelta
from typing import Protocol, TypeAlias, assert_never

from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from admin_center.wording.phrases import cycle, day, edition, line, number, product, quantity, several
from billing.rules import changes
from billing.rules.conflicts import Option
from billing.rules.facts import Facts, ScheduledFacts, ScheduledKind
from billing.rules.names import CountedIn, Names
from billing.rules.periods import Cycle

# What was done, where it is the cause of what is charged.
DONE = {
    changes.ChangeKind.FIRST_PURCHASE: gettext_lazy("First purchase"),
    changes.ChangeKind.ADD_SEATS: gettext_lazy("Seats added"),
    changes.ChangeKind.REDUCE_SEATS: gettext_lazy("Seats reduced"),
    changes.ChangeKind.GIVE_BACK_SEATS: gettext_lazy("Seats given back"),
    changes.ChangeKind.CHANGE_EDITION: gettext_lazy("Edition changed"),
    changes.ChangeKind.ADD_PRODUCT: gettext_lazy("Product added"),
    changes.ChangeKind.ADD_ON: gettext_lazy("Add-on added"),
    changes.ChangeKind.REMOVE_PRODUCT: gettext_lazy("Product removed"),
    changes.ChangeKind.COMBINE_INTO_SUITE: gettext_lazy("Combined into a Suite"),
    changes.ChangeKind.CHANGE_CYCLE: gettext_lazy("Billing cycle changed"),
    changes.ChangeKind.EXTEND: gettext_lazy("Extended"),
    changes.ChangeKind.KEEP_PRODUCT: gettext_lazy("Product kept"),
    changes.ChangeKind.TEMPORARY_SEATS: gettext_lazy("Temporary seats"),
    changes.ChangeKind.PROMO_CODE: gettext_lazy("Promo code"),
}


def because(codes: str, unit: CountedIn | None = None) -> str:
    """Return what a line was charged for, from the codes it keeps; empty where none was kept.

    `unit` is what its quantity is counted in: None for seats, empty where the number is all.
    """
    causes = {"renewal": _("Renewal"), "correction": _("Correction")} | {
        kind.value: str(words) for kind, words in DONE.items()
    }
    if unit is not None:
        added = _("%(units)s added") % {"units": capfirst(several(unit))} if unit else _("Quantity raised")
        causes[changes.ChangeKind.ADD_SEATS.value] = added
    return ", ".join(causes[code] for code in codes.split() if code in causes)


class _Held(Protocol):
    """What is bought of a product."""

    @property
    def edition(self) -> str:
        """Return its edition."""

    @property
    def quantity(self) -> int:
        """Return how many."""


def scheduled(one: ScheduledFacts, facts: Facts, names: Names) -> str:
    """Return what a waiting change does, with what is now beside what will be."""
    return scheduled_from(one, facts.line(one.product) if one.product else None, facts.cycle, names)


def scheduled_from(one: ScheduledFacts, line_now: _Held | None, now: Cycle | None, names: Names) -> str:
    """Return what a waiting change does to what is held of its product, and to the billing cycle of now."""
    told = {"product": product(names, one.product)}
    match one.kind:
        case ScheduledKind.QUANTITY:
            old = number(line_now.quantity if line_now else 0)
            return _("%(product)s: from %(old)s to %(new)s") % {
                **told,
                "old": old,
                "new": quantity(names, one.product, one.quantity or 0),
            }
        case ScheduledKind.EDITION:
            old = edition(names, one.product or "", line_now.edition) if line_now else ""
            new = edition(names, one.product or "", one.edition or "")
            return _("%(product)s: from %(old)s to %(new)s") % {**told, "old": old, "new": new}
        case ScheduledKind.REMOVAL if one.leaving:
            leaving = ", ".join(product(names, key) for key in one.leaving)
            return _("%(leaving)s leaves %(product)s") % {**told, "leaving": leaving}
        case ScheduledKind.REMOVAL:
            return _("%(product)s: removed") % told
        case ScheduledKind.CYCLE:
            return _("Billing cycle: from %(old)s to %(new)s") % {
                "old": cycle(now).lower(),
                "new": cycle(one.cycle).lower(),
            }
        case ScheduledKind.CANCELLATION:
            return _("The account ends")
        case _:
            assert_never(one.kind)


def waits(one: ScheduledFacts, names: Names) -> str:
    """Return what a waiting change leads to, without what is now."""
    told = {"product": product(names, one.product)}
    match one.kind:
        case ScheduledKind.QUANTITY:
            return _("%(product)s: %(seats)s") % {
                **told,
                "seats": quantity(names, one.product, one.quantity or 0),
            }
        case ScheduledKind.EDITION:
            new = edition(names, one.product or "", one.edition or "")
            return _("%(product)s: edition %(edition)s") % {**told, "edition": new}
        case ScheduledKind.REMOVAL if one.leaving:
            leaving = ", ".join(product(names, key) for key in one.leaving)
            return _("%(leaving)s leaves %(product)s") % {**told, "leaving": leaving}
        case ScheduledKind.REMOVAL:
            return _("%(product)s: removed") % told
        case ScheduledKind.CYCLE:
            return _("Billing cycle: %(cycle)s") % {"cycle": cycle(one.cycle).lower()}
        case ScheduledKind.CANCELLATION:
            return _("The account ends")
        case _:
            assert_never(one.kind)


def change(one: changes.Change, names: Names) -> str:
    """Return what a change asks for."""
    match one:
        case changes.FirstPurchase():
            bought = ", ".join(line(names, item.product, item.edition, item.quantity) for item in one.items)
            return _("First purchase: %(lines)s, %(cycle)s") % {
                "lines": bought,
                "cycle": cycle(one.cycle).lower(),
            }
        case changes.AddSeats() | changes.ReduceSeats():
            return _("%(product)s: %(seats)s") % {
                "product": product(names, one.product),
                "seats": quantity(names, one.product, one.quantity),
            }
        case changes.GiveBackSeats():
            return _("%(product)s: %(seats)s, the others given back") % {
                "product": product(names, one.product),
                "seats": quantity(names, one.product, one.quantity),
            }
        case changes.ChangeEdition():
            return _("%(product)s: edition %(edition)s") % {
                "product": product(names, one.product),
                "edition": edition(names, one.product, one.edition),
            }
        case changes.AddProduct() | changes.AddOn():
            return _("Add %(line)s") % {"line": line(names, one.product, one.edition, one.quantity)}
        case changes.CombineIntoSuite():
            return _("Combine into %(line)s") % {"line": line(names, one.product, one.edition, one.quantity)}
        case _:
            return _lasting(one, names)


_Lasting: TypeAlias = (
    changes.RemoveProduct
    | changes.ChangeCycle
    | changes.Extend
    | changes.KeepProduct
    | changes.BuyTemporarySeats
    | changes.UsePromoCode
)


def _lasting(one: _Lasting, names: Names) -> str:
    match one:
        case changes.RemoveProduct():
            return _("Remove %(product)s") % {"product": product(names, one.product)}
        case changes.ChangeCycle():
            return _("Billing cycle: %(cycle)s") % {"cycle": cycle(one.cycle).lower()}
        case changes.Extend():
            return _("Extend by one period")
        case changes.KeepProduct():
            return _("Keep %(product)s") % {"product": product(names, one.product)}
        case changes.BuyTemporarySeats():
            last = one.start + timedelta(days=one.days - 1)
            return _("%(product)s: %(seats)s from %(first)s to %(last)s") % {
                "product": product(names, one.product),
                "seats": quantity(names, one.product, one.quantity),
                "first": day(one.start),
                "last": day(last),
            }
        case changes.UsePromoCode():
            return _("Promo code %(code)s") % {"code": one.promo}
        case _:
            assert_never(one)


def choice(option: Option, waits: ScheduledFacts, names: Names) -> str:
    """Return what a choice about a change that waits comes to."""
    told = {
        "product": product(names, waits.product),
        "seats": quantity(names, waits.product, option.quantity or 0),
    }
    match option.choice:
        case changes.Choice.KEEP if waits.kind is ScheduledKind.QUANTITY:
            return _("Keep it: renew with %(seats)s") % told
        case changes.Choice.RAISE:
            return _("Raise it by what is bought now: renew with %(seats)s") % told
        case changes.Choice.DROP if option.quantity is not None:
            return _("Drop it: renew with %(seats)s") % told
        case changes.Choice.DROP:
            return _("Drop the scheduled change")
        case changes.Choice.CARRY:
            return _("Carry it over to the Suite")
        case changes.Choice.MOVE if waits.kind is ScheduledKind.REMOVAL:
            return _("Extend it too: one more period of it is bought, and it ends on the new renewal day")
        case changes.Choice.MOVE:
            return _("Move it to the new renewal day")
        case changes.Choice.END:
            return _("Let it end as planned, without extending it")
        case changes.Choice.LEAVE:
            return _("Keep the scheduled change, and don’t make the new one")
        case changes.Choice.KEEP:
            return _("Keep both")
        case _:
            assert_never(option.choice)
