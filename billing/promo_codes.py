"""Promo codes: what the vendor's staff define, whether one works, and how often an account may try."""

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.core.cache import cache
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from moneyed import Money

from accounts import staff
from accounts.models import Account
from accounts.occasion import Occasion
from accounts.rules.capabilities import BY_TYPE, AccountType, Capability
from billing.applying import promo_codes
from billing.models import Catalogue, PromoCode, PromoCodeEntry, Quote
from billing.rules import checks, quoting
from billing.rules.changes import Change, FirstPurchase, UsePromoCode
from billing.rules.facts import Facts
from billing.rules.money import to_minor
from billing.rules.periods import Cycle
from billing.rules.quoting import UndecidedConflict
from billing.rules.refusals import PromoNotValid, Refusal
from billing.storage import loading

TRIES_AN_HOUR = 10
HOUR = 3600
CODE = re.compile(r"[A-Z0-9-]{1,40}")
# What may still change once somebody uses a code: whom it is for and what it gives are promised.
OPEN_ONCE_USED = frozenset({"valid_until", "limit_total", "limit_per_account", "withdrawn"})


class TooManyTries(Exception):
    """More than ten different codes were tried for an account within an hour."""


@dataclass(frozen=True, slots=True)
class Terms:
    """What a code gives, to whom and until when: a percentage, or an amount per period.

    `products` are keys of the catalogue, none: all. `valid_until` is the last day. `periods` None: as
    long as the subscription lasts; `limit_total` None: without limit.
    """

    code: str
    percent: Decimal | None = None
    amount: Money | None = None
    products: tuple[str, ...] = ()
    first_purchase_only: bool = False
    valid_from: date | None = None
    valid_until: date | None = None
    periods: int | None = None
    limit_total: int | None = None
    limit_per_account: int = 1
    withdrawn: bool = False


@dataclass(frozen=True, slots=True)
class PromoCodeCheck:
    """Whether a code works for an account, for the vendor's staff.

    `reason` is a code, empty where it works; `refusal` says what else stands in the way. `first` tells
    that it would be used with the account's first purchase.
    """

    reason: str = ""
    refusal: Refusal | None = None
    first: bool = False

    @property
    def works(self) -> bool:
        """Tell whether it works."""
        return not self.reason


def terms_of(promo: PromoCode) -> Terms:
    """Return the conditions of a stored code; reads its products."""
    held = {field.name: getattr(promo, field.name) for field in fields(Terms) if field.name != "products"}
    return Terms(**held, products=tuple(sorted(product.key for product in promo.products.all())))


def in_use(promo: PromoCode) -> bool:
    """Tell whether somebody has used a code, or is paying for a change that uses it."""
    paying = Quote.objects.filter(
        subscription__catalogue=promo.catalogue_id,
        state=Quote.State.HELD,
        changes__contains=[{"promo": promo.code}],
    )
    return promo.used > 0 or paying.exists()


def faults(terms: Terms, catalogue: Catalogue, held: PromoCode | None = None) -> dict[str, Promise]:
    """Return what is wrong with conditions, by field; `held` is the code that would get them."""
    used = held.used if held else 0
    rivals = PromoCode.objects.filter(catalogue=catalogue, code=terms.code)
    known = set(catalogue.products.values_list("key", flat=True)) if terms.products else set()
    limit, dates = terms.limit_total, (terms.valid_from, terms.valid_until)
    found = (
        ("code", not CODE.fullmatch(terms.code), _("Only letters A to Z, digits and hyphens.")),
        (
            "code",
            rivals.exclude(pk=held.pk if held else 0).exists(),
            _("This price list has such a code already."),
        ),
        ("percent", not _one(terms), _("Give either a percentage or an amount.")),
        ("percent", not _is_percentage(terms.percent), _("More than 0 and at most 100, to a hundredth.")),
        ("amount", not _is_amount(terms.amount), _("More than 0, in whole units of what the currency has.")),
        ("products", not set(terms.products) <= known, _("Only products of the code’s own price list.")),
        ("valid_until", None not in dates and dates[1] < dates[0], _("The last day is before the first.")),  # type: ignore[operator]
        ("periods", terms.periods is not None and not 1 <= terms.periods <= 1200, _("At least 1 period.")),
        ("limit_total", limit is not None and limit < 1, _("At least 1; leave it empty for no limit.")),
        ("limit_total", limit is not None and limit < used, _("It has been used more often already.")),
        ("limit_per_account", terms.limit_per_account < 1, _("At least 1.")),
    )
    return {field: words for field, wrong, words in reversed(found) if wrong}


