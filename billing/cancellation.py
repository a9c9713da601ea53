"""Ends an account, at once or at the end of its period, knowing exactly what that means (domain.md 8)."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import Sum

from accounts import activity, lifecycle, mail, staff
from accounts.gate import Gate
from accounts.models import Account, Letter, Membership, User
from accounts.occasion import Occasion
from accounts.rules.activity import ActivityVerb
from accounts.rules.capabilities import AccountState, AccountType, decided_by_staff
from accounts.rules.decision import Action
from accounts.rules.letters import LetterKind
from billing import payment_links
from billing.forfeits import Forfeit, forfeits
from billing.models import (
    Cancellation,
    ChangeRequest,
    Charge,
    Invoice,
    Quote,
    ScheduledChange,
    Subscription,
)
from billing.rules.money import to_minor
from billing.rules.refusals import AlreadyScheduled, FirstPurchaseNeeded, HeldChange, RenewalDue
from billing.rules.tax import LineTaxes, TaxLine, taxes
from billing.rules.taxation import is_shown
from billing.storage import loading
from billing.subscription_state import state_of

# How long the vendor's staff can restore it, before personal data is erased.
KEPT_FOR = timedelta(days=90)


class SheetChanged(Exception):
    """The amounts on the sheet are no longer those that were shown: show it again."""

    def __init__(self, sheet: "CancellationSheet") -> None:
        """Keep the sheet as it is now."""
        super().__init__("the sheet changed")
        self.sheet = sheet


class AlreadyCancelled(Exception):
    """The account has ended: the staff give it back, they don't end it again."""


class RestoreOver(Exception):
    """The account is not cancelled, or its 90 days are over."""


@dataclass(frozen=True, slots=True)
class CancellationSheet:
    """What cancelling means, amounts in minor units of the account's currency.

    `forfeits` is what was paid and is not used, before tax, and `taxes` the tax on it as the invoices
    counted it; `owed` what stays due, on open invoices and as small amounts that were `carried_over`;
    `balance` the credit that is lost; the last three with tax. `taxed` tells whether the account's
    invoices bear tax. The counts say who and what falls away; `temporary` counts seats.
    """

    currency: str
    forfeits: tuple[Forfeit, ...]
    taxes: tuple[TaxLine, ...]
    taxed: bool
    owed: int
    carried_over: int
    open_invoices: tuple[str, ...]
    balance: int
    people: int
    requests: int
    scheduled: int
    temporary: int
    told: tuple[str, ...]

    @property
    def forfeited(self) -> int:
        """Return all that was paid and is not used, with its tax."""
        return self.forfeited_net + sum(line.amount for line in self.taxes)

    @property
    def forfeited_net(self) -> int:
        """Return all that was paid and is not used, before tax."""
        return sum(one.amount for one in self.forfeits)

    @property
    def mark(self) -> str:
        """Return what the confirmation must name: another mark means another sheet."""
        plain = json.dumps(asdict(self), default=str, sort_keys=True)
        return hashlib.sha256(plain.encode()).hexdigest()[:16]


def consequences(account: Account, on: date, *, at_end: bool = False) -> CancellationSheet:
    """Return the sheet of cancelling an account on a day, or `at_end` of its paid period. Reads only."""
    reading = loading.read(account, on)
    held = reading.facts if reading else None
    ends = held.paid_until if at_end and held and held.paid_until else on
    unused = [one for one in held.temporary if one.covers.end > ends] if held else []
    unpaid = Invoice.objects.filter(subscription_id=account.pk, due__gt=0, payment__isnull=True)
    due = unpaid.aggregate(sum=Sum("due"))["sum"]
    lost = forfeits(account.pk, held, ends) if held and held.has_bought else ()
    small = max(-held.balance, 0) if held else 0
    members = Membership.objects.live().filter(account=account)
    return CancellationSheet(
        currency=account.currency,
        forfeits=lost,
        taxes=_tax(lost),
        taxed=held is not None and is_shown(held.taxation, on),
        owed=(to_minor(due, account.currency) if due else 0) + small,
        carried_over=small,
        open_invoices=tuple(unpaid.order_by("number").values_list("number", flat=True)),
        balance=max(held.balance, 0) if held else 0,
        people=members.count(),
        requests=reading.open_requests if reading else 0,
        scheduled=len(held.scheduled) if held else 0,
        temporary=sum(one.quantity for one in unused),
        told=tuple(member.user.email for member in Membership.objects.contacts(account)),
    )


def _tax(lost: Iterable[Forfeit]) -> tuple[TaxLine, ...]:
    """Return the tax on what is forfeited: each on the sum that bears it, as on an invoice."""
    bases: dict[LineTaxes, int] = {}
    for one in lost:
        for borne, amount in one.parts:
            bases[borne] = bases.get(borne, 0) + amount
    return taxes({borne: base for borne, base in bases.items() if base})


