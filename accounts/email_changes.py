"""Changes the e-mail address by which a person signs in: asked for, confirmed by its mailboxes, done.

A person's own change is confirmed by both addresses: the old one agrees, the new one proves that
letters arrive. One that the vendor's staff correct needs two of them and a reason, and the new address.
"""

import hashlib
import secrets
from dataclasses import replace
from datetime import datetime, timedelta

from allauth.account.models import EmailAddress
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib.sessions.models import Session
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, transaction

from accounts import activity, mail, queues, staff
from accounts.email_addresses import validate_address
from accounts.models import Account, EmailChange, Letter, Membership, User
from accounts.occasion import Occasion, OccasionOf
from accounts.rules.activity import ActivityVerb
from accounts.rules.letters import LetterKind

VALID_FOR = timedelta(hours=24)
# What staff propose waits for the second of them.
PROPOSAL_VALID_FOR = timedelta(days=7)
# Each sends a letter to whatever address was typed.
MOST_IN_A_DAY = 5
# What is over is kept for questions, then forgotten.
KEPT_FOR = timedelta(days=90)


class NotChangeable(Exception):
    """The address can't become this one; `reason` is a code.

    `malformed`, `same` (it is theirs already), `budget`, and to staff alone `taken` and `open`.
    """

    def __init__(self, reason: str) -> None:
        """Keep the code."""
        super().__init__(reason)
        self.reason = reason


class ChangeOver(Exception):
    """The change was carried out, withdrawn or is too old, or its link was used."""


@transaction.atomic
def ask(email: str, *, occasion: Occasion) -> EmailChange:
    """Ask for a new address of one's own; a link goes to both. An earlier change is withdrawn.

    Whose address it is can't be learned here: where somebody has it, they are told instead, and the
    change waits for a confirmation that never comes. Raises NotChangeable.
    """
    by = User.objects.select_for_update(no_key=True).get(pk=occasion.person.pk)
    if not by.is_active:
        raise PermissionDenied
    email, at = _clean(email, by), occasion.at
    asked = EmailChange.objects.filter(person=by, by_staff=False)
    if asked.filter(created_at__gt=at - VALID_FOR).count() >= MOST_IN_A_DAY:
        raise NotChangeable("budget")
    asked.filter(state=EmailChange.State.OPEN).update(state=EmailChange.State.WITHDRAWN)
    old, new = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
    made = EmailChange.objects.create(
        person=by,
        old_email=by.email,
        new_email=email,
        old_token_hash=_hash(old),
        new_token_hash=_hash(new),
        created_at=at,
        expires_at=at + VALID_FOR,
    )
    facts = {"old": by.email, "new": email, "token": old}
    _notify(LetterKind.EMAIL_CHANGE_OLD, by, by.email, facts, made)
    if holder := User.objects.filter(email=email).first():
        _notify(LetterKind.EMAIL_CHANGE_TAKEN, holder, email, {"new": email}, made)
    else:
        _notify(LetterKind.EMAIL_CHANGE_NEW, by, email, {"new": email, "token": new}, made)
    return made


@transaction.atomic
def withdraw(change_id: int, *, occasion: Occasion) -> None:
    """Take a change of one's own address back, also one that staff proposed; its links no longer work.

    Raises ChangeOver, EmailChange.DoesNotExist (also for another person's).
    """
    User.objects.select_for_update(no_key=True).get(pk=occasion.person.pk)
    found = EmailChange.objects.get(pk=change_id, person=occasion.person)
    if not _is_open(found, occasion.at):
        raise ChangeOver
    _end(found, EmailChange.State.WITHDRAWN)


def waiting(person: User, at: datetime) -> list[EmailChange]:
    """Return the changes of a person's address that wait for somebody at a moment, the newest first."""
    found = EmailChange.objects.filter(person=person, state=EmailChange.State.OPEN, expires_at__gt=at)
    return list(found.order_by("-pk"))


def find(token: str, at: datetime) -> tuple[EmailChange, bool]:
    """Return the open change behind a link, and whether it is the new address's; raise ChangeOver."""
    hashed = _hash(token)
    changes = EmailChange.objects.select_related("person")
    found = changes.filter(new_token_hash=hashed, new_confirmed_at=None).first()
    is_new = found is not None
    if found is None:
        found = changes.filter(old_token_hash=hashed, old_confirmed_at=None).first()
    if found is None or not _is_open(found, at) or not found.person.is_active:
        raise ChangeOver
    if found.person.email != found.old_email:
        raise ChangeOver
    return found, is_new


