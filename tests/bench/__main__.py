"""Measures and prints: `make bench`. Exit code 1 where a promise is missed."""

import argparse
import os
import platform
import secrets
import sys

# Before settings are read: nothing of the demo or the tests, and the same key for server and sessions.
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


def main() -> int:
    """Run every comparison in turn on one server; return the exit code."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--rounds", type=int, default=600)
    parser.add_argument("--renewals", type=int, default=30_000)
    options = parser.parse_args()
    database.start()
    django.setup()
    from admin_center.management.commands.prepare import collect
    from tests.bench import confirming, documents, members, pages, population, preview, renewing, server

    population.check_settings()
    collect()
    print("Making the databases where they are not there yet …", flush=True)
    population.database(pages.FEW)
    population.database(pages.MANY)
    population.database_of_products(preview.PRODUCTS)
    population.database_of_members(members.FEW)
    population.database_of_members(members.MANY)
    population.database_of_invoices(documents.INVOICES)
    with server.running() as port:
        samples, comparisons = pages.summary(port, options.rounds)
        for more in (preview.previews, preview.wide_catalogue, members.people):
            more_samples, more_comparisons = more(port, options.rounds)
            samples, comparisons = samples | more_samples, comparisons + more_comparisons
    more_samples, more_comparisons = documents.statement(max(options.rounds // 20, 30))
    samples, comparisons = samples | more_samples, comparisons + more_comparisons
    limits = [*documents.documents(options.rounds // 10), *documents.archive()]
    print(
        f"\nPython {platform.python_version()}, {os.cpu_count()} cores, {options.rounds} rounds, by turns\n"
    )
    print(f"{'milliseconds':<58} {'median':>6} {'p99':>8}")
    for name, sample in samples.items():
        print(f"{name:<58} {sample.median:6.2f} {sample.p99:8.2f}")
    print(f"\n{'ratio of the medians':<58} {'ratio':>6}   {'by tenths':<12}   promised")
    for comparison in comparisons:
        print(comparison)
    print("\ndocuments, by the processor’s own clock", *limits, sep="\n")
    print("", *confirming.confirmations(), sep="\n")
    lines, renewals_held = renewing.renewals(options.renewals)
    print("", *lines, sep="\n")
    return 0 if renewals_held and all(one.held for one in (*comparisons, *limits)) else 1


if __name__ == "__main__":
    sys.exit(main())
