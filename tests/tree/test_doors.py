"""Every text that comes in by a form goes through the one rule for characters."""

import re
from pathlib import Path

# Fields of Django itself, and where a text must not be touched: passwords.
PLAIN = re.compile(r"\bforms\.(CharField|IntegerField|DecimalField|DateField)\(")
OWN = Path("admin_center/forms/fields.py")
PASSWORDS = {"password", "again"}


def test_forms_use_our_fields() -> None:
    found = [
        f"{path}:{number}: {line.strip()}"
        for path in Path("admin_center").rglob("*.py")
        if path != OWN
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if PLAIN.search(line) and line.split("=")[0].strip() not in PASSWORDS and "HiddenInput" not in line
    ]
    assert found == [], (
        "take Text, Lines, SearchText, WholeNumber, Number or Day of admin_center/forms/fields.py"
    )
