"""Carries out a quote: the one place where a confirmed change becomes the subscription.

Called under the account's lock, in the transaction that confirms it or that learns of its payment.
"""

from dataclasses import dataclass, replace
from datetime import date

from django.db.models import F

from accounts import activity, lifecycle, mail
from accounts.models import Account, Membership
from accounts.occasion import Occasion
from accounts.rules.activity import ActivityVerb
from accounts.rules.capabilities import AccountState, AccountType
from accounts.rules.letters import LetterKind
from billing import (
    approvals,
    change_request_letters,
    charge_letters,
    invoicing,
    payment_letters,
    planned_invitations,
    quote_json,
)
from billing.change_request_closing import close_moot
from billing.models import ChangeRequest, Invoice, PromoCode, PromoRedemption, Quote, Subscription
from billing.rules import quoting
from billing.rules.change_json import changes_from_plain
from billing.rules.changes import Change, UsePromoCode
from billing.rules.differences import holds
from billing.rules.facts import Facts
from billing.rules.price_overrides import quote_at
from billing.rules.quoting import PricedQuote
from billing.storage import loading
from billing.storage.saving import persist
from billing.subscription_state import state_of


class QuoteOutdated(Exception):
    """What is stored is no longer what the quote was computed from; carries the new quote."""

    def __init__(self, old: quoting.PricedQuote, new: quoting.PricedQuote) -> None:
        """Keep both."""
        super().__init__("the quote no longer holds")
        self.old = old
        self.new = new


def promo_codes(changes: tuple[Change, ...]) -> tuple[str, ...]:
    """Return the promo codes that changes use."""
    return tuple(change.promo for change in changes if isinstance(change, UsePromoCode))


@dataclass(frozen=True, slots=True)
class CheckedQuote:
    """A quote that was priced again under the lock and still holds."""

    subscription: Subscription
    reading: loading.LoadedFacts
    before: Facts
    quote: quoting.PricedQuote


@dataclass(frozen=True, slots=True)
class LockedSubscription:
    """A subscription that nobody else changes until the transaction ends, and what was read of it then."""

    subscription: Subscription
    reading: loading.LoadedFacts


def lock(account: Account, changes: tuple[Change, ...], on: date) -> LockedSubscription:
    """Lock a subscription, under its account's lock, and the codes that changes use; read it after that."""
    subscription = Subscription.objects.select_for_update(no_key=True).get(pk=account.pk)
    _lock_promos(subscription, changes)
    reading = loading.read(account, on, holders=True, promos=promo_codes(changes))
    assert reading is not None  # it was locked
    return LockedSubscription(subscription, reading)


def check(account: Account, quote: Quote, on: date, locked: LockedSubscription | None = None) -> CheckedQuote:
    """Price a stored quote again under the lock; `locked` is what was locked and read for it just before.

    Raises QuoteOutdated where any line, the version or what is due differs from what was shown, and
    Refusal where it can't be made at all.
    """
    changes = changes_from_plain(quote.changes)
    locked = locked or lock(account, changes, on)
    subscription, reading = locked.subscription, locked.reading
    # A quote that is held is itself what the rules would refuse to go on beside.
    before = replace(reading.facts, held=False) if quote.state == Quote.State.HELD else reading.facts
    if quote.person.is_staff:
        before = open_to_staff(before)
    new, shown = quote_at(before, quote.prices, changes, on), quote_json.load(quote.document)
    if not holds(shown, new):
        raise QuoteOutdated(shown, new)
    return CheckedQuote(subscription, reading, before, new)


def _lock_promos(subscription: Subscription, changes: tuple[Change, ...]) -> None:
    """Lock the codes that are used before reading what is left of them: twenty may confirm at once."""
    if codes := promo_codes(changes):
        locked = PromoCode.objects.select_for_update(no_key=True, of=("self",)).order_by("pk")
        list(locked.filter(catalogue_id=subscription.catalogue_id, code__in=codes))


def open_to_staff(held: Facts) -> Facts:
    """Return the facts with every product open: the account's type binds its people, not the staff."""
    return replace(held, account_type=AccountType.SELF_SERVICE)


def apply(account: Account, quote: Quote, *, occasion: Occasion) -> Invoice | None:
    """Make the subscription what the quote says, with its invoice, trail and letters.

    Raises as `check`, which it begins with.
    """
    checked = check(account, quote, occasion.on)
    new = checked.quote
    if approvals.is_automatic(quote):
        # In the owner's name, who did not do it.
        occasion = occasion.by_itself()
    persist(checked.subscription, checked.before, new.after, occasion=occasion, closed=new.closed)
    cause = invoicing.Cause(Invoice.Reason.CHANGE, quote=quote)
    invoice = invoicing.issue(
        account, new.lines, new.settlement, reading=checked.reading, cause=cause, occasion=occasion
    )
    _redeem(account, quote, new.changes, occasion)
    _activate(account, occasion)
    if quote.request is not None:
        _approve(account, quote, quote.request, checked, occasion)
    quote.state, quote.confirmed_at = Quote.State.CONFIRMED, occasion.at
    quote.save(update_fields=["state", "confirmed_at"])
    _record(account, quote, checked, invoice, occasion)
    planned_invitations.send(account, quote, occasion)
    close_moot(account, occasion)
    return invoice


