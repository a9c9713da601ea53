"""Does the background work: letters, renewals, payments whose outcome is open, what has expired."""

import asyncio
import os
import signal
import sys
import threading
from argparse import ArgumentParser
from contextlib import suppress
from typing import Any

import psycopg
import structlog
from django.core.management.base import BaseCommand
from procrastinate import App, PsycopgConnector
from procrastinate.contrib.django import app, connector_params
from procrastinate.exceptions import ConnectorException

from admin_center.server import checks, database

log = structlog.get_logger()

# Letters go out while a long renewal run is under way.
CONCURRENCY = 2
# How long until the database is asked for again where it has gone.
SECONDS_TO_TRY_AGAIN = 2.0
SECONDS_TO_CONNECT = 3.0
SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Command(BaseCommand):
    """Do what is due every minute and what commits ask for at once, until SIGINT or SIGTERM."""

    help = "Do the background work until told to end; several may run, on as many machines as you like."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--with-parent", action="store_true", help="end when standard input does: its writer is gone"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        checks.demand_own_key()
        told = threading.Event()
        for number in SIGNALS:
            signal.signal(number, lambda *_: told.set())
        if options["with_parent"]:
            threading.Thread(target=_end_with_parent, daemon=True).start()
        with database.kept():
            work(told)


def work(told: threading.Event) -> None:
    """Work until `told` to end; wait for the database where it has gone, and go on when it is back."""
    while not told.is_set():
        # A pool of the library's own would wait ten times as long for a database that is gone.
        connector = PsycopgConnector(timeout=SECONDS_TO_CONNECT, kwargs=connector_params())
        try:
            with app.replace_connector(connector) as working:
                asyncio.run(_work(working, told))
        except (psycopg.OperationalError, ConnectorException) as fault:
            log.warning("database_is_away", fault=str(fault).strip(), again_in_seconds=SECONDS_TO_TRY_AGAIN)
        # Otherwise the library ended by itself: something that it asks all the time had failed.
        told.wait(SECONDS_TO_TRY_AGAIN)


async def _work(working: App, told: threading.Event) -> None:
    loop = asyncio.get_running_loop()
    job = asyncio.ensure_future(_run(working))

    def end() -> None:
        told.set()
        job.cancel()

    for number in SIGNALS:
        loop.add_signal_handler(number, end)
    if told.is_set():
        end()
    try:
        with suppress(asyncio.CancelledError):
            await job
    finally:
        for number in SIGNALS:
            loop.remove_signal_handler(number)
            signal.signal(number, lambda *_: told.set())


async def _run(working: App) -> None:
    async with working.open_async():
        await working.run_worker_async(
            concurrency=CONCURRENCY, delete_jobs="successful", install_signal_handlers=False
        )


def _end_with_parent() -> None:
    """Tell this process to end once nobody can write to its standard input any more."""
    while os.read(sys.stdin.fileno(), 1):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
