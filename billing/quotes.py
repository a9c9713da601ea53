"""Prices changes, draws up quotes, confirms them exactly as shown, and undoes what waits."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction

from accounts import activity
from accounts.failpoints import step
from accounts.gate import Gate
from accounts.models import Account, User
from accounts.occasion import Occasion
from accounts.rules.activity import ActivityVerb
from accounts.rules.capabilities import Capability
from accounts.rules.decision import Action
from billing import approvals, cancellation, payments, planned_invitations, quote_json, renewal
from billing.applying import QuoteOutdated, apply, check, lock, promo_codes
from billing.models import (
    Cancellation,
    ChangeRequest,
    Charge,
    PaymentMethod,
    Quote,
    ScheduledChange,
    Subscription,
)
from billing.rules import invariants, quoting
from billing.rules.change_json import changes_from_plain, changes_to_plain
from billing.rules.change_requests import open_to_asking
from billing.rules.changes import Change, RemoveProduct, capability
from billing.rules.facts import Facts
from billing.rules.money import to_money
from billing.rules.refusals import HeldChange, NoSuchLine, RenewalParked
from billing.storage import loading
from billing.subscription_state import state_of

# How long a quote may be confirmed. Most change sooner, with the day.
VALID_FOR = timedelta(hours=24)


class QuoteChanged(Exception):
    """A quote no longer holds; `new` was drawn up for the same person in its place."""

    def __init__(self, old: quoting.PricedQuote, new: Quote) -> None:
        """Keep what was shown and what would be charged now."""
        super().__init__("the quote no longer holds")
        self.old = old
        self.new = new


class QuoteOver(Exception):
    """A quote that is expired, withdrawn, closed or failed: draw up another."""

    def __init__(self, quote: Quote) -> None:
        """Keep the quote."""
        super().__init__(f"the quote is {quote.state}")
        self.quote = quote


class TermsChanged(Exception):
    """The terms of service are others than those that were shown beside the quote."""


class UndoTooLate(Exception):
    """A scheduled change whose day has come can't be undone."""

    def __init__(self, change: ScheduledChange) -> None:
        """Keep the change."""
        super().__init__(f"took effect on {change.takes_effect_on}")
        self.change = change


def price(
    account: Account,
    changes: Sequence[Change],
    *,
    occasion: Occasion,
    asking: bool = False,
    reading: loading.LoadedFacts | None = None,
) -> quoting.PricedQuote:
    """Return what changes cost on a day and from renewal on. Writes nothing.

    `reading` is what was just read, with the holders and the promo codes of these changes; without
    it the database is asked.

    `asking` prices a request: it needs only the right to ask, and may name what only the vendor's
    staff can open. Raises NotAllowed, Refusal, and Undecided where a change that waits is met
    without an answer.
    """
    held = (reading or _read(account, changes, occasion.on)).facts
    _demand(account, changes, held, occasion=occasion, asking=asking)
    if asking:
        # Somebody else's payment that is on its way stops nobody from asking.
        held = replace(open_to_asking(held), held=False)
    return quoting.quote(held, changes, occasion.on)


def draw_up(
    account: Account,
    changes: Sequence[Change],
    *,
    occasion: Occasion,
    request: ChangeRequest | None = None,
    purchase_order: str = "",
) -> Quote:
    """Store a quote for one person, to be confirmed within 24 hours. Raises as `price`.

    `request` is the change request that confirming it would approve. What is due is renewed first.
    """
    Gate(occasion.person, account, on=occasion.on).demand(Action.CHANGE_SUBSCRIPTION)
    renewal.renew(account.pk, occasion=occasion)
    with transaction.atomic():
        locked = Account.objects.lock(account.pk)
        return store(
            locked,
            changes,
            price(locked, changes, occasion=occasion),
            occasion=occasion,
            request=request,
            purchase_order=purchase_order,
        )


def store(
    account: Account,
    changes: Sequence[Change],
    quote: quoting.PricedQuote,
    *,
    occasion: Occasion,
    request: ChangeRequest | None = None,
    purchase_order: str = "",
) -> Quote:
    """Write a priced change down as it was shown, in the place of this person's earlier drafts."""
    at = occasion.at
    Quote.objects.filter(subscription_id=account.pk, person=occasion.person, state=Quote.State.OPEN).update(
        state=Quote.State.CLOSED
    )
    return Quote.objects.create(
        subscription_id=account.pk,
        person=occasion.person,
        request=request,
        changes=changes_to_plain(changes),
        document=quote_json.dump(quote),
        version=quote.version,
        on=quote.on,
        created_at=at,
        expires_at=at + VALID_FOR,
        purchase_order=purchase_order,
    )


@dataclass(frozen=True, slots=True)
class OrderDetails:
    """What is said with a confirmation: the number of the purchase order, and which terms were shown."""

    purchase_order: str = ""
    terms_version: str = ""


