"""Statements by hand that the ORM has no words for, each behind a function that says what it does."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from django.db import connection

from accounts.copying import array
from billing.models import Subscription

# What reserve_numbers gives, of every series.
OUR_NUMBERS = r"(?:INV|CN)[\s-]?\d{6,}"
TopbarRow = tuple[str, str, str, str]

# The table of the database cache (CACHES in the settings) has no model.
_EXPIRED_CACHE_ROWS = "DELETE FROM cache WHERE expires <= %s"
_RESERVE_NUMBERS = """
INSERT INTO billing_numbering (series, last) VALUES (%(series)s, %(count)s)
ON CONFLICT (series) DO UPDATE SET last = billing_numbering.last + %(count)s RETURNING last
"""
# Of many rows at once: one parameter for each column, an array, however many rows there are.
_MOVE_SUBSCRIPTIONS = """
UPDATE billing_subscription s SET version = v.version, cycle = v.cycle, anchor = v.anchor,
    period_start = v.period_start, period_end = v.period_end, paid_until = v.paid_until,
    resumes_on = v.resumes_on
FROM unnest(%s::bigint[], %s::int[], %s::text[], %s::date[], %s::date[], %s::date[], %s::date[], %s::date[])
    AS v (id, version, cycle, anchor, period_start, period_end, paid_until, resumes_on)
WHERE s.account_id = v.id
"""
_FREE_SEATS = "DELETE FROM billing_agentseat WHERE line_id = ANY(%s::bigint[])"
_DROP_SCHEDULED = "DELETE FROM billing_scheduledchange WHERE id = ANY(%s::bigint[])"
_DROP_SCHEDULED_OF_LINES = "DELETE FROM billing_scheduledchange WHERE line_id = ANY(%s::bigint[])"
_END_LINES = """
UPDATE billing_line l SET ended_on = v.day FROM unnest(%s::bigint[], %s::date[]) AS v (id, day)
WHERE l.id = v.id
"""
_REWRITE_LINES = """
UPDATE billing_line l SET edition_id = v.edition_id, quantity = v.quantity, unit_price = v.unit,
    allowances = v.allowances, price_ends_on = v.price_ends_on
FROM unnest(%s::bigint[], %s::bigint[], %s::int[], %s::numeric[], %s::jsonb[], %s::date[])
    AS v (id, edition_id, quantity, unit, allowances, price_ends_on)
WHERE l.id = v.id
"""
_DELETE_SEGMENTS = "DELETE FROM billing_paidsegment WHERE id = ANY(%s::bigint[])"
_CUT_SEGMENTS = """
UPDATE billing_paidsegment g SET covers_until = v.until, credited = v.credited
FROM unnest(%s::bigint[], %s::date[], %s::numeric[]) AS v (id, until, credited) WHERE g.id = v.id
"""
_UNDO_TEMPORARY = """
DELETE FROM billing_temporaryseats t USING unnest(%s::bigint[], %s::date[]) AS v (id, day)
WHERE t.id = v.id AND t.ends_on > v.day AND t.starts_on >= v.day
"""
_END_TEMPORARY = """
UPDATE billing_temporaryseats t SET ends_on = v.day FROM unnest(%s::bigint[], %s::date[]) AS v (id, day)
WHERE t.id = v.id AND t.ends_on > v.day
"""
_END_DISCOUNTS = """
UPDATE billing_discount d SET ended_at = v.at, periods_left = d.periods_left * 0
FROM unnest(%s::bigint[], %s::timestamptz[]) AS v (id, at) WHERE d.id = v.id
"""
_COUNT_DISCOUNTS = """
UPDATE billing_discount d SET periods_left = v.left
FROM unnest(%s::bigint[], %s::int[]) AS v (id, "left") WHERE d.id = v.id
"""
_TOPBAR = """
(SELECT 'account', a.name, a.slug, ''
   FROM accounts_membership m JOIN accounts_account a ON a.id = m.account_id
  WHERE m.user_id = %(person)s AND m.suspended_at IS NULL AND a.state <> 'cancelled'
  ORDER BY lower(a.name), m.id LIMIT 8)
