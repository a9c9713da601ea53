"""Databases with any number of accounts, or of members: one account as customers have them, in SQL.

Every row that hangs from the account or its people is copied with its keys moved by a stride, so a
change of the models needs no change here. The databases are kept for the next run, until a
migration, the price list or this file changes.
"""

import hashlib
import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from decimal import Decimal

from django.apps import apps
from django.conf import settings
from django.core.management import call_command
from django.core.management.color import no_style
from django.db import connection, models
from djmoney.money import Money

from accounts.models import Account, Membership, User
from accounts.occasion import Occasion
from accounts.rules.roles import Role
from admin_center.server.database import ROOT
from billing import quotes
from billing.models import Catalogue, Invoice, InvoiceLine
from billing.rules.changes import AddSeats
from tests import people, shop, wide

PRICE_LIST = ROOT / "billing/catalogues/northwind-desk.toml"
AGENTS = 12
# Greater than any key of the account that is multiplied.
STRIDE = 1000


def database(accounts: int) -> str:
    """Return the name of a database with that many accounts, made if need be."""
    return _made(f"bench_{accounts}", lambda: multiply(accounts - 1))


def database_of_members(members: int) -> str:
    """Return the name of a database with one account of that many members, made if need be."""
    return _made(f"bench_members_{members}", lambda: fill(members))


def database_of_products(products: int) -> str:
    """Return the name of a database with one account whose catalogue has that many products more."""
    return _made(f"bench_products_{products}", lambda: widen(products))


def database_of_invoices(invoices: int) -> str:
    """Return the name of a database with one account of that many invoices in ten years, made if need be."""
    return _made(f"bench_invoices_{invoices}", lambda: issue(invoices))


@contextmanager
def copy_of(accounts: int) -> Iterator[str]:
    """Yield the name of a copy of a database that may be written to; it is dropped with the block."""
    with copied(database(accounts), f"{database(accounts)}_copy") as copy:
        yield copy


@contextmanager
def copied(original: str, copy: str) -> Iterator[str]:
    """Yield the name of a copy of a database that may be written to; it is dropped with the block."""

    def drop() -> None:
        with connected("postgres"):
            _drop([copy] if copy in _databases() else [])

    drop()
    with connected("postgres"), connection.cursor() as cursor:
        cursor.execute(f'CREATE DATABASE "{copy}" TEMPLATE "{original}"')
    try:
        yield copy
    finally:
        drop()


def database_of_renewals(accounts: int) -> str:
    """Return the name of a database with that many customers who are due, made if need be."""
    return _made(f"bench_renewals_{accounts}", lambda: multiply(accounts - 1), one_customer)


def _made(called: str, make: Callable[[], None], first: "Callable[[], None] | None" = None) -> str:
    """Return the name of a database that was filled from one account, now or in an earlier run."""
    mark, first = _fingerprint(), first or one_account
    base, name = f"bench_base_{first.__name__}_{mark}", f"{called}_{mark}"
    with connected("postgres"):
        known = _databases()
        _drop([old for old in known if old.startswith("bench_") and not old.endswith(mark)])
    if base not in known:
        with _being_made(base, "template0"):
            call_command("migrate", verbosity=0)
            call_command("createcachetable", verbosity=0)
            first()
    if name not in known:
        with _being_made(name, base):
            make()
    return name


def one_account() -> None:
    """Make Acme: a Suite at an old price, an add-on and a flat item, a coupon, extra seats, a reduction."""
    call_command("load_catalogue", PRICE_LIST, verbosity=0, stdout=io.StringIO())
    acme = people.acme()
    agents = [people.person(f"agent{number}@acme.example", f"Agent {number}") for number in range(AGENTS)]
    enrol(acme, agents)
    start = today().replace(day=1)
    subscription = shop.subscribe(
        acme,
        {
            "northwind-one": ("plus", 20, "60.00"),
            "reply-assist": ("standard", 20, "16.00"),
            "message-pack": ("standard", 2, "1500.00"),
        },
        start=start,
        slug="northwind-desk",
    )
    suite = shop.line(acme, "northwind-one")
    for member in acme.memberships.filter(role=Role.AGENT):
        suite.seats.create(subscription=subscription, membership=member)
    suite.temporary.create(
        subscription=subscription,
        quantity=5,
        starts_on=start,
        ends_on=date(start.year + 1, 1, 15),
        charged=Money(300, "USD"),
    )
    suite.scheduled.create(
        subscription=subscription, kind="quantity", quantity=15, takes_effect_on=subscription.period_end
    )
    subscription.discounts.create(kind="percent", source="coupon", code="Loyalty", percent=Decimal(10))
    _card(subscription)


