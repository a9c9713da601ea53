"""The statements behind an account's statement: what moved what it owes, in minor units and on its days."""

from datetime import date

from django.db import connection

from accounts.models import Account
from billing.rules.money import exponent
from billing.rules.statements import Movement, MovementKind

# Documents, payments (at once or by transfer), what was written off, and credit that no document says.
_MOVEMENTS = """
SELECT i.issued_on AS day, (i.total * %(scale)s)::bigint AS moved, i.number AS of, i.issued_at AS at,
    CASE WHEN i.reason = 'brought_in' THEN 'opening_item'
        WHEN i.kind = 'credit_note' THEN 'credited' ELSE 'invoiced' END AS what
FROM billing_invoice i WHERE i.subscription_id = %(account)s
UNION ALL
SELECT (p.paid_at AT TIME ZONE %(zone)s)::date, (-i.due * %(scale)s)::bigint, i.number, p.paid_at, 'paid'
FROM billing_invoicepayment p JOIN billing_invoice i ON i.id = p.invoice_id
WHERE i.subscription_id = %(account)s AND i.due > 0 AND p.write_off_id IS NULL AND NOT p.from_balance
    AND NOT EXISTS (SELECT 1 FROM billing_bankbooking b WHERE b.invoice_id = i.id)
UNION ALL
SELECT t.received_on, (-b.amount * %(scale)s)::bigint, i.number, b.booked_at, 'paid'
FROM billing_bankbooking b JOIN billing_invoice i ON i.id = b.invoice_id
JOIN billing_bankpayment t ON t.id = b.payment_id
WHERE i.subscription_id = %(account)s
UNION ALL
SELECT (w.written_off_at AT TIME ZONE %(zone)s)::date, (-w.amount * %(scale)s)::bigint, i.number,
    w.written_off_at, 'written_off'
FROM billing_writeoff w JOIN billing_invoice i ON i.id = w.invoice_id
WHERE i.subscription_id = %(account)s
UNION ALL
SELECT (e.created_at AT TIME ZONE %(zone)s)::date, (-e.amount * %(scale)s)::bigint, coalesce(i.number, ''),
    e.created_at, e.reason
FROM billing_balanceentry e
LEFT JOIN billing_refund r ON r.id = e.refund_id
LEFT JOIN billing_charge c ON c.id = r.charge_id
LEFT JOIN billing_invoice i ON i.id = c.invoice_id
WHERE e.subscription_id = %(account)s AND e.reason IN ('brought_in', 'refunded', 'refund_failed')
"""
# On one day what was issued stands before what paid it.
_BETWEEN = f"""
SELECT day, what, moved, of FROM ({_MOVEMENTS}) m WHERE day BETWEEN %(first)s AND %(last)s
ORDER BY day, at, what, of
"""  # noqa: S608 - constants
_BEFORE = f"""
SELECT coalesce(sum(moved), 0)::bigint FROM ({_MOVEMENTS}) m WHERE day < %(first)s
"""  # noqa: S608 - constants
_KINDS = {kind.value: kind for kind in MovementKind}


def between(account: Account, first: date, last: date) -> list[Movement]:
    """Return what moved what an account owes from the first day to the last, both among it."""
    with connection.cursor() as cursor:
        cursor.execute(_BETWEEN, {**_whose(account), "first": first, "last": last})
        rows = cursor.fetchall()
    return [Movement(day, _KINDS[what], moved, number) for day, what, moved, number in rows]


def owed_before(account: Account, first: date) -> int:
    """Return what an account owed when a day began, in minor units."""
    with connection.cursor() as cursor:
        cursor.execute(_BEFORE, {**_whose(account), "first": first})
        return int(cursor.fetchone()[0])


def _whose(account: Account) -> dict[str, int | str]:
    return {"account": account.pk, "zone": account.timezone, "scale": 10 ** exponent(account.currency)}
