"""The same verbs in the background, on as many machines as connect; each asks what is due.

Nothing is lost with a job: truth is in our tables, and the sweeps below find what is left.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial

import structlog
from django.db import close_old_connections
from procrastinate import RetryStrategy
from procrastinate.contrib.django import app

from accounts import clock, email_changes, mail, ownership, queues, trials
from accounts.models import Account
from accounts.occasion import Occasion
from billing import (
    change_request_talk,
    change_requests,
    cleanup,
    data_export,
    dunning,
    erasure,
    method_expiries,
    promised_seats,
    reconciliation,
    refunds,
    reminders,
    renewal_run,
    temporary_seats,
)
from billing.rules.dunning import due_step
from billing.storage import statements
from billing.storage.dunning import in_dunning

log = structlog.get_logger()


def work() -> dict[str, int]:
    """Do all that is due now; return how many of each. Run twice, the second finds nothing.

    Behind `manage.py billing_tick` and the worker alike.
    """
    done: dict[str, int] = {}
    for name, count in _STEPS.items():
        # One step that fails, fails alone: letters go out though a renewal run breaks.
        done |= queues.step(name, partial(count, clock.now()))
    return done


def _invitations(at: datetime) -> int:
    """Tell of invitations that are over in the clock of their own account."""

    def tell(invitation_id: int) -> bool:
        account = Account.objects.get(invitations=invitation_id)
        return promised_seats.expire(invitation_id, clock.now(account))

    return queues.each("invitation_expiries", promised_seats.expired(at), tell)[0]


def _renewals(at: datetime) -> dict[str, int]:
    """Renew what is due in its own zone; one account that fails doesn't stop the others."""
    counts = list(renewal_run.renew_due(at, lambda account: Occasion.of(account, clock.now(account))))
    return {
        "renewals": sum(one.renewed for one in counts),
        "renewals_failed": sum(one.failed for one in counts),
    }


def _reminders(at: datetime) -> dict[str, int]:
    """Tell of coming renewals, each account by its own clock and on its own day."""

    def remind(account_id: int) -> bool:
        account = Account.objects.get(pk=account_id)
        return reminders.remind(account_id, occasion=Occasion.of(account, clock.now(account)).by_itself())

    return {"reminders": queues.each("reminders", ((pk, pk) for pk in reminders.due(at)), remind)[0]}


def _unanswered(at: datetime) -> dict[str, int]:
    """Remind who decides of requests, each by the clock of its own account."""

    def remind(request_id: int) -> bool:
        account = Account.objects.get(subscription__requests=request_id)
        occasion = Occasion.of(account, clock.now(account)).by_itself()
        return change_request_talk.remind(request_id, occasion=occasion)

    return {"request_reminders": queues.each("requests", change_request_talk.unanswered(at), remind)[0]}


def _expiring_methods(at: datetime) -> dict[str, int]:
    """Warn of cards that soon no longer work, each on a day of its account."""

    def warn(method_id: int) -> bool:
        account = Account.objects.get(subscription__payment_methods=method_id)
        return method_expiries.warn(method_id, occasion=Occasion.of(account, clock.now(account)).by_itself())

    rows = ((pk, account) for pk, account in method_expiries.due(at))
    return {"expiring_methods": queues.each("expiring_methods", rows, warn)[0]}


def _temporary_seats(at: datetime) -> dict[str, int]:
    """Tell of temporary seats that begin and end, and end them, each on a day of its account."""

    def take_step(temporary_id: int) -> bool:
        account = Account.objects.get(subscription__temporary=temporary_id)
        occasion = Occasion.of(account, clock.now(account)).by_itself()
        return temporary_seats.take_step(temporary_id, occasion=occasion)

    return {"temporary_seats": queues.each("temporary_seats", temporary_seats.due(at), take_step)[0]}


def _dunning(at: datetime) -> dict[str, int]:
    """Make the steps of unpaid invoices whose day has come where their account is: one of each."""
    accounts = {
        one.invoice.pk: one.account
        for one in in_dunning(at)
        if due_step(one.unpaid, Occasion.of(one.account, clock.now(one.account)).on)
    }

    def take_step(invoice_id: int) -> object:
        account = accounts[invoice_id]
        return dunning.take_step(invoice_id, occasion=Occasion.of(account, clock.now(account)))

    rows = [(invoice_id, account.pk) for invoice_id, account in accounts.items()]
    return {"dunning": queues.each("dunning", rows, take_step)[0]}


