"""Lets a letter that was given up be tried again, where sending it is still of use."""

from collections.abc import Callable
from datetime import datetime

import structlog
from django.db import transaction
from django.template import TemplateDoesNotExist
from django.template.loader import get_template

from accounts import activity, email_changes, invitations, mail, staff
from accounts.models import Account, Letter, Membership
from accounts.occasion import OccasionOf
from accounts.rules.activity import ActivityVerb
from accounts.rules.letters import LetterKind

log = structlog.get_logger()
# The letters whose reader is let in by what they carry, with who knows whether it still does; rooms above
# add theirs.
LINKS: dict[LetterKind, Callable[[str, datetime], object]] = {
    LetterKind.INVITED: invitations.find,
    LetterKind.EMAIL_CHANGE_OLD: email_changes.find,
    LetterKind.EMAIL_CHANGE_NEW: email_changes.find,
}


class LetsNobodyIn(Exception):
    """A link lets nobody in any more, or never did: what a room above raises of a link of its own."""


class NotSentAgain(Exception):
    """Sending the letter again would be of no use; `reason` is a code.

    `sent` (it went out), `waiting` (it is still tried by itself), `forgotten` (the secret in its link is
    kept no more), `over` (its link lets nobody in any more), `inactive` (its reader was shut out),
    `unwritten` (letters of its kind are written no more).
    """

    def __init__(self, reason: str) -> None:
        """Keep the code."""
        super().__init__(reason)
        self.reason = reason


def useless(letter: Letter, at: datetime) -> str:
    """Return why sending a letter again would be of no use at a moment, as a code; empty where it is."""
    if letter.sent_at is not None:
        return "sent"
    if letter.failed_at is None:
        return "waiting"
    if letter.user is not None and not letter.user.is_active:
        return "inactive"
    try:
        get_template(f"mail/{letter.kind}/body.txt")
    except TemplateDoesNotExist:
        return "unwritten"
    kind = letter.known_kind
    return _of_its_link(letter, LINKS[kind], at) if kind in LINKS else ""


def _of_its_link(letter: Letter, find: Callable[[str, datetime], object], at: datetime) -> str:
    """Return why the link in a letter lets nobody in; empty where it does."""
    if mail.without_secrets(letter.facts) == letter.facts:
        return "forgotten"
    try:
        find(str(letter.facts["token"]), at)
    except (invitations.InvitationOver, email_changes.ChangeOver, LetsNobodyIn):
        return "over"
    return ""


@transaction.atomic
def send_again(letter_id: int, *, reason: str, occasion_of: OccasionOf) -> Letter:
    """Let a letter that was given up be tried from the beginning, and record it with the reason.

    The trail is that of its account; a letter that is a person's own stands in the trail of each of
    their accounts, on the occasion of each, which `occasion_of` tells. Raises PermissionDenied for
    anyone but the vendor's staff, ValueError without a reason, NotSentAgain, Letter.DoesNotExist.
    """
    by = occasion_of(None).person
    staff.demand(by, reason)
    accounts = _lock_accounts(letter_id)
    letter = (
        Letter.objects.select_for_update(of=("self",)).select_related("user", "account").get(pk=letter_id)
    )
    if why := useless(letter, occasion_of(letter.account).at):
        raise NotSentAgain(why)
    mail.send_again(letter)
    for account in accounts:
        activity.record(
            account,
            ActivityVerb.LETTER_SENT_AGAIN,
            occasion_of(account),
            subject=f"letter:{letter.pk}",
            after={"to": letter.to},
            reason=reason.strip(),
        )
    log.info("letter_sent_again", letter=letter.pk, account=letter.account_id, by=by.pk)
    return letter


def _lock_accounts(letter_id: int) -> list[Account]:
    """Lock and return the accounts whose trail a letter stands in, in one order for all who do so."""
    account_id, user_id = Letter.objects.values_list("account", "user").get(pk=letter_id)
    if account_id is not None:
        return [Account.objects.lock(account_id)]
    ids = Membership.objects.filter(user=user_id).order_by("account").values_list("account", flat=True)
    return [Account.objects.lock(pk) for pk in list(ids)]
