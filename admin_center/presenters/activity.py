"""The trail as people read it: sentences, and before and after as a difference."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.utils import formats
from django.utils.translation import gettext as _

from accounts.models import Account, Activity, User
from accounts.rules.capabilities import AccountType, CollectionMethod
from accounts.rules.roles import Role
from admin_center.wording import change_requests, labels, phrases
from admin_center.wording.activity import COST_FIELDS, FIELDS, MOOT, REASONS, VERBS
from admin_center.wording.bidi import isolated
from admin_center.wording.phrases import Names
from billing.models import ChangeRequest, Edition, PaymentMethod

_LINE = re.compile(r"(?P<edition>\S+) × (?P<quantity>[0-9]+)")
_TEMPORARY = re.compile(
    r"(?P<product>\S+) × (?P<quantity>[0-9]+) (?P<first>[0-9-]{10})/(?P<until>[0-9-]{10})"
)
_ISO = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_CODE = re.compile(r"[a-z]+(_[a-z]+)+")
_PLACES = {field: place for place, field in enumerate(FIELDS)}
# What looks like an amount of money inside a text that somebody typed.
_AMOUNT = re.compile(r"[$€£¥]|\d[.,]\d|\b(?:USD|EUR|JPY|GBP|CHF|CAD|BHD)\b")


@dataclass(frozen=True, slots=True)
class FieldDifference:
    """One thing that an act changed; an empty side says that there was, or is, nothing."""

    field: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class ActivityRow:
    """An entry with its words; `at` is the moment in the account's zone, `when` the same in words.

    `about` names the member, product or request that it was done to.
    """

    entry: Activity
    at: datetime
    when: str
    sentence: str
    about: str
    who: str
    reason: str
    differences: tuple[FieldDifference, ...]
    invoice: str


class ActivityPresenter:
    """Puts the entries of one account into words, in the language of the moment."""

    def __init__(self, account: Account, *, costs_shown: bool) -> None:
        """Read the names of products and editions, in one query."""
        self.costs_shown = costs_shown
        self.zone = ZoneInfo(account.timezone)
        self.names = _names(account)

    def tell(self, entries: Iterable[Activity]) -> list[ActivityRow]:
        """Return entries with their words; reads the members they speak of in one query."""
        entries = list(entries)
        ids = {entry.subject[7:] for entry in entries if entry.subject.startswith("member:")}
        members = {
            f"member:{pk}": name
            for pk, name in User.objects.filter(
                pk__in=[int(one) for one in ids if one.isascii() and one.isdecimal()]
            ).values_list("pk", "name")
        }
        return [self._told(entry, members) for entry in entries]

    def _told(self, entry: Activity, members: Mapping[str, str]) -> ActivityRow:
        at = entry.at.astimezone(self.zone)
        before, after = self._kept(entry.before), self._kept(entry.after)
        found = [
            difference
            for field in sorted({*before, *after}, key=_place)
            for difference in _differences(field, before.get(field), after.get(field), self.names)
        ]
        return ActivityRow(
            entry=entry,
            at=at,
            when=formats.date_format(at, "DATETIME_FORMAT"),
            sentence=sentence(entry.verb),
            about=_about(entry.subject, members, self.names),
            who=who(entry),
            reason=self._reason(entry),
            differences=tuple(found),
            # Where costs are not shown invoices are the vendor's staff's (domain.md 3).
            invoice=entry.invoice if self.costs_shown else "",
        )

    def _kept(self, stored: Any) -> Mapping[str, Any]:
        held = stored if isinstance(stored, dict) else {}
        return held if self.costs_shown else {key: value for key, value in held.items() if key in FIELDS}

    def _reason(self, entry: Activity) -> str:
        """Return the words of a reason: those of its code, or what somebody typed."""
        text = entry.reason
        if text in REASONS:
            return str(REASONS[text])
        if entry.verb == "request_closed" and _CODE.fullmatch(text):
            return str(MOOT)
        if entry.verb == "subscription_parked":
            # Codes for the vendor's staff, who read them in the back office.
            return ""
        return "" if not self.costs_shown and _AMOUNT.search(text) else text


def _place(field: str) -> tuple[int, str]:
    """Return where a field stands: in the order of FIELDS, then by name."""
    return _PLACES.get(field, len(_PLACES)), field


def sentence(verb: str) -> str:
    """Return what a verb says; one without words in plain, as it is stored."""
    return str(VERBS.get(verb) or verb.replace("_", " ").capitalize())


def who(entry: Activity) -> str:
    """Return who did it, in words."""
    if entry.by_staff:
        staff = _("%(name)s (vendor’s staff)") % {"name": isolated(entry.actor_name)}
        return staff if entry.actor_name else _("Vendor’s staff")
    return entry.actor_name or _("By itself")


def _names(account: Account) -> dict[str | tuple[str, str], str]:
    rows = Edition.objects.filter(product__catalogue__subscriptions=account.pk).values_list(
        "product__key", "product__name", "key", "name"
    )
    names: dict[str | tuple[str, str], str] = {}
    for product_key, product_name, key, name in rows:
        names[product_key] = product_name
        names[product_key, key] = name
    return names


def _about(subject: str, members: Mapping[str, str], names: Names) -> str:
    kind, _colon, key = subject.partition(":")
    match kind:
        case "member":
            return members.get(subject, "")
        case "seats" | "scheduled" | "line":
            return phrases.product(names, key)
        case "request":
            return _("request %(number)s") % {"number": key}
        case _:
            return ""


def _differences(field: str, before: Any, after: Any, names: Names) -> Iterator[FieldDifference]:
    """Yield what differs; a dictionary (lines by product) is compared entry by entry."""
    if isinstance(before, dict) or isinstance(after, dict):
        old, new = before or {}, after or {}
        for key in dict.fromkeys([*old, *new]):
            if old.get(key) != new.get(key):
                name = phrases.product(names, key)
                yield FieldDifference(name, _line(key, old.get(key), names), _line(key, new.get(key), names))
        return
    if isinstance(before, list) and isinstance(after, list):
        # What is on both sides stayed as it was.
        before, after = [x for x in before if x not in after], [x for x in after if x not in before]
    old, new = _value(field, before, names), _value(field, after, names)
    if old != new:
        label = str(FIELDS.get(field) or COST_FIELDS.get(field) or field.replace("_", " ").capitalize())
        yield FieldDifference(label, old, new)


def _line(product: str, value: Any, names: Names) -> str:
    """Return a line as the trail keeps it ("plus × 12") in words."""
    found = _LINE.fullmatch(str(value or ""))
    if found is None:
        return str(value or "")
    edition = phrases.edition(names, product, found["edition"])
    quantity = phrases.number(int(found["quantity"]))
    return f"{edition} × {quantity}" if edition else quantity


def _value(field: str, value: Any, names: Names) -> str:
    if value is None or value in ("", []):
        return ""
    if isinstance(value, list):
        return "; ".join(_value(field, one, names) for one in value)
    if isinstance(value, dict):
        return "; ".join(change_requests.sentences([value], None, names))
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    match field:
        case "products" | "product":
            return phrases.product(names, str(value))
        case "temporary":
            return _temporary(str(value), names)
        case "scheduled":
            return _scheduled(str(value), names)
        case _:
            return _word(field, str(value))


def _word(field: str, code: str) -> str:
    """Return the words of a code."""
    match field:
        case "cycle":
            return phrases.cycle(code)
        case "paid_until":
            return _day(code)
        case "role":
            return str(labels.ROLES[Role(code)]) if code in set(Role) else code
        case "type":
            return labels.account_type(code) if code in set(AccountType) else code
        case "collection_method":
            return labels.collection_method(code) if code in set(CollectionMethod) else code
        case "kind":
            return str(PaymentMethod.Kind(code).label) if code in PaymentMethod.Kind else code
        case "state":
            if code in labels.STATUSES:
                return str(labels.STATUSES[code].words)
            return str(ChangeRequest.State(code).label) if code in ChangeRequest.State else code
        case _:
            return code


def _temporary(text: str, names: Names) -> str:
    """Return temporary seats as the trail keeps them ("inbox × 5 2026-12-01/2027-01-01") in words."""
    found = _TEMPORARY.fullmatch(text)
    if found is None:
        return text
    last = date.fromisoformat(found["until"]) - timedelta(days=1)
    return _("%(product)s: %(seats)s from %(first)s to %(last)s") % {
        "product": phrases.product(names, found["product"]),
        "seats": phrases.seats(int(found["quantity"])),
        "first": _day(found["first"]),
        "last": _day(last.isoformat()),
    }


def _scheduled(text: str, names: Names) -> str:
    """Return a waiting change as the trail keeps it ("quantity inbox 5") in words."""
    match text.split():
        case ["cycle", cycle]:
            return _("Billing cycle: %(cycle)s") % {"cycle": phrases.cycle(cycle).lower()}
        case ["cancellation"]:
            return _("The account ends")
        case [kind, product, *rest]:
            return _waiting(kind, product, rest, names) or text
        case _:
            return text


def _waiting(kind: str, product: str, rest: list[str], names: Names) -> str:
    told = {"product": phrases.product(names, product)}
    match kind, rest:
        case "quantity", [quantity] if quantity.isascii() and quantity.isdecimal():
            return _("%(product)s: %(seats)s") % {**told, "seats": phrases.seats(int(quantity))}
        case "edition", [edition]:
            told |= {"edition": phrases.edition(names, product, edition)}
            return _("%(product)s: edition %(edition)s") % told
        case "removal", []:
            return _("%(product)s: removed") % told
        case "removal", [day] if _ISO.fullmatch(day):
            return _("%(product)s: removed on %(day)s") % {**told, "day": _day(day)}
        case "removal", leaving:
            left = ", ".join(phrases.product(names, key) for key in leaving)
            return _("%(leaving)s leaves %(product)s") % {**told, "leaving": left}
        case _:
            return ""


def _day(value: str) -> str:
    try:
        return phrases.day(date.fromisoformat(value))
    except ValueError:
        return value