DUE = date(2026, 3, 27)


def one_customer() -> None:
    """Make a customer of three lines who renews on 27 March 2026: pays by card, and two are told of it."""
    call_command("load_catalogue", PRICE_LIST, verbosity=0, stdout=io.StringIO())
    owner, admin = (people.person(f"{who}@customer.example", who.title()) for who in ("olivia", "bilal"))
    members = [(owner, Role.OWNER), (admin, Role.BILLING_ADMIN)]
    account = people.account("customer", "Customer", members, timezone="Europe/Paris")
    lines = {
        "northwind-one": ("plus", 20, "60.00"),
        "reply-assist": ("standard", 20, "16.00"),
        "message-pack": ("standard", 2, "1500.00"),
    }
    subscription = shop.subscribe(
        account,
        lines,
        start=DUE.replace(month=2),
        cycle="monthly",
        slug="northwind-desk",
        tax_percent=Decimal(20),
    )
    shop.profile(account, country="FR")
    _card(subscription)


def enrol(account: Account, users: list[User]) -> None:
    from accounts import roles

    roles.enrol(account, [(user, Role.AGENT) for user in users])


def _card(subscription: models.Model) -> models.Model:
    from billing.models import PaymentMethod

    return PaymentMethod.objects.create(
        subscription=subscription,
        kind="card",
        brand="Visa",
        last_four="4242",
        expires_month=9,
        expires_year=today().year + 2,
    )


def multiply(copies: int) -> None:
    """Add `copies` of everything that hangs from the one account and its people."""
    copied = _hanging()
    with connection.cursor() as cursor:
        # Keys of foreign tables and triggers are satisfied by how the rows are made.
        cursor.execute("SET session_replication_role = replica")
        for model in copied:
            names, values = zip(*_columns(model, copied), strict=True)
            table = connection.ops.quote_name(model._meta.db_table)
            key = connection.ops.quote_name(str(model._meta.pk.column))
            cursor.execute(
                f"INSERT INTO {table} ({', '.join(names)}) SELECT {', '.join(values)} "
                f"FROM {table}, generate_series(1, %s) AS n WHERE {key} < {STRIDE}",
                [copies],
            )
        for statement in connection.ops.sequence_reset_sql(no_style(), copied):
            cursor.execute(statement)
        cursor.execute("SET session_replication_role = DEFAULT")
        cursor.execute("VACUUM ANALYZE")


def fill(members: int) -> None:
    """Bring the one account to that many members; all who are added are agents who hold a seat."""
    account, more = Account.objects.get(), members - Membership.objects.count()
    suite = shop.line(account, "northwind-one")
    with connection.cursor() as cursor:
        cursor.execute("UPDATE billing_line SET quantity = quantity + %s WHERE id = %s", [more, suite.pk])
        cursor.execute(
            "INSERT INTO accounts_user (email, name, password, language, is_active, is_staff, is_superuser) "
            "SELECT n || '@many.example', 'Member ' || md5(n::text), '!', '', true, false, false "
            "FROM generate_series(1, %s) AS n",
            [more],
        )
        cursor.execute(
            "INSERT INTO accounts_membership (account_id, user_id, role, changes_payment) "
            "SELECT %s, id, 'agent', false FROM accounts_user WHERE email LIKE '%%@many.example'",
            [account.pk],
        )
        cursor.execute(
            "INSERT INTO billing_agentseat (subscription_id, line_id, membership_id) "
            "SELECT m.account_id, %s, m.id FROM accounts_membership m "
            "JOIN accounts_user u ON u.id = m.user_id WHERE u.email LIKE '%%@many.example'",
            [suite.pk],
        )
        cursor.execute("VACUUM ANALYZE")


