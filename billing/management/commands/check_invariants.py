"""`manage.py check_invariants`: whether all holds that must always hold."""

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from billing import documents, invariants

DOCUMENTS = "issued documents are what their hash says"
CHECKED = len(invariants.INVARIANTS) + 2


class Command(BaseCommand):
    """Run every invariant; exit code 1 and the rows that break it where one does not hold."""

    help = "Check what must always hold: exit code 0 when it does, 1 when not. Reads only."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="print the result as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        found = invariants.broken()
        if changed := list(documents.changed()):
            found.append(invariants.Broken(DOCUMENTS, tuple((number,) for number in changed[:5])))
        if options["json"]:
            result = {one.name: [[str(value) for value in row] for row in one.rows] for one in found}
            self.stdout.write(json.dumps({"checked": CHECKED, "broken": result}))
        else:
            for one in found:
                self.stdout.write(f"BROKEN: {one.name}: {', '.join(map(str, one.rows))}")
            if not found:
                self.stdout.write(f"{CHECKED} invariants hold.")
        if found:
            raise SystemExit(1)
