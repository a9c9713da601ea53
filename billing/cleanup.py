"""Takes away what only grows: what has ended, and nobody needs any more. Every night, in small transactions.

Letters, invoices, activity and whatever a receipt leads to are kept; erasure says what of a cancelled
account goes, and when.
"""

from datetime import datetime, timedelta
from typing import Any

from allauth.usersessions.models import UserSession
from asgiref.sync import async_to_sync
from django.conf import settings
from django.contrib.sessions.models import Session
from django.db.models import QuerySet
from procrastinate.contrib.django import app

from accounts import queues, row_failures, task_runs
from accounts.models import Draft
from billing.models import PaymentSetup, ProviderMessage, Quote
from billing.storage import statements

# So many rows go in one transaction, whose locks end with it.
AT_ONCE = 1000
# How long an ended job, and a quote that came to nothing, may still be asked about.
JOBS_KEPT_FOR = timedelta(days=14)
QUOTES_KEPT_FOR = timedelta(days=30)
# Longer than a provider repeats a message.
MESSAGES_KEPT_FOR = timedelta(days=30)


def sessions(at: datetime) -> int:
    """Remove sessions that are over, and what lists them to their person; return how many rows."""
    # No session lives longer, however it is used.
    began = at - timedelta(seconds=settings.SESSION_ABSOLUTE_SECONDS)
    gone = _remove(Session.objects.filter(expire_date__lte=at))
    return gone + _remove(UserSession.objects.filter(created_at__lte=began))


def quotes(at: datetime) -> int:
    """Remove quotes that nobody confirmed and nothing refers to; return how many."""
    over = Quote.objects.filter(
        state__in=[Quote.State.OPEN, Quote.State.CLOSED],
        expires_at__lte=at - QUOTES_KEPT_FOR,
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
