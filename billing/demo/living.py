"""Lets the demo's accounts live: they are loaded, renew when they are due, and their people act.

Everything is done by the verbs that the console itself uses, at the moment it is told to have
happened, so that every page finds what a real life would have left.
"""

import heapq
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from django.db import transaction

from accounts import activity
from accounts.models import Account, User
from accounts.occasion import Occasion
from accounts.rules.activity import ActivityVerb
from billing import cancellation, change_requests, dunning, profile, quotes, renewal, renewal_batch
from billing.demo.book import Event, Story
from billing.imports.accounts import loading
from billing.models import BalanceEntry, InvoiceRecipient, Subscription
from billing.rules.change_json import changes_from_plain
from billing.rules.dunning import steps_to_come
from billing.rules.money import to_minor, to_money
from billing.rules.parties import TaxId, TaxIdKind, address_from_plain
from billing.storage import dunning as storage

_OFFICE_HOURS = time(10, 12)
_SMALL_HOURS = time(2, 5)


def play_stories(stories: Iterable[Story], now: datetime, *, tell: Callable[[str], object]) -> None:
    """Let accounts live in one calendar, so that the numbers of invoices follow their dates.

    Not inside a transaction.
    """
    lives = [(_life(story, now), story) for story in stories]
    calendar = [(next(life), place) for place, (life, _story) in enumerate(lives)]
    heapq.heapify(calendar)
    while calendar:
        _at, place = heapq.heappop(calendar)
        life, story = lives[place]
        at = next(life, None)
        if at is None:
            tell(f"  {story.account.name}")
        else:
            heapq.heappush(calendar, (at, place))


def renew_until(account: Account, now: datetime) -> None:
    """Renew an account for each period that is over, as of the moment at which it was due."""
    for _at in _by_itself(account, now.astimezone(ZoneInfo(account.timezone)).date(), now):
        pass


def _life(story: Story, now: datetime) -> Iterator[datetime]:
    """Do one thing after the other until `now`, each after its moment was yielded."""
    zone = ZoneInfo(story.account.time_zone)
    at = _moment(story.begins_on, _SMALL_HOURS, zone, now)
    yield at
    loading.load(story.account, at=at)
    account = Account.objects.get(external_id=story.account.external_id)
    if story.profile:
        _enter_profile(account, story.profile, Occasion.of(account, at))
    for event in story.events:
        yield from _by_itself(account, event.on, now)
        at = _moment(event.on, _OFFICE_HOURS, zone, now)
        yield at
        account.refresh_from_db()
        _perform(account, event, at)
    yield from _by_itself(account, now.astimezone(zone).date(), now)


@transaction.atomic
def _enter_profile(account: Account, told: Mapping[str, Any], occasion: Occasion) -> None:
    """Enter whom invoices are made out to, as it came with the account from elsewhere."""
    locked = Account.objects.lock(account.pk)
    found = told.get("tax_id")
    values = profile.ProfileValues(
        legal_name=told["legal_name"],
        sold_to=address_from_plain(told["sold_to"]) if "sold_to" in told else None,
        bill_to=address_from_plain(told["bill_to"]) if "bill_to" in told else None,
        tax_id=TaxId(TaxIdKind(found["kind"]), found["country"], found["number"]) if found else None,
        purchase_order=told.get("purchase_order", ""),
    )
    profile.keep(locked, values, occasion=occasion)
    InvoiceRecipient.objects.bulk_create(
        InvoiceRecipient(profile_id=locked.pk, **one) for one in told.get("recipients", ())
    )


def _by_itself(account: Account, on: date, now: datetime) -> Iterator[datetime]:
    """Renew an account for each period that is over on a day, and collect its debts, after yielding when.

    On its own clock it stands still.
    """
    renews = Subscription.objects.filter(pk=account.pk, account__state__in=renewal_batch.RENEWING)
    done = date.min
    while account.clock is None:
        renewing = renews.filter(paid_until__gt=done).values_list("paid_until", flat=True).first()
        day, invoice = min([*([(renewing, 0)] if renewing else []), *_dunned(account)], default=(date.max, 0))
        if day > on:
            return
        occasion = Occasion(None, day, _moment(day, _SMALL_HOURS, ZoneInfo(account.timezone), now))
        yield occasion.at
        if invoice:
            dunning.take_step(invoice, occasion=occasion)
        else:
            # Parked, cancelled or ended with its period, it would be asked on that day for ever.
            done = day
            renewal.renew(account.pk, occasion=occasion)


def _dunned(account: Account) -> Iterator[tuple[date, int]]:
    """Yield on which day the next step comes of each unpaid invoice of an account."""
    for one in storage.of_account(account.pk):
        coming = steps_to_come(one.unpaid, one.unpaid.began_on)
        if one.is_collected and coming and not one.unpaid.pending:
            yield coming[0].on, one.invoice.pk


def _moment(day: date, at: time, zone: ZoneInfo, now: datetime) -> datetime:
    """Return a time of a day in a zone, never later than now."""
    return min(datetime.combine(day, at, zone), now)


def _perform(account: Account, event: Event, at: datetime) -> None:
    """Do what an event tells, at a moment."""
    occasion = Occasion(by=_person(event), on=event.on, at=at)
    for what, do in _EVENTS.items():
        if what in event.told:
            do(account, event, occasion)
            return
    raise KeyError(f"{account.slug}: nothing is known to happen in {dict(event.told)}")


def _person(event: Event) -> User | None:
    return User.objects.get(email=event.by) if event.by else None


def _change(account: Account, event: Event, occasion: Occasion) -> None:
    """Let somebody change the subscription, as its page does."""
    quote = quotes.draw_up(account, changes_from_plain(event.told["changes"]), occasion=occasion)
    quotes.confirm(quote.pk, occasion=occasion)


def _request(account: Account, event: Event, occasion: Occasion) -> None:
    """Let somebody ask for a change."""
    changes = changes_from_plain(event.told["request"])
    change_requests.submit(account, changes, note=event.told["note"], occasion=occasion)


def _cancel(account: Account, event: Event, occasion: Occasion) -> None:
    """Let the owner cancel the account, at once or at the end of its period."""
    cancel: Callable[..., object] = {
        "now": cancellation.cancel_now,
        "period_end": cancellation.cancel_at_period_end,
    }[event.told["cancel"]]
    mark = cancellation.consequences(account, event.on, at_end=event.told["cancel"] == "period_end").mark
    cancel(account, mark=mark, reason=event.told["reason"], text="", occasion=occasion)


@transaction.atomic
def _credit(account: Account, event: Event, occasion: Occasion) -> None:
    """Bring a credit in, as the account had one where it came from."""
    locked = Account.objects.lock(account.pk)
    credit = to_minor(Decimal(event.told["credit"]), locked.currency)
    BalanceEntry.objects.create(
        subscription_id=locked.pk,
        amount=to_money(credit, locked.currency),
        reason=BalanceEntry.Reason.BROUGHT_IN,
        created_at=occasion.at,
    )
    activity.record(
        locked,
        ActivityVerb.BALANCE_BROUGHT_IN,
        occasion.by_itself(),
        subject="balance",
        after={"amount": {"minor": credit, "currency": locked.currency}},
    )


_EVENTS: dict[str, Callable[[Account, Event, Occasion], None]] = {
    "changes": _change,
    "request": _request,
    "cancel": _cancel,
    "credit": _credit,
}
