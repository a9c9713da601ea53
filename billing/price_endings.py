"""Ends a price for everybody who has it: after notice, with the list of who is concerned."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from itertools import islice
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet, Value
from django.db.models.expressions import Combinable
from django.db.models.fields import DateField
from djmoney.money import Money

from accounts import mail, staff
from accounts.models import Account, Membership
from accounts.occasion import Occasion
from accounts.rules.capabilities import AccountState
from accounts.rules.letters import LetterKind
from billing.models import Edition, Line, PriceEnding, PriceEndingNotice
from billing.reminders import today_of
from billing.rules.facts import PriceEnd
from billing.rules.money import to_minor
from billing.rules.periods import Cycle
from billing.rules.price_endings import FURTHEST_DAYS, NOTICE_DAYS, TOLD_BEFORE, PriceRise, price_rise, stage
from billing.storage import loading

# Nowhere is it a later day than 14 hours before UTC's, nor an earlier one than 12 hours after.
_EAST, _WEST = timedelta(hours=14), timedelta(hours=12)
AT_ONCE = 500
# How often the background work looks for accounts that nobody told yet: all lines at a price are asked for.
LOOKED_EVERY = timedelta(hours=1)


class PriceEndingRefusal(StrEnum):
    """Why a price isn't ended, or its end isn't stopped."""

    TOO_SOON = "too_soon"
    TOO_FAR = "too_far"
    ENDS_ALREADY = "ends_already"
    # From that day on the edition has no price, or the same one.
    NO_OTHER_PRICE = "no_other_price"
    TOO_LATE = "too_late"
    STOPPED_ALREADY = "stopped_already"


class NotEnded(Exception):
    """Nothing was done to the price; `why` says the reason."""

    def __init__(self, why: PriceEndingRefusal) -> None:
        """Keep the reason."""
        super().__init__(why)
        self.why = why


@dataclass(frozen=True, slots=True)
class EndedPrice:
    """A price of an edition with the day from which it is to end."""

    edition: Edition
    cycle: Cycle
    amount: Money
    ends_on: date

    @classmethod
    def of(cls, ending: PriceEnding) -> "EndedPrice":
        """Return the price whose end was scheduled."""
        return cls(ending.edition, Cycle(ending.cycle), ending.amount, ending.ends_on)

    @property
    def end(self) -> PriceEnd:
        """Return it as the rules know it."""
        currency = self.amount.currency.code
        return PriceEnd(self.cycle, to_minor(self.amount.amount, currency), self.ends_on)

    @property
    def lines(self) -> QuerySet[Line]:
        """Return the live lines that have the price, of accounts that are not cancelled."""
        return Line.objects.filter(
            edition=self.edition,
            ended_on=None,
            unit_price=self.amount.amount,
            unit_price_currency=self.amount.currency.code,
            subscription__cycle=self.cycle.value,
        ).exclude(subscription__account__state=AccountState.CANCELLED)


@dataclass(frozen=True, slots=True)
class ConcernedAccount:
    """An account with what the end of a price means for it."""

    account: Account
    rise: PriceRise


def earliest(on: date) -> date:
    """Return the first day on which a price can end that is ended today."""
    return on + timedelta(days=NOTICE_DAYS)


def fault(price: EndedPrice, on: date) -> PriceEndingRefusal | None:
    """Return why a price can't be ended as it is asked; None where it can."""
    if price.ends_on < earliest(on):
        return PriceEndingRefusal.TOO_SOON
    if (price.ends_on - on).days > FURTHEST_DAYS:
        return PriceEndingRefusal.TOO_FAR
    if PriceEnding.objects.filter(_same(price), stopped_at=None).exists():
        return PriceEndingRefusal.ENDS_ALREADY
    catalogue = loading.catalogue(price.edition.product.catalogue_id, price.amount.currency.code)
    edition = catalogue[price.edition.product.key].edition(price.edition.key)
    if edition.price(price.cycle, price.ends_on) in (None, price.end.unit):
        return PriceEndingRefusal.NO_OTHER_PRICE
    return None