@transaction.atomic
def confirm(token: str, *, occasion_of: OccasionOf) -> EmailChange:
    """Confirm by a link, which works once; the address changes when all that must confirm have.

    `occasion_of` tells the occasion of each account, at its own moment, and (of None) the person's. Returns
    the change, `taken` where somebody else got the address first. Raises ChangeOver.
    """
    at = occasion_of(None).at
    found, _is_new = find(token, at)
    accounts = _lock_accounts(found.person_id)
    User.objects.select_for_update(no_key=True).get(pk=found.person_id)
    found, is_new = find(token, at)
    if is_new:
        found.new_confirmed_at = at
    else:
        found.old_confirmed_at = at
    found.save(update_fields=["new_confirmed_at", "old_confirmed_at"])
    agreed = found.approved_by_id if found.by_staff else found.old_confirmed_at
    if found.new_confirmed_at and agreed:
        _carry_out(found, accounts, occasion_of)
    return found


@transaction.atomic
def propose(person_id: int, email: str, *, reason: str, occasion: Occasion) -> EmailChange:
    """Propose, as one of the vendor's staff, to correct somebody's address; nothing is sent yet.

    Raises PermissionDenied (also for one's own), ValueError without a reason, NotChangeable.
    """
    by, at = occasion.person, occasion.at
    staff.demand(by, reason)
    person = User.objects.select_for_update(no_key=True).get(pk=person_id)
    if person.pk == by.pk or not person.is_active:
        raise PermissionDenied
    email = _clean(email, person)
    if User.objects.filter(email=email).exists():
        raise NotChangeable("taken")
    expire(at, person)
    if EmailChange.objects.filter(person=person, by_staff=True, state=EmailChange.State.OPEN).exists():
        raise NotChangeable("open")
    return EmailChange.objects.create(
        person=person,
        old_email=person.email,
        new_email=email,
        by_staff=True,
        reason=reason.strip(),
        proposed_by=by,
        created_at=at,
        expires_at=at + PROPOSAL_VALID_FOR,
    )


@transaction.atomic
def approve(change_id: int, *, occasion: Occasion) -> EmailChange:
    """Approve, as another of the staff, what one proposed: a link goes to the new address.

    The old one is told at once. Raises PermissionDenied (for who proposed it, and whose address it is),
    ChangeOver.
    """
    by, found = occasion.person, _proposal(change_id, occasion)
    if by.pk in (found.proposed_by_id, found.person_id):
        raise PermissionDenied
    if found.approved_by_id or found.person.email != found.old_email:
        raise ChangeOver
    token = secrets.token_urlsafe(32)
    found.approved_by, found.new_token_hash = by, _hash(token)
    found.expires_at = occasion.at + VALID_FOR
    found.save(update_fields=["approved_by", "new_token_hash", "expires_at"])
    facts = {"new": found.new_email, "token": token, "reason": found.reason}
    _notify(LetterKind.EMAIL_CHANGE_NEW, found.person, found.new_email, facts, found)
    told = {"old": found.old_email, "new": found.new_email, "reason": found.reason}
    _notify(LetterKind.EMAIL_CHANGE_ANNOUNCED, found.person, found.old_email, told, found)
    return found


@transaction.atomic
def reject(change_id: int, *, occasion: Occasion) -> None:
    """End what staff proposed, as any of them. Raises PermissionDenied, ChangeOver."""
    _end(_proposal(change_id, occasion), EmailChange.State.WITHDRAWN)


def expire(at: datetime, person: User | None = None) -> int:
    """End changes whose time is over, of one person (under their lock) or of all; return how many.

    Who waits for it is told, at the address that stays: not of what staff proposed and nobody approved.
    """
    old = EmailChange.objects.filter(state=EmailChange.State.OPEN, expires_at__lte=at)
    if person is not None:
        old = old.filter(person=person)
    rows = [(pk, None) for pk in old.order_by("pk").values_list("pk", flat=True)]
    if person is not None:
        return sum(_expire(pk, at) for pk, _account in rows)
    return queues.each("address_changes", rows, lambda pk: _expire(pk, at), at=at)[0]


@transaction.atomic
def _expire(change_id: int, at: datetime) -> bool:
    """End one change whose time is over; return whether it was open until now."""
    person_id = EmailChange.objects.values_list("person", flat=True).get(pk=change_id)
    User.objects.select_for_update(no_key=True).get(pk=person_id)
    found = EmailChange.objects.select_related("person").get(pk=change_id)
    if found.state != EmailChange.State.OPEN or found.expires_at > at:
        return False
    _end(found, EmailChange.State.EXPIRED)
    if found.person.is_active and (not found.by_staff or found.approved_by_id):
        facts = {"old": found.old_email, "new": found.new_email}
        _notify(LetterKind.EMAIL_CHANGE_EXPIRED, found.person, found.person.email, facts, found)
    return True


