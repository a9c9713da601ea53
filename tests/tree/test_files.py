"""What no tracked file may hold, and how long a module may be."""

import re
import subprocess
from pathlib import Path

from admin_center.server.database import ROOT

LONGEST_MODULE = 400
LONGEST_TEMPLATE_LINE = 140
# Lock files record them; so do options of installers. Written so that this file does not match itself.
ADDRESSES = re.compile(
    r"""registry\s=\s"http | "resolved":\s"http | --(extra-)?index-u[r]l | --find-lin[k]s
    | url\s=\s"http[^"]*\.(whl|tar\.gz) | pypi\.or[g]/simple | files\.pythonhosted\.or[g]""",
    re.VERBOSE,
)
HOMES = re.compile(r"(?<![\w.])/(?:home|User[s])/[a-z][\w-]*/|(?<![\w./-])/roo[t]/")
UNFINISHED = re.compile(r"\b(?:TOD[O]|FIXM[E])\b")


def tracked() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True)
    return [ROOT / name for name in listed.stdout.decode().split("\0") if name and (ROOT / name).is_file()]


def texts() -> list[tuple[Path, str]]:
    found = []
    for path in tracked():
        content = path.read_bytes()
        if b"\0" not in content:
            found.append((path.relative_to(ROOT), content.decode()))
    assert len(found) > 200
    return found


def lines(pattern: re.Pattern[str]) -> list[str]:
    return [
        f"{path}:{number}: {line.strip()[:120]}"
        for path, text in texts()
        for number, line in enumerate(text.splitlines(), start=1)
        if pattern.search(line)
    ]


def test_no_address_of_a_registry() -> None:
    assert lines(ADDRESSES) == []


def test_no_path_of_a_machine() -> None:
    here = re.compile(re.escape(f"{ROOT}/"))
    assert lines(HOMES) + lines(here) == []


def test_nothing_is_left_for_later() -> None:
    assert lines(UNFINISHED) == []


def test_modules_have_one_subject() -> None:
    long = {
        str(path): text.count("\n")
        for path, text in texts()
        if path.suffix == ".py" and "migrations" not in path.parts and text.count("\n") > LONGEST_MODULE
    }
    assert long == {}, "look for the second subject in each"


def test_the_checks_find_what_they_look_for() -> None:
    for wrong in (
        "{ registry = " + '"http://x" }',
        "--index-" + "url https://x",
        "url = " + '"https://x/y.whl"',
    ):
        assert ADDRESSES.search(wrong), wrong
    for wrong in ("cd /hom" + "e/olivia/project", "/roo" + "t/.cache"):
        assert HOMES.search(wrong), wrong
    for right in ("/a/acme/home/", "static/home/x/", "docs/roo" + "t/x"):
        assert not HOMES.search(right), right


def test_templates_read_like_a_book() -> None:
    """One tag or one sentence a line (CONTRIBUTING.md)."""
    long = [
        f"{path}:{number}: {len(line)}"
        for path, text in texts()
        if path.suffix == ".html" and path.parts[0] == "templates"
        for number, line in enumerate(text.splitlines(), start=1)
        if len(line) > LONGEST_TEMPLATE_LINE
    ]
    assert long == []
