"""Prices that the vendor's staff agree with one account, in the place of the list's."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Greatest

from accounts import activity, staff
from accounts.models import Account
from accounts.occasion import Occasion
from accounts.rules.activity import ActivityField, ActivityVerb
from billing.models import AgreedPrice, Edition, Line, Subscription
from billing.rules.facts import Facts
from billing.rules.money import to_minor, to_money
from billing.rules.price_endings import NOTICE_DAYS
from billing.rules.renewal_lines import at_lasting_price
from billing.storage import loading


class AgreedPriceRefusal(StrEnum):
    """Why a price isn't agreed, or doesn't end so."""

    ENDS_TOO_SOON = "ends_too_soon"
    # What is charged next is less: who pays more is told before, by the end of a price.
    HIGHER = "higher"
    NOT_SOLD = "not_sold"
    OVER = "over"


class NotAgreed(Exception):
    """Nothing was agreed or ended; `why` says the reason."""

    def __init__(self, why: AgreedPriceRefusal) -> None:
        """Keep the reason."""
        super().__init__(why)
        self.why = why


@dataclass(frozen=True, slots=True)
class NewPrice:
    """A price for an account: of an edition, in minor units, until a day (exclusive) or without end."""

    edition_id: int
    unit: int
    ends_on: date | None


@transaction.atomic
def give(account_id: int, new: NewPrice, *, reason: str, occasion: Occasion) -> AgreedPrice:
    """Agree a price with an account in its present cycle, from today on, in the place of one agreed before.

    What the account has costs it from its next whole period on; what it buys meanwhile, at once. Never more
    than it would pay without it. Recorded with the reason, which the account's owner reads. Raises
    PermissionDenied for anyone but the vendor's staff, ValueError without a reason, NotAgreed,
    Edition.DoesNotExist, Subscription.DoesNotExist.
    """
    staff.demand(occasion.person, reason)
    account = Account.objects.lock(account_id)
    subscription = Subscription.objects.get(pk=account_id)
    edition = Edition.objects.select_related("product").get(
        pk=new.edition_id, product__catalogue=subscription.catalogue_id
    )
    if new.ends_on is not None and new.ends_on <= occasion.on:
        raise NotAgreed(AgreedPriceRefusal.ENDS_TOO_SOON)
    reading = loading.read(account, occasion.on)
    now = _price_without(reading.facts, edition, occasion.on) if reading else None
    if now is None:
        raise NotAgreed(AgreedPriceRefusal.NOT_SOLD)
    if new.unit > now:
        raise NotAgreed(AgreedPriceRefusal.HIGHER)
    same = AgreedPrice.objects.filter(
        Q(ends_on=None) | Q(ends_on__gt=occasion.on),
        subscription=subscription,
        edition=edition,
        cycle=subscription.cycle,
    )
    same.update(ends_on=Greatest(F("starts_on"), occasion.on))
    agreed = AgreedPrice.objects.create(
        subscription=subscription,
        edition=edition,
        cycle=subscription.cycle,
        amount=to_money(new.unit, account.currency),
        starts_on=occasion.on,
        ends_on=new.ends_on,
        reason=reason.strip(),
        given_by=occasion.person,
        given_by_name=occasion.person.name,
        given_at=occasion.at,
    )
    _record(account, agreed, ActivityVerb.PRICE_AGREED, reason, occasion)
    return agreed


def earliest_end(agreed: AgreedPrice, on: date) -> date:
    """Return the first day on which an agreed price can end: today while nothing was charged at it."""
    return on if not _lines_at(agreed).exists() else date.fromordinal(on.toordinal() + NOTICE_DAYS)


@transaction.atomic
def end(agreed_id: int, ends_on: date, *, reason: str, occasion: Occasion) -> AgreedPrice:
    """Let an agreed price end on another day; the first whole period from then on has the list price.

    Raises PermissionDenied for anyone but the vendor's staff, ValueError without a reason, NotAgreed,
    AgreedPrice.DoesNotExist.
    """
    staff.demand(occasion.person, reason)
    account = Account.objects.lock_for(AgreedPrice, agreed_id)
    agreed = AgreedPrice.objects.select_related("edition__product").get(pk=agreed_id)
    if agreed.ends_on is not None and agreed.ends_on <= occasion.on:
        raise NotAgreed(AgreedPriceRefusal.OVER)
    if ends_on < earliest_end(agreed, occasion.on):
        raise NotAgreed(AgreedPriceRefusal.ENDS_TOO_SOON)
    _lines_at(agreed).update(price_ends_on=ends_on)
    agreed.ends_on = ends_on
    agreed.save(update_fields=["ends_on"])
    _record(account, agreed, ActivityVerb.AGREED_PRICE_ENDED, reason, occasion)
    return agreed


def _price_without(facts: Facts, edition: Edition, on: date) -> int | None:
    """Return what the account would pay next for an edition: of its line, or for what it buys today."""
    product, key = edition.product.key, edition.key
    line = facts.line(product) if facts.has_bought else None
    if line is not None and line.edition == key:
        return at_lasting_price(line, facts, facts.paid_cycle, facts.renews_on).unit
    cycle = facts.cycle
    return facts.edition(product, key).price(cycle, on) if cycle is not None else None


def _lines_at(agreed: AgreedPrice) -> QuerySet[Line]:
    """Return the account's line that was charged at an agreed price."""
    return Line.objects.filter(
        subscription=agreed.subscription_id,
        subscription__cycle=agreed.cycle,
        edition=agreed.edition_id,
        unit_price=agreed.amount,
        ended_on=None,
    )


def _record(
    account: Account, agreed: AgreedPrice, verb: ActivityVerb, reason: str, occasion: Occasion
) -> None:
    minor = to_minor(agreed.amount.amount, account.currency)
    activity.record(
        account,
        verb,
        occasion,
        subject=f"product:{agreed.edition.product.key}",
        after={
            ActivityField.PRODUCT.value: agreed.edition.product.key,
            ActivityField.AMOUNT.value: {"minor": minor, "currency": account.currency},
            ActivityField.PRICE_UNTIL.value: agreed.ends_on.isoformat() if agreed.ends_on else None,
        },
        reason=reason.strip(),
    )
