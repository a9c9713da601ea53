"""The summary offers what can be given back, with its last day and amount; it is reviewed like any change."""

from datetime import timedelta
from decimal import Decimal

import pytest

from accounts.models import Account, Activity, Letter
from billing import quotes
from billing.models import AgentSeat, BalanceEntry, Invoice, Line, PaidSegment, Quote
from billing.rules.changes import AddSeats
from tests import acting, people, shop
from tests.console.paying_by_link import TODAY, at
from tests.console.reading import JULY_14, signed_in, text

pytestmark = pytest.mark.django_db(transaction=True)
PAGE = "/a/acme/billing/subscription/"
BACK = f"{PAGE}give-back/"


@pytest.fixture
def twelve(debtor: Account) -> Account:
    """10 → 11 and then 11 → 12 on 14 July 2023, at 1.00 and 20 %: of the last, 3.45 + 0.69 = 4.14 each."""
    with acting.at(JULY_14):
        olivia = acting.occasion(people.user("olivia"), TODAY)
        quote = quotes.draw_up(debtor, [AddSeats("support", 13)], occasion=olivia)
        quotes.confirm(quote.pk, occasion=olivia)
    return debtor


def test_olivia_gives_two_seats_back_and_the_balance_has_what_they_cost(twelve: Account) -> None:
    """11 → 13: 13 × 12.00 × 105/365 = 44.88 − 37.97 = 6.91, with tax 8.29; both back on 20 July."""
    at(JULY_14 + timedelta(days=6))
    olivia = signed_in(people.user("olivia"))
    page = text(olivia.get(PAGE))
    assert "2 seats were added on 14 July 2023. They can be given back once, until 20 July 2023" in page
    assert "For all 2 that are free, $8.29 goes to your credit balance" in page
    away = olivia.post(BACK, {"product": "support", "seats": 2})
    review = text(olivia.get(away["Location"]))
    assert "−$44.88" in review
    assert "Goes to the credit balance −$8.29" in review
    done = olivia.post(away["Location"], {"terms_version": ""}, follow=True)
    assert Quote.objects.latest("created_at").state == "confirmed", text(done)
    note = Invoice.objects.get(kind="credit_note")
    assert str(note.total) == "-$8.29"
    # Both charged seats of these days, at one moment: in the order of their numbers.
    assert [one["number"] for one in note.corrects] == ["INV-000001", "INV-000002"]
    assert sum(one.amount for one in BalanceEntry.objects.all()).amount == Decimal("8.29")
    (segment,) = PaidSegment.objects.filter(covers_until__gt=TODAY + timedelta(days=6))
    # It goes on from the day of purchase, as if it had been 11.
    assert (segment.covers_from, segment.quantity, str(segment.charged), segment.added) == (
        TODAY,
        11,
        "$37.97",
        0,
    )
    assert Line.objects.get().quantity == 11
    assert Activity.objects.filter(verb="subscription_changed").latest("pk").invoice == note.number
    assert Letter.objects.filter(kind="change_confirmed", facts__invoice=note.number).exists()
    assert "can be given back" not in text(olivia.get(PAGE))


def test_on_the_eighth_day_nothing_is_offered_and_nothing_confirmed(twelve: Account) -> None:
    at(JULY_14 + timedelta(days=6))
    olivia = signed_in(people.user("olivia"))
    review = olivia.post(BACK, {"product": "support", "seats": 1})["Location"]
    # Still within the day for which a quote is kept.
    at(JULY_14 + timedelta(days=6, hours=20))
    assert "can be given back" not in text(olivia.get(PAGE))
    late = olivia.post(review, {"terms_version": ""})
    assert "Nothing of Support can be given back any more" in text(late)
    told = text(olivia.post(BACK, {"product": "support", "seats": 1}, follow=True))
    assert "Nothing of Support can be given back any more" in told
    assert (Line.objects.get().quantity, Invoice.objects.filter(kind="credit_note").count()) == (13, 0)


def test_what_is_held_is_not_offered(twelve: Account) -> None:
    line = shop.line(twelve, "support")
    for name in ("olivia", "bilal", "adam", "agnes"):
        AgentSeat.objects.create(subscription_id=twelve.pk, line=line, membership=people.member(name, twelve))
    Line.objects.update(in_use=12)
    seen = text(signed_in(people.user("olivia")).get(PAGE))
    assert "For the one that is free, $4.15 goes to your credit balance" in seen
    Line.objects.update(in_use=13)
    assert "All of them are held" in text(signed_in(people.user("olivia")).get(PAGE))
    Line.objects.update(in_use=4)


def test_adam_learns_who_can_and_gives_nothing_back(twelve: Account) -> None:
    adam = signed_in(people.user("adam"))
    seen = text(adam.get(PAGE))
    assert "can be given back once" in seen
    assert "Review what comes back" not in seen
    assert adam.post(BACK, {"product": "support", "seats": 1}).status_code == 403
    assert not Quote.objects.filter(person=people.user("adam")).exists()


def test_where_no_costs_are_shown_nothing_is_offered(twelve: Account) -> None:
    Account.objects.filter(pk=twelve.pk).update(type="assisted")
    assert "give back" not in text(signed_in(people.user("olivia")).get(PAGE))


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({}, "Choose how many"),
        ({"product": "support", "seats": "x"}, "Choose how many"),
        ({"product": "support", "seats": "0"}, "Choose how many"),
        ({"product": "support", "seats": "3"}, "choose from 11 to 12"),
        ({"product": "support", "seats": "13"}, "can be given back any more"),
        ({"product": "nothing", "seats": "1"}, "can be given back any more"),
    ],
)
def test_bad_input_is_told(twelve: Account, fields: dict[str, str], says: str) -> None:
    told = text(signed_in(people.user("olivia")).post(BACK, fields, follow=True))
    assert says in told
    assert not Quote.objects.filter(state="open").exists()
