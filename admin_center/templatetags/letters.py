"""What letters say of their frozen facts, in the reader's language: names, days, numbers, changes."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, assert_never
from zoneinfo import ZoneInfo

from django import template
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from accounts.models import Letter
from admin_center.presenters import quotes as quote_presenter
from admin_center.wording import change_requests, phrases
from admin_center.wording import changes as change_words
from billing.quote_json import load_base
from billing.rules.change_json import MalformedChange, changes_from_plain
from billing.rules.changes import Change, UsePromoCode
from billing.rules.documents import PaymentMeans, payment_from_plain
from billing.rules.facts import ScheduledFacts, ScheduledKind
from billing.rules.lines import LineKind
from billing.rules.names import Names, counted_from_plain
from billing.rules.periods import Cycle

register = template.Library()


@register.filter
def addressee(letter: Letter) -> str:
    """Return the name that a letter greets; nothing where only an address is known."""
    name = letter.user.name if letter.user is not None else str(letter.facts.get("addressee") or "")
    words = name.split()
    # A person who never gave a name may be kept under their address.
    return "" if len(words) == 1 and "@" in name else " ".join(words)


@register.filter
def in_words(when: str, letter: Letter) -> str:
    """Return a day, or the day of a moment in the account's zone, that was frozen as ISO says it."""
    if "T" not in when:
        return phrases.day(date.fromisoformat(when))
    moment = datetime.fromisoformat(when)
    zone = letter.account.timezone if letter.account is not None else "UTC"
    return phrases.day(moment.astimezone(ZoneInfo(zone)).date())


@register.filter
def grouped(quantity: object) -> str:
    """Return a whole number with the separators of the language."""
    return phrases.number(quantity)


@register.filter
def in_fours(iban: str) -> str:
    """Return an IBAN as it is written on paper."""
    return phrases.in_fours(iban)


@register.filter(is_safe=True)
def in_one_line(text: str) -> str:
    """Return text without the line breaks of the template that it comes from."""
    return " ".join(text.split())


@register.filter
def bought(line: Mapping[str, Any]) -> str:
    """Return what a line is of: "Support Team × 1,200"."""
    words = " ".join(filter(None, (line.get("product"), line.get("edition"))))
    return f"{words} × {phrases.number(line['quantity'])}"


@register.filter
def kind(line: Mapping[str, Any]) -> str:
    """Return what a line does: credit, charge, period; nothing for a letter from before it was kept."""
    return quote_presenter.kind_words(LineKind(line["kind"])) if line.get("kind") else ""


@register.filter
def asked(facts: Mapping[str, Any]) -> list[str]:
    """Return what was asked for, in words; nothing for a letter from before it was kept."""
    if "changes" not in facts or "names" not in facts:
        return []
    return change_requests.sentences(facts["changes"], facts.get("base"), _names(facts))


@register.filter
def approved(facts: Mapping[str, Any]) -> list[str]:
    """Return what was approved in its place, in words; nothing where it was approved as it was asked."""
    if "approved_changes" not in facts:
        return []
    return change_requests.sentences(facts["approved_changes"], facts.get("approved_base"), _names(facts))


@register.filter
def changed(facts: Mapping[str, Any]) -> list[str]:
    """Return what was changed, each with the day from which it holds where that is later."""
    if "changes" not in facts or "names" not in facts:
        return []
    names, base = _names(facts), load_base(facts.get("base"))
    try:
        made = changes_from_plain(facts["changes"])
    except MalformedChange:  # a change of before the format of today
        return []
    later = [*facts.get("later", ()), *[""] * len(made)]
    if "scheduled" in facts:
        # What waits is told apart, with its effect; of what comes later a promo code alone does not.
        told = [(one, day) for one, day in zip(made, later, strict=False) if not day or is_promo(one)]
        made, later = tuple(one for one, _day in told), [day for _one, day in told]
    return [
        _("%(change)s (from %(day)s on)")
        % {
            "change": change_requests.change(one, base, names),
            "day": phrases.day(date.fromisoformat(day)),
        }
        if day
        else change_requests.change(one, base, names)
        for one, day in zip(made, later, strict=False)
    ]


def is_promo(one: Change) -> bool:
    """Tell whether a change is a promo code, which is typed now and counts from a later charge on."""
    return isinstance(one, UsePromoCode)