def _redeem(account: Account, quote: Quote, changes: tuple[Change, ...], occasion: Occasion) -> None:
    """Count the use of a promo code, whose row `check` has locked."""
    for code in promo_codes(changes):
        promo = PromoCode.objects.get(catalogue__subscriptions=account.pk, code=code)
        PromoRedemption.objects.create(
            promo=promo, subscription_id=account.pk, quote=quote, redeemed_at=occasion.at
        )
        PromoCode.objects.filter(pk=promo.pk).update(used=F("used") + 1)


def _approve(
    account: Account, quote: Quote, request: ChangeRequest, checked: CheckedQuote, occasion: Occasion
) -> None:
    """Close the request that this change answers as what was approved, and tell who asked."""
    automatic = approvals.is_automatic(quote)
    by = quote.person if automatic else occasion.by
    request.state, request.decided_by, request.decided_at = ChangeRequest.State.APPROVED, by, occasion.at
    request.decided_by_name = by.name if by else ""
    request.approved_changes = quote.changes
    request.approved_base = quote_json.dump_base(checked.before, changes_from_plain(quote.changes))
    request.save(
        update_fields=[
            *("state", "decided_by", "decided_at", "decided_by_name"),
            *("approved_changes", "approved_base"),
        ]
    )
    edited = change_request_letters.is_edited(request.changes, request.approved_changes)
    activity.record(
        account,
        ActivityVerb.REQUEST_APPROVED_BY_LIMIT if automatic else ActivityVerb.REQUEST_APPROVED,
        occasion,
        subject=f"request:{request.pk}",
        before={"state": "open"} | ({"changes": request.changes} if edited else {}),
        after={"state": "approved"} | ({"changes": request.approved_changes} if edited else {}),
        quote=str(quote.pk),
    )
    if request.requester is not None:
        told = change_request_letters.letter(account, request)
        told |= {"decision": "approved", "by": request.decided_by_name, "quote": str(quote.pk)}
        told["automatic"] = automatic
        mail.post(
            LetterKind.REQUEST_DECIDED, account, to=[request.requester], facts=told, key=str(request.pk)
        )


def _activate(account: Account, occasion: Occasion) -> None:
    """End the trial of an account that bought something."""
    if account.state == AccountState.TRIAL:
        lifecycle.move(account, AccountState.ACTIVE, occasion=occasion, reason="first_purchase")


def _record(
    account: Account, quote: Quote, checked: CheckedQuote, invoice: Invoice | None, occasion: Occasion
) -> None:
    """Leave the trail and the letter: the state before and after, the quote and the invoice."""
    by = occasion.by
    number, names = invoice.number if invoice else "", checked.reading.names
    activity.record(
        account,
        ActivityVerb.SUBSCRIPTION_CHANGED,
        occasion,
        subject="subscription",
        before=state_of(checked.before),
        after=state_of(checked.quote.after),
        quote=str(quote.pk),
        invoice=number,
    )
    people = [member.user for member in Membership.objects.contacts(account)]
    mail.post(
        LetterKind.CHANGE_CONFIRMED,
        account,
        to=[*people, *([by] if by and not by.is_staff else [])],
        # Amounts are minor units; the letter shows them where costs are shown.
        facts={
            "quote": str(quote.pk),
            "invoice": number,
            "by": by.name if by else "",
            # Whose request the limits approved.
            "asked_by": quote.request.requester_name if quote.request and by is None else "",
            **(payment_letters.terms(invoice.payment_terms, invoice.due_on) if invoice else {}),
            **change_request_letters.changes(account, checked.quote, checked.before),
            "renewal_more": _more(checked.quote),
            **charge_letters.charged(checked.quote.lines, checked.quote.settlement, account.currency, names),
        },
        key=str(quote.pk),
    )


def _more(quote: PricedQuote) -> dict[str, object]:
    """Return what a renewal costs more or less from which day on; nothing where that is none or not known."""
    if not quote.more:
        return {}
    after = quote.renewal
    return {
        "amount": abs(quote.more),
        "less": quote.more < 0,
        "on": after.on.isoformat(),
        "cycle": after.cycle.value,
    }
