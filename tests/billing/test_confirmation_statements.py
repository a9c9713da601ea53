"""What one confirmation asks of the database: everybody on the same account waits for it."""

from datetime import date

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from billing import quotes
from billing.models import PaymentMethod, Quote
from billing.rules.changes import AddSeats
from tests import acting, people, shop

TODAY = date(2023, 7, 14)


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("acting")
def test_a_confirmation_takes_few_statements_in_three_transactions() -> None:
    """What is to be paid is committed before it is sent, and what was paid after it: no fewer would do."""
    acme = people.acme(timezone="UTC")
    shop.subscribe(acme, {"support": ("team", 10, "1.00")}, start=date(2022, 10, 27))
    PaymentMethod.objects.create(
        subscription_id=acme.pk, kind="card", brand="Visa", last_four="4242", reference="test_approves"
    )
    occasion = acting.occasion(by=people.user("olivia"), on=TODAY)
    for seats in (11, 12):
        quote = quotes.draw_up(acme, [AddSeats("support", seats)], occasion=occasion)
        with CaptureQueriesContext(connection) as queries:
            assert quotes.confirm(quote.pk, occasion=occasion).state == Quote.State.CONFIRMED
    told = [query["sql"].split()[0] for query in queries]
    assert told.count("COMMIT") == 3
    assert len([one for one in told if one not in ("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE")]) <= 50, told
