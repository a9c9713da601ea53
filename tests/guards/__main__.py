"""`python -m tests.guards`: take each guard out, run the tests that reach it, say who survives.

Words name parts of paths, `--kind` a kind of guard, `--patience` the seconds for the tests of one guard.
`--table` writes the summary as a page, `--knowing` names a folder in which the tests were watched before.

The tests run once under a watch that knows which of them runs which line (kept in `.data/guards` until the
code changes). Then one process loads everything and forks a child for each guard, in which it is gone; there
the tests that reach it run until one fails. Exit 1 if a guard survives that is not listed in
`tests/guards/missed.txt` with its reason.
"""

import os
import sys
import time
from argparse import ArgumentParser
from collections import Counter
from pathlib import Path

import pytest

from admin_center.server.database import ROOT
from tests.guards import apart, knowing, warm
from tests.guards.finding import Guard, guards, modules

MISSED = Path(__file__).with_name("missed.txt")
SURVIVED = (warm.NOTHING, warm.SPENT, warm.NOBODY)


def main() -> int:
    """Take the guards out of the modules that are named (all without), and print a row for each."""
    parser = ArgumentParser()
    parser.add_argument("parts", nargs="*")
    parser.add_argument("--kind", default="")
    parser.add_argument("--patience", type=float, default=warm.PATIENCE)
    parser.add_argument("--knowing", type=Path)
    parser.add_argument("--table", type=Path)
    asked = parser.parse_args()
    kept = asked.knowing or knowing.folder()
    # A server of its own: other tests may run meanwhile.
    os.environ.setdefault("DATA_DIR", str(ROOT / ".data" / "guards" / "server"))
    if not asked.knowing and not (kept / "learnt").exists():
        knowing.learn(kept, {})
    known = knowing.Known(kept)
    chosen = [
        guard
        for path in modules()
        for guard in guards(path)
        if asked.kind in guard.kind and (not asked.parts or any(part in guard.file for part in asked.parts))
    ]
    outcomes = take_out(chosen, known, asked.patience)
    if asked.table:
        asked.table.write_text(table(outcomes))
    survivors = [guard for guard, by in outcomes.items() if by in SURVIVED]
    broken = [guard for guard, by in outcomes.items() if by.startswith(warm.BROKEN)]
    new = [one for one in survivors if one.name not in reasons()]
    left = len(chosen) - len(outcomes)
    print(
        f"{len(outcomes)} guards taken out, {len(survivors)} missed, {len(new)} of them without a reason;"
        f" {len(broken)} could not be taken out, {left} were not tried."
    )
    return 1 if new or broken or left else 0


def take_out(chosen: list[Guard], known: knowing.Known, patience: float) -> dict[Guard, str]:
    """Take each out, print a row for each as it is known, and return who noticed."""
    outcomes: dict[Guard, str] = {}
    began = time.monotonic()

    def tell(guard: Guard, by: str) -> None:
        outcomes[guard] = by
        survived = by in SURVIVED or by.startswith(warm.BROKEN)
        if not survived:
            known.remember(guard, by)
        seconds = time.monotonic() - began
        print(
            f"{'MISSED ' if survived else 'noticed'}  {guard}  {by}  ({seconds:.0f} s)", file=rows, flush=True
        )

    # What pytest prints is for who looks into its own output; the rows stand on ours.
    with os.fdopen(os.dup(1), "w") as rows:
        running = [guard for guard in chosen if not apart.stands_apart(guard)]
        loop = warm.Warm(running, known, tell, patience)
        tests = sorted({test.partition("::")[0] for guard in running for test in known.tests(guard)})
        if running:
            pytest.main([*knowing.OPTIONS, "-p", "tests.plugin", *tests], plugins=[loop])
        for guard in chosen:
            if apart.stands_apart(guard):
                tell(guard, apart.noticed_by(guard))
    return outcomes


def reasons() -> dict[str, str]:
    """Return the guards that may be missed, each with why: "name  # reason"."""
    rows = [line for line in MISSED.read_text().splitlines() if line and not line.startswith("#")]
    return {name: why for name, _mark, why in (row.partition("  # ") for row in rows)}


def table(outcomes: dict[Guard, str]) -> str:
    """Return a row for each module: how many guards, how many noticed, and by which files most of them."""
    known, rows = reasons(), []
    for file in dict.fromkeys(guard.file for guard in outcomes):
        own = {guard: by for guard, by in outcomes.items() if guard.file == file}
        noticed = [by for by in own.values() if by not in SURVIVED and not by.startswith(warm.BROKEN)]
        files = Counter(by.partition("::")[0].removeprefix("tests/") for by in noticed).most_common(2)
        rows.append(
            f"| `{file}` | {len(own)} | {len(noticed)} | {', '.join(f'`{one}`' for one, _n in files)} |"
        )
    missed = [
        f"- `{guard.name}`: {known.get(guard.name, 'not yet')}"
        for guard, by in outcomes.items()
        if by in SURVIVED
    ]
    return "\n".join(
        [
            "| module | guards | noticed | mostly by |",
            "|---|---|---|---|",
            *rows,
            "",
            "Missed:",
            "",
            *missed,
            "",
        ]
    )


if __name__ == "__main__":
    sys.exit(main())