def forget(at: datetime) -> int:
    """Delete what has been over for long at a moment; return how many."""
    old = EmailChange.objects.filter(created_at__lte=at - KEPT_FOR)
    return old.exclude(state=EmailChange.State.OPEN).delete()[0]


def _proposal(change_id: int, occasion: Occasion) -> EmailChange:
    """Lock the person and return what staff proposed, while it is open."""
    # What it is for was said by who proposed it.
    staff.demand(occasion.person, "proposed")
    person_id = EmailChange.objects.values_list("person", flat=True).get(pk=change_id, by_staff=True)
    User.objects.select_for_update(no_key=True).get(pk=person_id)
    found = EmailChange.objects.select_related("person").get(pk=change_id)
    if not _is_open(found, occasion.at):
        raise ChangeOver
    return found


def _carry_out(found: EmailChange, accounts: list[Account], occasion_of: OccasionOf) -> None:
    """Change the address everywhere at once, end all sessions, tell both addresses and each account."""
    person = found.person
    try:
        with transaction.atomic():
            User.objects.filter(pk=person.pk).update(email=found.new_email)
            EmailAddress.objects.filter(user=person).delete()
            EmailAddress.objects.create(user=person, email=found.new_email, verified=True, primary=True)
    except IntegrityError:
        _end(found, EmailChange.State.TAKEN)
        return
    person.email = found.new_email
    _end(found, EmailChange.State.DONE)
    others = EmailChange.objects.filter(person=person, state=EmailChange.State.OPEN)
    others.update(state=EmailChange.State.WITHDRAWN)
    _end_sessions(person)
    # What an account has to say and hasn't sent yet goes to where the person reads now.
    waiting_letters = Letter.objects.filter(user=person, sent_at=None, account__isnull=False)
    waiting_letters.filter(to=found.old_email).update(to=found.new_email)
    facts = {"old": found.old_email, "new": found.new_email, "reason": found.reason}
    _notify(LetterKind.EMAIL_CHANGED, person, found.old_email, facts, found, "old")
    _notify(LetterKind.EMAIL_CHANGED, person, found.new_email, facts, found, "new")
    after = {"email": found.new_email}
    if found.approved_by:
        after["approved_by"] = found.approved_by.name
    author = found.proposed_by if found.by_staff else person
    for account in accounts:
        activity.record(
            account,
            ActivityVerb.EMAIL_CHANGED,
            replace(occasion_of(account), by=author, by_staff=found.by_staff),
            subject=f"member:{person.pk}",
            before={"email": found.old_email},
            after=after,
            reason=found.reason,
        )


def _end_sessions(person: User) -> None:
    """End every session of a person; one that is not listed ends because it is bound to the address."""
    listed = UserSession.objects.filter(user=person)
    Session.objects.filter(session_key__in=listed.values("session_key")).delete()
    listed.delete()


def _lock_accounts(person_id: int) -> list[Account]:
    """Lock and return the accounts of a person, in one order for all who do so."""
    ids = Membership.objects.filter(user=person_id).order_by("account").values_list("account", flat=True)
    return [Account.objects.lock(pk) for pk in list(ids)]


def _notify(
    kind: LetterKind, person: User, email: str, facts: dict[str, str], change: EmailChange, side: str = ""
) -> None:
    language = person.language
    if not language:
        member = Membership.objects.select_related("account").filter(user=person).order_by("pk").first()
        language = member.account.language if member else settings.LANGUAGE_CODE[:2]
    key = f"{change.pk}:{side}" if side else str(change.pk)
    mail.post_to_person(kind, person, email=email, language=language, facts=facts, key=key)


def _is_open(found: EmailChange, at: datetime) -> bool:
    return found.state == EmailChange.State.OPEN and found.expires_at > at


def _end(found: EmailChange, state: EmailChange.State) -> None:
    found.state = state
    found.save(update_fields=["state"])


def _clean(email: str, person: User) -> str:
    """Return the address in lower case; raise NotChangeable where it is none, or the person's already."""
    email = email.strip().lower()
    try:
        validate_address(email)
    except ValidationError:
        raise NotChangeable("malformed") from None
    if email == person.email:
        raise NotChangeable("same")
    return email


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
