"""Suspends an account by hand, as the vendor's staff may, and ends that again (domain.md 5)."""

from django.db import transaction

from accounts import activity, mail, staff
from accounts.models import Account, Membership
from accounts.occasion import Occasion
from accounts.rules.activity import ActivityVerb
from accounts.rules.capabilities import AccountState
from accounts.rules.letters import LetterKind
from billing import debts
from billing.renewal_batch import RENEWING


class NothingToSuspend(Exception):
    """The account is cancelled: there is nothing to suspend."""


class AlreadySuspended(Exception):
    """The vendor's staff have suspended the account before."""


class NotSuspended(Exception):
    """No suspension by the vendor's staff is to be ended: none was made, or its account is cancelled."""


@transaction.atomic
def suspend(account_id: int, *, reason: str, occasion: Occasion) -> Account:
    """Close an account to its people but for what a suspension leaves; owner and billing admins are told why.

    Nothing renews, and no payment opens it: only `end` does. Beneath it the account keeps the state that it
    has, and a debt that is paid meanwhile is paid. Raises PermissionDenied for anyone but the vendor's
    staff, ValueError without a reason, NothingToSuspend, AlreadySuspended.
    """
    staff.demand(occasion.person, reason)
    account = Account.objects.lock(account_id)
    if account.state == AccountState.CANCELLED:
        raise NothingToSuspend
    if account.suspended_by_vendor_at is not None:
        raise AlreadySuspended
    account.state_beneath, account.state = account.state, AccountState.SUSPENDED
    account.suspended_by_vendor_at, account.suspension_reason = occasion.at, reason.strip()
    _save(account)
    _tell(account, ActivityVerb.ACCOUNT_SUSPENDED, LetterKind.SUSPENDED_BY_VENDOR, reason, occasion)
    return account


@transaction.atomic
def end(account_id: int, *, reason: str, occasion: Occasion) -> Account:
    """Give an account that staff suspended back the state that it has beneath; its people are told.

    A period that ended meanwhile starts anew on this day, and days of the suspension are not charged.
    Raises PermissionDenied for anyone but the vendor's staff, ValueError without a reason, NotSuspended.
    """
    staff.demand(occasion.person, reason)
    account = Account.objects.lock(account_id)
    if account.suspended_by_vendor_at is None or account.state == AccountState.CANCELLED:
        raise NotSuspended
    account.state, account.state_beneath = account.state_beneath, ""
    account.suspended_by_vendor_at, account.suspension_reason = None, ""
    _save(account)
    if account.own_state in RENEWING:
        debts.resume(account, occasion.on)
    _tell(account, ActivityVerb.SUSPENSION_ENDED, LetterKind.SUSPENSION_ENDED, reason, occasion)
    return account


def _save(account: Account) -> None:
    account.save(update_fields=["state", "state_beneath", "suspended_by_vendor_at", "suspension_reason"])


def _tell(account: Account, verb: ActivityVerb, kind: LetterKind, reason: str, occasion: Occasion) -> None:
    entry = activity.record(account, verb, occasion, subject="account", reason=reason.strip())
    mail.post(
        kind,
        account,
        to=[member.user for member in Membership.objects.contacts(account)],
        facts={"reason": reason.strip(), "state": str(account.state)},
        key=str(entry.pk),
    )
