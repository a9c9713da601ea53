"""Staff read why accounts were cancelled, and give one back within its 90 days."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.test import Client

from accounts.models import Account, Activity
from billing import cancellation
from billing.models import Cancellation, Charge
from tests import acting, people, shop
from tests.console.reading import JULY_14, acme_at, open_as, signed_in, text

pytestmark = pytest.mark.django_db
LIST = "/vendor/billing/cancellation/"
FIGURES = f"{LIST}figures/"


@pytest.fixture
def vera() -> Client:
    return signed_in(people.vera())


@pytest.fixture
def cancelled(db: None) -> Cancellation:
    """Acme, cancelled at once by Olivia on 14 July 2023 with 34.52 forfeited."""
    account = acme_at()
    shop.subscribe(account, {"support": ("team", 10, "1.00")}, start=date(2022, 10, 27))
    return cancel(account, "too_expensive", "Twice what we can pay")


def cancel(account: Account, reason: str, words: str) -> Cancellation:
    on = date(2023, 7, 14)
    with acting.at(JULY_14):
        sheet = cancellation.consequences(account, on)
        owner = account.memberships.get(role="owner").user
        return cancellation.cancel_now(
            account, mark=sheet.mark, reason=reason, text=words, occasion=acting.occasion(by=owner, on=on)
        )


def test_vera_reads_the_reason_and_gives_the_account_back(cancelled: Cancellation, vera: Client) -> None:
    page = text(vera.get(f"{LIST}{cancelled.pk}/change/"))
    # 10 × 1.00 × 12 × 105/365
    for words in ("Too expensive", "Twice what we can pay", "forfeited $34.52", "2023-10-12"):
        assert words in page, words
    way = f"{LIST}{cancelled.pk}/restore/"
    assert "Nothing is charged now." in text(vera.get(way))
    assert vera.post(way, {"reason": " "}).status_code == 422
    assert open_as("olivia", "/a/acme/").status_code == 410
    done = vera.post(way, {"reason": "They called: a mistake"}, follow=True)
    assert "The account is back as it was. Nothing was charged." in text(done)
    assert open_as("olivia", "/a/acme/billing/subscription/").status_code == 200
    assert not Charge.objects.exists()
    entry = Activity.objects.latest("pk")
    assert (entry.by_staff, entry.actor_name, entry.reason) == (True, "Vera Vance", "They called: a mistake")
    again = vera.post(way, {"reason": "Twice"}, follow=True)
    assert "This account can’t be given back (any more)." in text(again)
    assert Activity.objects.filter(reason="Twice").count() == 0


def test_after_ninety_days_there_is_no_way_back(cancelled: Cancellation, vera: Client) -> None:
    late = JULY_14 + timedelta(days=90)
    Account.objects.update(clock=late)
    assert "restore" not in vera.get(f"{LIST}{cancelled.pk}/change/").content.decode()
    vera.post(f"{LIST}{cancelled.pk}/restore/", {"reason": "Too late"})
    assert Account.objects.get(slug="acme").state == "cancelled"
    assert vera.get(f"{LIST}999999/restore/").status_code == 404


def test_nobody_else_gives_an_account_back(cancelled: Cancellation, client: Client) -> None:
    way = f"{LIST}{cancelled.pk}/restore/"
    assert signed_in(people.user("olivia")).post(way, {"reason": "Mine"}).status_code == 404
    assert signed_in(people.user("olivia")).get(FIGURES).status_code == 404
    assert client.post(way, {"reason": "Mine"}).status_code == 302
    assert Account.objects.get(slug="acme").state == "cancelled"


def test_figures_by_reason_and_by_month(cancelled: Cancellation, vera: Client) -> None:
    for month, reason, at_end, undone in (
        (7, "too_expensive", True, False),
        (8, "too_expensive", False, True),
        (8, "not_needed", True, True),
        (11, "other", False, False),
    ):
        at = datetime(2023, month, 20, tzinfo=UTC)
        Cancellation.objects.create(
            account=cancelled.account,
            reason=reason,
            at_period_end=at_end,
            created_at=at,
            # One at a time is in force.
            undone_at=at if undone or month != 7 or at_end else None,
            state_before="active",
        )
    answer = vera.get(FIGURES, {"since": "2023-07-01", "until": "2023-08-20"})
    assert answer.status_code == 200
    figures = {name: bars for name, _head, bars in answer.context["tables"]}
    told = {bar.label: (bar.at_once, bar.at_period_end, bar.all, bar.share) for bar in figures["By reason"]}
    # Olivia's and one of August at once, one of July to its end; November lies outside.
    assert told["Too expensive"] == (2, 1, 3, 100)
    assert told["We no longer need it"] == (0, 1, 1, 33)
    assert told["Another reason"] == (0, 0, 0, 0)
    assert [(bar.label, bar.all) for bar in figures["By month"]] == [
        (date(2023, 7, 1), 2),
        (date(2023, 8, 1), 2),
    ]
    assert "July 2023" in text(answer)
    assert "Twice what we can pay" in text(answer)


@pytest.mark.parametrize(
    ("since", "until", "says"),
    [
        ("2023-08-01", "2023-07-01", "The period ends before it begins."),
        ("nonsense", "2023-07-01", "Enter a valid date."),
        ("", "", "This field is required."),
    ],
)
def test_a_period_that_is_none_is_told(vera: Client, since: str, until: str, says: str) -> None:
    answer = vera.get(FIGURES, {"since": since, "until": until})
    assert answer.status_code == 422
    assert says in text(answer)
