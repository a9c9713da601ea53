"""The trail as people read it: sentences, and before and after as a difference."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, assert_never
from zoneinfo import ZoneInfo

from babel.numbers import format_currency
from django.conf import settings
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from accounts.models import Account, Activity, User
from accounts.rules.activity import COST_FREE, SHAPES, ActivityField, ActivityVerb, Shape
from accounts.rules.capabilities import AccountType, CollectionMethod
from accounts.rules.roles import Role
from admin_center.presenters import activity_gist
from admin_center.presenters.activity_prose import as_data
from admin_center.wording import addresses as address_words
from admin_center.wording import change_requests, labels, phrases
from admin_center.wording.activity import FIELDS, MOOT, REASONS
from billing.models import ChangeRequest, Edition, Invoice, PaymentMethod, Product
from billing.rules.facts import ScheduledKind
from billing.rules.money import to_decimal, to_minor
from billing.rules.names import CountedIn, Names, counted_from_plain
from billing.rules.parties import address_from_plain

_CODE = re.compile(r"[a-z]+(_[a-z]+)+")
_PLACES = {field.value: place for place, field in enumerate(ActivityField)}
# What looks like an amount of money inside a text that somebody typed.
_AMOUNT = re.compile(r"[$€£¥]|\d[.,]\d|\b(?:USD|EUR|JPY|GBP|CHF|CAD|BHD)\b")


@dataclass(frozen=True, slots=True)
class FieldDifference:
    """One thing that an act changed; an empty side says that there was, or is, nothing.

    `gist` is what the sentence of its entry says of it; empty where it is only told below.
    """

    field: str
    before: str
    after: str
    gist: str = ""


@dataclass(frozen=True, slots=True)
class ActivityRow:
    """An entry with its words; `at` is the moment in the account's zone, `when` the same in words.

    `about` names the member, product or request that it was done to; `gist` says first who did what to it,
    from what to what and for how much.
    """

    entry: Activity
    at: datetime
    when: str
    sentence: str
    about: str
    who: str
    gist: str
    reason: str
    differences: tuple[FieldDifference, ...]
    # The numbers of the invoices behind it.
    invoices: tuple[str, ...]

    @property
    def invoice(self) -> str:
        """Return the numbers in one text."""
        return ", ".join(self.invoices)

    @property
    def details(self) -> list[FieldDifference]:
        """Return what the gist does not say."""
        return [one for one in self.differences if not one.gist]


class ActivityPresenter:
    """Puts the entries of one account into words, in the language of the moment."""

    def __init__(self, account: Account, *, costs_shown: bool) -> None:
        """Read the names of products and editions, in one query."""
        self.costs_shown = costs_shown
        self.zone = ZoneInfo(account.timezone)
        self.names = _names(account)

    def tell(self, entries: Iterable[Activity]) -> list[ActivityRow]:
        """Return entries with their words; reads members and invoices that they speak of in a query each."""
        entries = list(entries)
        ids = {entry.subject[7:] for entry in entries if entry.subject.startswith("member:")}
        members = {
            f"member:{pk}": name
            for pk, name in User.objects.filter(
                pk__in=[int(one) for one in ids if one.isascii() and one.isdecimal()]
            ).values_list("pk", "name")
        }
        amounts = self._amounts(entries)
        return [self._told(entry, members, amounts) for entry in entries]

    def _amounts(self, entries: list[Activity]) -> Mapping[str, str]:
        """Return what the invoices behind entries come to; nothing where costs are not shown."""
        numbers = {number for entry in entries for number in self._invoices(entry)}
        if not numbers:
            return {}
        found = Invoice.objects.filter(subscription_id=entries[0].account_id, number__in=numbers)
        return {one.number: _money(to_minor(one.total.amount, one.currency), one.currency) for one in found}

    def _invoices(self, entry: Activity) -> tuple[str, ...]:
        # Where costs are not shown invoices are the vendor's staff's (domain.md 3).
        return tuple(filter(None, entry.invoice.split(", "))) if self.costs_shown else ()

    def _told(self, entry: Activity, members: Mapping[str, str], amounts: Mapping[str, str]) -> ActivityRow:
        at = entry.at.astimezone(self.zone)
        before, after = self._kept(entry.before), self._kept(entry.after)
        found = [
            difference
            for field in sorted({*before, *after}, key=_place)
            for difference in _differences(field, before.get(field), after.get(field), self.names)
        ]
        about, invoices = _about(entry.subject, members, self.names), self._invoices(entry)
        said = [one.gist for one in found]
        if len(invoices) == 1 and {"amount"}.isdisjoint({*before, *after}):
            said.append(amounts.get(invoices[0], ""))
        return ActivityRow(
            entry=entry,
            at=at,
            when=phrases.moment(at),
            sentence=activity_gist.sentence(entry.verb),
            about=about,
            who=activity_gist.who(entry),
            gist=activity_gist.gist(entry, about, said),
            reason=self._reason(entry),
            differences=tuple(found),
            invoices=invoices,
        )

    def _kept(self, stored: Any) -> Mapping[str, Any]:
        facts = as_data(stored) if isinstance(stored, dict) else {}
        return facts if self.costs_shown else {key: value for key, value in facts.items() if key in COST_FREE}

    def _reason(self, entry: Activity) -> str:
        """Return the words of a reason: those of its code, or what somebody typed."""
        text = entry.reason
        if text in REASONS:
            return str(REASONS[text])
        if entry.verb == ActivityVerb.REQUEST_CLOSED and _CODE.fullmatch(text):
            return str(MOOT)
        if entry.verb == ActivityVerb.SUBSCRIPTION_PARKED:
            # Codes for the vendor's staff, who read them in the back office.
            return ""
        return "" if not self.costs_shown and _AMOUNT.search(text) else text


def _place(field: str) -> tuple[int, str]:
    """Return where a field stands: in the order in which fields are told, then by name."""
    return _PLACES.get(field, len(_PLACES)), field


def _names(account: Account) -> Names:
    rows = Edition.objects.filter(product__catalogue__subscriptions=account.pk).values_list(
        *("product__key", "product__name", "key", "name", "product__kind", "product__counted_in")
    )
    names: dict[str | tuple[str, str], str] = {}
    counted: dict[str, CountedIn] = {}
    for product_key, product_name, key, name, kind, unit in rows:
        names |= {product_key: product_name, (product_key, key): name}
        if unit or kind == Product.Kind.FLAT:
            counted[product_key] = counted_from_plain(unit)
    return Names(names, counted)


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
    """Yield what differs: lines product by product, of a list what came and went, else the value."""
    known = ActivityField(field) if field in set(ActivityField) else None
    if known is ActivityField.LINES:
        yield from _line_differences(before, after, names)
        return
    if isinstance(before, list) and isinstance(after, list):
        # What is on both sides stayed as it was.
        before, after = [x for x in before if x not in after], [x for x in after if x not in before]
    old, new = _words(known, before, names), _words(known, after, names)
    if old != new:
        name = str(FIELDS[known]) if known else activity_gist.plain(field)
        yield FieldDifference(name, old, new, activity_gist.of_field(known, old, new))


def _line_differences(before: Any, after: Any, names: Names) -> Iterator[FieldDifference]:
    old = before if isinstance(before, dict) else {}
    new = after if isinstance(after, dict) else {}
    for product in dict.fromkeys([*old, *new]):
        if old.get(product) != new.get(product):
            name = phrases.product(names, product)
            was, now = (_line(product, side.get(product), names) for side in (old, new))
            yield FieldDifference(
                name, was, now, activity_gist.of_line(product, old.get(product), new.get(product), names)
            )


def _line(product: str, line: Any, names: Names) -> str:
    """Return a line in words: "Plus × 12", of a product without editions "12 seats"."""
    if not isinstance(line, dict):
        return str(line or "")
    edition = phrases.edition(names, product, line["edition"])
    if edition:
        return f"{edition} × {phrases.number(line['quantity'])}"
    return phrases.quantity(names, product, line["quantity"])


def _words(field: ActivityField | None, value: Any, names: Names) -> str:
    """Return the words of a value; of a field that is recorded no more, or not of its shape, as it stands."""
    if value is None or value in ("", []):
        return ""
    if isinstance(value, list):
        return "; ".join(_words(field, one, names) for one in value)
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    shape = SHAPES[field] if field else Shape.TEXT
    if field is None or isinstance(value, dict) is not _is_object(shape):
        return str(value)
    match shape:
        case Shape.TEXT | Shape.CODES:
            return _word(field, str(value), names)
        case Shape.FLAG | Shape.NUMBER:
            return str(value)
        case Shape.DAY:
            return _day(value)
        case Shape.MONEY:
            return _money(value["minor"], value["currency"])
        case Shape.TEMPORARY:
            return _temporary(value, names)
        case Shape.SCHEDULED:
            return _scheduled(value, names)
        case Shape.ADDRESS:
            return address_words.one_line(address_from_plain(value))
        case Shape.CHANGES:
            return "; ".join(change_requests.sentences([value], None, names))
        case Shape.LINES:
            lines = ((phrases.product(names, key), _line(key, line, names)) for key, line in value.items())
            return "; ".join(f"{name}: {words}" for name, words in lines)
        case _:
            assert_never(shape)


def _is_object(shape: Shape) -> bool:
    """Tell whether a value of this shape, or each one of its list, is a JSON object."""
    return shape in (Shape.MONEY, Shape.LINES, Shape.TEMPORARY, Shape.SCHEDULED, Shape.ADDRESS, Shape.CHANGES)


def _word(field: ActivityField, code: str, names: Names) -> str:
    """Return the words of a code, or what was typed."""
    match field:
        case ActivityField.PRODUCTS | ActivityField.PRODUCT:
            return phrases.product(names, code)
        case ActivityField.CYCLE:
            return phrases.cycle(code)
        case ActivityField.ROLE:
            return str(labels.ROLES[Role(code)]) if code in set(Role) else code
        case ActivityField.TYPE:
            return labels.account_type(code) if code in set(AccountType) else code
        case ActivityField.COLLECTION_METHOD:
            return labels.collection_method(code) if code in set(CollectionMethod) else code
        case ActivityField.LANGUAGE:
            return str(dict(settings.LANGUAGES).get(code, code))
        case ActivityField.KIND:
            return str(PaymentMethod.Kind(code).label) if code in PaymentMethod.Kind else code
        case ActivityField.STATE:
            # "Open" is of a request: an invoice's state is no field.
            if code in ChangeRequest.State:
                return str(ChangeRequest.State(code).label)
            return str(labels.STATUSES[code].words) if code in labels.STATUSES else code
        case _:
            return code


def _money(minor: int, currency: str) -> str:
    """Return an amount as text; entries with amounts are told only where costs are shown."""
    return format_currency(to_decimal(minor, currency), currency, locale=get_language() or "en")


def _temporary(seats: Mapping[str, Any], names: Names) -> str:
    last = date.fromisoformat(seats["covers"]["end"]) - timedelta(days=1)
    return _("%(product)s: %(seats)s from %(first)s to %(last)s") % {
        "product": phrases.product(names, seats["product"]),
        "seats": phrases.quantity(names, seats["product"], seats["quantity"]),
        "first": _day(seats["covers"]["start"]),
        "last": phrases.day(last),
    }


def _scheduled(change: Mapping[str, Any], names: Names) -> str:
    """Return a change that waits in words: "Inbox: 5 seats"."""
    kind = ScheduledKind(change["kind"])
    told = {"product": phrases.product(names, change.get("product", ""))}
    match kind:
        case ScheduledKind.CYCLE:
            return _("Billing cycle: %(cycle)s") % {"cycle": phrases.cycle(change["cycle"]).lower()}
        case ScheduledKind.CANCELLATION:
            return _("The account ends")
        case ScheduledKind.QUANTITY:
            told |= {"seats": phrases.quantity(names, change["product"], change["quantity"])}
            return _("%(product)s: %(seats)s") % told
        case ScheduledKind.EDITION:
            told |= {"edition": phrases.edition(names, change["product"], change["edition"])}
            return _("%(product)s: edition %(edition)s") % told
        case ScheduledKind.REMOVAL:
            return _removal(change, told, names)
        case _:
            assert_never(kind)


def _removal(change: Mapping[str, Any], told: dict[str, str], names: Names) -> str:
    if leaving := change.get("leaving"):
        left = ", ".join(phrases.product(names, key) for key in leaving)
        return _("%(leaving)s leaves %(product)s") % {**told, "leaving": left}
    if day := change.get("takes_effect_on"):
        return _("%(product)s: removed on %(day)s") % {**told, "day": _day(day)}
    return _("%(product)s: removed") % told


def _day(value: str) -> str:
    try:
        return phrases.day(date.fromisoformat(value))
    except ValueError:
        return value
