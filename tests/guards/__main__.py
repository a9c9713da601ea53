"""`python -m tests.guards`: take each guard out, run its tests, print who survives (part of `make soak`).

Words name parts of paths, `--kind` a kind of guard, `--quick` leaves out the long last tests.

Each guard's tests run in a copy of the project, the quick ones first; a guard that they miss meets every
test of the rooms. Exit 1 if any survives that is not listed in `tests/guards/missed.txt` with its reason.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from argparse import ArgumentParser
from pathlib import Path

from admin_center.database import ROOT
from tests.guards.finding import Guard, guards, modules

# The sweep of verbs misses most; then what is told of the module itself; then everything but the browser.
FIRST = ["tests/sweeps/test_verbs.py"]
ALL = ["tests/billing", "tests/accounts", "tests/console", "tests/stories"]
OPTIONS = ["-q", "-x", "-p", "no:cacheprovider", "-p", "no:randomly", "--no-header"]
MISSED = Path(__file__).with_name("missed.txt")


def copy_of_the_project(into: Path) -> Path:
    """Copy what tests need; the environment is shared."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    for name in listed.stdout.decode().split("\0"):
        if name and (ROOT / name).is_file():
            (into / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, into / name)
    return into


def noticed(project: Path, guard: Guard, *, quick: bool) -> str:
    """Return which tests notice that a guard is out, or an empty text."""
    file = project / guard.path.relative_to(ROOT)
    whole = file.read_text()
    file.write_text(guard.without)
    try:
        for chosen in (FIRST, _own(guard), [] if quick else ALL):
            if chosen and _fails(project, chosen):
                return " ".join(chosen)
    finally:
        file.write_text(whole)
    return ""


def _own(guard: Guard) -> list[str]:
    """Return the tests whose name has the module's, or its singular."""
    name = guard.path.stem
    names = {name, name.removesuffix("s")}
    return sorted(
        str(path.relative_to(ROOT))
        for path in (ROOT / "tests").rglob("test_*.py")
        if "browser" not in path.parts and any(one in path.stem for one in names)
    )


def _fails(project: Path, chosen: list[str]) -> bool:
    """Tell whether any of these tests fails; raise where they can't even begin."""
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", *OPTIONS, *chosen],
        cwd=project,
        env=os.environ | {"DATA_DIR": str(project / ".data")},
        capture_output=True,
        check=False,
    )
    if ran.returncode not in (0, 1):
        raise RuntimeError(ran.stdout.decode()[-2000:] + ran.stderr.decode()[-2000:])
    return ran.returncode == 1


def main() -> int:
    """Take the guards out of the modules that are named (all without), and print a row for each."""
    parser = ArgumentParser()
    parser.add_argument("parts", nargs="*")
    parser.add_argument("--kind", default="")
    parser.add_argument("--quick", action="store_true")
    asked = parser.parse_args()
    found = [
        guard
        for path in modules()
        for guard in guards(path)
        if asked.kind in guard.kind and (not asked.parts or any(part in str(path) for part in asked.parts))
    ]
    known = [line.partition("  # ")[0] for line in MISSED.read_text().splitlines()] if MISSED.exists() else []
    survivors = []
    with tempfile.TemporaryDirectory(prefix="guards-") as folder:
        project = copy_of_the_project(Path(folder))
        if _fails(project, FIRST):
            print("The tests fail as they are: nothing can be said.")
            return 2
        for guard in found:
            by = noticed(project, guard, quick=asked.quick)
            print(f"{'noticed' if by else 'MISSED '}  {guard}  {by}", flush=True)
            if not by:
                survivors.append(guard)
    new = [one for one in survivors if f"{one.path.relative_to(ROOT)} {one.kind}: {one.text}" not in known]
    print(f"{len(found)} guards taken out, {len(survivors)} missed, {len(new)} of them without a reason.")
    return 1 if new else 0


if __name__ == "__main__":
    sys.exit(main())
