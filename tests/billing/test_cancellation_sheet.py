"""The sums on the sheet before a cancellation are the ledger's, reckoned again in SQL for the whole demo."""

from decimal import Decimal

import pytest
from django.db import connection

from accounts import clock
from accounts.models import Account
from billing import cancellation
from billing.rules.money import to_minor
from tests import acting
from tests.billing.test_demo import NOW, made, only

# Of days that were paid and not used; discounted ones come at most to what was charged for them.
FORFEITED = """
SELECT p.key, s.discounts = '[]', sum(least(
    round(s.unit_price * s.quantity * s.months * (s.covers_until - greatest(s.covers_from, %(on)s))
        / (s.term_end - s.term_start), %(places)s),
    s.charged - s.credited))
FROM billing_paidsegment s JOIN billing_line l ON l.id = s.line_id
JOIN billing_product p ON p.id = l.product_id
WHERE s.subscription_id = %(account)s AND s.covers_until > %(on)s GROUP BY 1, 2
"""
TEMPORARY = """
SELECT coalesce(sum(quantity), 0), coalesce(sum(
    round(charged * (ends_on - greatest(starts_on, %(on)s)) / (ends_on - starts_on), %(places)s)), 0)
FROM billing_temporaryseats WHERE subscription_id = %(account)s AND ends_on > %(on)s
"""
OWED = """
SELECT coalesce(sum(i.due), 0) FROM billing_invoice i WHERE i.subscription_id = %(account)s AND i.due > 0
AND NOT EXISTS (SELECT FROM billing_invoicepayment p WHERE p.invoice_id = i.id)
"""
BALANCE = "SELECT coalesce(sum(amount), 0) FROM billing_balanceentry WHERE subscription_id = %(account)s"


def asked(sql: str, **values: object) -> list[tuple[object, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return list(cursor.fetchall())


@pytest.mark.django_db(transaction=True)
def test_the_sheets_of_the_demo_are_the_ledgers(monkeypatch: pytest.MonkeyPatch) -> None:
    # Two thousand members take their time and change no sum.
    only(monkeypatch, lambda name: name != "polaris")
    made(NOW)
    exact = rounded = owing = lent = 0
    for account in Account.objects.exclude(state="cancelled").filter(subscription__isnull=False):
        with acting.at(clock.now(account)):
            on = clock.today(account)
            sheet = cancellation.consequences(account, on)

        def minor(amount: object, currency: str = account.currency) -> int:
            return to_minor(Decimal(str(amount)), currency)

        told = {one.product: one.amount for one in sheet.forfeits if not one.temporary}
        places = 0 if account.currency == "JPY" else 2
        found = asked(FORFEITED, account=account.pk, on=on, places=places)
        assert set(told) == {key for key, _plain, _amount in found}
        for key, plain, amount in found:
            one_kind = [row[1] for row in found if row[0] == key] == [True]
            if one_kind:
                assert told[str(key)] == minor(amount), (account, key)
                exact += 1
            else:
                assert not plain or told[str(key)] >= minor(amount)
                assert told[str(key)] <= sum(minor(row[2]) for row in found if row[0] == key)
                rounded += 1
        ((seats, charged),) = asked(TEMPORARY, account=account.pk, on=on, places=places)
        assert sheet.temporary == seats, account
        lent_for = sum(one.amount for one in sheet.forfeits if one.temporary)
        # Days of a short period are worth more than those of a long one, by at most 3 days in 28.
        assert abs(lent_for - minor(charged)) <= minor(charged) * 3 // 28 + 1, account
        assert sheet.forfeited_net == sum(told.values()) + lent_for, account
        lent += sheet.temporary > 0
        ((owed,),) = asked(OWED, account=account.pk)
        assert sheet.owed - sheet.carried_over == minor(owed), account
        owing += sheet.owed > 0
        ((balance,),) = asked(BALANCE, account=account.pk)
        assert sheet.balance == max(minor(balance), 0), account
    assert exact >= 8
    assert rounded >= 1
    assert owing >= 2
    assert lent >= 1