def stops_at(account: Account, on: date) -> datetime:
    """Return the moment at which the paid period ends, in the account's zone."""
    until = account.subscription.paid_until or on
    return datetime(until.year, until.month, until.day, tzinfo=ZoneInfo(account.timezone))


@transaction.atomic
def cancel_now(account: Account, *, mark: str, reason: str, text: str, occasion: Occasion) -> Cancellation:
    """Cancel the account at once: from the next request on nobody of it can use or reach anything.

    `mark` names the sheet that was shown. The page has asked for the password, the second factor
    and the account's name. For an owner who can't, by the account's type, the vendor's staff do it, with
    the reason as its `text`. Raises NotAllowed, SheetChanged. What is on its way to the provider is
    taken in when it answers; a change that waited for it is refunded.
    """
    account = Account.objects.lock(account.pk)
    demand(account, text, occasion)
    sheet = consequences(account, occasion.on)
    if sheet.mark != mark:
        raise SheetChanged(sheet)
    at = occasion.at
    # An end that waited is overtaken; a restore lets it wait again.
    Cancellation.objects.filter(account=account, undone_at=None).update(undone_at=at)
    made = _write(account, sheet, reason, text, occasion=occasion, at_period_end=False)
    why = text.strip() if occasion.by_staff else ""
    end_everything(account, occasion=occasion, reason=why)
    tell_members(account, occasion=occasion, key=str(made.pk), why=why)
    return made


def demand(account: Account, why: str, occasion: Occasion) -> None:
    """Let an account's owner end it, or the vendor's staff for one whose type leaves it to them.

    Raises NotAllowed; of the staff PermissionDenied, ValueError where they don't say why, and
    AlreadyCancelled.
    """
    if for_owner(account, occasion):
        staff.demand(occasion.person, why)
        if account.state == AccountState.CANCELLED:
            raise AlreadyCancelled
    else:
        Gate(occasion.person, account, on=occasion.on).demand(Action.CANCEL_ACCOUNT)


def for_owner(account: Account, occasion: Occasion) -> bool:
    """Tell whether an account is ended, or its end undone, by the staff in the place of its owner."""
    return occasion.by_staff and decided_by_staff(AccountType(account.type))


def tell_members(account: Account, *, occasion: Occasion, key: str, why: str = "") -> None:
    """Tell everybody of an account, once, that it has ended; its owner alone how to pay what is open.

    Called after `end_everything`, which throws away the letters that waited.
    """
    at = occasion.at
    contacts = [member.user for member in Membership.objects.contacts(account)]
    open_invoices = payment_links.tell_owner(account, occasion=occasion, key=key)
    letter = {"account": account.name, "until": (at + KEPT_FOR).isoformat(), "open": open_invoices}
    letter |= {"by": occasion.by.name, "why": why} if occasion.by else {}
    mail.post(LetterKind.ACCOUNT_CANCELLED, account, to=contacts, facts=letter, key=key)
    told = {person.pk for person in contacts}
    members = Membership.objects.live().filter(account=account).select_related("user")
    others = [member.user for member in members if member.user_id not in told]
    facts = {"account": account.name, "owner": _owner(contacts)}
    mail.post(LetterKind.ACCOUNT_ENDED, account, to=others, facts=facts, key=key)


def _owner(contacts: list[User]) -> dict[str, str]:
    """Return whom members ask, by name and address: the owner, who stands first."""
    return {"name": contacts[0].name, "email": contacts[0].email} if contacts else {}


def end_everything(account: Account, *, occasion: Occasion, reason: str = "") -> None:
    """Close an account with all that waits in it. Called under its lock.

    Lines, seats and scheduled changes stay as they are, out of everybody's reach, so that a restore
    gives them back.
    """
    at = occasion.at
    Quote.objects.filter(subscription_id=account.pk, state__in=[Quote.State.OPEN, Quote.State.HELD]).update(
        state=Quote.State.CLOSED, failure="account_cancelled"
    )
    ChangeRequest.objects.filter(subscription_id=account.pk, state=ChangeRequest.State.OPEN).update(
        state=ChangeRequest.State.CLOSED, decided_at=at, reason="account_cancelled"
    )
    # Not sent yet: never will be.
    Charge.objects.filter(subscription_id=account.pk, state=Charge.State.CREATED).update(
        state=Charge.State.FAILED, failure="account_cancelled", settled_at=at
    )
    # What is open stays due: a link to pay it, on its way to whom staff sent it, still goes out.
    Letter.objects.filter(account=account, sent_at=None).exclude(kind=LetterKind.INVOICE_PAYABLE).delete()
    lifecycle.move(account, AccountState.CANCELLED, occasion=occasion, reason=reason)