def issue(invoices: int) -> None:
    """Let the one account buy a seat by invoice, and copy that over ten years; all but ten are paid."""
    account = Account.objects.get()
    Account.objects.update(collection_method="send_invoice")
    account.refresh_from_db()
    by = Occasion(by=account.memberships.get(role=Role.OWNER).user, on=today(), at=datetime.now(UTC))
    quotes.confirm(quotes.draw_up(account, [AddSeats("reply-assist", 21)], occasion=by).pk, occasion=by)
    moved = {
        "id": "id + n * %(stride)s",
        "number": "'INV-' || lpad((n + 1)::text, 6, '0')",
        "quote_id": "NULL::uuid",
        "issued_on": "issued_on - n * 3650 / %(count)s",
        "due_on": "due_on - n * 3650 / %(count)s",
        "issued_at": "issued_at - (n * 3650 / %(count)s) * interval '1 day'",
        "invoice_id": "invoice_id + n * %(stride)s",
    }
    with connection.cursor() as cursor:
        for model in (Invoice, InvoiceLine):
            names = [str(field.column) for field in model._meta.concrete_fields]
            cursor.execute(
                f"INSERT INTO {model._meta.db_table} ({', '.join(names)})"
                f" SELECT {', '.join(moved.get(name, name) for name in names)}"
                f" FROM {model._meta.db_table} CROSS JOIN generate_series(1, %(count)s - 1) AS n",
                {"stride": STRIDE, "count": invoices},
            )
        cursor.execute(
            "INSERT INTO billing_invoicepayment (invoice_id, paid_at)"
            " SELECT id, issued_at + interval '9 days' FROM billing_invoice ORDER BY id DESC LIMIT %s",
            [invoices - 10],
        )
        cursor.execute("VACUUM ANALYZE")


def widen(products: int) -> None:
    """Put products of three editions beside those of the one account's catalogue."""
    wide.fill(Catalogue.objects.get(), products)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")


def _hanging() -> list[type[models.Model]]:
    """Return people, accounts, and all models with a key to one of them, whose keys are numbers."""
    everything = [model for app in ("accounts", "billing") for model in apps.get_app_config(app).get_models()]
    found: list[type[models.Model]] = [User, Account]
    while more := [
        model
        for model in everything
        if model not in found
        and any(field.is_relation and field.related_model in found for field in model._meta.concrete_fields)
    ]:
        found += more
    return [model for model in found if model.objects.exists()]


def _columns(model: type[models.Model], copied: list[type[models.Model]]) -> Iterator[tuple[str, str]]:
    """Yield each column with the expression that gives its value in copy number n."""
    for field in model._meta.concrete_fields:
        if field.generated:
            continue
        column = connection.ops.quote_name(str(field.column))
        if field.primary_key or (field.is_relation and field.related_model in copied):
            yield column, f"{column} + n * {STRIDE}"
        elif field.unique or field.name in ("name", "external_id"):
            yield column, f"CASE WHEN {column} = '' THEN '' ELSE 'c' || n || '-' || {column} END"
        else:
            yield column, column


def today() -> date:
    return datetime.now(UTC).date()


def _fingerprint() -> str:
    seen = hashlib.sha256(today().strftime("%Y-%m").encode())
    for path in [
        *sorted(ROOT.glob("*/migrations/0*.py")),
        PRICE_LIST,
        ROOT / "tests/bench/population.py",
        ROOT / "tests/people.py",
        ROOT / "tests/shop.py",
        ROOT / "tests/wide.py",
    ]:
        seen.update(path.read_bytes())
    return seen.hexdigest()[:10]


@contextmanager
def connected(name: str) -> Iterator[None]:
    """Let the default connection lead to another database meanwhile."""
    before = connection.settings_dict["NAME"]
    connection.close()
    connection.settings_dict["NAME"] = name
    limits = connection.settings_dict["OPTIONS"]
    connection.settings_dict["OPTIONS"] = {**limits, "options": ""}
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict |= {"NAME": before, "OPTIONS": limits}


def _databases() -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT datname FROM pg_database")
        return [row[0] for row in cursor.fetchall()]


def _drop(names: list[str]) -> None:
    with connection.cursor() as cursor:
        for name in names:
            cursor.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@contextmanager
def _being_made(name: str, template: str) -> Iterator[None]:
    """Connect to a new database, which gets its name when the block has filled it."""
    unfinished = f"{name}_unfinished"
    with connected("postgres"), connection.cursor() as cursor:
        _drop([unfinished] if unfinished in _databases() else [])
        cursor.execute(f'CREATE DATABASE "{unfinished}" TEMPLATE "{template}"')
    with connected(unfinished):
        yield
    with connected("postgres"), connection.cursor() as cursor:
        cursor.execute(f'ALTER DATABASE "{unfinished}" RENAME TO "{name}"')


def check_settings() -> None:
    """Refuse to measure anything but what production runs."""
    assert not settings.DEMO
    assert not settings.TESTING
    assert not settings.DEBUG


@contextmanager
def empty(name: str) -> Iterator[None]:
    """Connect to a new database with nothing but its tables; it is dropped with the block."""
    with connected("postgres"), connection.cursor() as cursor:
        _drop([name] if name in _databases() else [])
        cursor.execute(f'CREATE DATABASE "{name}" TEMPLATE template0')
    with connected(name):
        call_command("migrate", verbosity=0)
        call_command("createcachetable", verbosity=0)
        yield
    with connected("postgres"):
        _drop([name])
