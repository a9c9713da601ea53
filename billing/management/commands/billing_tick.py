"""`manage.py billing_tick`: what is due now, for a cron job every few minutes."""

from typing import Any

from django.core.management.base import BaseCommand

from billing import tasks


class Command(BaseCommand):
    """Do the same work as the worker, once."""

    help = (
        "Settle open charges, renew what is due, expire, export, send letters. Run it as often as you like."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        done = tasks.work()
        self.stdout.write(", ".join(f"{name.replace('_', ' ')}: {count}" for name, count in done.items()))
        if any(count for name, count in done.items() if name.endswith("_failed")):
            raise SystemExit(1)
