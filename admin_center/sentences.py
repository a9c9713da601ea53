"""Sentences about subscriptions, in the language of the moment: what waits, what was asked for.

No amounts: those go to pages through `{% cost %}` alone.
"""

from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal

from django.utils import formats
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from admin_center.isolation import isolated
from billing.rules import changes
from billing.rules.conflicts import Option
from billing.rules.facts import Facts, ScheduledFacts, ScheduledKind
from billing.rules.periods import Cycle

Names = Mapping[str | tuple[str, str], str]


def product(names: Names, key: str | None) -> str:
    """Return a product's name, its key where it has none."""
    return isolated(names.get(key or "", key or ""))


def edition(names: Names, product_key: str, edition_key: str) -> str:
    """Return an edition's name; empty where the product has but one, without a name of its own."""
    return isolated(names.get((product_key, edition_key), edition_key))


def line(names: Names, product_key: str, edition_key: str, quantity: int) -> str:
    """Return a line in short: "Inbox Plus × 12"."""
    words = " ".join(filter(None, (product(names, product_key), edition(names, product_key, edition_key))))
    return f"{words} × {number(quantity)}"


def number(value: object) -> str:
    """Return a whole number with the separators of the language; anything else as it is."""
    return formats.number_format(value, force_grouping=True) if isinstance(value, int) else str(value)


def percent(value: Decimal) -> str:
    """Return a percentage in the language's way: "12.5 %"."""
    # U+00A0: the sign stays with its number.
    return f"{formats.number_format(value.normalize(), decimal_pos=None)}\N{NO-BREAK SPACE}%"


def day(when: date) -> str:
    """Return a date in the language's long form."""
    return formats.date_format(when, "DATE_FORMAT")


def zone(name: str) -> str:
    """Return a time zone's name as people read it: "America/New York"."""
    return name.replace("_", " ")


def cycle(code: str | Cycle | None) -> str:
    """Return the words for a billing cycle."""
    return {"monthly": _("Monthly"), "annual": _("Annual")}.get(str(code or ""), str(code or ""))


def scheduled(one: ScheduledFacts, facts: Facts, names: Names) -> str:
    """Return what a waiting change does, with what is now beside what will be."""
    told = {"product": product(names, one.product)}
    line_now = facts.line(one.product) if one.product else None
    match one.kind:
        case ScheduledKind.QUANTITY:
            old = number(line_now.quantity if line_now else 0)
            return _("%(product)s: from %(old)s to %(new)s") % {
                **told,
                "old": old,
                "new": seats(one.quantity or 0),
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
                "old": cycle(facts.cycle).lower(),
                "new": cycle(one.cycle).lower(),
            }
        case ScheduledKind.CANCELLATION:
            return _("The account ends")


def waits(one: ScheduledFacts, names: Names) -> str:
    """Return what a waiting change leads to, without what is now."""
    told = {"product": product(names, one.product)}
    match one.kind:
        case ScheduledKind.QUANTITY:
            return _("%(product)s: %(seats)s") % {**told, "seats": seats(one.quantity or 0)}
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


def seats(quantity: int) -> str:
    """Return a number of seats in words."""
    return ngettext("%(number)s seat", "%(number)s seats", quantity) % {"number": number(quantity)}


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
                "seats": seats(one.quantity),
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


def _lasting(one: changes.Change, names: Names) -> str:
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
                "seats": seats(one.quantity),
                "first": day(one.start),
                "last": day(last),
            }
        case changes.UsePromoCode():
            return _("Promo code %(code)s") % {"code": one.promo}
        case _:
            return one.code.replace("_", " ")


def choice(option: Option, waits: ScheduledFacts, names: Names) -> str:
    """Return what a choice about a change that waits comes to."""
    told = {"product": product(names, waits.product), "seats": seats(option.quantity or 0)}
    match option.choice:
        case changes.Choice.KEEP if waits.kind is ScheduledKind.QUANTITY:
            return _("Keep it: renew with %(seats)s") % told
        case changes.Choice.RAISE:
            return _("Raise it by what is bought now: renew with %(seats)s") % told
        case changes.Choice.DROP if option.quantity is not None:
            return _("Drop it: renew with %(seats)s") % told
        case changes.Choice.DROP:
            return _("Drop what waits")
        case changes.Choice.CARRY:
            return _("Carry it over to the Suite")
        case changes.Choice.MOVE if waits.kind is ScheduledKind.REMOVAL:
            return _("Extend it too: one more period of it is bought, and it ends on the new renewal day")
        case changes.Choice.MOVE:
            return _("Move it to the new renewal day")
        case changes.Choice.END:
            return _("Let it end as planned, without extending it")
        case changes.Choice.LEAVE:
            return _("Leave what waits as it is, and don’t make the new change")
        case _:
            return _("Keep both")
