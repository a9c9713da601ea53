"""A preview writes nothing: no row, no number of a sequence, whatever is asked for."""

from datetime import date

import pytest
from django.db import connection
from django.test import Client

from accounts.models import Account
from billing import quotes
from billing.rules.changes import (
    AddProduct,
    AddSeats,
    Change,
    ChangeCycle,
    ChangeEdition,
    Extend,
    ReduceSeats,
    RemoveProduct,
    UsePromoCode,
)
from billing.rules.periods import Cycle
from billing.rules.quoting import UndecidedConflict
from billing.rules.refusals import Refusal
from tests import acting, people, shop
from tests.console.changing import LIVE, PREVIEW, pay_by_card, wish
from tests.console.reading import acme_at

TODAY = date(2023, 7, 14)


def written() -> dict[str, object]:
    """Return how many rows every table holds, and where every sequence stands."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1")
        tables = [name for (name,) in cursor.fetchall()]
        counted = " UNION ALL ".join(f"SELECT '{name}', count(*) FROM \"{name}\"" for name in tables)
        cursor.execute(counted)
        found: dict[str, object] = dict(cursor.fetchall())
        cursor.execute("SELECT sequencename, last_value FROM pg_sequences")
        return found | dict(cursor.fetchall())


@pytest.fixture
def ledger(db: None) -> Account:
    account = acme_at()
    shop.subscribe(account, {"support": ("team", 10, "1.00")}, start=date(2022, 10, 27))
    pay_by_card(account)
    return account


WISHES: list[list[Change]] = [
    [AddSeats("support", 11)],
    [ReduceSeats("support", 5)],
    [ChangeEdition("support", "professional")],
    [AddProduct("guide", "team", 3), AddSeats("support", 12)],
    [ChangeCycle(Cycle.MONTHLY)],
    [Extend()],
    [RemoveProduct("support")],
    [UsePromoCode("NOSUCHCODE")],
    [AddSeats("support", 10**9)],
]


@pytest.mark.django_db
def test_whatever_is_priced_nothing_is_written(ledger: Account) -> None:
    before, priced = written(), 0
    for changes in WISHES:
        for day in (TODAY, date(2023, 7, 23), date(2023, 10, 27)):
            try:
                quotes.price(ledger, changes, occasion=acting.occasion(by=people.user("olivia"), on=day))
                priced += 1
            except (Refusal, UndecidedConflict):
                pass
    assert priced >= 12
    assert written() == before


@pytest.mark.django_db
def test_the_live_summary_writes_nothing(ledger: Account, client: Client) -> None:
    client.force_login(people.user("olivia"))
    client.get(PREVIEW)
    before = written()
    for seats in ("11", "5", "0", "1e9", ""):
        answer = client.post(PREVIEW, wish(seats_support=seats), headers=LIVE)
        assert answer.status_code == 200
    assert written() == before
