"""Change requests: an admin asks, somebody else decides (domain.md 7)."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from uuid import UUID

from django.db import transaction

from accounts import activity, queues, staff
from accounts.gate import Gate
from accounts.models import Account, Membership, User
from accounts.occasion import Occasion
from accounts.rules import capabilities
from accounts.rules.activity import ActivityVerb
from accounts.rules.capabilities import AccountType
from accounts.rules.decision import Action
from accounts.rules.roles import Role
from billing import applying, approvals, change_request_letters, payments, quote_json, quotes, renewal
from billing.change_request_closing import close
from billing.models import ChangeRequest, Charge, Quote
from billing.rules import refusals
from billing.rules.approval_limits import NotAutomatic, not_automatic, use_of
from billing.rules.change_json import changes_from_plain, changes_to_plain
from billing.rules.change_requests import needs_a_price
from billing.rules.changes import Change
from billing.rules.facts import Facts
from billing.rules.price_overrides import quote_at
from billing.rules.quoting import PricedQuote
from billing.storage import loading

VALID_FOR = timedelta(days=30)
LONGEST_NOTE = 2000


class RequestOver(Exception):
    """The request was decided, withdrawn, expired or closed meanwhile."""

    def __init__(self, request: ChangeRequest) -> None:
        """Keep the request, which says what became of it."""
        super().__init__(f"the request is {request.state}")
        self.request = request


class OwnRequest(Exception):
    """Nobody decides their own request."""


class NoteTooLong(Exception):
    """A note or reason holds more than 2,000 characters, or a reason none."""


def submit(account: Account, changes: Sequence[Change], *, note: str, occasion: Occasion) -> ChangeRequest:
    """Ask for changes. Several requests may be open.

    What the owner's limits approve is carried out at once, in the owner's name, where its payment needs
    nobody. Of any other the owner and billing admins are told; on accounts that the vendor's staff
    serve, also the vendor's contact. Raises NotAllowed, NoteTooLong, Refusal, Undecided.
    """
    Gate(occasion.person, account, on=occasion.on).demand(Action.REQUEST_CHANGE)
    renewal.renew(account.pk, occasion=occasion)
    made, charge_id = _submit(account, changes, note=note, occasion=occasion)
    if charge_id is not None:
        charge = payments.collect(charge_id, occasion=occasion.by_itself())
        if charge.state == Charge.State.ACTION:
            # The bank asks somebody, and nobody is there: people decide, and whoever confirms pays.
            payments.abandon(charge, occasion=occasion.by_itself())
    made.refresh_from_db()
    return made


@transaction.atomic
def _submit(
    account: Account, changes: Sequence[Change], *, note: str, occasion: Occasion
) -> tuple[ChangeRequest, UUID | None]:
    """Price and write a request under the lock; carry it out within the limits, or tell who decides."""
    by = occasion.person
    account = Account.objects.lock(account.pk)
    note = _checked(note)
    reading = loading.read(account, occasion.on, holders=True, promos=applying.promo_codes(tuple(changes)))
    quote = quotes.price(account, changes, occasion=occasion, asking=True, reading=reading)
    assert reading is not None  # or it could not have been priced
    at = occasion.at
    made = ChangeRequest.objects.create(
        subscription_id=account.pk,
        requester=by,
        requester_name=by.name,
        changes=changes_to_plain(changes),
        base=quote_json.dump_base(reading.facts, changes),
        document=None if needs_a_price(reading.facts, changes) else quote_json.dump(quote),
        note=note,
        created_at=at,
        expires_at=at + VALID_FOR,
    )
    activity.record(
        account,
        ActivityVerb.REQUEST_SUBMITTED,
        occasion,
        subject=f"request:{made.pk}",
        after={"state": "open"},
    )
    charge_id = _approve_within_limits(account, made, quote, reading, occasion)
    if made.automatic_on is None:
        change_request_letters.tell_deciders(account, made)
    return made, charge_id


def _approve_within_limits(
    account: Account,
    made: ChangeRequest,
    quote: PricedQuote,
    reading: loading.LoadedFacts,
    occasion: Occasion,
) -> UUID | None:
    """Carry out a request that the owner's limits approve, in the owner's name; return what to collect.

    Called under the lock, so that requests at once are counted one after the other.
    """
    owner = Membership.objects.select_related("user").get(account=account, role=Role.OWNER).user
    held, not_in_seats = reading.facts, reading.names.counted_in
    use = use_of(quote, held, not_in_seats)
    limits, spent = approvals.limits_of(account), approvals.spent(account, occasion.on)
    why = not_automatic(limits, use, spent, quote, quote.changes, not_in_seats) or _in_the_way(
        account, made, quote, held, owner, occasion.on
    )
    if why is not None:
        made.not_automatic = why
        made.save(update_fields=["not_automatic"])
        return None
    approvals.reserve(made, use, occasion.on)
    confirmed = Quote.objects.create(
        subscription_id=account.pk,
        person=owner,
        request=made,
        changes=made.changes,
        document=quote_json.dump(quote),
        version=quote.version,
        on=quote.on,
        created_at=occasion.at,
        expires_at=occasion.at + quotes.VALID_FOR,
    )
    return quotes.carry_out(account, confirmed, quote.due, occasion=occasion.by_itself())


def _in_the_way(
    account: Account, made: ChangeRequest, quote: PricedQuote, held: Facts, owner: User, on: date
) -> NotAutomatic | None:
    """Return what needs somebody although the limits would approve it."""
    if made.requester_id == owner.pk:
        return NotAutomatic.OWN
    if made.document is None or not quotes.allows(owner, account, quote.changes, held, on):
        return NotAutomatic.NOT_OWNERS
    if held.held:
        return NotAutomatic.BEING_PAID
    try:
        quotes.method_for(account, due=quote.due)
    except payments.NoPaymentMethod:
        return NotAutomatic.NO_METHOD
    return None


def decided_by_staff(account: Account) -> bool:
    """Tell whether the vendor's staff decide: where people of the account can't act on everything."""
    return capabilities.decided_by_staff(AccountType(account.type))


def draw_up(request_id: int, *, occasion: Occasion, changes: Sequence[Change] | None = None) -> Quote:
    """Draw up a new quote for the one who decides; confirming it approves the request.

    With `changes` the request is edited and approved. Raises RequestOver, OwnRequest, NotAllowed,
    Refusal, Undecided, ChangeRequest.DoesNotExist.
    """
    _renew_first(request_id, occasion=occasion)
    with transaction.atomic():
        account, request = _open(request_id)
        Gate(occasion.person, account, on=occasion.on).demand(Action.DECIDE_REQUESTS)
        _not_own(request, occasion)
        wanted = changes_from_plain(request.changes) if changes is None else tuple(changes)
        return quotes.draw_up(account, wanted, occasion=occasion, request=request)


@transaction.atomic
def reject(request_id: int, *, reason: str, occasion: Occasion) -> ChangeRequest:
    """Say no, with a reason that the requester is told.

    Raises RequestOver, OwnRequest, NotAllowed, NoteTooLong (also for no reason at all).
    """
    account, request = _open(request_id)
    _demand_decider(account, occasion)
    _not_own(request, occasion)
    reason = _checked(reason)
    if not reason:
        raise NoteTooLong
    return close(account, request, ChangeRequest.State.REJECTED, occasion=occasion, reason=reason)


@transaction.atomic
def withdraw(request_id: int, *, occasion: Occasion) -> ChangeRequest:
    """Take one's own request back, as long as one belongs to the account.

    Raises RequestOver, NotAllowed, and ChangeRequest.DoesNotExist for another's.
    """
    account, request = _open(request_id)
    if request.requester_id != occasion.person.pk:
        raise ChangeRequest.DoesNotExist
    Gate(occasion.person, account, on=occasion.on).demand(Action.VIEW_SUBSCRIPTION)
    if request.quotes.filter(state=Quote.State.HELD).exists():
        raise refusals.HeldChange
    return close(account, request, ChangeRequest.State.WITHDRAWN, occasion=occasion)


def accept_as_staff(request_id: int, *, prices: Mapping[str, int], reason: str, occasion: Occasion) -> Quote:
    """Carry out a request of an assisted or managed account, at the prices that staff give.

    `prices` are minor units per seat and month by product, in the place of the list price of what is
    bought now (see `billing.rules.price_overrides`); they are recorded with `reason`. No method is
    charged: the invoice is sent under the contract. Raises PermissionDenied for anyone but staff,
    NotAllowed, RequestOver, NoteTooLong, Refusal, Undecided.
    """
    if not _checked(reason):
        raise NoteTooLong
    staff.demand(occasion.person, reason)
    _renew_first(request_id, occasion=occasion)
    return _accept(request_id, prices=prices, reason=reason, occasion=occasion)


@transaction.atomic
def _accept(request_id: int, *, prices: Mapping[str, int], reason: str, occasion: Occasion) -> Quote:
    """Price and carry out a request under the lock."""
    account, request = _open(request_id)
    _demand_decider(account, occasion)
    changes, at = changes_from_plain(request.changes), occasion.at
    reading = loading.read(account, occasion.on, holders=True)
    assert reading is not None  # the request refers to the subscription
    priced = quote_at(applying.open_to_staff(reading.facts), prices, changes, occasion.on)
    quote = Quote.objects.create(
        subscription_id=account.pk,
        person=occasion.person,
        request=request,
        changes=request.changes,
        prices=dict(prices),
        document=quote_json.dump(priced),
        version=priced.version,
        on=occasion.on,
        created_at=at,
        expires_at=at + quotes.VALID_FOR,
    )
    activity.record(
        account,
        ActivityVerb.REQUEST_PRICED_BY_STAFF,
        occasion,
        subject=f"request:{request.pk}",
        after={"products": sorted(prices)},
        reason=reason,
    )
    applying.apply(account, quote, occasion=occasion)
    return quote


def expire(at: datetime) -> int:
    """Close requests whose 30 days are over at a moment, and tell who asked; return how many.

    Those of accounts with a clock of their own are `own_clocks`'.
    """
    old = ChangeRequest.objects.filter(state=ChangeRequest.State.OPEN, expires_at__lte=at)
    old = old.filter(subscription__account__clock=None)
    rows = list(old.order_by("pk").values_list("pk", "subscription_id"))
    return queues.each("request_expiries", rows, lambda pk: expire_one(pk, at), at=at)[0]


@transaction.atomic
def expire_one(request_id: int, at: datetime) -> bool:
    """Close one request that is over; return whether it has expired."""
    try:
        account, request = _open(request_id)
    except RequestOver as over:
        return over.request.state == ChangeRequest.State.EXPIRED
    occasion = Occasion.of(account, at)
    close(account, request, ChangeRequest.State.EXPIRED, occasion=occasion, reason="expired")
    return True


def _renew_first(request_id: int, *, occasion: Occasion) -> None:
    """Renew what is due before a request is priced for who decides it."""
    asked = ChangeRequest.objects.select_related("subscription__account").get(pk=request_id)
    _demand_decider(asked.subscription.account, occasion)
    renewal.renew(asked.subscription_id, occasion=occasion)


def _open(request_id: int) -> tuple[Account, ChangeRequest]:
    """Lock the account and return it with an open request; raise RequestOver."""
    account = Account.objects.lock_for(ChangeRequest, request_id)
    request = ChangeRequest.objects.select_related("requester").get(pk=request_id)
    if request.state != ChangeRequest.State.OPEN:
        raise RequestOver(request)
    return account, request


def _demand_decider(account: Account, occasion: Occasion) -> None:
    """Raise NotAllowed unless this person decides requests of the account."""
    by = occasion.person
    if by.is_staff and by.is_active and decided_by_staff(account):
        return
    Gate(by, account, on=occasion.on).demand(Action.DECIDE_REQUESTS)


def _not_own(request: ChangeRequest, occasion: Occasion) -> None:
    if request.requester_id == occasion.person.pk:
        raise OwnRequest


def _checked(text: str) -> str:
    text = text.strip()
    if len(text) > LONGEST_NOTE:
        raise NoteTooLong
    return text
