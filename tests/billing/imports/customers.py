"""Customers of a vendor as a file names them: Acme with all that a record can say, in a few lines."""

import csv
import io
import json
from pathlib import Path
from typing import Any

from django.apps import apps
from django.core.management import call_command

from billing.imports.accounts.columns import PLURALS, SINGLE, all_columns

Record = tuple[str, dict[str, str]]

# The day that these customers are loaded on is 2023-07-14; Acme pays annually from 2022-10-27.
ACME: list[Record] = [
    (
        "account",
        {
            "slug": "acme",
            "name": "Acme",
            "type": "self_service",
            "state": "active",
            "currency": "USD",
            "time_zone": "America/New_York",
            "language": "en",
            "vendor_contact_name": "Nadia Nilsson",
            "vendor_contact_email": "nadia@vendor.example",
            "vendor_contact_phone": "+1 555 0100",
            "catalogue": "shop",
            "own_clock": "2023-07-14T12:00:00+00:00",
        },
    ),
    (
        "subscription",
        {
            "cycle": "annual",
            "anchor": "2022-10-27",
            "period_from": "2022-10-27",
            "period_until": "2023-10-27",
        },
    ),
    ("member", {"email": "Olivia@Acme.example", "name": "Olivia Owens", "role": "owner"}),
    (
        "member",
        {
            "email": "bilal@acme.example",
            "name": "Bilal Brahimi",
            "role": "billing_admin",
            "changes_payment": "yes",
            "language": "fr",
        },
    ),
    ("member", {"email": "agnes@acme.example", "name": "Agnes Albert", "role": "agent", "suspended": "yes"}),
    ("member", {"email": "leo@acme.example", "name": "Leo Laurent", "role": "light_agent"}),
    ("line", {"product": "support", "edition": "team", "quantity": "10", "unit_price": "1.00"}),
    ("line", {"product": "credits", "edition": "standard", "quantity": "1"}),
    ("seat", {"product": "support", "email": "agnes@acme.example"}),
    ("seat", {"product": "support", "email": "bilal@acme.example"}),
    ("discount", {"code": "LOYAL", "percent": "10", "products": "support"}),
    (
        "temporary",
        {
            "product": "support",
            "quantity": "2",
            "starts_on": "2023-07-10",
            "until": "2023-08-09",
            "unit_price": "12.00",
        },
    ),
    ("balance", {"amount": "25.00"}),
    ("payment", {"kind": "card", "brand": "Visa", "last_four": "4242", "expires": "2034-12"}),
]


def small(external_id: str) -> tuple[str, list[Record]]:
    """Return another customer, who has one line and an owner."""
    slug = external_id.lower()
    own = dict(ACME[0][1]) | {"slug": slug, "name": f"Customer {external_id}"}
    owner = {"email": f"owner@{slug}.example", "name": "Olga Other", "role": "owner"}
    line = {"product": "support", "edition": "team", "quantity": "3"}
    return external_id, [("account", own), ACME[1], ("member", owner), ("line", line)]


def as_csv(*accounts: tuple[str, list[Record]]) -> str:
    """Return accounts as a CSV file: the first record of the first one stands on line 2."""
    written = io.StringIO()
    writer = csv.DictWriter(written, all_columns(), lineterminator="\n")
    writer.writeheader()
    for external_id, records in accounts:
        for record, cells in records:
            writer.writerow(cells | {"account": external_id, "record": record})
    return written.getvalue()


def as_json(external_id: str, records: list[Record]) -> dict[str, Any]:
    """Return an account as an object of a JSON Lines file."""
    plural = {record: name for name, record in PLURALS.items()}
    values: dict[str, Any] = {"account": external_id}
    for record, cells in records:
        if record == "account":
            values |= cells
        elif record in SINGLE:
            values[record] = cells
        else:
            values.setdefault(plural[record], []).append(cells)
    return values


def as_json_lines(*accounts: tuple[str, list[Record]]) -> str:
    """Return accounts as a JSON Lines file."""
    return "".join(json.dumps(as_json(*account)) + "\n" for account in accounts)


def load(file: Path, *options: str) -> tuple[int, str, list[str]]:
    """Run the command; return its exit code, its summary, and the lines that say what is wrong.

    The file's name before each of those lines is taken off.
    """
    told, wrong = io.StringIO(), io.StringIO()
    code = 0
    try:
        call_command("load_accounts", str(file), *options, stdout=told, stderr=wrong)
    except SystemExit as left:
        code = int(left.code or 0)
    lines = wrong.getvalue().splitlines()
    assert all(line.startswith(f"{file}:") for line in lines)
    return code, told.getvalue().strip(), [line.removeprefix(f"{file}:") for line in lines]


def rows() -> dict[str, int]:
    """Return how many rows each table of ours has."""
    ours = (
        model for app in ("accounts", "billing", "account") for model in apps.get_app_config(app).get_models()
    )
    return {model._meta.db_table: model._default_manager.count() for model in ours}