def concerned(price: EndedPrice, at: datetime, *, after: int = 0) -> Iterator[ConcernedAccount]:
    """Yield the accounts for which the end of a price changes something, by their ids, those after one.

    Each is told by its own coming renewals; read in batches, so that the list may be long.
    """
    product, edition = price.edition.product.key, price.edition.key
    lines = price.lines.filter(subscription_id__gt=after).order_by("subscription_id")
    ids = lines.values_list("subscription_id", flat=True).iterator(chunk_size=AT_ONCE)
    while batch := list(islice(ids, AT_ONCE)):
        accounts = Account.objects.in_bulk(batch)
        wanted = [(account, Occasion.of(account, at).on) for account in accounts.values()]
        readings = loading.read_all(wanted)
        for pk in batch:
            rise = price_rise(readings[pk].facts, product, edition, price.end) if pk in readings else None
            if rise is not None:
                yield ConcernedAccount(accounts[pk], rise)


@transaction.atomic
def schedule(price: EndedPrice, *, reason: str, occasion: Occasion) -> PriceEnding:
    """End a price from a day on, for everybody who has it then; they are told 60 and 30 days before.

    Raises PermissionDenied for anyone but the vendor's staff, ValueError without a reason, NotEnded.
    """
    staff.demand(occasion.person, reason)
    if (why := fault(price, occasion.on)) is not None:
        raise NotEnded(why)
    try:
        with transaction.atomic():
            return PriceEnding.objects.create(
                edition=price.edition,
                cycle=price.cycle.value,
                amount=price.amount,
                ends_on=price.ends_on,
                reason=reason.strip(),
                scheduled_by=occasion.person,
                scheduled_by_name=occasion.person.name,
                scheduled_at=occasion.at,
            )
    except IntegrityError:  # somebody else did at the same moment
        raise NotEnded(PriceEndingRefusal.ENDS_ALREADY) from None


def may_stop(ending: PriceEnding, at: datetime) -> bool:
    """Tell whether the end of a price can still be stopped: until its day has begun anywhere."""
    return ending.stopped_at is None and (at + _EAST).date() < ending.ends_on


@transaction.atomic
def stop(ending_id: int, *, reason: str, occasion: Occasion) -> PriceEnding:
    """Stop the end of a price until its day: everybody keeps it, and who was told is told so.

    Raises PermissionDenied for anyone but the vendor's staff, ValueError without a reason, NotEnded,
    PriceEnding.DoesNotExist.
    """
    staff.demand(occasion.person, reason)
    ending = PriceEnding.objects.select_for_update(no_key=True).get(pk=ending_id)
    if ending.stopped_at is not None:
        raise NotEnded(PriceEndingRefusal.STOPPED_ALREADY)
    if not may_stop(ending, occasion.at):
        raise NotEnded(PriceEndingRefusal.TOO_LATE)
    ending.stopped_at, ending.stopped_because = occasion.at, reason.strip()
    ending.stopped_by, ending.stopped_by_name = occasion.person, occasion.person.name
    ending.save(update_fields=["stopped_at", "stopped_because", "stopped_by", "stopped_by_name"])
    return ending


def due(at: datetime, account_id: int | None = None) -> Iterator[tuple[tuple[int, int], int]]:
    """Yield whom to tell of which end of a price: (ending, account), each with its account.

    Of all accounts, or of one.
    """
    running = PriceEnding.objects.filter(stopped_at=None, ends_on__gt=(at - _WEST).date())
    for ending in running.select_related("edition").order_by("pk"):
        lines = EndedPrice.of(ending).lines
        if account_id is not None:
            yield from _untold(ending, lines.filter(subscription=account_id), at)
            continue
        is_near = ending.ends_on <= (at + _EAST).date() + timedelta(days=NOTICE_DAYS)
        if is_near and (ending.looked_at is None or ending.looked_at <= at - LOOKED_EVERY):
            yield from _untold(ending, lines.filter(subscription__account__is_sandbox=False), at)
            PriceEnding.objects.filter(pk=ending.pk).update(looked_at=at)
        # A sandbox may have a clock of its own, however far from this moment.
        yield from _untold(ending, lines.filter(subscription__account__is_sandbox=True), at)
    waiting = PriceEndingNotice.objects.filter(
        ending__stopped_at__isnull=False, is_concerned=True, stop_told=False
    )
    if account_id is not None:
        waiting = waiting.filter(subscription=account_id)
    for ending_id, told_id in waiting.order_by("pk").values_list("ending_id", "subscription_id"):
        yield (ending_id, told_id), told_id


