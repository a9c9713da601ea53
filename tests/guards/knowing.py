"""What is known of the tests: which run which line, how long they take, and which see somebody refused."""

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

from coverage import CoverageData

from admin_center.server.database import ROOT
from tests.guards.finding import Guard

# Where guards stand, what the rules say, what texts are: no test there is asked for, each takes long.
LEFT_OUT = ("tests/browser", "tests/tree", "tests/bench", "tests/rules", "tests/stories/test_lives.py")
LEFT_OUT += tuple(
    f"tests/sweeps/test_{one}.py"
    for one in ("bad_input", "canary", "costs", "html", "languages", "back_office")
)
LEFT_OUT += ("tests/console/test_back_office_lists.py", "tests/billing/imports/test_accounts_many.py")
# Those that look at one verb after the other as who may not, then those about what happens at once.
FIRST = ("test_verbs.py", "test_behind_the_lock.py", "test_cancelling_meanwhile.py", "test_races.py")
# Those that ask every verb for its transaction and its locks.
WHOLE = ("test_all_or_nothing.py",)
OPTIONS = ["-q", "-p", "no:cacheprovider", "-p", "no:randomly", "--no-header"]


def folder() -> Path:
    """Return where what is known of the code as it stands is kept."""
    digest = hashlib.sha256()
    for path in sorted(
        [*ROOT.glob("*/**/*.py"), *(ROOT / "templates").rglob("*.*"), ROOT / "pyproject.toml"]
    ):
        if not {".venv", ".data", "mutants"} & set(path.relative_to(ROOT).parts):
            digest.update(path.read_bytes())
    made = ROOT / ".data" / "guards" / digest.hexdigest()[:16]
    made.mkdir(parents=True, exist_ok=True)
    return made


def learn(kept: Path, environment: dict[str, str]) -> None:
    """Run the tests once with a watch over each line."""
    left_out = [f"--ignore={one}" for one in LEFT_OUT]
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", *OPTIONS, "-p", "tests.guards.traces", *left_out, "tests"],
        cwd=ROOT,
        env=os.environ | environment | {"TRACES": str(kept)},
        check=False,
    )
    if ran.returncode not in (0, 1):
        raise SystemExit("The tests don't even begin: nothing can be said.")
    (kept / "learnt").touch()


class Known:
    """What a run with a watch told."""

    def __init__(self, kept: Path) -> None:
        """Read it."""
        self.kept = kept
        self.lines = CoverageData(str(kept / "coverage"))
        self.lines.read()
        told = json.loads((kept / "tests.json").read_text())
        self.seconds: dict[str, float] = told["seconds"]
        self.failed = set(told["failed"])
        self.refusing: dict[str, list[str]] = told["refusing"]
        # They may have been watched in another tree of the same code.
        self.root = Path(told["root"])
        self._by_line: dict[Path, dict[int, list[str]]] = {}
        noticed = kept.parent / "noticed.json"
        self.noticed: dict[str, str] = json.loads(noticed.read_text()) if noticed.exists() else {}

    def remember(self, guard: Guard, test: str) -> None:
        """Keep which test noticed, to begin with it the next time."""
        self.noticed[guard.name] = test
        (self.kept.parent / "noticed.json").write_text(json.dumps(self.noticed, indent=1, sort_keys=True))

    def tests(self, guard: Guard) -> list[str]:
        """Return the tests that can notice, the most promising first."""
        running = self._running(guard.path, guard.refuses or guard.asks)
        seen = {
            test
            for line in guard.asks | guard.refuses
            for test in self.refusing.get(f"{guard.file}:{line}", ())
        }
        stem = guard.path.stem.removesuffix("s")
        # A lock or a transaction is missed by what happens at once, less by the tests of its module.
        own_first = guard.kind not in ("locks", "all or nothing")

        def rank(test: str) -> tuple[bool, bool, bool, bool, bool, float]:
            file = test.partition("::")[0]
            return (
                test != self.noticed.get(guard.name),
                test not in seen,
                not own_first and not file.endswith(WHOLE),
                (stem not in file) if own_first else not file.endswith(FIRST),
                not file.endswith(FIRST) if own_first else (stem not in file),
                self.seconds.get(test, 1.0),
            )

        return sorted(running - self.failed, key=rank)

    def _running(self, path: Path, lines: Iterable[int]) -> set[str]:
        if path not in self._by_line:
            there = self.root / path.relative_to(ROOT)
            self._by_line[path] = self.lines.contexts_by_lineno(str(there))
        found = {test for line in lines for test in self._by_line[path].get(line, ())}
        return {test for test in found if test}
