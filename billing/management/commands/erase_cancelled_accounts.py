"""`manage.py erase_cancelled_accounts`: erase what may no longer be kept."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts import clock, row_failures
from billing import erasure


class Command(BaseCommand):
    """Erase the personal data of accounts that were cancelled 90 days ago."""

    help = "Erase personal data of accounts cancelled 90 days ago; invoices stay. Run it daily."

    def handle(self, *args: Any, **options: Any) -> None:
        # Whoever runs it by hand has mended something: nothing waits for its next try.
        row_failures.try_again(erasure.QUEUE)
        erased, failed = erasure.erase_due(clock.now())
        self.stdout.write(f"{erased} accounts erased.")
        if failed:
            raise CommandError(f"{failed} accounts could not be erased; the log says why.")
