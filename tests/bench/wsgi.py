"""The console over several databases: the same process serves the small and the large one by turns.

A request names its database in a header. Each keeps its own connection, as in production.
"""

import os
import threading
from collections.abc import Callable, Iterable
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.bench.settings")

from django.core.wsgi import get_wsgi_application
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper

from admin_center.server import memory

HEADER = "HTTP_X_BENCH_DATABASE"
console = get_wsgi_application()
memory.freeze()
kept = threading.local()


def connection_to(name: str) -> BaseDatabaseWrapper:
    """Return this thread's connection to a database, made if need be."""
    known: dict[str, BaseDatabaseWrapper] = kept.__dict__
    if name not in known:
        made = connections.create_connection("default")
        made.settings_dict = {**made.settings_dict, "NAME": name}
        known[name] = made
    return known[name]


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    connections["default"] = connection_to(environ[HEADER])
    return console(environ, start_response)
