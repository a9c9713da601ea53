"""Change requests: an admin asks, somebody else decides (domain.md 7)."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta

from django.db import transaction

from accounts import activity, mail, queues, staff
from accounts.gate import Gate
from accounts.models import Account, Membership, User
from accounts.rules import capabilities
from accounts.rules.activity import ActivityVerb
from accounts.rules.capabilities import AccountType
from accounts.rules.decision import Action
from accounts.rules.letters import LetterKind
from billing import applying, change_request_letters, quote_json, quotes, renewal
from billing.change_request_closing import close
from billing.models import ChangeRequest, Quote
from billing.rules import refusals
from billing.rules.change_json import changes_from_plain, changes_to_plain
from billing.rules.change_requests import needs_a_price
from billing.rules.changes import Change
from billing.rules.price_overrides import quote_at
from billing.storage import loading
from billing.storage.saving import Occasion

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


def submit(account: Account, changes: Sequence[Change], *, note: str, by: User, on: date) -> ChangeRequest:
    """Ask for changes. Several requests may be open.

    The owner and billing admins are told; on accounts that the vendor's staff serve, also the
    vendor's contact. Raises NotAllowed, NoteTooLong, Refusal, Undecided.
    """
    Gate(by, account, on=on).demand(Action.REQUEST_CHANGE)
    renewal.renew(account.pk, on=on, at=activity.current().at)
    return _submit(account, changes, note=note, by=by, on=on)


@transaction.atomic
def _submit(account: Account, changes: Sequence[Change], *, note: str, by: User, on: date) -> ChangeRequest:
    """Price and write a request under the lock, and tell who decides."""
    account = Account.objects.lock(account.pk)
    note = _checked(note)
    reading = loading.read(account, on, holders=True, promos=applying.promo_codes(tuple(changes)))
    quote = quotes.price(account, changes, by=by, on=on, asking=True, reading=reading)
    assert reading is not None  # or it could not have been priced
    at = activity.current().at
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
        account, ActivityVerb.REQUEST_SUBMITTED, by=by, subject=f"request:{made.pk}", after={"state": "open"}
    )
    letter = change_request_letters.letter(account, made) | {"by": by.name, "note": note}
    deciders = [m.user for m in Membership.objects.contacts(account) if m.user_id != by.pk]
    mail.post(LetterKind.REQUEST_SUBMITTED, account, to=deciders, facts=letter, key=str(made.pk))
    if decided_by_staff(account):
        mail.post_to_address(
            LetterKind.REQUEST_SUBMITTED,
            account,
            email=account.vendor_contact_email,
            name=account.vendor_contact_name,
            facts=letter,
            key=str(made.pk),
        )
    return made


def decided_by_staff(account: Account) -> bool:
    """Tell whether the vendor's staff decide: where people of the account can't act on everything."""
    return capabilities.decided_by_staff(AccountType(account.type))


def draw_up(request_id: int, *, by: User, on: date, changes: Sequence[Change] | None = None) -> Quote:
    """Draw up a new quote for the one who decides; confirming it approves the request.

    With `changes` the request is edited and approved. Raises RequestOver, OwnRequest, NotAllowed,
    Refusal, Undecided, ChangeRequest.DoesNotExist.
    """
    _renew_first(request_id, by=by, on=on)
    with transaction.atomic():
        account, request = _open(request_id)
        Gate(by, account, on=on).demand(Action.DECIDE_REQUESTS)
        _not_own(request, by)
        wanted = changes_from_plain(request.changes) if changes is None else tuple(changes)
        return quotes.draw_up(account, wanted, by=by, on=on, request=request)


@transaction.atomic
def reject(request_id: int, *, reason: str, by: User, on: date) -> ChangeRequest:
    """Say no, with a reason that the requester is told.

    Raises RequestOver, OwnRequest, NotAllowed, NoteTooLong (also for no reason at all).
    """
    account, request = _open(request_id)
    _demand_decider(account, by, on)
    _not_own(request, by)
    reason = _checked(reason)
    if not reason:
        raise NoteTooLong
    return close(account, request, ChangeRequest.State.REJECTED, by=by, reason=reason)


@transaction.atomic
def withdraw(request_id: int, *, by: User, on: date) -> ChangeRequest:
    """Take one's own request back, as long as one belongs to the account.

    Raises RequestOver, NotAllowed, and ChangeRequest.DoesNotExist for another's.
    """
    account, request = _open(request_id)
    if request.requester_id != by.pk:
        raise ChangeRequest.DoesNotExist
    Gate(by, account, on=on).demand(Action.VIEW_SUBSCRIPTION)
    if request.quotes.filter(state=Quote.State.HELD).exists():
        raise refusals.HeldChange
    return close(account, request, ChangeRequest.State.WITHDRAWN, by=by)


def accept_as_staff(request_id: int, *, prices: Mapping[str, int], reason: str, by: User, on: date) -> Quote:
    """Carry out a request of an assisted or managed account, at the prices that staff give.

    `prices` are minor units per seat and month by product, in the place of the list price of what is
    bought now (see `billing.rules.price_overrides`); they are recorded with `reason`. No method is
    charged: the invoice is sent under the contract. Raises PermissionDenied for anyone but staff,
    NotAllowed, RequestOver, NoteTooLong, Refusal, Undecided.
    """
    if not _checked(reason):
        raise NoteTooLong
    staff.demand(by, reason)
    _renew_first(request_id, by=by, on=on)
    return _accept(request_id, prices=prices, reason=reason, by=by, on=on)


@transaction.atomic
def _accept(request_id: int, *, prices: Mapping[str, int], reason: str, by: User, on: date) -> Quote:
    """Price and carry out a request under the lock."""
    account, request = _open(request_id)
    _demand_decider(account, by, on)
    changes, at = changes_from_plain(request.changes), activity.current().at
    reading = loading.read(account, on, holders=True)
    assert reading is not None  # the request refers to the subscription
    priced = quote_at(applying.open_to_staff(reading.facts), prices, changes, on)
    quote = Quote.objects.create(
        subscription_id=account.pk,
        person=by,
        request=request,
        changes=request.changes,
        prices=dict(prices),
        document=quote_json.dump(priced),
        version=priced.version,
        on=on,
        created_at=at,
        expires_at=at + quotes.VALID_FOR,
    )
    activity.record(
        account,
        ActivityVerb.REQUEST_PRICED_BY_STAFF,
        by=by,
        subject=f"request:{request.pk}",
        after={"products": sorted(prices)},
        reason=reason,
    )
    applying.apply(account, quote, occasion=Occasion(by=by, on=on, at=at))
    return quote


def expire() -> int:
    """Close requests that nobody decided within 30 days, and tell who asked; return how many."""
    at = activity.current().at
    old = ChangeRequest.objects.filter(state=ChangeRequest.State.OPEN, expires_at__lte=at)
    rows = list(old.order_by("pk").values_list("pk", "subscription_id"))
    return queues.each("request_expiries", rows, _expire)[0]


@transaction.atomic
def _expire(request_id: int) -> bool:
    """Close one request that is over; return whether it has expired."""
    try:
        account, request = _open(request_id)
    except RequestOver as over:
        return over.request.state == ChangeRequest.State.EXPIRED
    close(account, request, ChangeRequest.State.EXPIRED, by=None, reason="expired")
    return True


def _renew_first(request_id: int, *, by: User, on: date) -> None:
    """Renew what is due before a request is priced for who decides it."""
    asked = ChangeRequest.objects.select_related("subscription__account").get(pk=request_id)
    _demand_decider(asked.subscription.account, by, on)
    renewal.renew(asked.subscription_id, on=on, at=activity.current().at)


def _open(request_id: int) -> tuple[Account, ChangeRequest]:
    """Lock the account and return it with an open request; raise RequestOver."""
    account = Account.objects.lock_for(ChangeRequest, request_id)
    request = ChangeRequest.objects.select_related("requester").get(pk=request_id)
    if request.state != ChangeRequest.State.OPEN:
        raise RequestOver(request)
    return account, request


def _demand_decider(account: Account, by: User, on: date) -> None:
    """Raise NotAllowed unless this person decides requests of the account."""
    if by.is_staff and by.is_active and decided_by_staff(account):
        return
    Gate(by, account, on=on).demand(Action.DECIDE_REQUESTS)


def _not_own(request: ChangeRequest, by: User) -> None:
    if request.requester_id == by.pk:
        raise OwnRequest


def _checked(text: str) -> str:
    text = text.strip()
    if len(text) > LONGEST_NOTE:
        raise NoteTooLong
    return text
