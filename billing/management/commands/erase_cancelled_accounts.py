"""`manage.py erase_cancelled_accounts`: erase what may no longer be kept."""

from typing import Any

from django.core.management.base import BaseCommand

from accounts import activity, clock
from billing import erasure


class Command(BaseCommand):
    """Erase the personal data of accounts that were cancelled 90 days ago."""

    help = "Erase personal data of accounts cancelled 90 days ago; invoices stay. Run it daily."

    def handle(self, *args: Any, **options: Any) -> None:
        with activity.occasion(clock.now()):
            erased = sum(erasure.erase(account_id) for account_id in erasure.due())
        self.stdout.write(f"{erased} accounts erased.")