def _untold(
    ending: PriceEnding, lines: QuerySet[Line], at: datetime
) -> Iterator[tuple[tuple[int, int], int]]:
    told = PriceEndingNotice.objects.filter(ending=ending, subscription=OuterRef("subscription"))
    ends_on = Value(ending.ends_on, DateField())
    wanted: Combinable | Q = Q()
    for days in TOLD_BEFORE:
        wanted |= Q(today__gte=ending.ends_on - timedelta(days=days)) & ~Exists(
            told.filter(days_before__lte=days)
        )
    found = lines.alias(today=today_of(at, "subscription__account"), ends_on=ends_on)
    found = found.filter(wanted, today__lt=F("ends_on")).order_by("subscription_id")
    for account_id in found.values_list("subscription_id", flat=True):
        yield (ending.pk, account_id), account_id


@transaction.atomic
def tell(ending_id: int, account_id: int, *, occasion: Occasion) -> bool:
    """Tell an account's contacts of the end of a price, or that it was stopped; return whether it was told.

    Once for each of its days, and nothing where nothing changes for the account.
    """
    account = Account.objects.lock(account_id)
    ending = PriceEnding.objects.select_related("edition__product").get(pk=ending_id)
    known = PriceEndingNotice.objects.filter(ending=ending, subscription_id=account_id).first()
    if ending.stopped_at is not None:
        return known is not None and _tell_stop(account, ending, known)
    days = stage(ending.ends_on, occasion.on)
    reading = loading.read(account, occasion.on)
    if days is None or reading is None or (known is not None and known.days_before <= days):
        return False
    product, edition = ending.edition.product.key, ending.edition.key
    rise = price_rise(reading.facts, product, edition, EndedPrice.of(ending).end)
    PriceEndingNotice.objects.update_or_create(
        ending=ending,
        subscription_id=account_id,
        defaults={"days_before": days, "is_concerned": rise is not None},
    )
    if rise is None or rise.new is None or account.state == AccountState.CANCELLED:
        return False
    facts = _facts(ending) | {
        "quantity": rise.quantity,
        "was": rise.old,
        "is": rise.new,
        "difference": rise.difference,
        "on": rise.on.isoformat(),
        "cycle": ending.cycle,
    }
    _post(LetterKind.PRICE_ENDING, account, facts, f"{ending.pk}:{account.pk}:{days}")
    return True


def _tell_stop(account: Account, ending: PriceEnding, known: PriceEndingNotice) -> bool:
    if known.stop_told or not known.is_concerned or account.state == AccountState.CANCELLED:
        return False
    known.stop_told = True
    known.save(update_fields=["stop_told"])
    amount = to_minor(ending.amount.amount, account.currency)
    _post(LetterKind.PRICE_STAYS, account, _facts(ending) | {"was": amount}, f"{ending.pk}:{account.pk}")
    return True


def _facts(ending: PriceEnding) -> dict[str, Any]:
    return {
        "product": str(ending.edition),
        "ends_on": ending.ends_on.isoformat(),
        "currency": ending.amount.currency.code,
    }


def _post(kind: LetterKind, account: Account, facts: dict[str, Any], key: str) -> None:
    contacts = [member.user for member in Membership.objects.contacts(account)]
    mail.post(kind, account, to=contacts, facts=facts, key=key)


def _same(price: EndedPrice) -> Q:
    code = price.amount.currency.code
    return Q(edition=price.edition, cycle=price.cycle.value, amount=price.amount.amount, amount_currency=code)
