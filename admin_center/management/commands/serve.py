"""Serves the console, and keeps the embedded PostgreSQL alive as long as it does."""

import os
import signal
import socket
import sys
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import connections
from granian import Granian
from granian.constants import Interfaces
from granian.log import LogLevels


def server_of(application: str, host: str, port: int, workers: int) -> Granian:
    """Return granian as it is used everywhere: WSGI, one blocking thread a worker.

    Two workers of one thread are what two cores carry; ASGI would be three times slower with these
    views, and more threads in a worker only wait for each other (docs/performance.md).
    """
    return Granian(
        application,
        address=host,
        port=port,
        interface=Interfaces.WSGI,
        workers=workers,
        blocking_threads=1,
        websockets=False,
        respawn_failed_workers=True,
        log_level=LogLevels.warning,
    )


class Command(BaseCommand):
    """Serve with granian; Ctrl-C or SIGTERM ends everything."""

    help = "Serve the console. HOST, PORT and WORKERS say where and with how many processes."

    def add_arguments(self, parser: ArgumentParser) -> None:
        env = os.environ.get
        parser.add_argument("--host", default=env("HOST", "127.0.0.1"))
        parser.add_argument("--port", type=int, default=int(env("PORT", "8000")))
        parser.add_argument("--workers", type=int, default=int(env("WORKERS", min(2, os.cpu_count() or 1))))
        parser.add_argument("--prepare", action="store_true", help="run prepare first")
        parser.add_argument("--demo", action="store_true", help="prepare and load the demo first")

    def handle(self, *args: Any, **options: Any) -> None:
        # Ends like an exit, so that the embedded PostgreSQL is told; granian has its own way later.
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
        _demand_free(options["host"], options["port"])
        if options["prepare"] or options["demo"]:
            self.stdout.write("Preparing …")
            call_command("prepare", demo=options["demo"], stdout=self.stdout)
        connections.close_all()
        server = server_of(
            "admin_center.wsgi:application", options["host"], options["port"], options["workers"]
        )
        server.on_startup(self._announce)
        server.serve()
        self.stdout.write("Ended.")

    def _announce(self) -> None:
        self.stdout.write(f"\n  The console answers at {settings.ORIGIN}/   (Ctrl-C ends it)\n")
        self.stdout.flush()


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
