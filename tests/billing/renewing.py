"""Customers who renew, and a process of its own that renews them, to be killed at any moment.

`python -m tests.billing.renewing SIZE` prints "ready", then renews all that is due on 27 October 2023.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from accounts.models import Account
    from accounts.occasion import Occasion

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "admin_center.settings")
os.environ.setdefault("TESTING", "1")
START, RENEWS = date(2022, 10, 27), date(2023, 10, 27)
AT = datetime(2023, 10, 27, 12, tzinfo=UTC)
# Support, Guide and Credits: 10 × 1.00 × 12 + 3 × 6.00 × 12 + 200.00
THREE = {"support": ("team", 10, "1.00"), "guide": ("team", 3, "6.00"), "credits": ("standard", 1, "200.00")}
TOTAL = 120 + 216 + 200


def customer(number: int, lines: dict[str, tuple[str, int, str]] | None = None, **fields: Any) -> "Account":
    """Make the company of a number, that pays by card and renews on 27 October 2023."""
    from accounts.rules.roles import Role
    from billing.models import PaymentMethod
    from tests import people, shop

    tax, cycle = fields.pop("tax_percent", None), fields.pop("cycle", "annual")
    owner = people.person(f"owner{number}@c{number}.example", f"Owner {number}")
    admin = people.person(f"admin{number}@c{number}.example", f"Admin {number}", language="fr")
    made = people.account(
        f"c{number}",
        f"Company {number}",
        [(owner, Role.OWNER), (admin, Role.BILLING_ADMIN)],
        **{"timezone": "UTC"} | fields,
    )
    shop.subscribe(made, THREE if lines is None else lines, start=START, tax_percent=tax, cycle=cycle)
    PaymentMethod.objects.create(
        subscription_id=made.pk, kind="card", brand="Visa", last_four="4242", reference="test_approves"
    )
    return made


def occasion_of(account: "Account | None") -> "Occasion":
    """Return the occasion of what happens by itself on the day of the renewals."""
    from accounts.occasion import Occasion

    return Occasion.of(account, AT)


def run(size: int = 1000) -> tuple[int, int]:
    """Renew all that is due without collecting anything; return how many periods, and how many failed."""
    from billing import renewal_run

    counts = list(renewal_run.renew_due(AT, occasion_of, size=size, collect=lambda _charges: None))
    return sum(one.renewed for one in counts), sum(one.failed for one in counts)


@contextmanager
def statements() -> Iterator[list[tuple[str, int]]]:
    """Keep each statement with how many values are bound to it."""
    from django.db import connection

    seen: list[tuple[str, int]] = []

    def keep(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if "SAVEPOINT" not in sql:
            seen.append((sql, len(params or ())))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(keep):
        yield seen


def main() -> None:
    """Renew in batches of the size named on the command line."""
    import django

    django.setup()
    from accounts.occasion import Occasion
    from billing import renewal_run

    print("ready", flush=True)  # noqa: T201 - the parent waits for it
    for _count in renewal_run.renew_due(AT, lambda one: Occasion.of(one, AT), size=int(sys.argv[1])):
        pass


if __name__ == "__main__":
    main()
