"""Loads a table of tax rates from a file (docs/tax-rates.md)."""

from argparse import ArgumentParser
from pathlib import Path

from django.core.management.base import BaseCommand

from accounts import clock
from billing import addresses
from billing.imports.tax_rates import reading, saving
from billing.imports.toml_tables import BadTomlFile


class Command(BaseCommand):
    """Reads a table of rates, shows what differs from what is loaded, and applies it."""

    help = "Load tax rates (TOML) and show what differs; one line for each fault, and exit code 1."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", metavar="FILE", type=Path, help="the table of rates")
        parser.add_argument("--dry-run", action="store_true", help="show the differences, write nothing")

    def handle(self, *, file: Path, dry_run: bool, **options: object) -> None:
        try:
            listed = reading.read(file, countries=addresses.countries())
            differences = saving.load(listed, on=clock.now().date(), dry_run=dry_run)
        except BadTomlFile as error:
            # As it is, for editors that jump to FILE:LINE; a CommandError would set its name before it.
            self.stderr.write(str(error))
            raise SystemExit(1) from None
        for line in differences:
            self.stdout.write(line)
        self.stdout.write(_summary(len(differences), dry_run=dry_run))


def _summary(count: int, *, dry_run: bool) -> str:
    if not count:
        return "No differences."
    what = "1 difference" if count == 1 else f"{count} differences"
    return f"{what}. Dry run: nothing was written." if dry_run else f"{what}, applied."
