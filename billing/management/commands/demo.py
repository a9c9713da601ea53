"""Makes the demo: an invented vendor with customers of every kind."""

from argparse import ArgumentParser

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from accounts import clock
from billing.demo import making


class Command(BaseCommand):
    """Makes what is missing of the demo, and says who can sign in."""

    help = "Make the demo's customers where they are missing, and print who can sign in. Only with DEMO=1."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--fresh", action="store_true", help="empty the whole database first, and make all anew"
        )

    def handle(self, *, fresh: bool, **options: object) -> None:
        if not settings.DEMO:
            raise CommandError("the demo has a password that everybody knows: it is only made with DEMO=1")
        if fresh:
            call_command("flush", interactive=False, verbosity=0)
        made = making.make(clock.now(), tell=self.stdout.write)
        self.stdout.write(f"The demo is ready: {made} accounts made." if made else "The demo is ready.")
        self._who_can_sign_in()

    def _who_can_sign_in(self) -> None:
        visitors = list(making.visitors())
        address, role = (max(len(text) for text in column) for column in _columns(visitors))
        self.stdout.write(f"\nWho can sign in, each with the password “{making.PASSWORD}”:\n")
        for one in visitors:
            self.stdout.write(f"  {one.email:{address}}  {one.roles:{role}}  {one.sees}")


def _columns(visitors: list[making.Visitor]) -> tuple[list[str], list[str]]:
    return [one.email for one in visitors], [one.roles for one in visitors]