UNION ALL
(SELECT 'product', p.name, e.name, p.url
   FROM billing_line l
   JOIN billing_product p ON p.id = l.product_id
   JOIN billing_edition e ON e.id = l.edition_id
  WHERE l.subscription_id = %(account)s AND l.ended_on IS NULL AND p.kind IN ('product', 'suite')
    AND p.url <> ''
  ORDER BY p.position, p.id LIMIT 12)
"""


def reserve_numbers(series: str, count: int) -> list[str]:
    """Return the next numbers of a series, e.g. INV-000042.

    Without gaps: they commit or roll back with the documents that bear them. Until then the next to ask
    waits, so nothing else is locked after this.
    """
    if not count:
        return []
    with connection.cursor() as cursor:
        cursor.execute(_RESERVE_NUMBERS, {"series": series, "count": count})
        (last,) = cursor.fetchone()
    return [f"{series}-{number:06d}" for number in range(last - count + 1, last + 1)]


def move_subscriptions(moved: Sequence[Subscription]) -> None:
    """Store where subscriptions stand now: version, cycle and dates."""
    names = ("pk", "version", "cycle", "anchor", "period_start", "period_end", "paid_until", "resumes_on")
    _for_all(_MOVE_SUBSCRIPTIONS, *([getattr(one, name) for one in moved] for name in names))


def end_lines(ended: Mapping[int, date]) -> None:
    """End lines, each on its day: their seats are free, and nothing waits for them."""
    _for_all(_DROP_SCHEDULED_OF_LINES, list(ended))
    _for_all(_FREE_SEATS, list(ended))
    _for_all(_END_LINES, list(ended), list(ended.values()))


# id, edition's id, quantity, price, allowances as JSON, day on which the price ends
LineRow = tuple[int, int, int, str, str, date | None]


def rewrite_lines(rows: Sequence[LineRow]) -> None:
    """Store what became of lines."""
    _for_all(_REWRITE_LINES, *map(list, zip(*rows, strict=True)))


def rewrite_segments(gone: Sequence[int], cut: Sequence[tuple[int, date, str]]) -> None:
    """Delete segments that had not begun, and store until when others cover, and what was given back."""
    _for_all(_DELETE_SEGMENTS, list(gone))
    _for_all(_CUT_SEGMENTS, *map(list, zip(*cut, strict=True)))


def drop_scheduled(gone: list[int]) -> None:
    """Delete changes that no longer wait."""
    _for_all(_DROP_SCHEDULED, gone)


def end_temporary_seats(ended: Mapping[int, date]) -> None:
    """End temporary seats, each on its day; those that had not begun are gone."""
    _for_all(_UNDO_TEMPORARY, list(ended), list(ended.values()))
    _for_all(_END_TEMPORARY, list(ended), list(ended.values()))


def count_discounts(used_up: Mapping[int, datetime], left: Mapping[int, int | None]) -> None:
    """End discounts that are used up, each at its moment, and store how many periods others have left."""
    _for_all(_END_DISCOUNTS, list(used_up), list(used_up.values()))
    _for_all(_COUNT_DISCOUNTS, list(left), list(left.values()))


def _for_all(statement: str, *columns: list[Any]) -> None:
    """Do something with many rows at once, given by their columns; nothing where there are none."""
    if columns and columns[0]:
        with connection.cursor() as cursor:
            cursor.execute(statement, [array(column) for column in columns])


def topbar_rows(person_id: int, account_id: int | None) -> tuple[TopbarRow, ...]:
    """Return a person's accounts ("account", name, slug, "") and an account's products, in one statement.

    Of the products those that have an address: "product", name, edition, address.
    """
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
