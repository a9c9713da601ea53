"""A plugin of pytest that writes down which test runs which line, how long each takes, and who is refused.

`TRACES` names the folder it writes to. See `tests/guards/knowing.py`, which reads it.
"""

import json
import os
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from coverage import Coverage

from admin_center.server.database import ROOT

# How many tests later what is known is written down again.
OFTEN = 50
ROOMS = ("accounts", "billing", "admin_center")


class Traces:
    """What is seen of the tests of one run."""

    def __init__(self, folder: Path) -> None:
        """Watch the rooms from now on."""
        self.folder, self.test = folder, ""
        self.seconds: dict[str, float] = {}
        self.failed: list[str] = []
        # The lines that were on their way when somebody was refused, each with the tests it happened in.
        self.refusing: dict[str, set[str]] = defaultdict(set)
        self.coverage = Coverage(
            data_file=str(folder / "coverage"),
            config_file=False,
            source=[str(ROOT / room) for room in ROOMS],
            messages=False,
        )
        self.coverage.start()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        """Count what runs from here on to this test."""
        self.test = item.nodeid
        self.coverage.switch_context(item.nodeid)
        return (yield)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Keep how long it took, and whether it failed as the code is."""
        self.seconds[report.nodeid] = self.seconds.get(report.nodeid, 0) + report.duration
        if report.failed:
            self.failed.append(report.nodeid)
        if report.when == "teardown" and len(self.seconds) % OFTEN == 0:
            self.keep()

    def pytest_sessionfinish(self) -> None:
        """Write it all down."""
        self.coverage.stop()
        self.coverage.save()
        self.keep()

    def keep(self) -> None:
        """Write down what is known so far: who is killed has not run for nothing."""
        told = {
            "root": str(ROOT),
            "seconds": self.seconds,
            "failed": sorted(set(self.failed)),
            "refusing": {line: sorted(tests) for line, tests in self.refusing.items()},
        }
        (self.folder / "tests.json").write_text(json.dumps(told))

    def refused(self) -> None:
        """Note the lines of ours that lead to where somebody is refused."""
        frame: Any = sys._getframe(2)
        while frame is not None:
            path = frame.f_code.co_filename
            if path.startswith(f"{ROOT}/") and path[len(f"{ROOT}/") :].startswith(ROOMS):
                self.refusing[f"{path[len(f'{ROOT}/') :]}:{frame.f_lineno}"].add(self.test)
            frame = frame.f_back


def pytest_configure(config: pytest.Config) -> None:
    """Begin."""
    traces = Traces(Path(os.environ["TRACES"]))
    config.pluginmanager.register(traces)
    from django.core.exceptions import PermissionDenied

    from accounts.rules.decision import NotAllowed

    for kind in (NotAllowed, PermissionDenied):
        _watch(kind, traces)


def _watch(kind: type[Exception], traces: Traces) -> None:
    """Note where an exception of this kind is made."""
    begin: Any = kind.__init__

    def made(self: Exception, *parts: Any) -> None:
        begin(self, *parts)
        traces.refused()

    kind.__init__ = made  # type: ignore[method-assign]
