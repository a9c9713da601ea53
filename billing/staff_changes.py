"""What the vendor's staff change for a customer who can't: the same quote, confirmed as shown."""

from collections.abc import Sequence
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db import transaction

from accounts import activity, staff
from accounts.models import Account
from accounts.occasion import Occasion
from accounts.rules.activity import ActivityVerb
from accounts.rules.capabilities import AccountState, AccountType, decided_by_staff
from billing import applying, quotes, renewal
from billing.applying import QuoteOutdated
from billing.models import Quote
from billing.quotes import QuoteChanged, QuoteOver
from billing.rules import quoting
from billing.rules.change_json import changes_from_plain
from billing.rules.changes import AddSeats, BuyTemporarySeats, Change, ReduceSeats
from billing.rules.refusals import NoSuchLine
from billing.storage import loading

# What is sold or changed here; products and editions go through a request, which is priced.
OFFERED = (AddSeats, ReduceSeats, BuyTemporarySeats)
_OPEN = (AccountState.ACTIVE, AccountState.PAST_DUE)


class NotForStaff(PermissionDenied):
    """The account's own people change it, or it is no change of seats."""


class NotOpen(Exception):
    """The account is a trial, suspended or cancelled: nothing is changed there."""


def may_change(account: Account) -> bool:
    """Tell whether the staff change an account's seats: where its type leaves it to them, and it is open."""
    return decided_by_staff(AccountType(account.type)) and account.state in _OPEN


def draw_up(account_id: int, changes: Sequence[Change], *, occasion: Occasion) -> Quote:
    """Store a quote of the staff for an account, to be confirmed within 24 hours with a reason.

    What is due is renewed first. Raises PermissionDenied for anyone but the vendor's staff, NotForStaff,
    NotOpen, Refusal, and UndecidedConflict where a change that waits is met without an answer.
    """
    # What it is for is said where it is confirmed.
    staff.demand(occasion.person, "a quote")
    _demand(Account.objects.get(pk=account_id), changes)
    renewal.renew(account_id, occasion=occasion)
    with transaction.atomic():
        account = Account.objects.lock(account_id)
        _demand(account, changes)
        reading = loading.read(account, occasion.on, holders=True)
        if reading is None:
            raise NoSuchLine(product="")
        priced = quoting.quote(applying.open_to_staff(reading.facts), changes, occasion.on)
        return quotes.store(account, changes, priced, occasion=occasion)


def confirm(quote_id: UUID, *, reason: str, occasion: Occasion) -> Quote:
    """Carry out exactly what a quote of one's own showed, or refuse with the new quote; return the quote.

    No method is charged: the invoice is open under the contract. Confirming again returns the same quote.
    Raises PermissionDenied for anyone but the vendor's staff, ValueError without a reason, NotForStaff,
    NotOpen, QuoteChanged, QuoteOver, Refusal, and Quote.DoesNotExist for what is another person's.
    """
    staff.demand(occasion.person, reason)
    quote = Quote.objects.get(pk=quote_id, person=occasion.person)
    if quote.state == Quote.State.OPEN:
        renewal.renew(quote.subscription_id, occasion=occasion)
    changed = _confirm(quote_id, reason, occasion)
    if changed is not None:
        raise changed
    return Quote.objects.get(pk=quote_id)


@transaction.atomic
def _confirm(quote_id: UUID, reason: str, occasion: Occasion) -> QuoteChanged | None:
    """Carry out a quote under the lock; return the new one where it no longer holds."""
    account = Account.objects.lock_for(Quote, quote_id)
    quote = Quote.objects.select_for_update(no_key=True).get(pk=quote_id, person=occasion.person)
    if quote.state == Quote.State.CONFIRMED:
        return None
    changes = changes_from_plain(quote.changes)
    _demand(account, changes)
    if quote.state != Quote.State.OPEN or occasion.at >= quote.expires_at:
        raise QuoteOver(quote)
    try:
        applying.check(account, quote, occasion.on)
    except QuoteOutdated as drifted:
        return QuoteChanged(drifted.old, quotes.store(account, changes, drifted.new, occasion=occasion))
    quote.on = occasion.on
    quote.save(update_fields=["on"])
    activity.record(
        account,
        ActivityVerb.CHANGE_BY_STAFF,
        occasion,
        subject="subscription",
        reason=reason.strip(),
        quote=str(quote.pk),
    )
    applying.apply(account, quote, occasion=occasion)
    return None


def _demand(account: Account, changes: Sequence[Change]) -> None:
    theirs = decided_by_staff(AccountType(account.type))
    if not theirs or not all(isinstance(one, OFFERED) for one in changes):
        raise NotForStaff
    if account.state not in _OPEN:
        raise NotOpen
