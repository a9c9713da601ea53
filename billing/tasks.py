"""The same verbs in the background, on as many machines as connect; each asks what is due.

Nothing is lost with a job: truth is in our tables, and the sweeps below find what is left.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

import structlog
from django.db import close_old_connections
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
    own_clock_steps,
    price_endings,
    promised_seats,
    reconciliation,
    refunds,
    reminders,
    renewal,
    renewal_run,
    temporary_seats,
)
from billing.rules.dunning import due_step
from billing.storage import statements
from billing.storage.dunning import in_dunning

log = structlog.get_logger()


class WorkerQueue(StrEnum):
    """Where a step waits for a worker: what is slow for a reason of its own keeps nothing else waiting."""

    LETTERS = "letters"
    RENEWALS = "renewals"
    # Asks the payment provider, who may be silent.
    PAYMENTS = "payments"
    OTHERS = "default"


@dataclass(frozen=True, slots=True)
class Step:
    """A step of the background work: what it does at a moment, how often, and where it waits.

    One of `several` may run on as many machines as connect: what one has locked the others leave alone. Of
    any other at most one run is under way.
    """

    act: Callable[[datetime], dict[str, int]]
    cron: str = "* * * * *"
    queue: WorkerQueue = WorkerQueue.OTHERS
    several: bool = False
    # The name by which a commit wakes it.
    woken_as: str = ""


def work() -> dict[str, int]:
    """Do all that is due now; return how many of each. Run twice, the second finds nothing.

    Behind `manage.py billing_tick`, in the order of the steps; the worker runs each by its own schedule.
    """
    return _all(STEPS)


def clean_up() -> dict[str, int]:
    """Erase what may no longer be kept and take away what only grows; return how many of each.

    Behind `manage.py clean_up`.
    """
    return _all(NIGHTLY)


def _all(steps: Mapping[str, Step]) -> dict[str, int]:
    done: dict[str, int] = {}
    for name, step in steps.items():
        # One step that fails, fails alone: letters go out though a renewal run breaks.
        done |= queues.step(name, step.act, now=clock.now)
    return done


def _invitations(at: datetime) -> int:
    """Tell of invitations that are over in the clock of their own account."""

    def tell(invitation_id: int) -> bool:
        account = Account.objects.get(invitations=invitation_id)
        return promised_seats.expire(invitation_id, clock.now(account))

    return queues.each("invitation_expiries", promised_seats.expired(at), tell, at=at)[0]


def _offers(at: datetime) -> dict[str, int]:
    """End offers of ownership that nobody accepted in time, each by the clock of its own account."""

    def end(offer_id: int) -> bool:
        account = Account.objects.get(ownership_offers=offer_id)
        return ownership.expire(offer_id, occasion=Occasion.of(account, clock.now(account)))

    return {"offers_expired": queues.each("offer_expiries", ownership.expired(at), end, at=at)[0]}


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

    rows = ((pk, pk) for pk in reminders.due(at))
    return {"reminders": queues.each("reminders", rows, remind, at=at)[0]}


def _unanswered(at: datetime) -> dict[str, int]:
    """Remind who decides of requests, each by the clock of its own account."""

    def remind(request_id: int) -> bool:
        account = Account.objects.get(subscription__requests=request_id)
        occasion = Occasion.of(account, clock.now(account)).by_itself()
        return change_request_talk.remind(request_id, occasion=occasion)

    return {
        "request_reminders": queues.each("requests", change_request_talk.unanswered(at), remind, at=at)[0]
    }


def _expiring_methods(at: datetime) -> dict[str, int]:
    """Warn of cards that soon no longer work, each on a day of its account."""

    def warn(method_id: int) -> bool:
        account = Account.objects.get(subscription__payment_methods=method_id)
        return method_expiries.warn(method_id, occasion=Occasion.of(account, clock.now(account)).by_itself())

    rows = ((pk, account) for pk, account in method_expiries.due(at))
    return {"expiring_methods": queues.each("expiring_methods", rows, warn, at=at)[0]}


def _temporary_seats(at: datetime) -> dict[str, int]:
    """Tell of temporary seats that begin and end, and end them, each on a day of its account."""

    def take_step(temporary_id: int) -> bool:
        account = Account.objects.get(subscription__temporary=temporary_id)
        occasion = Occasion.of(account, clock.now(account)).by_itself()
        # A renewal of that day may bring seats, or end the product with its temporary ones.
        return not renewal.is_due(account.pk, occasion.on) and temporary_seats.take_step(
            temporary_id, occasion=occasion
        )

    rows = temporary_seats.due(at)
    return {"temporary_seats": queues.each("temporary_seats", rows, take_step, at=at)[0]}


def _price_endings(at: datetime) -> dict[str, int]:
    """Tell of prices that end, and of those whose end was stopped, each account on a day of its own."""

    def tell(row: tuple[int, int]) -> bool:
        ending_id, account_id = row
        account = Account.objects.get(pk=account_id)
        occasion = Occasion.of(account, clock.now(account)).by_itself()
        return price_endings.tell(ending_id, account_id, occasion=occasion)

    return {"price_endings": queues.each("price_endings", price_endings.due(at), tell, at=at)[0]}


def _dunning(at: datetime) -> dict[str, int]:
    """Make the steps of unpaid invoices whose day has come where their account is: one of each."""
    waiting = {one.invoice.pk: one for one in in_dunning(at)}

    def take_step(invoice_id: int) -> object:
        one = waiting[invoice_id]
        occasion = Occasion.of(one.account, clock.now(one.account))
        return due_step(one.unpaid, occasion.on) and dunning.take_step(invoice_id, occasion=occasion)

    rows = [(invoice_id, one.account.pk) for invoice_id, one in waiting.items()]
    return {"dunning": queues.each("dunning", rows, take_step, at=at)[0]}


def _own_clocks(at: datetime) -> dict[str, int]:
    """Do what is due of each account that has a clock of its own: there it is another moment than here."""

    def take(account_id: int) -> bool:
        account = Account.objects.get(pk=account_id)
        occasion = Occasion.of(account, clock.now(account))
        return bool(own_clock_steps.take(account_id, occasion).failed)

    rows = Account.objects.filter(clock__isnull=False, erased_at=None).order_by("pk").values_list("pk", "pk")
    return {"own_clocks_failed": queues.each("own_clocks", list(rows), take, at=at)[0]}


def _trials(at: datetime) -> dict[str, int]:
    """Tell of trials that end, each by the clock of its own account."""
    ending = {one.pk: one for one in trials.ending(at)}

    def tell(account_id: int) -> bool:
        account = ending[account_id]
        occasion = Occasion.of(account, clock.now(account))
        return not trials.is_told(account, occasion) and trials.tell(account_id, occasion=occasion)

    return {"trials": queues.each("trials", ((pk, pk) for pk in ending), tell, at=at)[0]}


def _erased(at: datetime) -> dict[str, int]:
    erased, failed = erasure.erase_due(at)
    return {"erased": erased, **({"erased_failed": failed} if failed else {})}


def _jobs(at: datetime) -> dict[str, int]:
    cleanup.jobs()
    return {}


_OFTEN, _HOURLY, _NIGHTLY = "*/5 * * * *", "17 * * * *", "17 3 * * *"

STEPS: dict[str, Step] = {
    "messages": Step(
        lambda at: {"messages": reconciliation.process_waiting(at)},
        queue=WorkerQueue.PAYMENTS,
        woken_as="billing.process_messages",
    ),
    "charges": Step(lambda at: {"charges": reconciliation.reconcile(at)}, queue=WorkerQueue.PAYMENTS),
    "refunds": Step(lambda at: {"refunds": refunds.reconcile(at)}, queue=WorkerQueue.PAYMENTS),
    "requests_expired": Step(lambda at: {"requests_expired": change_requests.expire(at)}, _OFTEN),
    "request_reminders": Step(_unanswered, _OFTEN),
    "offers_expired": Step(_offers, _OFTEN),
    "invitations_expired": Step(lambda at: {"invitations_expired": _invitations(at)}, _OFTEN),
    "address_changes_expired": Step(lambda at: {"address_changes_expired": email_changes.expire(at)}, _OFTEN),
    "renewals": Step(_renewals, queue=WorkerQueue.RENEWALS, several=True),
    "temporary_seats": Step(_temporary_seats, _OFTEN),
    "reminders": Step(_reminders, _OFTEN),
    "price_endings": Step(_price_endings, _OFTEN),
    "dunning": Step(_dunning, _OFTEN, queue=WorkerQueue.PAYMENTS),
    "trials": Step(_trials, _OFTEN),
    "expiring_methods": Step(_expiring_methods, _OFTEN),
    "own_clocks": Step(_own_clocks, queue=WorkerQueue.PAYMENTS),
    "exports": Step(
        lambda at: {"exports": data_export.prepare_waiting(at)}, woken_as="billing.prepare_exports"
    ),
    "letters": Step(
        lambda at: {"letters": mail.send_waiting(at)},
        queue=WorkerQueue.LETTERS,
        several=True,
        woken_as="accounts.send_letters",
    ),
}

NIGHTLY: dict[str, Step] = {
    # Due at a moment; a machine that was away at night makes it up within the hour.
    "erased": Step(_erased, _HOURLY),
    "address_changes": Step(lambda at: {"address_changes": email_changes.forget(at)}, _NIGHTLY),
    "sessions": Step(lambda at: {"sessions": cleanup.sessions(at)}, _NIGHTLY),
    "quotes": Step(lambda at: {"quotes": cleanup.quotes(at)}, _NIGHTLY),
    "typed": Step(lambda at: {"typed": cleanup.typed(at)}, _NIGHTLY),
    "old_messages": Step(lambda at: {"messages": cleanup.messages(at)}, _NIGHTLY),
    "over": Step(lambda at: {"over": cleanup.over(at)}, _NIGHTLY),
    "old_letters": Step(lambda at: {"letters": cleanup.letters(at)}, _NIGHTLY),
    "old_exports": Step(lambda at: {"exports": cleanup.exports(at)}, _NIGHTLY),
    "cache": Step(lambda at: {"cache": cleanup.cache(at)}, _NIGHTLY),
    "background": Step(lambda at: {"background": cleanup.background(at)}, _NIGHTLY),
    "jobs": Step(_jobs, _NIGHTLY),
}


def _task(name: str, step: Step) -> None:
    """Let the worker run a step by its schedule, and whenever a commit wakes it."""

    def run(timestamp: int | None = None) -> None:
        _begin()
        done = queues.step(name, step.act, now=clock.now, alone=not step.several)
        if done := {what: count for what, count in done.items() if count}:
            log.info("step", step=name, **done)

    task = app.task(
        name=step.woken_as or f"billing.{name}",
        queue=step.queue,
        lock=None if step.several else name,
        queueing_lock=name,
    )(run)
    app.periodic(cron=step.cron)(task)


for _name, _step in (STEPS | NIGHTLY).items():
    _task(_name, _step)


def _begin() -> None:
    """Begin a job on a connection that lives, with more patience for locks than a page has."""
    close_old_connections()
    statements.wait_for_locks(timedelta(seconds=10))
