"""Does the background work: letters, renewals, payments whose outcome is open, what has expired."""

import asyncio
import os
import signal
import sys
import threading
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from procrastinate import App
from procrastinate.contrib.django import app

from admin_center import checks

# Letters go out while a long renewal run is under way.
CONCURRENCY = 2


class Command(BaseCommand):
    """Do what is due every minute and what commits ask for at once, until SIGINT or SIGTERM."""

    help = "Do the background work until told to end; several may run, on as many machines as you like."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--with-parent", action="store_true", help="end when standard input does: its writer is gone"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        checks.demand_own_key()
        if options["with_parent"]:
            threading.Thread(target=_end_with_parent, daemon=True).start()
        with app.replace_connector(app.connector.get_worker_connector()) as working:  # type: ignore[attr-defined]
            asyncio.run(_work(working))


async def _work(working: App) -> None:
    async with working.open_async():
        await working.run_worker_async(concurrency=CONCURRENCY, delete_jobs="successful")


def _end_with_parent() -> None:
    """Tell this process to end once nobody can write to its standard input any more."""
    while os.read(sys.stdin.fileno(), 1):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
