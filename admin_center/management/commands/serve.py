"""Serves the console with a worker beside it, and keeps the embedded PostgreSQL alive as long as it does."""

import multiprocessing
import os
import signal
import socket
import sys
import threading
import time
from argparse import ArgumentParser
from collections.abc import Callable
from contextlib import nullcontext
from functools import partial
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import connection, connections
from django.db.migrations.executor import MigrationExecutor
from django.utils.module_loading import import_string
from granian import Granian
from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.log import LogLevels

from admin_center.management.commands import prepare
from admin_center.server import checks, database, gateway, request_times, worker

# What a request that has begun may still take when the server ends.
SECONDS_TO_FINISH = 10
SECONDS_TO_LOAD = 60
# In a worker at once, slow ones included; they cost a little memory each.
MOST_CONNECTIONS = 1000
# Bytes.
MOST_HEADERS = 65_536
# Where to knock at a server that listens everywhere.
ANYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - named, not listened on


def run(
    application: str,
    host: str,
    port: int,
    workers: int,
    *,
    started: Callable[[], None],
    patience: float = gateway.SECONDS_FOR_A_REQUEST,
) -> None:
    """Serve with granian as it is used everywhere until SIGINT or SIGTERM; call `started` once it listens.

    A WSGI application in one thread a worker, behind a gateway that hands it whole requests: two workers
    of one thread are what two cores carry. ASGI would be three times slower with these views, and more
    threads in a worker only wait for each other (docs/performance.md). `patience` is for how many seconds
    headers, and then a body, may take.
    """
    # Forked workers would begin with this process's signal handlers and miss an early end.
    multiprocessing.set_start_method("spawn", force=True)
    server = Granian(
        application,
        address=host,
        port=port,
        interface=Interfaces.RSGI,
        workers=workers,
        backpressure=MOST_CONNECTIONS,
        websockets=False,
        http=HTTPModes.http1,
        http1_settings=HTTP1Settings(header_read_timeout=int(patience * 1000), max_buffer_size=MOST_HEADERS),
        respawn_failed_workers=True,
        workers_kill_timeout=SECONDS_TO_FINISH,
        log_level=LogLevels.warning,
    )
    server.on_startup(started)
    server.serve(target_loader=partial(_in_a_worker, application, patience), wrap_loader=False)


def _in_a_worker(application: str, patience: float) -> Callable[..., Any]:
    """Return what a worker calls, out of reach of Ctrl-C: the main process ends its workers itself.

    A worker that gets both signals, from the terminal and from the main process, never ends. One whose
    main process was killed would keep the port.
    """
    os.setpgrp()
    threading.Thread(target=_end_with_main, daemon=True).start()
    return gateway.Gateway(import_string(application.replace(":", ".")), patience=patience).answer


def _end_with_main() -> None:
    main = multiprocessing.parent_process()
    assert main is not None  # granian starts its workers with multiprocessing
    main.join()
    os.kill(os.getpid(), signal.SIGKILL)


class Command(BaseCommand):
    """Serve with granian; Ctrl-C or SIGTERM ends everything."""

    help = "Serve the console. HOST, PORT and WORKERS say where and with how many processes."

    def add_arguments(self, parser: ArgumentParser) -> None:
        env = os.environ.get
        parser.add_argument("--host", default=env("HOST", "127.0.0.1"))
        parser.add_argument("--port", type=int, default=int(env("PORT", "8000")))
        parser.add_argument("--workers", type=int, default=int(env("WORKERS", min(2, os.cpu_count() or 1))))
        parser.add_argument(
            "--without-worker",
            action="store_true",
            default=env("WITHOUT_WORKER", "") not in ("", "0"),
            help="leave the background work to `manage.py work` or `billing_tick` elsewhere",
        )
        parser.add_argument("--prepare", action="store_true", help="run prepare first")
        parser.add_argument("--demo", action="store_true", help="prepare and load the demo first")

    def handle(self, *args: Any, **options: Any) -> None:
        # Ends like an exit, so that the embedded PostgreSQL is told; granian has its own way later.
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
        checks.demand_own_key()
        _demand_free(options["host"], options["port"])
        if options["prepare"] or options["demo"]:
            self.stdout.write("Preparing …")
            call_command("prepare", demo=options["demo"], stdout=self.stdout)
        else:
            _demand_prepared()
        connections.close_all()
        with (
            database.kept(),
            request_times.shared(),
            nullcontext() if options["without_worker"] else worker.worker(),
        ):
            run(
                "admin_center.wsgi:application",
                options["host"],
                options["port"],
                options["workers"],
                started=lambda: self._announce_once(options["host"], options["port"]),
            )
        self.stdout.write("Ended.")

    def _announce_once(self, host: str, port: int) -> None:
        """Say where the console answers, once it does: workers take a moment to load."""
        threading.Thread(target=self._announce, args=(host, port), daemon=True).start()

    def _announce(self, host: str, port: int) -> None:
        for _try in range(SECONDS_TO_LOAD * 10):
            try:
                socket.create_connection((ANYWHERE.get(host, host), port), timeout=1).close()
            except OSError:
                time.sleep(0.1)
            else:
                self.stdout.write(f"\n  The console answers at {settings.ORIGIN}/   (Ctrl-C ends it)\n")
                self.stdout.flush()
                return


def _demand_prepared() -> None:
    """Raise CommandError with what to do where the database or the static files aren't ready."""
    executor = MigrationExecutor(connection)
    waiting = executor.migration_plan(executor.loader.graph.leaf_nodes())
    tables = connection.introspection.table_names()
    if waiting or settings.CACHES["default"]["LOCATION"] not in tables or not prepare.is_collected():
        raise CommandError(
            "Not everything is prepared: run `manage.py prepare` first, or serve with --prepare."
        )


def _demand_free(host: str, port: int) -> None:
    """Raise CommandError with what to do where the port is taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as fault:
            raise CommandError(
                f"Port {port} of {host} can't be had ({fault.strerror}): choose another, as in PORT=8001."
            ) from fault