def faults_of(promo: PromoCode, changes: Mapping[str, Any]) -> dict[str, Promise]:
    """Return what stands against giving a code other conditions, by field."""
    held = terms_of(promo)
    terms = replace(held, **changes)
    fixed = set(_differing(held, terms)) - OPEN_ONCE_USED if in_use(promo) else set()
    stays = dict.fromkeys(sorted(fixed), _("Somebody uses the code: what it promised stays."))
    return faults(terms, promo.catalogue, promo) | stays


@transaction.atomic
def create(catalogue: Catalogue, terms: Terms, *, occasion: Occasion, reason: str) -> PromoCode:
    """Define a code of a price list, recorded with the reason.

    Raises PermissionDenied for anyone but the vendor's staff, ValueError without a reason, and
    ValidationError by field for conditions that can't be.
    """
    staff.demand(occasion.person, reason)
    # Two who define the same code come one after the other.
    Catalogue.objects.select_for_update(no_key=True).get(pk=catalogue.pk)
    if wrong := faults(terms, catalogue):
        raise ValidationError(dict(wrong))
    promo = PromoCode(catalogue=catalogue)
    _write(promo, terms)
    _record(promo, None, _plain(terms), occasion=occasion, reason=reason)
    return promo


@transaction.atomic
def amend(promo_id: int, changes: Mapping[str, Any], *, occasion: Occasion, reason: str) -> bool:
    """Give a code other conditions (of Terms, by name), and tell whether any differed.

    A code that is in use keeps what it gives and to whom; its last day, its limits and whether it is
    withdrawn may change. Raises as `create`.
    """
    staff.demand(occasion.person, reason)
    promo = lock(promo_id)
    held = terms_of(promo)
    terms = replace(held, **changes)
    differing = _differing(held, terms)
    if not differing:
        return False
    if wrong := faults_of(promo, changes):
        raise ValidationError(dict(wrong))
    _write(promo, terms)
    old, new = ({name: _plain(one)[name] for name in differing} for one in (held, terms))
    _record(promo, old, new, occasion=occasion, reason=reason)
    return True


def lock(promo_id: int) -> PromoCode:
    """Return a code that nobody uses or changes until the transaction ends."""
    return PromoCode.objects.select_for_update(no_key=True, of=("self",)).get(pk=promo_id)


def try_out(code: str, account: Account, *, on: date) -> PromoCodeCheck:
    """Return whether a code (in capitals) would work for an account on its day, and why not.

    For the vendor's staff only: the customer is never told which reason it is. Writes nothing and
    counts no try.
    """
    reading = loading.read(account, on, holders=True, promos=[code])
    if reading is None:
        return PromoCodeCheck("no_subscription")
    held = reading.facts
    if not held.promos:
        elsewhere = PromoCode.objects.filter(code=code).exists()
        return PromoCodeCheck("other_catalogue" if elsewhere else "unknown")
    if Capability.COSTS not in BY_TYPE[AccountType(account.type)]:
        return PromoCodeCheck("account_type")
    first = not held.has_bought
    try:
        _use(held, UsePromoCode(code), on, first=first)
    except PromoNotValid as refusal:
        return PromoCodeCheck(_precise(refusal, code, account), first=first)
    except Refusal as refusal:
        return PromoCodeCheck("refused", refusal, first=first)
    except UndecidedConflict:
        # It meets a change that waits: the customer is asked, and it works.
        return PromoCodeCheck(first=first)
    return PromoCodeCheck(first=first)


