"""Tells owner and billing admins that a trial ends, a week and a day before, and that it has ended."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from django.db import transaction

from accounts import activity, mail
from accounts.models import Account, Letter, Membership
from accounts.occasion import Occasion
from accounts.rules.activity import ActivityVerb
from accounts.rules.capabilities import AccountState
from accounts.rules.letters import LetterKind
from accounts.rules.trials import TOLD_WITHIN_DAYS, TrialNotice, notice

# A trial may be told of on a day that begins 14 hours before it does in UTC, or ends 12 hours after.
_WINDOW = timedelta(days=TOLD_WITHIN_DAYS + 1)
_KINDS = {
    TrialNotice.WEEK: LetterKind.TRIAL_ENDING,
    TrialNotice.DAY: LetterKind.TRIAL_ENDING,
    TrialNotice.ENDED: LetterKind.TRIAL_ENDED,
}


def ending(at: datetime) -> Iterator[Account]:
    """Yield the accounts whose trial ends, or ended, about a moment."""
    day = at.date()
    trials = Account.objects.filter(state=AccountState.TRIAL, is_sandbox=False)
    yield from trials.filter(trial_ends_on__range=(day - _WINDOW, day + _WINDOW)).order_by("pk")
    # On a clock of its own any day may be today.
    yield from Account.objects.filter(state=AccountState.TRIAL, is_sandbox=True).order_by("pk")


def is_told(account: Account, occasion: Occasion) -> bool:
    """Tell whether nothing is to be told of a trial on a day, or nothing more."""
    due = _due(account, occasion)
    return due is None or Letter.objects.filter(account=account, key__startswith=_key(account, due)).exists()


@transaction.atomic
def tell(account_id: int, *, occasion: Occasion) -> bool:
    """Tell what is to be told of a trial on a day of its account, once; return whether anything was."""
    account = Account.objects.lock(account_id)
    due = _due(account, occasion)
    if due is None or account.trial_ends_on is None or is_told(account, occasion):
        return False
    if due is TrialNotice.ENDED:
        activity.record(account, ActivityVerb.TRIAL_ENDED, occasion.by_itself(), subject="account")
    mail.post(
        _KINDS[due],
        account,
        to=[member.user for member in Membership.objects.contacts(account)],
        facts={"ends_on": account.trial_ends_on.isoformat()},
        key=f"{account.pk}:{account.trial_ends_on}:{due}",
    )
    return True


def _due(account: Account, occasion: Occasion) -> TrialNotice | None:
    if account.state != AccountState.TRIAL or account.trial_ends_on is None:
        return None
    return notice(account.trial_ends_on, occasion.on)


def _key(account: Account, due: TrialNotice) -> str:
    return f"{_KINDS[due]}:{account.pk}:{account.trial_ends_on}:{due}:"