@register.filter
def scheduled(facts: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return what waits since the change: in words, with its day and what it does to the renewal's price."""
    names, base = _names(facts), load_base(facts.get("base"))
    lines, cycle = (base.lines, base.cycle) if base else ({}, None)
    return [
        {
            "words": change_words.scheduled_from(
                ScheduledFacts(
                    kind=ScheduledKind(one["kind"]),
                    takes_effect_on=date.fromisoformat(one["on"]),
                    product=one["product"],
                    quantity=one["quantity"],
                    edition=one["edition"],
                    cycle=Cycle(one["cycle"]) if one["cycle"] else None,
                    leaving=tuple(one["leaving"]),
                ),
                lines.get(one["product"]),
                cycle,
                names,
            ),
            "day": phrases.day(date.fromisoformat(one["on"])),
            "effect": one["effect"],
        }
        for one in facts.get("scheduled", ())
    ]


@register.filter
def became(facts: Mapping[str, Any]) -> list[str]:
    """Return what a renewal changed: each product with what it was and what it is."""
    return [
        _("%(product)s: %(old)s → %(new)s")
        % {"product": one["product"], "old": _held(one["was"]), "new": _held(one["is"])}
        for one in facts.get("differences", ())
    ]


@register.filter
def due_label(facts: Mapping[str, Any]) -> str:
    """Return what is said before the sum that was due: how it was paid, or when and how it will be."""
    if not facts.get("payment"):
        return _("Due")
    terms = payment_from_plain(facts["payment"])
    told = {
        "method": " ".join(filter(None, (terms.brand, terms.last_four))) or _("card"),
        "last": terms.last_four,
        "day": phrases.day(date.fromisoformat(facts["due_on"])) if facts.get("due_on") else "",
    }
    match terms.means:
        case PaymentMeans.CARD if terms.paid:
            return _("Paid by %(method)s") % told
        case PaymentMeans.CARD:
            return _("To be charged to %(method)s") % told
        case PaymentMeans.DIRECT_DEBIT:
            return _("Collected by direct debit (account ending in %(last)s)") % told
        case PaymentMeans.TRANSFER if told["day"]:
            return _("To be paid by transfer by %(day)s") % told
        case PaymentMeans.REFUND:
            return _("Given back: %(method)s") % told
        case PaymentMeans.SET_OFF:
            return _("Set off against the invoice")
        case PaymentMeans.TRANSFER | PaymentMeans.OPEN | PaymentMeans.NONE:
            return _("To be paid")
        case _:
            assert_never(terms.means)


@register.filter
def becomes_of_credit(facts: Mapping[str, Any]) -> str:
    """Return what becomes of a credit note's amount; nothing for a letter from before it was kept."""
    if not facts.get("payment"):
        return ""
    means = payment_from_plain(facts["payment"]).means
    if means is PaymentMeans.REFUND:
        return _("The amount is given back to the payment method that paid the invoice.")
    if means is PaymentMeans.SET_OFF:
        return _("The amount is taken off what was left to pay of the invoice.")
    return _("The amount is on your credit balance; the next invoice uses it.")


@register.filter
def new_cycle(facts: Mapping[str, Any]) -> str:
    """Return the billing cycle that a renewal begins, in a sentence; nothing where it stays."""
    code = facts.get("cycle")
    return _("Billing cycle: %(cycle)s") % {"cycle": phrases.cycle(code).lower()} if code else ""


@register.filter
def charge_label(facts: Mapping[str, Any]) -> str:
    """Return what is said before a sum that will be due: how it will be paid."""
    method = facts.get("method") or {}
    told = {"method": method_used(facts), "last": method.get("last_four", "")}
    if facts.get("by_invoice"):
        return _("To be paid by transfer, with its invoice")
    if not method:
        return _("To be charged (no payment method is on file)")
    if method.get("kind") == "direct_debit":
        return _("To be collected by direct debit (account ending in %(last)s)") % told
    return _("To be charged to %(method)s") % told


@register.filter
def method_used(facts: Mapping[str, Any]) -> str:
    """Return a payment method inside a sentence: "Visa 4242", "SEPA 3000"."""
    method = facts.get("method") or {}
    if method.get("kind") == "transfer":
        return pgettext("inside a sentence", "transfer")
    named = " ".join(filter(None, (method.get("brand"), method.get("last_four"))))
    return named or pgettext("inside a sentence", "the payment method")


def _held(line: Mapping[str, Any] | None) -> str:
    """Return a line without its product: "Team, 12 seats"."""
    if line is None:
        return pgettext("seats", "none")
    unit = line.get("counted_in")
    quantity = phrases.counted(line["quantity"], None if unit is None else counted_from_plain(unit))
    return ", ".join(filter(None, (line["edition"], quantity)))


def _names(facts: Mapping[str, Any]) -> Names:
    names: dict[str | tuple[str, str], str] = {}
    for product, product_name, edition, edition_name in facts["names"]:
        names[product] = product_name
        names[product, edition] = edition_name
    # A letter from before units were kept has seats everywhere.
    units = facts.get("counted_in", {}).items()
    return Names(names, {product: counted_from_plain(unit) for product, unit in units})