def _trials(at: datetime) -> dict[str, int]:
    """Tell of trials that end, each by the clock of its own account."""

    def tell(account_id: int) -> bool:
        account = waiting[account_id]
        return trials.tell(account_id, occasion=Occasion.of(account, clock.now(account)))

    waiting = {
        one.pk: one for one in trials.ending(at) if not trials.is_told(one, Occasion.of(one, clock.now(one)))
    }
    return {"trials": queues.each("trials", ((pk, pk) for pk in waiting), tell)[0]}


_STEPS: dict[str, Callable[[datetime], dict[str, int]]] = {
    "messages": lambda at: {"messages": reconciliation.process_waiting(at)},
    "charges": lambda at: {"charges": reconciliation.reconcile(at)},
    "refunds": lambda at: {"refunds": refunds.reconcile(at)},
    "requests_expired": lambda at: {"requests_expired": change_requests.expire(at)},
    "request_reminders": _unanswered,
    "offers_expired": lambda at: {"offers_expired": ownership.expire(at)},
    "invitations_expired": lambda at: {"invitations_expired": _invitations(at)},
    "address_changes_expired": lambda at: {"address_changes_expired": email_changes.expire(at)},
    "renewals": lambda at: _renewals(at),
    # After the renewals, which may end a product with its temporary seats.
    "temporary_seats": _temporary_seats,
    "reminders": lambda at: _reminders(at),
    "dunning": _dunning,
    "trials": _trials,
    "expiring_methods": _expiring_methods,
    "exports": lambda at: {"exports": data_export.prepare_waiting(at)},
    "letters": lambda at: {"letters": mail.send_waiting(at)},
}


def clean_up() -> dict[str, int]:
    """Erase what may no longer be kept and take away what only grows; return how many of each.

    Behind `manage.py clean_up` and the worker alike. A step that fails, fails alone.
    """
    at, done = clock.now(), dict[str, int]()
    for name, count in _NIGHTLY.items():
        done |= queues.step(name, partial(count, at))
    return done


def _erased(at: datetime) -> dict[str, int]:
    erased, failed = erasure.erase_due(at)
    email_changes.forget(at)
    return {"erased": erased, **({"erased_failed": failed} if failed else {})}


def _jobs(at: datetime) -> dict[str, int]:
    cleanup.jobs()
    return {}


_NIGHTLY: dict[str, Callable[[datetime], dict[str, int]]] = {
    "erased": _erased,
    "sessions": lambda at: {"sessions": cleanup.sessions(at)},
    "quotes": lambda at: {"quotes": cleanup.quotes(at)},
    "typed": lambda at: {"typed": cleanup.typed(at)},
    "messages": lambda at: {"messages": cleanup.messages(at)},
    "cache": lambda at: {"cache": cleanup.cache(at)},
    "jobs": _jobs,
}


@app.periodic(cron="* * * * *")
@app.task(queueing_lock="tick", pass_context=False, retry=RetryStrategy(max_attempts=1))
def tick(timestamp: int) -> None:
    """Do what is due, every minute."""
    _begin()
    log.info("tick", **work())


@app.periodic(cron="17 3 * * *")
@app.task(queueing_lock="erase", retry=RetryStrategy(max_attempts=1))
def erase(timestamp: int) -> None:
    """Erase what may no longer be kept, and take away what only grows, every night."""
    _begin()
    log.info("night", **clean_up())


@app.task(name="accounts.send_letters", queueing_lock="letters", retry=RetryStrategy(max_attempts=1))
def send_letters() -> None:
    """Send the letters that wait, woken by the commit that wrote them."""
    _begin()
    mail.send_waiting(clock.now())


@app.task(name="billing.process_messages", queueing_lock="messages", retry=RetryStrategy(max_attempts=1))
def process_messages() -> None:
    """Process the messages of the payment provider, woken by the commit that kept one."""
    _begin()
    reconciliation.process_waiting(clock.now())


@app.task(name="billing.prepare_exports", queueing_lock="exports", retry=RetryStrategy(max_attempts=1))
def prepare_exports() -> None:
    """Prepare the exports that wait, woken by the commit that asked for one."""
    _begin()
    data_export.prepare_waiting(clock.now())


def _begin() -> None:
    """Begin a job on a connection that lives, with more patience for locks than a page has."""
    close_old_connections()
    statements.wait_for_locks(timedelta(seconds=10))
