"""What must always hold: each a query that returns no row (security.md, "What must hold").

`manage.py check_invariants` runs them all, and the test suite after every test that writes.
"""

from dataclasses import dataclass

from django.db import connection

from accounts.models.people import listed_as
from accounts.rules.roles import Role, permissions


@dataclass(frozen=True, slots=True)
class Broken:
    """A promise that does not hold, with the first rows that show it."""

    name: str
    rows: tuple[tuple[object, ...], ...]


# From an amount of an invoice to minor units, in which its tables count.
_SCALE = "power(10, CASE i.currency WHEN 'JPY' THEN 0 WHEN 'BHD' THEN 3 ELSE 2 END)::numeric"
# What of an invoice came by transfers or was set off against a credit note over it.
_SETTLED = """SELECT coalesce((SELECT sum(b.amount) FROM billing_bankbooking b WHERE b.invoice_id = i.id), 0)
    - coalesce((SELECT sum(e.amount) FROM billing_balanceentry e
        WHERE e.invoice_id = i.id AND e.reason = 'set_off'), 0) AS settled"""
# What makes one tax: before taxes had names, the rate alone.
_TAX = "coalesce(t ->> 'name', ''), (t ->> 'rate')::numeric, coalesce(t ->> 'reason', '')"

INVARIANTS: dict[str, str] = {
    "every account has exactly one owner": """
        SELECT a.id FROM accounts_account a
        LEFT JOIN accounts_membership m ON m.account_id = a.id AND m.role = 'owner'
        WHERE a.erased_at IS NULL GROUP BY a.id HAVING count(m.id) <> 1""",
    "nobody holds a permission globally": """
        SELECT user_id FROM accounts_user_user_permissions
        UNION ALL SELECT group_id FROM auth_group_permissions
        UNION ALL SELECT group_id FROM guardian_groupobjectpermission
        UNION ALL SELECT user_id FROM guardian_userobjectpermission""",
    "seats bought are at least seats in use": """
        SELECT l.id FROM billing_line l JOIN billing_agentseat s ON s.line_id = l.id
        WHERE l.ended_on IS NULL GROUP BY l.id
        HAVING count(*) > l.quantity + coalesce((SELECT sum(t.quantity) FROM billing_temporaryseats t
            WHERE t.line_id = l.id AND NOT t.is_over), 0)""",
    "a line's seats in use are those that people hold": """
        SELECT l.id FROM billing_line l
        WHERE l.in_use <> (SELECT count(*) FROM billing_agentseat s WHERE s.line_id = l.id)""",
    "members are listed under their person's name": f"""
        SELECT m.id FROM accounts_membership m JOIN accounts_user u ON u.id = m.user_id
        WHERE m.listed_as <> {listed_as("u")}""",  # noqa: S608 - constants
    "nobody holds a seat of a line that ended": """
        SELECT s.id FROM billing_agentseat s JOIN billing_line l ON l.id = s.line_id
        WHERE l.ended_on IS NOT NULL""",
    "a live line is paid without a gap from the period's start or its own to the paid end": """
        SELECT l.id FROM billing_line l JOIN billing_subscription s ON s.account_id = l.subscription_id
        JOIN accounts_account a ON a.id = s.account_id
        LEFT JOIN LATERAL (
            SELECT sum(upper(r) - lower(r)) AS days, max(upper(r)) AS last, min(lower(r)) AS first FROM (
                SELECT daterange(g.covers_from, g.covers_until)
                    * daterange(greatest(s.period_start, l.began_on), s.paid_until) AS r
                FROM billing_paidsegment g WHERE g.line_id = l.id) x WHERE NOT isempty(r)) d ON true
        WHERE l.ended_on IS NULL AND a.state <> 'cancelled'
        AND coalesce(d.days, 0) <> least(s.paid_until, (SELECT c.takes_effect_on
            FROM billing_scheduledchange c WHERE c.line_id = l.id AND c.kind = 'removal'))
            - greatest(s.period_start, l.began_on)""",
    "a segment's line and amounts are in the account's currency": """
        SELECT g.id FROM billing_paidsegment g JOIN billing_subscription s ON s.account_id = g.subscription_id
        WHERE g.charged_currency <> s.currency OR g.unit_price_currency <> s.currency""",
    "an account's subscription is in the account's currency": """
        SELECT s.account_id FROM billing_subscription s JOIN accounts_account a ON a.id = s.account_id
        WHERE s.currency <> a.currency""",
    "a scheduled change waits for the coming renewal, or for the end of a line that is not extended": """
        SELECT c.id FROM billing_scheduledchange c
        JOIN billing_subscription s ON s.account_id = c.subscription_id
        WHERE c.takes_effect_on <> s.paid_until
        AND NOT (c.kind = 'removal' AND c.leaving = '[]' AND c.takes_effect_on = s.period_end)""",
    "a scheduled edition is one of the line's product": """
        SELECT c.id FROM billing_scheduledchange c JOIN billing_line l ON l.id = c.line_id
        JOIN billing_edition e ON e.id = c.edition_id WHERE e.product_id <> l.product_id""",
    "an invoice's subtotal is the sum of its lines, but where it was brought in": """
        SELECT i.number FROM billing_invoice i LEFT JOIN billing_invoiceline l ON l.invoice_id = i.id
        WHERE i.reason <> 'brought_in' GROUP BY i.id HAVING i.subtotal <> coalesce(sum(l.amount), 0)""",
    "an invoice's tax is the sum of its table": f"""
        SELECT i.number FROM billing_invoice i
        WHERE i.tax * {_SCALE} <> (SELECT coalesce(sum((t ->> 'amount')::numeric), 0)
            FROM jsonb_array_elements(i.taxes) t)""",  # noqa: S608 - constants
    "each tax of an invoice is its rate of the lines that bear it": f"""
        SELECT i.number FROM billing_invoice i WHERE EXISTS (
            WITH told AS (SELECT {_TAX}, sum((t ->> 'base')::numeric) FROM jsonb_array_elements(i.taxes) t
                GROUP BY 1, 2, 3),
            borne AS (SELECT {_TAX}, sum(l.amount) * {_SCALE}
                FROM billing_invoiceline l, jsonb_array_elements(l.taxes) t
                WHERE l.invoice_id = i.id GROUP BY 1, 2, 3)
            (TABLE told EXCEPT TABLE borne) UNION ALL (TABLE borne EXCEPT TABLE told))
        OR EXISTS (SELECT 1 FROM jsonb_array_elements(i.taxes) t
            WHERE (t ->> 'amount')::numeric
                <> round((t ->> 'base')::numeric * (t ->> 'rate')::numeric / 100))""",  # noqa: S608 - constants
    "a line bears each tax once": f"""
        SELECT l.id FROM billing_invoiceline l
        WHERE jsonb_array_length(l.taxes) <> (SELECT count(DISTINCT ({_TAX}))
            FROM jsonb_array_elements(l.taxes) t)""",  # noqa: S608 - constants
    "one currency along an invoice": """
        SELECT i.number FROM billing_invoice i JOIN billing_invoiceline l ON l.invoice_id = i.id
        WHERE l.amount_currency <> i.currency OR l.unit_price_currency <> i.currency
        OR i.total_currency <> i.currency OR i.due_currency <> i.currency""",
    "invoice numbers have no gaps": """
        SELECT n.series, n.last FROM billing_numbering n
        WHERE n.last <> (SELECT count(*) FROM billing_invoice i
            WHERE i.number LIKE n.series || '-%%' AND i.reason <> 'brought_in')""",
    "what is due is what was charged": """
        SELECT i.number FROM billing_invoice i JOIN billing_invoicepayment p ON p.invoice_id = i.id
        LEFT JOIN billing_charge c ON c.id = p.charge_id
        WHERE (p.charge_id IS NOT NULL AND (c.amount <> i.due OR c.state <> 'succeeded' OR c.refund_due))""",
    "no more is booked of a transfer than there is": """
        SELECT p.id FROM billing_bankpayment p JOIN billing_bankbooking b ON b.payment_id = p.id
        GROUP BY p.id HAVING sum(b.amount) > p.amount""",
    "an invoice is settled when transfers and what was set off are all that is due, and only then": f"""
        SELECT i.id FROM billing_invoice i LEFT JOIN billing_invoicepayment p ON p.invoice_id = i.id
        JOIN LATERAL ({_SETTLED}) s ON true
        WHERE s.settled > i.due OR (s.settled > 0 AND (s.settled = i.due)
            <> (p.invoice_id IS NOT NULL AND p.charge_id IS NULL AND p.write_off_id IS NULL))
        OR (p.from_balance AND s.settled <> i.due)""",  # noqa: S608 - constants
    "what is written off of an invoice is all that was left of it, and settles it": f"""
        SELECT w.invoice_id FROM billing_writeoff w JOIN billing_invoice i ON i.id = w.invoice_id
        LEFT JOIN billing_invoicepayment p ON p.invoice_id = i.id
        JOIN LATERAL ({_SETTLED}) s ON true
        WHERE p.write_off_id IS DISTINCT FROM w.invoice_id OR w.amount_currency <> i.currency
        OR w.amount <> i.due - s.settled""",  # noqa: S608 - constants
    "no more of a line is credited by the staff than it charged, in its own account": """
        SELECT l.id FROM billing_invoiceline l JOIN billing_invoice i ON i.id = l.invoice_id
        JOIN billing_invoiceline c ON c.credits_id = l.id JOIN billing_invoice n ON n.id = c.invoice_id
        GROUP BY l.id, i.subscription_id HAVING -sum(c.amount) > l.amount OR bool_or(c.amount >= 0)
        OR bool_or(n.subscription_id <> i.subscription_id)""",
    "a confirmed quote charged what it showed": f"""
        SELECT q.id FROM billing_quote q LEFT JOIN billing_invoice i ON i.quote_id = q.id
        WHERE q.state = 'confirmed'
        AND (q.document #>> '{{settlement,total}}')::numeric
            <> coalesce(round(i.total * {_SCALE}), 0)""",  # noqa: S608 - constants
    "only a confirmed quote has an invoice": """
        SELECT q.id FROM billing_quote q JOIN billing_invoice i ON i.quote_id = q.id
        WHERE q.state <> 'confirmed'""",
    "a held quote has an open charge": """
        SELECT q.id FROM billing_quote q LEFT JOIN billing_charge c
            ON c.quote_id = q.id AND c.state IN ('created', 'sending', 'action', 'processing', 'unknown')
        WHERE q.state = 'held' AND c.id IS NULL""",
    "a success is used or to be refunded": """
        SELECT c.id FROM billing_charge c LEFT JOIN billing_invoicepayment p ON p.charge_id = c.id
        WHERE c.state = 'succeeded' AND (p.invoice_id IS NULL) <> c.refund_due""",
    "the balance is what documents and refunds moved, beside what was brought in": """
        SELECT b.subscription_id FROM billing_balanceentry b
        WHERE (b.invoice_id IS NULL) <> (b.reason IN ('brought_in', 'refunded', 'refund_failed'))
        OR (b.refund_id IS NOT NULL) <> (b.reason IN ('refunded', 'refund_failed'))""",
    "no more of a charge is refunded than was charged, and nothing of what paid for nothing": """
        SELECT c.id FROM billing_charge c JOIN billing_refund r ON r.charge_id = c.id
            AND r.state IN ('created', 'sending', 'processing', 'unknown', 'succeeded')
        GROUP BY c.id HAVING sum(r.amount) > c.amount OR c.state <> 'succeeded' OR c.refund_due""",
    "a refund took from the balance what it gives back, and put back what did not arrive": """
        SELECT r.id FROM billing_refund r LEFT JOIN billing_balanceentry b ON b.refund_id = r.id
        GROUP BY r.id HAVING coalesce(sum(b.amount), 0)
        <> CASE WHEN r.state IN ('created', 'sending', 'processing', 'unknown', 'succeeded')
            THEN -r.amount ELSE 0 END""",
    "a refund is in its charge's account and currency": """
        SELECT r.id FROM billing_refund r JOIN billing_charge c ON c.id = r.charge_id
        WHERE r.subscription_id <> c.subscription_id OR r.amount_currency <> c.amount_currency""",
    "an invoice's balance entries are what it says": """
        SELECT i.number FROM billing_invoice i
        LEFT JOIN billing_balanceentry b ON b.invoice_id = i.id AND b.reason <> 'set_off'
        GROUP BY i.id HAVING coalesce(sum(b.amount), 0)
        <> CASE WHEN i.kind = 'credit_note' THEN -i.total ELSE -i.prepaid - i.carried_over END""",
    "a promo code is used as often as it was redeemed": """
        SELECT o.code FROM billing_promocode o
        WHERE o.used <> (SELECT count(*) FROM billing_promoredemption r WHERE r.promo_id = o.id)""",
    "nothing waits in a cancelled account": """
        SELECT a.slug FROM accounts_account a WHERE a.state = 'cancelled' AND (
            EXISTS (SELECT 1 FROM billing_quote q
                WHERE q.subscription_id = a.id AND q.state IN ('open', 'held'))
            OR EXISTS (SELECT 1 FROM billing_changerequest r
                WHERE r.subscription_id = a.id AND r.state = 'open'))""",
    "no charge is created after its account was cancelled, but by the link of an invoice open then": """
        SELECT c.id FROM billing_charge c JOIN accounts_account a ON a.id = c.subscription_id
        LEFT JOIN billing_paymentlink l ON l.id = c.link_id AND l.invoice_id = c.invoice_id
        LEFT JOIN billing_invoice i ON i.id = l.invoice_id AND i.issued_at <= a.cancelled_at
            AND NOT EXISTS (SELECT 1 FROM billing_invoicepayment p
                WHERE p.invoice_id = i.id AND p.paid_at < c.created_at)
        WHERE (c.created_at > a.cancelled_at OR (a.state = 'cancelled' AND c.state = 'created'))
        AND i.id IS NULL""",
    "a charge by a link pays its invoice, and all that is due on it": """
        SELECT c.id FROM billing_charge c JOIN billing_paymentlink l ON l.id = c.link_id
        LEFT JOIN billing_invoice i ON i.id = l.invoice_id AND i.id = c.invoice_id
            AND i.subscription_id = c.subscription_id
        WHERE i.id IS NULL OR c.quote_id IS NOT NULL OR c.amount <> i.due
        OR c.amount_currency <> i.currency""",
    "a backup is tried once, after another method was declined for good": """
        SELECT b.id FROM billing_charge b JOIN billing_charge c ON c.id = b.backup_of_id
        WHERE (c.state <> 'failed' AND NOT c.refund_due) OR c.method = b.method
        OR c.backup_of_id IS NOT NULL OR c.invoice_id <> b.invoice_id OR c.amount <> b.amount""",
    "nobody starts a payment after the account was cancelled": """
        SELECT p.id FROM accounts_activity p JOIN accounts_account a ON a.id = p.account_id
        WHERE a.state = 'cancelled' AND p.verb = 'invoice_payment_started' AND p.id > (
            SELECT max(e.id) FROM accounts_activity e
            WHERE e.account_id = a.id AND e.verb = 'account_state_changed')""",
    "an account with payment methods has one that is charged first": """
        SELECT subscription_id FROM billing_paymentmethod
        GROUP BY subscription_id HAVING bool_and(use <> 'default')""",
    "no text holds a card number": """
        SELECT subscription_id FROM billing_paymentmethod
        WHERE billing_holds_card_number(concat_ws(' ; ', brand, reference, last_four))""",
}


