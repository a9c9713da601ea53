"""Loads a vendor's existing customers from a file (docs/loading-accounts.md)."""

import time
from argparse import ArgumentParser
from collections import Counter
from collections.abc import Iterable
from contextlib import nullcontext
from pathlib import Path

from django.conf import settings
from django.core.management.base import BaseCommand

from accounts import clock
from billing.imports.accounts import loading, reading
from billing.imports.accounts.listing import AccountFault, BadFile

# How often a long load says how far it is.
SECONDS_BETWEEN = 5.0


class Command(BaseCommand):
    """Loads each account of a file that is right, and names what is wrong with the others."""

    help = "Load accounts (CSV or JSON Lines); one line for each fault, and exit code 1 if any is refused."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", metavar="FILE", type=Path, help="the accounts, .csv or .jsonl")
        parser.add_argument("--dry-run", action="store_true", help="check everything, write nothing")

    def handle(self, *, file: Path, dry_run: bool, **options: object) -> None:
        counts: Counter[str] = Counter()
        told = time.monotonic()
        try:
            with loading.rehearsal() if dry_run else nullcontext():
                found = reading.read(file, currencies=settings.CURRENCIES)
                for result in loading.load_all(found, at=clock.now()):
                    if isinstance(result, loading.Refused):
                        counts["refused"] += 1
                        self._tell(file, result.faults)
                    else:
                        counts[result] += 1
                    if time.monotonic() - told >= SECONDS_BETWEEN:
                        told = time.monotonic()
                        self.stdout.write(f"{_counted(counts)} so far …")
                        self.stdout.flush()
        except BadFile as bad:
            self._tell(file, [bad.fault])
            raise SystemExit(1) from None
        self.stdout.write(_summary(counts, dry_run=dry_run))
        if counts["refused"]:
            raise SystemExit(1)

    def _tell(self, file: Path, faults: Iterable[AccountFault]) -> None:
        """Write each fault as FILE:LINE, to which editors can jump."""
        for one in faults:
            self.stderr.write(f"{file}:{one.line}: {one.column}: {one.text}")


def _summary(counts: Counter[str], *, dry_run: bool) -> str:
    return f"{_counted(counts)}." + (" Dry run: nothing was written." if dry_run else "")


def _counted(counts: Counter[str]) -> str:
    total = sum(counts.values())
    what = "1 account" if total == 1 else f"{total} accounts"
    parts = ", ".join(f"{counts[kind]} {kind}" for kind in ("new", "unchanged", "refused"))
    return f"{what}: {parts}"
