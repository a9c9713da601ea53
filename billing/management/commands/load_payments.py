"""Loads incoming transfers from a bank's file (docs/bank-payments.md)."""

from argparse import ArgumentParser
from pathlib import Path

from django.conf import settings
from django.core.management.base import BaseCommand

from accounts import clock
from accounts.models import Account
from accounts.occasion import Occasion
from billing import bank_payments
from billing.imports.bank_payments import reading
from billing.models import BankPayment


class Command(BaseCommand):
    """Keeps transfers that are new, and books those whose reference and amount leave no doubt."""

    help = "Load incoming transfers (CSV); what was loaded before changes nothing. Exit code 1 on a fault."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", metavar="FILE", type=Path, help="the bank's transfers")
        parser.add_argument("--dry-run", action="store_true", help="say what is new, write nothing")

    def handle(self, *, file: Path, dry_run: bool, **options: object) -> None:
        try:
            listed = reading.read(file, currencies=dict.fromkeys(settings.CURRENCIES))
        except reading.BadBankFile as bad:
            self.stderr.write(str(bad))
            raise SystemExit(1) from None
        if dry_run:
            ids = [one.bank_id for one in listed]
            known = BankPayment.objects.filter(bank_id__in=ids).count()
            self.stdout.write(f"{len(listed) - known} new of {len(listed)}. Dry run: nothing was written.")
            return
        new, booked = bank_payments.receive(listed, at=clock.now(), occasion_of=_occasion)
        self.stdout.write(f"{new} new of {len(listed)}, {booked} booked, {new - booked} wait for the staff.")


def _occasion(account: Account | None) -> Occasion:
    return Occasion.of(account, clock.now(account), by_staff=True)
