"""Puts letters into the outbox, in the transaction of the act that they tell of, and sends them after."""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from urllib.parse import urlsplit

import structlog
from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.db import transaction
from django.template.loader import render_to_string
from django.utils import translation
from procrastinate.contrib.django import app
from procrastinate.exceptions import AlreadyEnqueued

from accounts import activity
from accounts.models import Account, Letter, User
from accounts.steps import step

log = structlog.get_logger()
# After so many tries a letter waits for somebody of the staff to look.
MOST_ATTEMPTS = 12


def post(kind: str, account: Account, *, to: Iterable[User], facts: Mapping[str, object], key: str) -> None:
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
    )
    _wake()


def post_to_address(
    kind: str, account: Account, *, email: str, facts: Mapping[str, object], key: str
) -> None:
    """Write a letter to an address that is no person's yet, such as the vendor's contact or an invitee."""
    Letter.objects.bulk_create(
        [
            Letter(
                account=account,
                kind=kind,
                to=email,
                language=account.language,
                facts=dict(facts),
                key=f"{kind}:{key}:{email}"[:120],
            )
        ],
        ignore_conflicts=True,
    )
    _wake()


def _wake() -> None:
    """Wake the worker once this is committed; where that is lost, the next sweep does it."""

    def wake() -> None:
        # Another wake-up that still waits will do.
        with suppress(AlreadyEnqueued):
            app.configure_task("accounts.send_letters", queueing_lock="letters").defer()

    transaction.on_commit(wake, robust=True)


def send_waiting() -> int:
    """Send letters that wait, the oldest first; return how many went out.

    Several workers may do this at once: each letter is locked by the one that sends it. A worker
    that is killed while sending leaves the letter waiting; it is sent again with the same
    Message-ID, by which mailboxes tell a repetition.
    """
    sent = 0
    waiting = Letter.objects.filter(sent_at=None, attempts__lt=MOST_ATTEMPTS).order_by("pk")
    for pk in list(waiting.values_list("pk", flat=True)):
        sent += _send(pk)
        step("letter_marked")
    return sent


@transaction.atomic
def _send(pk: int) -> bool:
    """Send one letter under its own lock; return whether it went out."""
    letter = (
        Letter.objects.select_for_update(skip_locked=True, of=("self",))
        .select_related("account", "user")
        .filter(pk=pk, sent_at=None)
        .first()
    )
    if letter is None:
        return False
    letter.attempts += 1
    step("letter_sending")
    try:
        message(letter).send()
    except OSError as refused:
        letter.error = str(refused)[:500]
        letter.save(update_fields=["attempts", "error"])
        log.warning("letter_not_sent", letter=pk, why=letter.error)
        return False
    step("letter_sent")
    letter.sent_at, letter.error = activity.current().at, ""
    letter.save(update_fields=["attempts", "error", "sent_at"])
    return True


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
    return mail
