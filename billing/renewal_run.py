"""Renews all that is due, on as many machines as begin it: in batches, with a fence around each row."""

import gc
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import copy_context
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial
from typing import TypeAlias
from zoneinfo import ZoneInfo

import structlog
from django.db import connection
from django.db.models import Exists, OuterRef, Q, QuerySet

from accounts import queues, row_failures
from accounts.failpoints import step
from accounts.models import Account
from accounts.occasion import OccasionOf
from accounts.rules.time_zones import time_zones
from billing import payments, renewal, renewal_batch
from billing.models import Line, Subscription
from billing.renewal_batch import RENEWING, IntendedCharge

log = structlog.get_logger()

QUEUE = "renewals"
# How many are renewed in one transaction, and at most where that is asked for: it is all in memory, and the
# numbers of invoices are locked while it is written.
AT_ONCE, MOST_AT_ONCE = 500, 1000
# How many charges wait for the provider's answer at once.
COLLECTORS = 8
# So many wait one after the other: a connection costs more than they do.
FEW = 3

Collect: TypeAlias = Callable[[Sequence[IntendedCharge]], None]


@dataclass(frozen=True, slots=True)
class RenewalCount:
    """How many periods a part of a run renewed, and how many accounts failed in it."""

    renewed: int
    failed: int


def renew_due(
    at: datetime,
    occasion_of: OccasionOf,
    *,
    on: date | None = None,
    size: int = AT_ONCE,
    collect: Collect | None = None,
) -> Iterator[RenewalCount]:
    """Renew what is due at a moment, each account on its own day; yield what was done, batch by batch.

    `on` names the day instead, everywhere. Each batch is committed, then its charges are collected, by
    `collect` where that is given. Several workers may do this at once: each leaves alone what another
    has locked. What can't be done together is done alone, and what raises stops nothing else.
    """
    run = RenewalRun(at, occasion_of, collect or partial(collect_all, at=at), row_failures.known(QUEUE))
    for ids in _pages(_over(at) if on is None else Q(paid_until__lte=on), size):
        if queues.is_ending():
            return
        yield run.together(ids)
    # Lines that an extension was made without: another index gives them.
    yield run.alone(renewal.due_to_end(on or last_day(at)))


def waiting(at: datetime, on: date | None = None) -> int:
    """Return how many subscriptions a run would renew now."""
    return _renewable().filter(_over(at) if on is None else Q(paid_until__lte=on)).count()


def oldest(at: datetime) -> tuple[date, str] | None:
    """Return the day of the oldest renewal that is due at a moment, with the zone of its account.

    Of a sandbox on a clock of its own nobody waits for any.
    """
    found = _renewable().filter(_over(at), account__clock=None).order_by("paid_until", "pk")
    first = found.values_list("paid_until", "account__timezone").first()
    return (first[0], first[1]) if first and first[0] else None


def _renewable() -> QuerySet[Subscription]:
    lines = Line.objects.filter(subscription=OuterRef("pk"), ended_on=None)
    return Subscription.objects.filter(Exists(lines), account__state__in=RENEWING, parked_at=None)


def last_day(at: datetime) -> date:
    """Return the latest day that it is anywhere; a sandbox has its own, never later."""
    return (at + timedelta(hours=14)).date()


def _over(at: datetime) -> Q:
    """Ask for subscriptions whose paid period is over in their own zone; a sandbox may have its own clock."""
    zones: dict[date, list[str]] = {}
    for name in time_zones():
        zones.setdefault(at.astimezone(ZoneInfo(name)).date(), []).append(name)
    over = Q(paid_until__lte=min(zones)) | Q(account__clock__isnull=False)
    for day, names in zones.items():
        over |= Q(paid_until__lte=day, account__timezone__in=names)
    return Q(paid_until__lte=last_day(at)) & over


def _pages(over: Q, size: int) -> Iterator[list[int]]:
    """Yield the accounts in the order of their days, each page after the one before.

    What was renewed and is still due comes again, in the place of its new day.
    """
    after = Q()
    while True:
        found = _renewable().filter(over, after).order_by("paid_until", "pk")
        page = list(found.values_list("paid_until", "pk")[:size])
        if not page:
            return
        yield [pk for _day, pk in page]
        day, last = page[-1]
        after = Q(paid_until__gte=day) & (Q(paid_until__gt=day) | Q(pk__gt=last))


@dataclass(frozen=True, slots=True)
class RenewalRun:
    """One run: its moment, the occasion of each account, and who collects the charges."""

    at: datetime
    occasion_of: OccasionOf
    collect: Collect
    # What failed in a run before, with the moment of its next try.
    failures: Mapping[str, datetime | None]

    def together(self, ids: Sequence[int]) -> RenewalCount:
        """Renew accounts in one transaction, and alone what was set aside; where that raises, by halves."""
        ids = [pk for pk in ids if not self._waits(pk)]
        try:
            with _garbage_left():
                batch = renewal_batch.renew(ids, self.occasion_of)
        except Exception:
            if queues.connection_is_lost():
                raise
            log.warning("renewals_divided", accounts=len(ids))
            if len(ids) == 1:
                return self.alone(ids)
            half = len(ids) // 2
            first, second = self.together(ids[:half]), self.together(ids[half:])
            return RenewalCount(first.renewed + second.renewed, first.failed + second.failed)
        step("renewal_committed")
        self._forget({*ids} - {*batch.aside})
        self.collect(batch.charges)
        alone = self.alone(batch.aside)
        return RenewalCount(batch.renewed + alone.renewed, alone.failed)

    def alone(self, ids: Iterable[int]) -> RenewalCount:
        """Renew accounts one after the other, each behind a fence of its own."""
        renewed = 0

        def act(pk: int) -> None:
            nonlocal renewed
            account = Account.objects.get(pk=pk)
            renewed += len(renewal.renew(pk, occasion=self.occasion_of(account)))

        _done, failed = queues.each(QUEUE, ((pk, pk) for pk in ids), act, at=self.at)
        return RenewalCount(renewed, failed)

    def _waits(self, pk: int) -> bool:
        return row_failures.is_waiting(self.failures.get(str(pk)), self.at)

    def _forget(self, done: Iterable[int]) -> None:
        for pk in done:
            if str(pk) in self.failures:
                row_failures.forget(QUEUE, str(pk))


@contextmanager
def _garbage_left() -> Iterator[None]:
    """Look for no garbage meanwhile: to look through all facts of a batch takes a fifth of its time."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def collect_all(charges: Sequence[IntendedCharge], *, at: datetime) -> None:
    """Send charges at a moment, several at once: each thread has a connection of its own.

    What raises, or is lost with the process, is asked for by the next tick.
    """
    if len(charges) < FEW:
        _collect(charges, at)
        return

    def work(share: Sequence[IntendedCharge]) -> None:
        try:
            _collect(share, at)
        finally:
            connection.close()

    with ThreadPoolExecutor(COLLECTORS, "collect") as threads:
        shares = [charges[number::COLLECTORS] for number in range(COLLECTORS)]
        begun = [threads.submit(copy_context().run, work, share) for share in shares]
    for one in begun:
        one.result()


def _collect(charges: Sequence[IntendedCharge], at: datetime) -> None:
    if not charges:
        return
    occasions = {one.id: one.occasion for one in charges}
    rows = [(one.id, one.account_id) for one in charges]
    queues.each("charges", rows, lambda pk: payments.collect(pk, occasion=occasions[pk]), at=at)
