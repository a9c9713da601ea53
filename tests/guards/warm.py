"""A plugin of pytest that has everything loaded once, and forks a child for each guard that is taken out.

In the child the guard is gone, and the tests that reach it run until the first that fails. Children run one
after the other, each on a copy of the test database, which PostgreSQL makes in a moment.
"""

import os
import select
import signal
import time
from collections.abc import Callable, Iterable
from importlib import import_module
from typing import Any

import pytest

from tests.guards.finding import Guard
from tests.guards.knowing import Known
from tests.guards.removing import take_out

# How long the tests of one guard may run before it counts as missed, unless it is asked for without an end.
PATIENCE = 180.0
# A test without its guard may wait for ever: then it has noticed. On a busy machine one is only slow.
ONE_TEST_AT_MOST, TIMES_AS_LONG = 180.0, 10
NOTHING, SPENT, NOBODY = "no test", "no test within the time", "no test gets there"
HANGS, BROKEN = "never ends", "not taken out"

Tell = Callable[[Guard, str], None]


class Warm:
    """Runs in the place of pytest's own loop over the tests."""

    def __init__(self, guards: Iterable[Guard], known: Known, tell: Tell, patience: float) -> None:
        """Keep what to take out, what is known of the tests, whom to tell, and how long to look."""
        self.guards, self.known, self.tell, self.patience = list(guards), known, tell, patience

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Load what the tests need by running the first that needs the database, then take guards out."""
        for file in {guard.file for guard in self.guards}:
            # Views are loaded by the first page that is asked for.
            import_module(file.removesuffix(".py").replace("/", "."))
        items = {item.nodeid: item for item in session.items}
        wanting = [item for item in session.items if "db" in getattr(item, "fixturenames", ())]
        # Of another folder if there is one, so that nothing of the first one's stays set up.
        elsewhere = (item for item in reversed(wanting) if item.path.parent != wanting[0].path.parent)
        other = next(elsewhere, wanting[-1])
        session.config.hook.pytest_runtest_protocol(item=wanting[0], nextitem=other)
        if session.testsfailed:
            return True
        databases = Copies()
        try:
            for guard in self.guards:
                chosen = [items[test] for test in self.known.tests(guard) if test in items]
                self.tell(guard, self._without(guard, chosen, databases) if chosen else NOBODY)
        finally:
            databases.back()
        session.config.hook.pytest_runtest_protocol(item=other, nextitem=None)
        return True

    def _without(self, guard: Guard, chosen: list[Any], databases: "Copies") -> str:
        """Return the first test that fails in a child without the guard, or that none does."""
        databases.fresh()
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(reading)
            os.setsid()
            _silent()
            try:
                databases.use()
                _run(guard, chosen, writing)
            except BaseException as broken:
                os.write(writing, f"!{type(broken).__name__}: {broken}\n".encode()[:400])
            finally:
                os._exit(0)
        os.close(writing)
        try:
            return self._listen(reading)
        finally:
            os.close(reading)
            try:
                os.killpg(child, signal.SIGKILL)
            except ProcessLookupError:
                os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)

    def _listen(self, reading: int) -> str:
        """Return what a child told, or that it took too long."""
        end, told, test = time.monotonic() + self.patience, b"", ""
        while True:
            at_most = max(ONE_TEST_AT_MOST, TIMES_AS_LONG * self.known.seconds.get(test, 0))
            ready, _w, _x = select.select([reading], [], [], at_most)
            if not ready:
                return f"{test} {HANGS}"
            part = os.read(reading, 65536)
            told += part
            *lines, told = told.split(b"\n")
            for line in lines:
                kind, said = line[:1], line[1:].decode()
                if kind == b"-":
                    return said
                if kind == b"!":
                    return f"{BROKEN}: {said}"
                test = said
            if not part:
                return NOTHING
            if time.monotonic() > end:
                return SPENT


def _run(guard: Guard, chosen: list[Any], writing: int) -> None:
    """Run these tests without the guard, and tell of each as it begins, and of the first that fails."""
    take_out(guard)
    failed: list[str] = []

    class Watch:
        def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
            if report.failed:
                failed.append(report.nodeid)

    session = chosen[0].session
    # It writes where the rows of the table stand.
    session.config.pluginmanager.unregister(name="terminalreporter")
    session.config.pluginmanager.register(Watch())
    for number, item in enumerate(chosen):
        os.write(writing, f"+{item.nodeid}\n".encode())
        following = chosen[number + 1] if number + 1 < len(chosen) else session.items[0]
        session.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
        if failed:
            os.write(writing, f"-{failed[0]}\n".encode())
            return


def _silent() -> None:
    """Let nothing that a child prints come among the rows of the table."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for number in (1, 2):
        os.dup2(nowhere, number)


class Copies:
    """A copy of the test database for each child: what one leaves behind spoils no other."""

    def __init__(self) -> None:
        """Name the database that is copied, which nobody may use meanwhile."""
        from django.db import connections

        self.settings = connections["default"].settings_dict
        self.name = str(self.settings["NAME"])
        self.copy = f"{self.name}_without"

    def fresh(self) -> None:
        """Make the copy anew."""
        from psycopg import sql

        copy, name = sql.Identifier(self.copy), sql.Identifier(self.name)
        self._do(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(copy))
        self._do(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(copy, name))

    def use(self) -> None:
        """Let this process, a child, use the copy."""
        self.settings["NAME"] = self.copy

    def back(self) -> None:
        """Take the copy away."""
        from psycopg import sql

        self._do(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(self.copy)))

    def _do(self, statement: Any) -> None:
        import psycopg
        from django.db import connections

        connections.close_all()
        place = {name: self.settings.get(name.upper()) for name in ("host", "port", "user", "password")}
        given = {name: value for name, value in place.items() if value}
        with psycopg.connect(**given, dbname="postgres", autocommit=True) as connection:
            connection.execute(statement)
