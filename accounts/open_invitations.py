"""The invitations that can still be accepted, and what becomes of them when who sent them goes."""

from datetime import datetime

from django.db.models import QuerySet

from accounts import activity
from accounts.models import Account, Invitation, User
from accounts.occasion import Occasion
from accounts.rules.activity import ActivityVerb

KEEP, REVOKE = "keep", "revoke"


class InvitationsOpen(Exception):
    """Invitations of a person who will no longer manage people are open: keep them, or revoke them."""

    def __init__(self, invitations: list[Invitation]) -> None:
        """Keep the invitations."""
        super().__init__(f"{len(invitations)} invitations are open")
        self.invitations = invitations


def waiting(account_id: int, at: datetime) -> QuerySet[Invitation]:
    """Return an account's invitations that can still be accepted at a moment."""
    open_ones = Invitation.objects.filter(account=account_id, accepted_at=None, revoked_at=None)
    return open_ones.filter(expires_at__gt=at)


def sent_by(account_id: int, person: User, at: datetime) -> QuerySet[Invitation]:
    """Return the open invitations that a person sent, the oldest first."""
    return waiting(account_id, at).filter(invited_by=person).order_by("pk")


def answer(account: Account, person: User, choice: str, *, occasion: Occasion) -> None:
    """Keep or revoke a person's open invitations, as `choice` says, under the account's lock.

    What is kept stays the account's promise. Raises InvitationsOpen where some are open and `choice` is
    neither. Called by the verbs that take a person's part in the account, after the gate.
    """
    at = occasion.at
    sent = list(sent_by(account.pk, person, at))
    if not sent or choice == KEEP:
        return
    if choice != REVOKE:
        raise InvitationsOpen(sent)
    Invitation.objects.filter(pk__in=[one.pk for one in sent]).update(revoked_at=at)
    for one in sent:
        activity.record(
            account,
            ActivityVerb.INVITATION_REVOKED,
            occasion,
            subject=f"invitation:{one.pk}",
            reason="inviter_gone",
        )
