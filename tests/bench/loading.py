"""How fast accounts come in from a file, and how much memory that takes: `python -m tests.bench.loading`.

Each account has an owner, a billing admin and two agents, two lines, two seats, a discount and a card. The
rate is told per second of this process's and the clock's time: the database works beside it.
"""

import argparse
import csv
import os
import resource
import secrets
import sys
import tempfile
import time
from pathlib import Path

for name in ("DEMO", "DEBUG", "TESTING", "DATABASE_URL"):
    os.environ.pop(name, None)
os.environ |= {
    "DJANGO_SETTINGS_MODULE": "tests.bench.settings",
    "SECRET_KEY": secrets.token_hex(32),
    "ORIGIN": "http://localhost:8000",
    "EMAIL_URL": "dummymail://",
    "PAYMENT_PROVIDER": "tests.providers.Unreachable",
    "DATABASE_NAME": "postgres",
}

import django  # noqa: E402

from admin_center.server import database  # noqa: E402

PRICE_LIST = database.ROOT / "billing/catalogues/northwind-desk.toml"


def write(file: Path, accounts: int) -> None:
    """Write a file of so many accounts, as a stream."""
    from billing.imports.accounts.columns import all_columns

    with file.open("w", newline="") as opened:
        writer = csv.DictWriter(opened, all_columns())
        writer.writeheader()
        for number in range(accounts):
            writer.writerows({"account": f"L-{number}", **record} for record in _records(number))


def _records(number: int) -> list[dict[str, str]]:
    mail = f"@l{number}.example"
    own = {
        "record": "account",
        "slug": f"l-{number}",
        "name": f"Customer {number}",
        "type": "self_service",
        "state": "active",
        "currency": ("USD", "EUR")[number % 2],
        "time_zone": ("Europe/Paris", "America/New_York")[number % 2],
        "vendor_contact_name": "Nadia Nilsson",
        "vendor_contact_email": "nadia@vendor.example",
        "catalogue": "northwind-desk",
        "own_clock": "2026-10-07T12:00:00+00:00",
    }
    period = {"anchor": "2026-03-31", "period_from": "2026-03-31", "period_until": "2027-03-31"}
    people = (("owner", "owner"), ("billing", "billing_admin"), ("one", "agent"), ("two", "agent"))
    return [
        own,
        {"record": "subscription", "cycle": "annual", **period},
        *(
            {"record": "member", "email": who + mail, "name": who.title(), "role": role}
            for who, role in people
        ),
        {"record": "line", "product": "inbox", "edition": "plus", "quantity": "10", "unit_price": "29.00"},
        {"record": "line", "product": "voice", "edition": "plus", "quantity": "4", "unit_price": "19.00"},
        *({"record": "seat", "product": "inbox", "email": who + mail} for who in ("one", "two")),
        {"record": "discount", "code": "LOYAL", "percent": "10"},
        {"record": "payment", "kind": "card", "brand": "Visa", "last_four": "4242", "expires": "2030-05"},
    ]


def main() -> int:
    """Load a generated file into an empty database; print the rate and the peak of memory."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.loading", description=__doc__)
    parser.add_argument("--accounts", type=int, default=2000)
    options = parser.parse_args()
    database.start()
    django.setup()
    from django.core.management import call_command

    from tests.bench import population

    with tempfile.TemporaryDirectory() as folder, population.empty("bench_loading"):
        file = Path(folder) / "accounts.csv"
        write(file, options.accounts)
        call_command("load_catalogue", str(PRICE_LIST), stdout=open(os.devnull, "w"))  # noqa: SIM115
        before, clock, cpu = _peak(), time.perf_counter(), time.process_time()
        call_command("load_accounts", str(file))
        took, used = time.perf_counter() - clock, time.process_time() - cpu
    rate, own = options.accounts / took, options.accounts / used
    told = f"{rate:.0f} a second, {own:.0f} a second of this process"
    print(f"{options.accounts} accounts in {took:.1f} s: {told}")
    print(f"memory at its peak: {_peak():.0f} MB, before the load {before:.0f} MB")
    return 0


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    sys.exit(main())
