"""Tells the contacts of the coming renewal, with what it will charge by the renewal's own function."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Case, DateField, Exists, F, Func, OuterRef, Q, Value, When
from django.db.models.expressions import Combinable
from django.db.models.functions import Coalesce

from accounts import mail
from accounts.models import Account, Membership
from accounts.occasion import Occasion
from accounts.rules.capabilities import CollectionMethod
from accounts.rules.letters import LetterKind
from billing import charge_letters
from billing.models import RenewalReminder, Subscription
from billing.rules.facts import Facts
from billing.rules.money import to_minor, to_money
from billing.rules.names import Names
from billing.rules.refusals import Refusal
from billing.rules.reminders import (
    DAYS_BEFORE,
    LAST,
    REMINDED,
    KnownReminder,
    ReminderReason,
    reminder,
    stage,
)
from billing.rules.renewal_comparison import RenewalComparison, compare
from billing.storage import loading
from billing.storage.loading import LoadedFacts

# Nowhere is it a later day than 14 hours before UTC's, nor an earlier one than 12 hours after.
_EAST, _WEST = timedelta(hours=14), timedelta(hours=12)


def due(at: datetime, account_id: int | None = None) -> Iterator[int]:
    """Yield the accounts whose coming renewal is to be looked at: once on each day of their own.

    Of all accounts, or whether one is.
    """
    widest = max(days for stages in DAYS_BEFORE.values() for days in stages)
    soon = Q(
        account__is_sandbox=False,
        paid_until__gt=(at - _WEST).date(),
        paid_until__lte=(at + _EAST).date() + timedelta(days=widest),
    )
    live = Subscription.objects.filter(account__state__in=REMINDED, parked_at=None, lines__ended_on=None)
    # A sandbox may have a clock of its own, however far from this moment.
    everywhere = (soon, Q(account__is_sandbox=True))
    for among in everywhere if account_id is None else (Q(pk=account_id),):
        found = live.filter(among).alias(today=today_of(at)).filter(_on_its_day())
        yield from found.order_by("pk").values_list("pk", flat=True).distinct()


def today_of(at: datetime, account: str = "account") -> Func:
    """Return the day that it is where the account is, by its own clock if it has one."""
    own = Case(When(**{f"{account}__is_sandbox": True}, then=F(f"{account}__clock")))
    return Func(
        Coalesce(own, Value(at)),
        F(f"{account}__timezone"),
        template="((%(expressions)s)::date)",
        arg_joiner=" AT TIME ZONE ",
        output_field=DateField(),
    )


def _on_its_day() -> Q:
    """Ask for renewals of which a reminder's day has come, and for the last days' ones once a day."""
    known = RenewalReminder.objects.filter(subscription=OuterRef("pk"), renews_on=OuterRef("paid_until"))
    seen = Exists(known.filter(looked_on__gte=OuterRef("today")))
    wanted: Combinable | Q = Q(paid_until__lte=F("today") + timedelta(days=LAST))
    for cycle, stages in DAYS_BEFORE.items():
        for days in stages:
            told = Exists(known.filter(days_before__lte=days))
            wanted |= Q(cycle=cycle, paid_until__lte=F("today") + timedelta(days=days)) & ~told
    return Q(paid_until__gt=F("today")) & ~seen & wanted


@transaction.atomic
def remind(account_id: int, *, occasion: Occasion) -> bool:
    """Write to the contacts what the coming renewal brings, if that is to be told; return whether it was.

    Nothing is told twice, whoever asks and however often, and nothing from the renewal day on.
    """
    account = Account.objects.lock(account_id)
    reading = loading.read(account, occasion.on)
    if (
        reading is None
        or account.state not in REMINDED
        or not reading.facts.has_bought
        or reading.facts.parked
    ):
        return False
    facts = reading.facts
    now = stage(facts.paid_cycle, facts.renews_on, occasion.on)
    if now is None:
        return False
    row = RenewalReminder.objects.filter(subscription_id=account_id, renews_on=facts.renews_on).first()
    known = KnownReminder(row.days_before, to_minor(row.amount.amount, account.currency)) if row else None
    try:
        compared = compare(facts, occasion.on)
    except Refusal:
        # What is scheduled has no price: its pages say so, and tomorrow it is looked at again.
        compared = None
    why = compared and reminder(compared, occasion.on, known, costs_shown=account.shows_costs)
    kept: dict[str, Any] = {"looked_on": occasion.on}
    if compared and why:
        kept |= {"days_before": now, "amount": to_money(compared.coming.amount, account.currency)}
        if why is not ReminderReason.NOTED:
            _write(account, reading, compared, _told(row, why), occasion)
            kept["told_on"] = occasion.on
    RenewalReminder.objects.update_or_create(
        subscription_id=account_id,
        renews_on=facts.renews_on,
        defaults=kept,
        create_defaults={"amount": to_money(0, account.currency)} | kept,
    )
    return "told_on" in kept


def _told(row: RenewalReminder | None, why: ReminderReason) -> RenewalReminder | None:
    """Return what a letter said before, where this one corrects it; what was only noted said nothing."""
    return row if why is ReminderReason.CHANGED and row is not None and row.told_on else None


def _write(
    account: Account,
    reading: LoadedFacts,
    compared: RenewalComparison,
    before: RenewalReminder | None,
    occasion: Occasion,
) -> None:
    """Write the letter; `before` is what was told already where its amount is another now."""
    facts, coming = reading.facts, compared.coming
    earlier = {}
    if before is not None:
        earlier = {
            "was": to_minor(before.amount.amount, account.currency),
            "told_on": before.told_on.isoformat() if before.told_on else "",
        }
    payment = reading.payment
    more = coming.amount - compared.now.amount if compared.same_length else 0
    mail.post(
        LetterKind.RENEWAL_COMING,
        account,
        to=[member.user for member in Membership.objects.contacts(account)],
        facts={
            "on": coming.on.isoformat(),
            "ends": coming.ends,
            "until": (coming.on - timedelta(days=1)).isoformat(),
            "total": coming.amount,
            "more": max(more, 0),
            "less": max(-more, 0),
            "changed": before is not None,
            **earlier,
            "by_invoice": account.collects == CollectionMethod.SEND_INVOICE,
            "method": {"kind": payment.kind, "brand": payment.brand, "last_four": payment.last_four}
            if payment
            else {},
            **_brings(facts, compared, reading.names),
            **charge_letters.charged(coming.lines, coming.settlement, account.currency, reading.names),
        },
        key=f"{account.pk}:{coming.on}:{occasion.on}",
    )


def _brings(facts: Facts, compared: RenewalComparison, names: Names) -> dict[str, Any]:
    """Return what the renewal changes: products, prices that end, and codes that are given no more."""
    coming = compared.coming
    return {
        "differences": charge_letters.differences(facts, replace(facts, lines=coming.after.lines), names),
        "prices": [
            {"product": names[one.line.product], "was": one.line.unit, "is": then.unit}
            for one in compared.lines
            for then in one.then
            if (then.product, then.edition) == (one.line.product, one.line.edition)
            and then.unit != one.line.unit
            and compared.now.cycle is coming.cycle
        ],
        "codes_ended": list(compared.codes_ended),
        "cycle": coming.cycle.value if compared.now.cycle is not coming.cycle else "",
    }
