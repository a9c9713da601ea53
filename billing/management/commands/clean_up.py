"""`manage.py clean_up`: what the worker does every night."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from billing import tasks


class Command(BaseCommand):
    """Erase what may no longer be kept, and take away what only grows."""

    help = "Erase accounts cancelled 90 days ago; remove ended sessions, jobs, drafts, quotes. Run it daily."

    def handle(self, *args: Any, **options: Any) -> None:
        done = tasks.clean_up()
        self.stdout.write(", ".join(f"{name.replace('_', ' ')}: {count}" for name, count in done.items()))
        if any(name.endswith("_failed") for name in done):
            raise CommandError("Something could not be cleaned up; the log says what and why.")