def broken(limit: int = 5) -> list[Broken]:
    """Return the promises that do not hold, each with up to `limit` rows; reads only."""
    found = []
    with connection.cursor() as cursor:
        for name, query in INVARIANTS.items():
            cursor.execute(f"SELECT * FROM ({query}) broken LIMIT {limit:d}")  # noqa: S608 - ours
            rows = cursor.fetchall()
            if rows:
                found.append(Broken(name, tuple(tuple(row) for row in rows)))
        wrong = _wrong_permissions(cursor)
    if wrong:
        found.append(Broken("permissions follow from roles", tuple(wrong[:limit])))
    return found


def _wrong_permissions(cursor: object) -> list[tuple[object, ...]]:
    """Return the permission rows that are too many or too few, compared in the database."""
    granted = [
        (role.value, delegated, permission.value)
        for role in Role
        for delegated in (False, True)
        for permission in permissions(role, changes_payment=delegated)
    ]
    cursor.execute(  # type: ignore[attr-defined]
        """
        WITH rule (role, delegated, codename) AS (
            SELECT * FROM unnest(%s::text[], %s::boolean[], %s::text[])),
        wanted AS (SELECT m.user_id, m.account_id, r.codename FROM accounts_membership m
            JOIN accounts_user u ON u.id = m.user_id AND u.is_active
            JOIN rule r ON r.role = m.role AND r.delegated = m.changes_payment
            WHERE m.suspended_at IS NULL),
        held AS (SELECT p.user_id, p.content_object_id AS account_id, s.codename
            FROM accounts_accountpermission p JOIN auth_permission s ON s.id = p.permission_id)
        (TABLE wanted EXCEPT TABLE held) UNION ALL (TABLE held EXCEPT TABLE wanted)
        """,
        [list(column) for column in zip(*granted, strict=True)],
    )
    return [tuple(row) for row in cursor.fetchall()]  # type: ignore[attr-defined]
