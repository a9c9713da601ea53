"""Renews what is due, in batches and by several workers where that is asked for (docs/operating.md)."""

import os
import subprocess
import sys
import time
from argparse import SUPPRESS, ArgumentParser, ArgumentTypeError
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from accounts import clock, row_failures
from accounts.models import Account
from accounts.occasion import Occasion
from billing import renewal_run
from billing.renewal_run import RenewalCount
from billing.storage import statements

# How often a long run says how far it is, where nobody watches a bar.
SECONDS_BETWEEN = 5.0
PATIENCE = timedelta(seconds=30)
WIDTH = 30


def _between(least: int, most: int) -> Callable[[str], int]:
    def number(text: str) -> int:
        if not (text.isascii() and text.isdigit() and least <= int(text) <= most):
            raise ArgumentTypeError(f"a number from {least} to {most}")
        return int(text)

    return number


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ArgumentTypeError("a day, such as 2026-11-27") from None


class Command(BaseCommand):
    """Renews; run twice, the second finds nothing."""

    help = (
        "Renew what is due and collect the charges. Run it as often as you like, on as many machines as you"
        " like; exit code 1 where an account fails."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--on", type=_day, metavar="DATE", help="what is due by this day; by default by now, in each zone"
        )
        parser.add_argument(
            "--batch",
            type=_between(1, renewal_run.MOST_AT_ONCE),
            default=renewal_run.AT_ONCE,
            metavar="N",
            help=f"how many in one transaction at most ({renewal_run.AT_ONCE})",
        )
        parser.add_argument(
            "--workers", type=_between(1, 32), default=1, metavar="N", help="how many processes (1)"
        )
        # One of several: says what it did in numbers, for the process that began it.
        parser.add_argument("--as-worker", action="store_true", help=SUPPRESS)

    def handle(
        self, *, on: date | None, batch: int, workers: int, as_worker: bool, **options: object
    ) -> None:
        at = clock.now()
        if on is not None and on > renewal_run.last_day(at) and not settings.DEMO:
            raise CommandError(f"{on} is still to come: customers would be charged before their day.")
        statements.wait_for_locks(PATIENCE)
        if not as_worker:
            # Whoever runs it by hand has mended something: nothing waits for its next try.
            row_failures.try_again(renewal_run.QUEUE)
        if as_worker:
            for count in _run(at, on, batch):
                self.stdout.write(f"{count.renewed} {count.failed}")
                self.stdout.flush()
            return
        began = time.monotonic()
        counts = _run(at, on, batch) if workers == 1 else _workers(on, batch, workers)
        renewed, failed = self._follow(counts, renewal_run.waiting(at, on=on))
        seconds = time.monotonic() - began
        rate = f", {renewed / seconds:,.0f} a second" if renewed > seconds > 1 else ""
        told = f"{renewed:,} renewed" + (f", {failed:,} failed: see the log" if failed else "")
        self.stdout.write(f"{told}, in {seconds:.1f} s{rate}.")
        if failed:
            raise SystemExit(1)

    def _follow(self, counts: Iterator[RenewalCount], total: int) -> tuple[int, int]:
        """Show how far it is, by a bar or every few seconds; return how many were renewed and failed."""
        renewed = failed = 0
        watched, told = self.stdout.isatty(), time.monotonic()
        for count in counts:
            renewed, failed = renewed + count.renewed, failed + count.failed
            # Who was away for long renews for several periods.
            total = max(total, renewed + failed)
            if watched:
                self.stdout.write(f"\r{_bar(renewed + failed, total)}", ending="")
                self.stdout.flush()
            elif time.monotonic() - told >= SECONDS_BETWEEN:
                told = time.monotonic()
                self.stdout.write(f"{renewed:,} of {total:,} so far …")
                self.stdout.flush()
        if watched and renewed + failed:
            self.stdout.write("")
        return renewed, failed


def _bar(done: int, total: int) -> str:
    full = WIDTH * done // total
    return f"[{'█' * full}{'·' * (WIDTH - full)}] {done:,} of {total:,}"


def _run(at: datetime, on: date | None, batch: int) -> Iterator[RenewalCount]:
    def occasion_of(account: Account | None) -> Occasion:
        occasion = Occasion.of(account, clock.now(account))
        return occasion if on is None else replace(occasion, on=on)

    return renewal_run.renew_due(at, occasion_of, on=on, size=batch)


def _workers(on: date | None, batch: int, number: int) -> Iterator[RenewalCount]:
    """Let processes renew side by side; yield what each does. Raises CommandError where one breaks."""
    named = [f"--on={on}"] if on else []
    command = [sys.executable, str(settings.BASE_DIR / "manage.py"), "renew", f"--batch={batch}", *named]
    read, write = os.pipe()
    children = [
        subprocess.Popen([*command, "--as-worker"], stdout=write)  # noqa: S603 - our own command
        for _worker in range(number)
    ]
    os.close(write)
    try:
        with os.fdopen(read) as told:
            for line in told:
                renewed, failed = line.split()
                yield RenewalCount(int(renewed), int(failed))
        if any(child.wait() for child in children):
            raise CommandError("A worker broke off; what it left is due, and the next run renews it.")
    finally:
        for child in children:
            child.terminate()
            child.wait()
