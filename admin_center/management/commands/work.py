"""Does the background work: letters, renewals, payments whose outcome is open, what has expired."""

import asyncio
import os
import signal
import sys
import threading
from argparse import ArgumentParser
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import psycopg
import structlog
from django.core.management.base import BaseCommand
from django.db import DatabaseError
from procrastinate import App, PsycopgConnector
from procrastinate.contrib.django import app, connector_params
from procrastinate.exceptions import ConnectorException
from procrastinate.worker import Worker

from accounts import queues
from admin_center.server import checks, database, jobs
from billing.tasks import WorkerQueue

log = structlog.get_logger()

# How many jobs of a queue are done at once: what waits for somebody slow, or is large, has its own place.
PLACES = {WorkerQueue.LETTERS: 1, WorkerQueue.RENEWALS: 1, WorkerQueue.PAYMENTS: 2, WorkerQueue.OTHERS: 2}
# How long until the database is asked for again where it has gone.
SECONDS_TO_TRY_AGAIN = 2.0
SECONDS_TO_CONNECT = 3.0
# What has begun may still take so long once told to end; then it is left in the middle.
SECONDS_TO_FINISH = 8.0
SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Command(BaseCommand):
    """Do what is due by its schedule and what commits ask for at once, until SIGINT or SIGTERM."""

    help = "Do the background work until told to end; several may run, on as many machines as you like."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--with-parent", action="store_true", help="end when standard input does: its writer is gone"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        checks.demand_own_key()
        process = Process()
        for number in SIGNALS:
            signal.signal(number, lambda *_: process.end())
        if options["with_parent"]:
            threading.Thread(target=_end_with_parent, daemon=True).start()
        with database.kept():
            process.work()


class Threads(ThreadPoolExecutor):
    """Threads for jobs, whose end nobody waits for: one may be stuck, and its work be taken up by others."""

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Take no more jobs."""
        super().shutdown(wait=False, cancel_futures=cancel_futures)


class Process:
    """Works until it is told to end, whatever becomes of the database meanwhile."""

    def __init__(self) -> None:
        """Begin with no worker."""
        self.told = threading.Event()
        # Every worker that it ever had: one is lost with its database.
        self.workers: list[Worker] = []

    def work(self) -> None:
        """Work until told to end; wait for the database where it has gone, and go on when it is back."""
        while not self.told.is_set():
            # A pool of the library's own would wait ten times as long for a database that is gone.
            connector = PsycopgConnector(timeout=SECONDS_TO_CONNECT, kwargs=connector_params())
            try:
                with app.replace_connector(connector) as working:
                    asyncio.run(self._work(working))
            except (psycopg.OperationalError, ConnectorException) as fault:
                told = {"fault": str(fault).strip(), "again_in_seconds": SECONDS_TO_TRY_AGAIN}
                log.warning("database_is_away", **told)
            # Otherwise the library ended by itself: something that it asks all the time had failed.
            self.told.wait(SECONDS_TO_TRY_AGAIN)

    def end(self) -> None:
        """Let what has begun be finished, and end; what takes too long is left in the middle."""
        if not self.told.is_set():
            self.told.set()
            queues.end_soon()
            late = threading.Timer(SECONDS_TO_FINISH, self._leave)
            late.daemon = True
            late.start()

    def _leave(self) -> None:
        """End at once, as if killed, but without a job that looks as if somebody did it."""
        log.warning("left_in_the_middle", after_seconds=SECONDS_TO_FINISH)
        threading.Timer(1.0, os._exit, [0]).start()
        with suppress(DatabaseError):
            jobs.release([one.worker_id for one in self.workers if one.worker_id is not None])
        os._exit(0)

    async def _work(self, working: App) -> None:
        loop = asyncio.get_running_loop()
        loop.set_default_executor(Threads(sum(PLACES.values()), "job"))
        job = asyncio.ensure_future(self._run(working))

        def end() -> None:
            self.end()
            job.cancel()

        for number in SIGNALS:
            loop.add_signal_handler(number, end)
        if self.told.is_set():
            end()
        try:
            with suppress(asyncio.CancelledError):
                await job
        finally:
            for number in SIGNALS:
                loop.remove_signal_handler(number)
                signal.signal(number, lambda *_: self.end())

    async def _run(self, working: App) -> None:
        async with working.open_async():
            workers = [
                Worker(
                    app=working,
                    queues=[queue],
                    name=queue,
                    concurrency=places,
                    delete_jobs="successful",
                    install_signal_handlers=False,
                    update_heartbeat_interval=jobs.SECONDS_OF_A_BEAT,
                    stalled_worker_timeout=jobs.SECONDS_OF_SILENCE,
                )
                for queue, places in PLACES.items()
            ]
            self.workers += workers
            await _together(*(one.run() for one in workers), _release_stalled(working))


async def _release_stalled(working: App) -> None:
    while True:
        await jobs.release_stalled(working)
        await asyncio.sleep(jobs.SECONDS_OF_SILENCE / 3)


async def _together(*parts: Coroutine[Any, Any, None]) -> None:
    """Run all until one ends or this is cancelled; then end the others in order. Raises what one raised."""
    tasks = [asyncio.ensure_future(part) for part in parts]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        _ended, stuck = await asyncio.wait(tasks, timeout=SECONDS_TO_FINISH)
        # Somebody is silent: what is asked of them is left in the middle.
        for task in stuck:
            task.cancel()
        ended = await asyncio.gather(*tasks, return_exceptions=True)
    for fault in ended:
        if isinstance(fault, Exception):
            raise fault


def _end_with_parent() -> None:
    """Tell this process to end once nobody can write to its standard input any more."""
    while os.read(sys.stdin.fileno(), 1):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
