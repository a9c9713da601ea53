"""Statements by hand that the ORM has no words for, each behind a function that says what it does."""

from datetime import datetime, timedelta

from django.db import connection

# What next_number gives, of every series.
OUR_NUMBERS = r"(?:INV|CN)[\s-]?\d{6,}"
TopbarRow = tuple[str, str, str]

# The table of the database cache (CACHES in the settings) has no model.
_EXPIRED_CACHE_ROWS = "DELETE FROM cache WHERE expires <= %s"
_NEXT_NUMBER = """
INSERT INTO billing_numbering (series, last) VALUES (%s, 1)
ON CONFLICT (series) DO UPDATE SET last = billing_numbering.last + 1 RETURNING last
"""
_TOPBAR = """
(SELECT 'account', a.name, a.slug
   FROM accounts_membership m JOIN accounts_account a ON a.id = m.account_id
  WHERE m.user_id = %(person)s AND m.suspended_at IS NULL AND a.state <> 'cancelled'
  ORDER BY lower(a.name), m.id LIMIT 8)
UNION ALL
(SELECT 'product', p.name, e.name
   FROM billing_line l
   JOIN billing_product p ON p.id = l.product_id
   JOIN billing_edition e ON e.id = l.edition_id
  WHERE l.subscription_id = %(account)s AND l.ended_on IS NULL AND p.kind IN ('product', 'suite')
  ORDER BY p.position, p.id LIMIT 12)
"""


def next_number(series: str) -> str:
    """Return the next number of a series, e.g. INV-000042.

    Without gaps: it commits or rolls back with the document that bears it.
    """
    with connection.cursor() as cursor:
        cursor.execute(_NEXT_NUMBER, [series])
        (last,) = cursor.fetchone()
    return f"{series}-{last:06d}"


def topbar_rows(person_id: int, account_id: int | None) -> tuple[TopbarRow, ...]:
    """Return a person's accounts ("account", name, slug) and an account's products, in one statement."""
    with connection.cursor() as cursor:
        cursor.execute(_TOPBAR, {"person": person_id, "account": account_id or 0})
        return tuple(cursor.fetchall())


def lock_tax_rates() -> None:
    """Let nobody else write the table of tax rates until this commits; it may be read."""
    with connection.cursor() as cursor:
        cursor.execute("LOCK TABLE billing_taxrate IN SHARE ROW EXCLUSIVE MODE")


def remove_expired_cache_rows(at: datetime) -> int:
    """Remove what the cache holds past its time; return how many rows."""
    with connection.cursor() as cursor:
        cursor.execute(_EXPIRED_CACHE_ROWS, [at])
        return int(cursor.rowcount)


def let_names_out_of_activity() -> None:
    """Let the trigger of activity entries take names out, and nothing else, until this commits."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('admin_center.erasing', 'on', true)")


def check_constraints_now() -> None:
    """Ask what is otherwise asked at the commit."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")


def wait_for_locks(patience: timedelta) -> None:
    """Wait so long for a lock on this connection, before giving up."""
    milliseconds = int(patience.total_seconds() * 1000)
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('lock_timeout', %s, false)", [f"{milliseconds}ms"])