def count_tries(account: Account, changes: Iterable[Change], at: datetime) -> None:
    """Count the codes that are tried; the same code again within the hour counts once.

    Raises TooManyTries.
    """
    if codes := promo_codes(tuple(changes)):
        _count(account, codes, at)


@transaction.atomic
def _count(account: Account, codes: Iterable[str], at: datetime) -> None:
    # The counter lies in the database's cache: without the lock, twenty at once would count as one.
    Account.objects.lock(account.pk)
    key, now = f"promo-tries:{account.pk}", at.timestamp()
    tried: dict[str, float] = {code: when for code, when in cache.get(key, {}).items() if now - when < HOUR}
    for code in codes:
        mark = hashlib.sha256(code.encode()).hexdigest()[:16]
        if mark not in tried and len(tried) >= TRIES_AN_HOUR:
            raise TooManyTries
        tried.setdefault(mark, now)
    cache.set(key, tried, HOUR)


def _one(terms: Terms) -> bool:
    return (terms.percent is None) is not (terms.amount is None)


def _is_percentage(percent: Decimal | None) -> bool:
    return percent is None or (percent.is_finite() and 0 < percent <= 100 and percent == round(percent, 2))


def _is_amount(amount: Money | None) -> bool:
    """Tell whether an amount is positive, whole in its currency's minor unit, and not too large to keep."""
    if amount is None:
        return True
    try:
        return 0 < to_minor(amount.amount, amount.currency.code) < 10**15
    except ValueError:
        return False


def _plain(terms: Terms) -> dict[str, Any]:
    """Return conditions as the trail keeps them."""
    percent, amount = terms.percent, terms.amount
    days = {"valid_from": terms.valid_from, "valid_until": terms.valid_until}
    return asdict(replace(terms, amount=None)) | {
        "percent": None if percent is None else f"{percent.normalize():f}",
        "amount": None if amount is None else f"{amount.amount.normalize():f} {amount.currency.code}",
        "products": sorted(terms.products),
        **{name: day and day.isoformat() for name, day in days.items()},
    }


def _differing(held: Terms, terms: Terms) -> list[str]:
    before, after = _plain(held), _plain(terms)
    return [name for name in after if before[name] != after[name]]


def _write(promo: PromoCode, terms: Terms) -> None:
    names = [field.name for field in fields(Terms) if field.name != "products"]
    for name in names:
        setattr(promo, name, getattr(terms, name))
    promo.save(update_fields=[*names, "amount_currency"] if promo.pk else None)
    promo.products.set(promo.catalogue.products.filter(key__in=terms.products))


def _record(
    promo: PromoCode, before: dict[str, Any] | None, after: dict[str, Any], *, occasion: Occasion, reason: str
) -> None:
    PromoCodeEntry.objects.create(
        promo=promo,
        at=occasion.at,
        actor=occasion.person,
        actor_name=occasion.person.name,
        address=occasion.address,
        before=before,
        after=after,
        reason=reason.strip(),
    )


def _use(held: Facts, change: UsePromoCode, on: date, *, first: bool) -> None:
    """Do as if somebody used the code: alone, or with a first purchase of anything."""
    if not first:
        quoting.quote(held, [change], on)
        return
    checks.may_change(held, [FirstPurchase(Cycle.ANNUAL, ())], on)
    checks.promo_allowed(held, change, on, had=frozenset(held.catalogue), first=True)


def _precise(refusal: PromoNotValid, code: str, account: Account) -> str:
    """Return the rules' reason; a code used up for this account alone has a reason of its own."""
    reason = str(refusal.data["reason"])
    if reason != "used_up":
        return reason
    promo = PromoCode.objects.get(catalogue__subscriptions=account.pk, code=code)
    return reason if promo.limit_total is not None and promo.used >= promo.limit_total else "used_up_here"