@transaction.atomic
def cancel_at_period_end(
    account: Account, *, mark: str, reason: str, text: str, occasion: Occasion
) -> ScheduledChange:
    """Let the account end when its paid period does; it can be undone until that day.

    Raises NotAllowed, SheetChanged, HeldChange, AlreadyScheduled, RenewalDue where its day has come,
    and FirstPurchaseNeeded where no period was ever bought.
    """
    account = Account.objects.lock(account.pk)
    demand(account, text, occasion)
    subscription = Subscription.objects.select_for_update(no_key=True).get(pk=account.pk)
    sheet = consequences(account, occasion.on, at_end=True)
    if sheet.mark != mark:
        raise SheetChanged(sheet)
    reading = loading.read(account, occasion.on)
    assert reading is not None  # it was locked above
    if subscription.paid_until is None:
        raise FirstPurchaseNeeded
    if occasion.on >= subscription.paid_until:
        # From the first moment of that day: the page renews it first, and shows the sheet of the new period.
        raise RenewalDue(due=subscription.paid_until)
    if reading.facts.held:
        raise HeldChange
    if subscription.scheduled.filter(kind=ScheduledChange.Kind.CANCELLATION).exists():
        raise AlreadyScheduled(kind="cancellation", product=None)
    Cancellation.objects.filter(account=account, undone_at=None).update(undone_at=occasion.at)
    _write(account, sheet, reason, text, occasion=occasion, at_period_end=True)
    made = ScheduledChange.objects.create(
        subscription=subscription,
        kind=ScheduledChange.Kind.CANCELLATION,
        takes_effect_on=subscription.paid_until,
        version=subscription.version + 1,
        created_by=occasion.person,
        created_at=occasion.at,
    )
    Subscription.objects.filter(pk=account.pk).update(version=subscription.version + 1)
    after = loading.read(account, occasion.on)
    assert after is not None
    activity.record(
        account,
        ActivityVerb.CANCELLATION_SCHEDULED,
        occasion,
        subject="subscription",
        before=state_of(reading.facts),
        after=state_of(after.facts),
        reason=text.strip() if occasion.by_staff else reason,
    )
    mail.post(
        LetterKind.CANCELLATION_SCHEDULED,
        account,
        to=[member.user for member in Membership.objects.contacts(account)],
        facts={
            "by": occasion.person.name,
            "why": text.strip() if occasion.by_staff else "",
            "on": made.takes_effect_on.isoformat(),
            "until": (made.takes_effect_on - timedelta(days=1)).isoformat(),
            "open": Invoice.objects.filter(
                subscription_id=account.pk, due__gt=0, payment__isnull=True
            ).count(),
        },
        key=str(made.pk),
    )
    return made


def _write(
    account: Account,
    sheet: CancellationSheet,
    reason: str,
    text: str,
    *,
    occasion: Occasion,
    at_period_end: bool,
) -> Cancellation:
    return Cancellation.objects.create(
        account=account,
        at_period_end=at_period_end,
        reason=Cancellation.Reason(reason),
        text=text.strip()[:2000],
        by=occasion.person,
        by_name=occasion.person.name,
        created_at=occasion.at,
        sheet={"forfeited": sheet.forfeited, "owed": sheet.owed, "balance": sheet.balance},
        state_before=account.state,
    )


@transaction.atomic
def restore(account_id: int, *, reason: str, occasion: Occasion) -> Account:
    """Give a cancelled account back exactly as it was, within 90 days and without charging.

    Where its paid period ended meanwhile, the next renewal charges from `on`. For the vendor's
    staff; raises PermissionDenied, ValueError without a reason, RestoreOver.
    """
    account = Account.objects.lock(account_id)
    staff.demand(occasion.person, reason)
    at = occasion.at
    last = Cancellation.objects.filter(account=account, undone_at=None, erased_at=None).first()
    if account.state != AccountState.CANCELLED or last is None or account.cancelled_at is None:
        raise RestoreOver
    if at >= account.cancelled_at + KEPT_FOR:
        raise RestoreOver
    ChangeRequest.objects.filter(
        subscription_id=account.pk, state=ChangeRequest.State.CLOSED, reason="account_cancelled"
    ).update(state=ChangeRequest.State.OPEN, decided_at=None, reason="")
    Subscription.objects.filter(pk=account.pk, paid_until__lt=occasion.on).update(resumes_on=occasion.on)
    last.undone_at = at
    last.save(update_fields=["undone_at"])
    _restore_scheduled_end(account, last, occasion.on)
    lifecycle.move(account, AccountState(last.state_before), occasion=occasion, reason=reason)
    return account


def _restore_scheduled_end(account: Account, last: Cancellation, on: date) -> None:
    """Let the end of the period that was scheduled before wait again, where its day is still to come."""
    waits = ScheduledChange.objects.filter(subscription_id=account.pk, kind=ScheduledChange.Kind.CANCELLATION)
    overtaken = Cancellation.objects.filter(
        account=account, at_period_end=True, undone_at=last.created_at
    ).exclude(pk=last.pk)
    if waits.filter(takes_effect_on__gt=on).exists():
        overtaken.update(undone_at=None)
    else:
        waits.delete()