def confirm(
    quote_id: UUID, *, occasion: Occasion, return_url: str = "", order: OrderDetails | None = None
) -> Quote:
    """Carry out exactly what a quote showed, or refuse with the new quote; return the quote.

    Confirming again returns the same quote, confirmed or waiting for its payment: its page is the
    receipt. What is due on a card is collected first, and the change is applied when that succeeded;
    direct debit, bank transfer and contracts get an open invoice at once. The version of the terms
    that `order` accepts is kept with the quote, its purchase order number goes onto the invoice.

    Raises TermsChanged; QuoteChanged where a line, the version or what is due differs; QuoteOver for
    one that is over; payments.NoPaymentMethod; NotAllowed; Refusal; Quote.DoesNotExist for what is
    another person's. A request that two people must approve is CLOSED after the first confirmation, which
    is kept (`billing.approvals`).
    """
    quote = Quote.objects.select_related("subscription__account").get(pk=quote_id, person=occasion.person)
    if quote.state == Quote.State.OPEN:
        Gate(occasion.person, quote.subscription.account, on=occasion.on).demand(Action.CHANGE_SUBSCRIPTION)
        renewal.renew(quote.subscription_id, occasion=occasion)
    with transaction.atomic():
        changed, charge_id = _accept(quote_id, occasion=occasion, return_url=return_url, order=order)
        step("confirm_written")
    step("confirm_committed")
    if changed is not None:
        raise changed
    if charge_id is not None:
        payments.collect(charge_id, occasion=occasion)
    return Quote.objects.get(pk=quote_id)


def _accept(
    quote_id: UUID, *, occasion: Occasion, return_url: str, order: OrderDetails | None
) -> tuple[QuoteChanged | None, UUID | None]:
    """Carry out a quote under the lock, or hold it for its payment; return the charge to collect."""
    account = Account.objects.lock_for(Quote, quote_id)
    rows = Quote.objects.select_for_update(no_key=True, of=("self",)).select_related("person", "request")
    quote = rows.get(pk=quote_id, person=occasion.person)
    if quote.state in (Quote.State.CONFIRMED, Quote.State.HELD):
        return None, None
    at = occasion.at
    over = quote.request is not None and quote.request.state != ChangeRequest.State.OPEN
    if over or quote.state != Quote.State.OPEN or at >= quote.expires_at:
        raise QuoteOver(quote)
    changes = changes_from_plain(quote.changes)
    locked = lock(account, changes, occasion.on)
    _demand(account, changes, locked.reading.facts, occasion=occasion)
    if order is not None:
        _note(quote, order)
    try:
        checked = check(account, quote, occasion.on, locked)
    except QuoteOutdated as drifted:
        new = store(
            account,
            changes,
            drifted.new,
            occasion=occasion,
            request=quote.request,
            purchase_order=quote.purchase_order,
        )
        planned_invitations.move(quote, new)
        return QuoteChanged(drifted.old, new), None
    # If only the day changed and every line is the same, it goes on (domain.md 5).
    quote.on = occasion.on
    quote.save(update_fields=["on", "purchase_order", "terms_version", "terms_url"])
    if approvals.waits_for_second(account, quote, checked.quote, checked.before, occasion=occasion):
        return None, None
    return None, carry_out(account, quote, checked.quote.due, occasion=occasion, return_url=return_url)


def carry_out(
    account: Account, quote: Quote, due: int, *, occasion: Occasion, return_url: str = ""
) -> UUID | None:
    """Apply a quote that holds, or let it wait for its payment; return the charge to collect then.

    Called under the account's lock. Raises payments.NoPaymentMethod.
    """
    method = method_for(account, due=due)
    if method is not None and method.kind == PaymentMethod.Kind.CARD:
        return _hold(account, quote, due, method, return_url, occasion.at)
    invoice = apply(account, quote, occasion=occasion)
    if method is not None and method.kind == PaymentMethod.Kind.DIRECT_DEBIT and invoice is not None:
        return payments.intend(account, invoice.due, method, occasion.at, invoice=invoice).pk
    return None


def _note(quote: Quote, order: OrderDetails) -> None:
    """Note what is said with a confirmation, unsaved; raise TermsChanged where other terms are in force."""
    terms = settings.SELLER.terms
    if order.terms_version != terms.version:
        raise TermsChanged
    quote.purchase_order = order.purchase_order
    quote.terms_version, quote.terms_url = terms.version, terms.url


def method_for(account: Account, *, due: int) -> PaymentMethod | None:
    """Return the method that pays what is due, None where nothing is or a contract covers it."""
    if due == 0 or not payments.is_charged(account):
        return None
    method = PaymentMethod.objects.default_of(account.pk)
    if method is None:
        raise payments.NoPaymentMethod
    return method


