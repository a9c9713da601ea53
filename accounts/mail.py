"""Puts letters into the outbox, in the transaction of the act that they tell of, and sends them after."""

import json
import smtplib
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeAlias
from urllib.parse import urlsplit

import structlog
from django.conf import settings
from django.core.mail import BadHeaderError, EmailMultiAlternatives
from django.db import transaction
from django.db.models import Q
from django.template.loader import render_to_string
from django.utils import translation
from procrastinate.contrib.django import app
from procrastinate.exceptions import AlreadyEnqueued

from accounts import copying, queues, row_failures
from accounts.failpoints import step
from accounts.models import Account, Letter, User
from accounts.rules.letters import LetterKind

log = structlog.get_logger()
# How long after each failed try the next one comes: together three days, then staff must look.
WAITS = (
    *(timedelta(minutes=minutes) for minutes in (1, 2, 5, 15, 30)),
    *(timedelta(hours=hours) for hours in (1, 2, 4, 8, 12, 20, 24)),
)
# Letters are written so many in a statement: a statement holds at most 65,535 parameters.
AT_ONCE = 1000
# Whoever holds it is let in: only the mailbox may know it, and our copy goes once it is sent.
SECRETS = frozenset({"token"})
# A file with its name and its kind (MIME).
Attachment: TypeAlias = tuple[str, bytes, str]
# What hangs on letters of a kind; rooms above add theirs.
ATTACHED: dict[LetterKind, Callable[[Letter], Iterable[Attachment]]] = {}


def without_secrets(facts: Mapping[str, object]) -> dict[str, object]:
    """Return the facts of a letter without what lets their reader in."""
    return {name: "…" if name in SECRETS else fact for name, fact in facts.items()}


def post(
    kind: LetterKind, account: Account, *, to: Iterable[User], facts: Mapping[str, object], key: str
) -> None:
    """Write a letter for each person, in that person's language, to be sent after the commit.

    `key` names the act: repeating it posts nothing new. `facts` is all that the letter says; it is
    frozen now, so that a letter sent late still tells of the act as it was.
    """
    Letter.objects.bulk_create(
        [
            Letter(
                account=account,
                kind=kind,
                user=person,
                to=person.email,
                language=person.language or account.language,
                facts=dict(facts),
                key=f"{kind}:{key}:{person.pk}",
            )
            for person in {one.pk: one for one in to}.values()
            if person.is_active
        ],
        ignore_conflicts=True,
        batch_size=AT_ONCE,
    )
    _wake_worker()


def post_to_address(
    kind: LetterKind,
    account: Account,
    *,
    email: str,
    facts: Mapping[str, object],
    key: str,
    name: str = "",
    language: str = "",
) -> None:
    """Write a letter to an address that is no person's yet, such as the vendor's contact or an invitee.

    `name` is whom it greets, where that is known; `language` another one than the account's.
    """
    Letter.objects.bulk_create(
        [
            Letter(
                account=account,
                kind=kind,
                to=email,
                language=language or account.language,
                facts=dict(facts) | ({"addressee": name} if name else {}),
                key=f"{kind}:{key}:{email}"[:120],
            )
        ],
        ignore_conflicts=True,
    )
    _wake_worker()


def post_to_person(
    kind: LetterKind, person: User, *, email: str, language: str, facts: Mapping[str, object], key: str
) -> None:
    """Write a letter that concerns a person and none of their accounts, to an address that may be new."""
    Letter.objects.bulk_create(
        [
            Letter(
                kind=kind,
                user=person,
                to=email,
                language=language,
                facts=dict(facts),
                key=f"{kind}:{key}",
            )
        ],
        ignore_conflicts=True,
    )
    _wake_worker()


@dataclass(frozen=True, slots=True)
class NewLetter:
    """A letter of one of many accounts; `person_id` is None where it goes to an address that is nobody's."""

    kind: LetterKind
    account_id: int
    person_id: int | None
    to: str
    language: str
    facts: Mapping[str, object]
    key: str


_COLUMNS = (*("account_id", "kind", "user_id", "to", "language", "facts", "key", "attempts", "error"),)


def post_all(letters: Sequence[NewLetter]) -> None:
    """Write letters of many accounts, in two statements; called under the locks of them all.

    A letter whose key is there already is not written again.
    """
    taken = copying.values_taken(Letter, "key", [one.key for one in letters]) if letters else set()
    # Those of one act say the same.
    texts = {id(one.facts): json.dumps(one.facts) for one in letters}
    copying.copy(
        Letter,
        _COLUMNS,
        (
            (
                *(one.account_id, one.kind.value, one.person_id, one.to, one.language),
                *(texts[id(one.facts)], one.key, 0, ""),
            )
            for one in letters
            if one.key not in taken
        ),
    )
    if letters:
        _wake_worker()


def _wake_worker() -> None:
    """Wake the worker once this is committed; where that is lost, the next sweep does it."""

    def wake() -> None:
        # Another wake-up that still waits will do.
        with suppress(AlreadyEnqueued):
            app.configure_task("accounts.send_letters", queueing_lock="letters").defer()

    transaction.on_commit(wake, robust=True)


