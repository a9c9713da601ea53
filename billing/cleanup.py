"""Takes away what only grows: what has ended, and nobody needs any more. Every night, in small transactions.

Invoices, activity and whatever a receipt leads to are kept; erasure says what of a cancelled account goes,
and when. Which kind of row ends how is a table of tests/sweeps/test_growing.py.
"""

from datetime import datetime, timedelta
from typing import Any

from allauth.usersessions.models import UserSession
from asgiref.sync import async_to_sync
from django.conf import settings
from django.contrib.sessions.models import Session
from django.db.models import Q, QuerySet
from procrastinate.contrib.django import app

from accounts import queues, row_failures, task_runs
from accounts.models import Draft, Invitation, Letter, OwnershipOffer
from billing.models import (
    DataExport,
    PaymentLink,
    PaymentSetup,
    PlannedInvitation,
    ProviderMessage,
    Quote,
    RenewalReminder,
    SandboxSetup,
)
from billing.storage import statements

# So many rows go in one transaction, whose locks end with it.
AT_ONCE = 1000
# How long an ended job, and a quote that came to nothing, may still be asked about.
JOBS_KEPT_FOR = timedelta(days=14)
QUOTES_KEPT_FOR = timedelta(days=30)
# Longer than a provider repeats a message.
MESSAGES_KEPT_FOR = timedelta(days=30)
# How long what was decided or expired can still be looked up, and what was written.
OVER_KEPT_FOR = timedelta(days=365)
LETTERS_KEPT_FOR = timedelta(days=730)


def sessions(at: datetime) -> int:
    """Remove sessions that are over, and what lists them to their person; return how many rows."""
    # No session lives longer, however it is used.
    began = at - timedelta(seconds=settings.SESSION_ABSOLUTE_SECONDS)
    gone = _remove(Session.objects.filter(expire_date__lte=at))
    return gone + _remove(UserSession.objects.filter(created_at__lte=began))


def quotes(at: datetime) -> int:
    """Remove quotes that nobody confirmed and nothing refers to; return how many."""
    # With it, whoever was to be invited with the seats of one, also of one whose payment failed.
    waited = PlannedInvitation.objects.filter(
        invitation=None, quote__expires_at__lte=at - QUOTES_KEPT_FOR, quote__subscription__account__clock=None
    )
    _remove(waited.exclude(quote__state__in=[Quote.State.HELD, Quote.State.CONFIRMED]))
    over = Quote.objects.filter(
        state__in=[Quote.State.OPEN, Quote.State.CLOSED],
        expires_at__lte=at - QUOTES_KEPT_FOR,
        subscription__account__clock=None,
        request=None,
        charge=None,
        invoice=None,
        redemption=None,
    )
    return _remove(over)


def typed(at: datetime) -> int:
    """Remove what was typed and never sent, and set-ups of payment that nobody ended; return how many."""
    drafts = _remove(Draft.objects.filter(typed_at__lte=at - Draft.KEPT_FOR))
    return drafts + _remove(PaymentSetup.objects.filter(expires_at__lte=at))


def messages(at: datetime) -> int:
    """Remove messages of the payment provider that it no longer repeats; return how many."""
    return _remove(ProviderMessage.objects.filter(received_at__lte=at - MESSAGES_KEPT_FOR))


def over(at: datetime) -> int:
    """Remove what was decided or expired a year ago: invitations, offers, links, reminders; return how many.

    Who waited for it was told when it ended (domain.md 13). A link by which something was tried stays, and
    so does all that an account has whose own clock may be years behind.
    """
    year = at - OVER_KEPT_FOR
    ended = Q(accepted_at__lte=year) | Q(revoked_at__lte=year) | Q(expiry_told_at__lte=year)
    offers = OwnershipOffer.objects.exclude(state=OwnershipOffer.State.OPEN).filter(expires_at__lte=year)
    links = PaymentLink.objects.filter(expires_at__lte=year, charges=None)
    reminders = RenewalReminder.objects.filter(renews_on__lte=year.date())
    return (
        _remove(Invitation.objects.filter(ended, account__clock=None))
        + _remove(offers.filter(account__clock=None))
        + _remove(links.filter(invoice__subscription__account__clock=None))
        + _remove(reminders.filter(subscription__account__clock=None))
        + _remove(SandboxSetup.objects.filter(created_at__lte=at - QUOTES_KEPT_FOR))
    )


def letters(at: datetime) -> int:
    """Remove letters that went out, or for good did not, two years ago; return how many."""
    old = at - LETTERS_KEPT_FOR
    return _remove(Letter.objects.filter(Q(sent_at__lte=old) | Q(failed_at__lte=old)))


def exports(at: datetime) -> int:
    """Remove exports a month after they were asked for, as their page says; return how many."""
    done = [DataExport.State.READY, DataExport.State.FAILED]
    old = DataExport.objects.filter(state__in=done, created_at__lte=at - DataExport.KEPT_FOR)
    return _remove(old.filter(account__clock=None))


def background(at: datetime) -> int:
    """Remove runs of the background work and failures of rows of long ago; return how many rows."""
    return task_runs.remove_old(at) + row_failures.remove_old(at)


def cache(at: datetime) -> int:
    """Remove what the cache holds past its time: it takes nothing out by itself below its limit."""
    return statements.remove_expired_cache_rows(at)


def jobs() -> None:
    """Remove background jobs that ended, whichever way, two weeks ago."""
    hours = int(JOBS_KEPT_FOR.total_seconds() // 3600)
    async_to_sync(app.job_manager.delete_old_jobs)(
        hours, include_failed=True, include_cancelled=True, include_aborted=True
    )


def _remove(rows: QuerySet[Any]) -> int:
    """Remove rows, so many in a transaction; return how many."""
    removed = 0
    while not queues.is_ending() and (keys := list(rows.values_list("pk", flat=True)[:AT_ONCE])):
        rows.model._base_manager.filter(pk__in=keys).delete()
        removed += len(keys)
    return removed
