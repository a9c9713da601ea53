"""The trail in words: a sentence for every verb, before and after as a difference that can be read."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.utils import formats
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import Account, Activity
from accounts.rules.roles import Role
from admin_center import sentences, words
from admin_center.sentences import Names
from billing.models import Edition

VERBS = {
    "account_loaded": gettext_lazy("Account brought in from a file"),
    "account_state_changed": gettext_lazy("Account state changed"),
    "change_not_paid": gettext_lazy("Change not carried out: it was not paid"),
    "change_undone": gettext_lazy("Scheduled change undone"),
    "change_withdrawn": gettext_lazy("Change that waited for its payment withdrawn"),
    "charge_refunded": gettext_lazy("Payment refunded"),
    "invoice_payment_started": gettext_lazy("Payment of an invoice started"),
    "payment_method_replaced": gettext_lazy("Payment method replaced"),
    "subscription_changed": gettext_lazy("Subscription changed"),
    "subscription_ended": gettext_lazy("Subscription ended"),
    "subscription_renewed": gettext_lazy("Subscription renewed"),
}

REASONS = {
    "charge_failed": gettext_lazy("the payment failed"),
    "first_purchase": gettext_lazy("first purchase"),
    "paid": gettext_lazy("the invoice was paid"),
    "period_ended": gettext_lazy("the end of the period"),
    "renewed_meanwhile": gettext_lazy("the subscription renewed in the meantime"),
    "withdrawn": gettext_lazy("withdrawn"),
}

# What may stand in before and after, with its words. Where costs are not shown nothing else is:
# an amount that some later verb writes down can't slip through (domain.md 3).
FIELDS = {
    "brand": gettext_lazy("Brand"),
    "cycle": gettext_lazy("Billing cycle"),
    "discounts": gettext_lazy("Discounts"),
    "edition": gettext_lazy("Edition"),
    "email": gettext_lazy("E-mail address"),
    "kind": gettext_lazy("Kind"),
    "last_four": gettext_lazy("Last four digits"),
    "lines": gettext_lazy("Products"),
    "name": gettext_lazy("Name"),
    "paid_until": gettext_lazy("Renews on"),
    "product": gettext_lazy("Product"),
    "quantity": gettext_lazy("Quantity"),
    "role": gettext_lazy("Role"),
    "scheduled": gettext_lazy("Scheduled changes"),
    "state": gettext_lazy("State"),
    "temporary": gettext_lazy("Temporary subscriptions"),
}

_LINE = re.compile(r"(?P<edition>\S+) × (?P<quantity>\d+)")
_TEMPORARY = re.compile(r"(?P<product>\S+) × (?P<quantity>\d+) (?P<first>[\d-]{10})/(?P<until>[\d-]{10})")
# What looks like an amount of money inside a text that somebody typed.
_AMOUNT = re.compile(r"[$€£¥]|\d[.,]\d|\b(?:USD|EUR|JPY|GBP|CHF|CAD|BHD)\b")


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that an act changed; an empty side says that there was, or is, nothing."""

    field: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Told:
    """An entry with its words; `at` is the moment in the account's zone, `when` the same in words."""

    entry: Activity
    at: datetime
    when: str
    sentence: str
    who: str
    reason: str
    differences: tuple[Difference, ...]
    invoice: str


def tell(entries: Iterable[Activity], account: Account, *, costs_shown: bool) -> list[Told]:
    """Return entries of one account with their words, in the language of the moment."""
    names, zone = names_of(account), ZoneInfo(account.timezone)
    return [told(entry, names, zone, costs_shown=costs_shown) for entry in entries]


def names_of(account: Account) -> dict[str | tuple[str, str], str]:
    """Return the names of products and editions that an account's trail may speak of, in one query."""
    rows = Edition.objects.filter(product__catalogue__subscriptions=account.pk).values_list(
        "product__key", "product__name", "key", "name"
    )
    names: dict[str | tuple[str, str], str] = {}
    for product_key, product_name, key, name in rows:
        names[product_key] = product_name
        names[product_key, key] = name
    return names


def sentence(verb: str) -> str:
    """Return what a verb says; one without words in plain, as it is stored."""
    return str(VERBS.get(verb) or verb.replace("_", " ").capitalize())