def send_waiting(at: datetime, account_id: int | None = None) -> int:
    """Send letters whose time has come at a moment, the oldest first; return how many went out.

    Of all accounts, or of one.
    Several workers may do this at once: each letter is locked by the one that sends it. A worker
    that is killed while sending leaves the letter waiting; it is sent again with the same
    Message-ID, by which mailboxes tell a repetition.
    """
    return queues.each("letters", due(at, account_id), lambda pk: _send_and_step(pk, at), at=at)[0]


def due(at: datetime, account_id: int | None = None) -> list[tuple[int, int | None]]:
    """Return the letters whose time to be tried has come, each with its account, the oldest first.

    A time that no wait leads to was written by a clock that had jumped ahead: it has come too.
    """
    waiting = Letter.objects.filter(sent_at=None, failed_at=None)
    if account_id is not None:
        waiting = waiting.filter(account=account_id)
    waiting = waiting.filter(
        Q(next_try_at=None) | Q(next_try_at__lte=at) | Q(next_try_at__gt=at + max(WAITS))
    )
    return list(waiting.order_by("pk").values_list("pk", "account_id"))


def _send_and_step(pk: int, at: datetime) -> bool:
    sent = _send(pk, at)
    step("letter_marked")
    return sent


@transaction.atomic
def _send(pk: int, at: datetime) -> bool:
    """Send one letter under its own lock; return whether it went out.

    Whatever stops it is written to its row: it says nothing of the letters behind it.
    """
    letter = (
        Letter.objects.select_for_update(skip_locked=True, of=("self",))
        .select_related("account", "user")
        .filter(pk=pk, sent_at=None, failed_at=None)
        .first()
    )
    if letter is None:
        return False
    letter.attempts += 1
    step("letter_sending")
    try:
        # What it reads while it is written must not spoil the transaction that keeps its error.
        with transaction.atomic():
            message(letter).send()
    except Exception as refused:
        letter.error = row_failures.error_text(refused)
        final = _is_final(refused) or letter.attempts > len(WAITS)
        letter.failed_at = at if final else None
        letter.next_try_at = None if final else at + WAITS[letter.attempts - 1]
        letter.save(update_fields=["attempts", "error", "failed_at", "next_try_at"])
        log.warning("letter_not_sent", letter=pk, account=letter.account_id, final=final, why=letter.error)
        return False
    step("letter_sent")
    letter.sent_at, letter.error, letter.next_try_at = at, "", None
    if not settings.DEMO:  # the demo has no mailboxes: there the back office shows the link
        letter.facts = without_secrets(letter.facts)
    letter.save(update_fields=["attempts", "error", "sent_at", "next_try_at", "facts"])
    return True


def send_again(letter: Letter) -> bool:
    """Let a letter that was not sent be tried from the beginning; return whether there was one."""
    found = Letter.objects.filter(pk=letter.pk, sent_at=None).update(
        attempts=0, failed_at=None, next_try_at=None
    )
    if found:
        _wake_worker()
    return bool(found)


def _is_final(refused: Exception) -> bool:
    """Tell whether trying again can't help: the mailbox is refused, or no mail can be made of the letter.

    A refusal of ourselves (our password, our name, our sender) is mended by whoever runs us.
    """
    if isinstance(refused, smtplib.SMTPRecipientsRefused):
        codes = [code for code, _words in refused.recipients.values()]
        return bool(codes) and all(500 <= code < 600 for code in codes)
    ours = (
        *(smtplib.SMTPAuthenticationError, smtplib.SMTPSenderRefused),
        *(smtplib.SMTPHeloError, smtplib.SMTPConnectError),
    )
    if isinstance(refused, smtplib.SMTPResponseException) and not isinstance(refused, ours):
        return 500 <= refused.smtp_code < 600
    return isinstance(refused, UnicodeError | BadHeaderError)


def message(letter: Letter) -> EmailMultiAlternatives:
    """Return a letter as the mail that is sent: subject, text and HTML in the recipient's language."""
    context = {
        "letter": letter,
        "facts": letter.facts,
        "account": letter.account,
        "person": letter.user,
        "origin": settings.ORIGIN,
        # The back office may have a host of its own.
        "staff_origin": f"https://{settings.VENDOR_HOST}" if settings.VENDOR_HOST else settings.ORIGIN,
        "vendor": settings.VENDOR_NAME,
    }
    with translation.override(letter.language):
        folder = f"mail/{letter.kind}"
        # One line: a name with a line break in it can't start a header of its own.
        subject = " ".join(render_to_string(f"{folder}/subject.txt", context).split())
        mail = EmailMultiAlternatives(
            subject,
            render_to_string(f"{folder}/body.txt", context),
            settings.DEFAULT_FROM_EMAIL,
            [letter.to],
            headers={
                "Message-ID": f"<letter-{letter.pk}@{urlsplit(settings.ORIGIN).hostname}>",
                "Auto-Submitted": "auto-generated",
            },
        )
        mail.attach_alternative(render_to_string(f"{folder}/body.html", context), "text/html")
        kind = letter.known_kind
        for attachment in ATTACHED[kind](letter) if kind in ATTACHED else ():
            mail.attach(*attachment)
    return mail
