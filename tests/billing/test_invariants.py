"""Each invariant is seen to fail: the row that breaks it is written past the verbs."""

import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from io import StringIO

import pytest
from django.core.management import call_command
from django.db import connection
from djmoney.money import Money

from accounts import lifecycle
from accounts.models import Account
from accounts.rules.capabilities import AccountState
from billing import invariants, quotes
from billing.models import Charge, Quote
from billing.rules.changes import AddSeats
from tests import acting, people, shop

TAX_SUM = "an invoice's tax is the sum of its table"
TAX_ROWS = "each tax of an invoice is its rate of the lines that bear it"


@pytest.fixture
def shop_account(db: None) -> Account:
    account = people.acme()
    shop.subscribe(account, {"support": ("team", 2, "12.00")}, start=date(2026, 1, 1))
    return account


@pytest.fixture
def taxed_invoice(db: None) -> Account:
    """Two seats from New Year, one more on 1 February: 3 and −2 × 12.00 × 12 × 333/365, with 20 %."""
    account = people.acme()
    lines = {"support": ("team", 2, "12.00")}
    shop.subscribe(account, lines, start=date(2026, 1, 1), tax_percent=Decimal(20))
    with acting.at(datetime(2026, 2, 1, 12, tzinfo=UTC)):
        Account.objects.filter(pk=account.pk).update(collection_method="send_invoice")
        change, olivia = [AddSeats("support", 3)], people.user("olivia")
        drawn = quotes.draw_up(account, change, occasion=acting.occasion(by=olivia, on=date(2026, 2, 1)))
        quotes.confirm(drawn.pk, occasion=acting.occasion(by=olivia, on=date(2026, 2, 1)))
    return account


def test_all_hold_and_the_command_says_so(shop_account: Account) -> None:
    out = StringIO()
    call_command("check_invariants", stdout=out)
    assert "invariants hold" in out.getvalue()


BREAKS = {
    "nobody holds a permission globally": """
        INSERT INTO accounts_user_user_permissions (user_id, permission_id)
        SELECT u.id, p.id FROM accounts_user u, auth_permission p LIMIT 1""",
    "permissions follow from roles": """
        DELETE FROM accounts_accountpermission WHERE id = (SELECT min(id) FROM accounts_accountpermission)""",
    "seats bought are at least seats in use": """
        INSERT INTO billing_agentseat (subscription_id, line_id, membership_id, assigned_at)
        SELECT l.subscription_id, l.id, m.id, now() FROM billing_line l, accounts_membership m""",
    "a line's seats in use are those that people hold": "UPDATE billing_line SET in_use = in_use + 1",
    "members are listed under their person's name": "UPDATE accounts_membership SET listed_as = 'x'",
    "a live line is paid without a gap from the period's start or its own to the paid end": """
        UPDATE billing_paidsegment SET covers_until = covers_until - 1""",
    "invoice numbers have no gaps": """
        INSERT INTO billing_numbering (series, last) VALUES ('INV', 1)""",
    "a scheduled change waits for the coming renewal, or for the end of a line that is not extended": """
        INSERT INTO billing_scheduledchange
            (subscription_id, line_id, kind, quantity, cycle, leaving, takes_effect_on, version, created_at)
        SELECT subscription_id, id, 'quantity', 1, '', '[]', '2026-03-01', 1, now() FROM billing_line""",
    "nobody starts a payment after the account was cancelled": """
        WITH ended AS (UPDATE accounts_account SET state = 'cancelled', cancelled_at = now() RETURNING id)
        INSERT INTO accounts_activity
            (account_id, at, actor_name, by_staff, verb, subject, reason, quote, invoice)
        SELECT ended.id, now(), '', false, verb, '', '', '', ''
        FROM ended, unnest(ARRAY['account_state_changed', 'invoice_payment_started']) verb""",
    "the balance is what documents and refunds moved, beside what was brought in": """
        INSERT INTO billing_balanceentry (subscription_id, amount, amount_currency, reason, created_at)
        SELECT account_id, 5, currency, 'used', now() FROM billing_subscription""",
}


@pytest.mark.breaks_invariants
@pytest.mark.parametrize("name", BREAKS)
def test_a_broken_promise_is_found(shop_account: Account, name: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(BREAKS[name])
    assert [one.name for one in invariants.broken()] == [name]
    out = StringIO()
    with pytest.raises(SystemExit) as stopped:
        call_command("check_invariants", "--json", stdout=out)
    assert stopped.value.code == 1
    assert name in json.loads(out.getvalue())["broken"]


@pytest.mark.breaks_invariants
def test_a_charge_after_the_cancellation_is_found(shop_account: Account) -> None:
    ended = datetime(2026, 2, 1, 12, tzinfo=UTC)
    with acting.at(ended):
        quote = quotes.draw_up(
            shop_account,
            [AddSeats("support", 3)],
            occasion=acting.occasion(by=people.user("olivia"), on=date(2026, 2, 1)),
        )
        Quote.objects.update(state=Quote.State.CLOSED)
        lifecycle.move(shop_account, AccountState.CANCELLED, occasion=acting.occasion())
    Charge.objects.create(
        subscription_id=shop_account.pk,
        quote=quote,
        amount=Money(5, shop_account.currency),
        state=Charge.State.FAILED,
        created_at=ended + timedelta(seconds=1),
    )
    assert [one.name for one in invariants.broken()] == [
        "no charge is created after its account was cancelled, but by the link of an invoice open then"
    ]


@pytest.mark.breaks_invariants
@pytest.mark.parametrize(
    ("broken", "found"),
    [
        ("UPDATE billing_invoice SET taxes = '[]'", [TAX_SUM, TAX_ROWS]),
        ("UPDATE billing_invoice SET taxes = jsonb_set(taxes, '{0,base}', '3796')", [TAX_ROWS]),
        ("UPDATE billing_invoiceline SET taxes = '[]'", [TAX_ROWS]),
        ("UPDATE billing_invoiceline SET taxes = taxes || taxes", [TAX_ROWS, "a line bears each tax once"]),
    ],
)
def test_a_table_of_taxes_that_does_not_add_up_is_found(
    taxed_invoice: Account, broken: str, found: list[str]
) -> None:
    assert invariants.broken() == []
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        for table in ("billing_invoice", "billing_invoiceline"):
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        cursor.execute(broken)
    assert [one.name for one in invariants.broken()] == found