def _hold(
    account: Account, quote: Quote, due: int, method: PaymentMethod, return_url: str, at: datetime
) -> UUID:
    """Let a change wait for its payment; return the charge that was intended."""
    quote.state = Quote.State.HELD
    quote.save(update_fields=["state"])
    amount = to_money(due, account.currency)
    return payments.intend(account, amount, method, at, quote=quote, return_url=return_url).pk


def withdraw(quote_id: UUID, *, occasion: Occasion) -> Quote:
    """Give up a change that waits for its payment; money that comes in later is refunded.

    Anyone who may change the subscription may; raises NotAllowed, Quote.DoesNotExist.
    """
    account = Quote.objects.select_related("subscription__account").get(pk=quote_id).subscription.account
    Gate(occasion.person, account, on=occasion.on).demand(Action.CHANGE_SUBSCRIPTION)
    charge = Charge.objects.filter(quote_id=quote_id, state__in=Charge.OPEN).first()
    if charge is not None:
        # It may have been paid meanwhile: then the change is made, and there is nothing to withdraw.
        charge = payments.reconcile_charge(charge.pk, occasion=occasion)
    with transaction.atomic():
        account = Account.objects.lock_for(Quote, quote_id)
        Gate(occasion.person, account, on=occasion.on).demand(Action.CHANGE_SUBSCRIPTION)
        waiting = Quote.objects.filter(pk=quote_id, state__in=[Quote.State.HELD, Quote.State.OPEN])
        if waiting.update(state=Quote.State.WITHDRAWN, failure="withdrawn"):
            activity.record(account, ActivityVerb.CHANGE_WITHDRAWN, occasion, quote=str(quote_id))
            approvals.fall_back(account, quote_id)
    if charge is not None and charge.state == Charge.State.ACTION:
        payments.abandon(charge, occasion=occasion)
    return Quote.objects.get(pk=quote_id)


@transaction.atomic
def undo(change_id: int, *, occasion: Occasion, reason: str = "") -> None:
    """Undo a change that waits for renewal; the staff, with a reason, the end that they scheduled.

    Raises NotAllowed; UndoTooLate once its day has come, RenewalParked where that renewal is on hold;
    EndsEarlier where an extension was made without the line; ScheduledChange.DoesNotExist where it is gone.
    """
    account = Account.objects.lock_for(ScheduledChange, change_id)
    change = ScheduledChange.objects.get(pk=change_id)
    cancels = change.kind == ScheduledChange.Kind.CANCELLATION
    if cancels:
        cancellation.demand(account, reason, occasion)
    else:
        Gate(occasion.person, account, on=occasion.on).demand(Action.UNDO_CHANGE)
    subscription = Subscription.objects.select_for_update(no_key=True).get(pk=account.pk)
    if occasion.on >= change.takes_effect_on:
        if subscription.parked_at is not None:
            raise RenewalParked(due=change.takes_effect_on)
        raise UndoTooLate(change)
    before = loading.read(account, occasion.on)
    assert before is not None
    if before.facts.held:
        raise HeldChange
    invariants.demand_undoable(
        before.facts, next(one for one in before.facts.scheduled if one.id == change_id)
    )
    change.delete()
    if cancels:
        Cancellation.objects.filter(account=account, undone_at=None).update(undone_at=occasion.at)
    Subscription.objects.filter(pk=subscription.pk).update(version=subscription.version + 1)
    after = loading.read(account, occasion.on)
    assert after is not None
    activity.record(
        account,
        ActivityVerb.CHANGE_UNDONE,
        occasion,
        subject="subscription",
        before=state_of(before.facts),
        after=state_of(after.facts),
        reason=reason.strip(),
    )


def _read(account: Account, changes: Sequence[Change], on: date) -> loading.LoadedFacts:
    reading = loading.read(account, on, holders=True, promos=promo_codes(tuple(changes)))
    if reading is None:
        raise NoSuchLine(product="")
    return reading


def _demand(
    account: Account, changes: Iterable[Change], held: Facts, *, occasion: Occasion, asking: bool = False
) -> None:
    """Ask the gate for each change: what the page leaves out, the verb refuses."""
    gate = Gate(occasion.person, account, on=occasion.on)
    if asking:
        gate.demand(Action.REQUEST_CHANGE)
        return
    gate.demand(Action.CHANGE_SUBSCRIPTION)
    for change in changes:
        gate.demand(_action(change, held))


def allows(person: User, account: Account, changes: Iterable[Change], held: Facts, on: date) -> bool:
    """Tell whether a person may make all of these changes themselves."""
    gate = Gate(person, account, on=on)
    actions = [Action.CHANGE_SUBSCRIPTION, *(_action(change, held) for change in changes)]
    return all(gate.may(action) for action in actions)


def _action(change: Change, held: Facts) -> Action:
    """Return what the gate is asked for a change; only the owner ends a product (domain.md 3)."""
    if isinstance(change, RemoveProduct):
        return Action.CANCEL_PRODUCT
    needed = capability(change, held)
    return Action.SEE_COSTS if needed is Capability.COSTS else Action(needed.value)
