"""Guards that no fork of a running program can be without: what runs while a module is loaded, or elsewhere.

They stand in the few files below, each with the tests that start a process of its own from it. Each is
taken out of a copy of the whole tree, and these tests run there.
"""

import re
import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from admin_center.server.database import ROOT
from tests.guards.finding import Guard
from tests.guards.knowing import OPTIONS
from tests.guards.warm import BROKEN, NOTHING

APART = {
    "admin_center/server/checks.py": "tests/console/test_deployment.py",
    "admin_center/server/gateway.py": "tests/console/test_gateway.py",
    "admin_center/settings.py": "tests/console/test_deployment.py",
    "billing/apps.py": "tests/console/test_deployment.py",
}
_LEFT_BEHIND = shutil.ignore_patterns(".*", "__pycache__", "mutants", "staticfiles")
_FAILED = re.compile(r"^(?:FAILED|ERROR) (\S+)", re.MULTILINE)


def stands_apart(guard: Guard) -> bool:
    """Tell whether a guard is taken out here, and not of a running program."""
    return guard.file in APART


def noticed_by(guard: Guard) -> str:
    """Return the first test that fails in a tree without the guard, or that none does."""
    with TemporaryDirectory() as made:
        tree = Path(made) / "tree"
        shutil.copytree(ROOT, tree, ignore=_LEFT_BEHIND)
        if as_it_is := _first_failure(tree, APART[guard.file]):
            return f"{BROKEN}: {as_it_is} fails with it as well"
        (tree / guard.file).write_text(guard.text_without())
        return _first_failure(tree, APART[guard.file]) or NOTHING


def _first_failure(tree: Path, tests: str) -> str:
    """Run tests in a tree; return the first that fails, empty where none does."""
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", *OPTIONS, "-x", "-rfE", tests],
        cwd=tree,
        capture_output=True,
        text=True,
        check=False,
    )
    found = _FAILED.search(ran.stdout)
    return found[1] if found else "" if ran.returncode == 0 else "the tests"
