"""Warns of cards that soon no longer work: 30 and 7 days before, where something will be charged to them.

A card that is only kept on file, or whose account pays by invoice, ends or has bought nothing, is not told
of: nothing would be declined.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import DateField, Exists, F, Func, OuterRef, Q

from accounts import mail
from accounts.models import Account, Membership
from accounts.occasion import Occasion
from accounts.rules.capabilities import COLLECTION_METHODS, AccountState, CollectionMethod
from accounts.rules.letters import LetterKind
from billing import payment_uses
from billing.models import Line, PaymentMethod, ScheduledChange, Subscription
from billing.reminders import today_of
from billing.rules import card_expiry

Use = PaymentMethod.Use
# Nowhere is it a later day than 14 hours before UTC's.
_EAST = timedelta(hours=14)
_TYPES = [one for one, how in COLLECTION_METHODS.items() if CollectionMethod.CHARGE_AUTOMATICALLY in how]
# A suspended account is charged as soon as somebody pays: it is told too.
CHARGED = (AccountState.ACTIVE, AccountState.PAST_DUE, AccountState.SUSPENDED)


def due(at: datetime) -> Iterator[tuple[int, int]]:
    """Yield the methods of which a warning's day has come in their account's zone, each with its account."""
    account = "subscription__account"
    charged = PaymentMethod.objects.filter(
        **{
            "use__in": [Use.DEFAULT, Use.BACKUP],
            f"{account}__state__in": CHARGED,
            f"{account}__type__in": _TYPES,
            f"{account}__collection_method": CollectionMethod.CHARGE_AUTOMATICALLY,
        }
    )
    ends = ScheduledChange.objects.filter(
        subscription=OuterRef("subscription"), kind=ScheduledChange.Kind.CANCELLATION
    )
    lives = Line.objects.filter(subscription=OuterRef("subscription"), ended_on=None)
    last_day = Func(
        F("expires_year"),
        F("expires_month"),
        template="((make_date(%(expressions)s, 1) + interval '1 month' - interval '1 day')::date)",
        output_field=DateField(),
    )
    widest = (at + _EAST).date() + timedelta(days=max(card_expiry.WARNED_BEFORE))
    # Asked by months first, which have an index.
    soon = Q(expires_year__lt=widest.year) | Q(expires_year=widest.year, expires_month__lte=widest.month)
    found = charged.filter(soon, Exists(lives), ~Exists(ends), expires_year__isnull=False)
    found = found.alias(today=today_of(at, account), works_until=last_day).filter(_on_its_day())
    yield from found.order_by("pk").values_list("pk", "subscription_id")


def _on_its_day() -> Q:
    """Ask for cards of which the next warning's day has come: the widest first, each once."""
    wanted, before = Q(), Q(expiry_warned=None)
    for days in card_expiry.WARNED_BEFORE:
        wanted |= before & Q(works_until__lte=F("today") + timedelta(days=days))
        before = Q(expiry_warned=days)
    return wanted


@transaction.atomic
def warn(method_id: int, *, occasion: Occasion) -> bool:
    """Write to the contacts until when a card works, if that is to be told; return whether it was.

    Nothing is told twice, whoever asks and however often, and nothing of a card that has expired already.
    """
    account = Account.objects.lock_for(PaymentMethod, method_id)
    method = PaymentMethod.objects.get(pk=method_id)
    last = method.last_day
    days = card_expiry.warning(last, occasion.on) if last else None
    told = method.expiry_warned is not None and days is not None and method.expiry_warned <= days
    if last is None or days is None or told or method.use == Use.SPARE:
        return False
    if account.state not in CHARGED or payment_uses.may_fall_due(account) is None:
        return False
    method.expiry_warned = days
    method.save(update_fields=["expiry_warned"])
    if days == 0:
        return False
    renews_on = Subscription.objects.values_list("paid_until", flat=True).get(pk=account.pk)
    mail.post(
        LetterKind.METHOD_EXPIRING,
        account,
        to=[member.user for member in Membership.objects.contacts(account)],
        facts={
            "method": {"kind": method.kind, "brand": method.brand, "last_four": method.last_four},
            "backup": method.use == Use.BACKUP,
            "on": last.isoformat(),
            # What would be declined first, where that is known.
            "renews_on": renews_on.isoformat() if renews_on and renews_on > last else "",
        },
        key=f"{method.pk}:{last}:{days}",
    )
    return True