def told(entry: Activity, names: Names, zone: ZoneInfo, *, costs_shown: bool) -> Told:
    """Return one entry with its words.

    Where costs are not shown neither are invoices: those are for the vendor's staff (domain.md 3).
    """
    at = entry.at.astimezone(zone)
    before, after = _facts(entry.before, costs_shown), _facts(entry.after, costs_shown)
    found = [
        difference
        for field in dict.fromkeys([*before, *after])
        for difference in _differences(field, before.get(field), after.get(field), names)
    ]
    return Told(
        entry=entry,
        at=at,
        when=formats.date_format(at, "DATETIME_FORMAT"),
        sentence=sentence(entry.verb),
        who=who(entry),
        reason=_reason(entry.reason, costs_shown),
        differences=tuple(found),
        invoice=entry.invoice if costs_shown else "",
    )


def _facts(stored: Any, costs_shown: bool) -> Mapping[str, Any]:
    held = stored if isinstance(stored, dict) else {}
    return held if costs_shown else {field: value for field, value in held.items() if field in FIELDS}


def _reason(text: str, costs_shown: bool) -> str:
    if not costs_shown and _AMOUNT.search(text):
        return ""
    return str(REASONS.get(text, text))


def _differences(field: str, before: Any, after: Any, names: Names) -> Iterator[Difference]:
    """Yield what differs; a dictionary (lines by product) is compared entry by entry."""
    if isinstance(before, dict) or isinstance(after, dict):
        old, new = before or {}, after or {}
        for key in dict.fromkeys([*old, *new]):
            if old.get(key) != new.get(key):
                name = sentences.product(names, key)
                yield Difference(name, _line(key, old.get(key), names), _line(key, new.get(key), names))
    elif before != after:
        label = str(FIELDS.get(field) or field.replace("_", " ").capitalize())
        yield Difference(label, _value(field, before, names), _value(field, after, names))


def _line(product: str, value: Any, names: Names) -> str:
    found = _LINE.fullmatch(str(value or ""))
    if found is None:
        return str(value or "")
    return sentences.line(
        {"": ""} | {("", found["edition"]): sentences.edition(names, product, found["edition"])},
        "",
        found["edition"],
        int(found["quantity"]),
    )


def _value(field: str, value: Any, names: Names) -> str:
    if value is None or value in ("", []):
        return ""
    if isinstance(value, list):
        return "; ".join(_value(field, one, names) for one in value)
    match field:
        case "cycle":
            return sentences.cycle(value)
        case "paid_until":
            return _day(value)
        case "role":
            return str(words.ROLES.get(value) or value) if value in set(Role) else str(value)
        case "state":
            return str(words.STATUSES[value].words) if value in words.STATUSES else str(value)
        case "temporary":
            return _temporary(str(value), names)
        case "scheduled":
            return _scheduled(str(value), names)
        case _:
            return str(value)


def _temporary(text: str, names: Names) -> str:
    found = _TEMPORARY.fullmatch(text)
    if found is None:
        return text
    return _("%(product)s: %(seats)s from %(first)s until %(until)s") % {
        "product": sentences.product(names, found["product"]),
        "seats": sentences.seats(int(found["quantity"])),
        "first": _day(found["first"]),
        "until": _day(found["until"]),
    }


def _scheduled(text: str, names: Names) -> str:
    """Return a waiting change as the trail keeps it ("quantity inbox 5") in words."""
    match text.split():
        case ["quantity", product, quantity] if quantity.isdecimal():
            seats = sentences.seats(int(quantity))
            return _("%(product)s: %(seats)s") % {
                "product": sentences.product(names, product),
                "seats": seats,
            }
        case ["edition", product, edition]:
            return _("%(product)s: edition %(edition)s") % {
                "product": sentences.product(names, product),
                "edition": sentences.edition(names, product, edition),
            }
        case ["removal", product]:
            return _("%(product)s is removed") % {"product": sentences.product(names, product)}
        case ["removal", product, *leaving]:
            return _("%(leaving)s leaves %(product)s") % {
                "product": sentences.product(names, product),
                "leaving": ", ".join(sentences.product(names, key) for key in leaving),
            }
        case ["cycle", cycle]:
            return _("Billing cycle: %(cycle)s") % {"cycle": sentences.cycle(cycle).lower()}
        case ["cancellation"]:
            return _("The account is cancelled")
        case _:
            return text


def _day(value: Any) -> str:
    try:
        return sentences.day(date.fromisoformat(str(value)))
    except ValueError:
        return str(value)


def who(entry: Activity) -> str:
    """Return who did it, in words."""
    if entry.by_staff:
        return (
            _("%(name)s (vendor’s staff)") % {"name": entry.actor_name}
            if entry.actor_name
            else _("Vendor’s staff")
        )
    return entry.actor_name or _("By itself")
