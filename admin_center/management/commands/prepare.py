"""Makes everything ready that a server needs before it starts; done again, it does nothing."""

import hashlib
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.apps import apps
from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.management import call_command
from django.core.management.base import BaseCommand

from billing.rules.countries import taxed_as

# Written last, so that an interrupted collection is done again.
MARK = ".collected"


class Command(BaseCommand):
    """Migrate, make the table of the cache, and collect the static files where one has changed."""

    help = "Migrate the database, make the cache's table, and collect static files where one has changed."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--demo", action="store_true", help="also load the demo (only with DEMO=1)")

    def handle(self, *args: Any, **options: Any) -> None:
        call_command("migrate", interactive=False, verbosity=0)
        call_command("createcachetable", verbosity=0)
        collect()
        if options["demo"]:
            call_command("demo", stdout=self.stdout)
        seller = settings.SELLER.address
        # Not imported: a server's processes read this module before the models are there.
        rates: Any = apps.get_model("billing", "TaxRate")
        if seller and not rates.objects.filter(country=taxed_as(seller.country)).exists():
            self.stdout.write(
                f"No tax rates are loaded for {seller.country}, where the seller is: no tax is charged. "
                "Load them by `manage.py load_tax_rates FILE`."
            )


def collect() -> None:
    """Collect and compress the static files, unless those collected last are still the same."""
    if is_collected():
        return
    call_command("collectstatic", interactive=False, verbosity=0)
    (Path(settings.STATIC_ROOT) / MARK).write_text(_fingerprint())


def is_collected() -> bool:
    """Tell whether the static files are there as they now are, or are served from where they lie."""
    mark = Path(settings.STATIC_ROOT) / MARK
    return settings.WHITENOISE_USE_FINDERS or (mark.exists() and mark.read_text() == _fingerprint())


def _fingerprint() -> str:
    """Return a text that changes with the name, size or time of any static file, or the way to store them."""
    seen = hashlib.sha256(settings.STORAGES["staticfiles"]["BACKEND"].encode())
    for finder in get_finders():
        for name, storage in finder.list([]):
            found = Path(storage.path(name)).stat()
            seen.update(f"{name} {found.st_size} {found.st_mtime_ns}\n".encode())
    return seen.hexdigest()
