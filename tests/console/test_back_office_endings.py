"""Staff end a managed account for its owner, at once or with its period, and undo that until its day."""

import re
from datetime import UTC, date, datetime

import pytest
from django.test import Client

from accounts.models import Account, Activity, Letter
from accounts.rules.decision import NotAllowed
from billing import cancellation
from billing.models import Cancellation, ScheduledChange
from tests import acting, people, shop
from tests.console.reading import signed_in, text

pytestmark = pytest.mark.django_db(transaction=True)
NOON = datetime(2023, 7, 14, 16, tzinfo=UTC)
WHY = {"why": "other_product", "reason": "They wrote to us on 12 July"}


@pytest.fixture
def vera(db: None) -> Client:
    return signed_in(people.vera())


def managed(**fields: str) -> Account:
    """Acme, managed, on 14 July 2023: 10 seats at 12.00 a month, paid for a year until 27 October."""
    values = {"type": "managed"} | fields
    account = people.acme(is_sandbox=True, clock=NOON, **values)
    shop.subscribe(account, {"support": ("team", 10, "12.00")}, start=date(2022, 10, 27))
    return account


def page(account: Account) -> str:
    return f"/vendor/accounts/account/{account.pk}/end/"


def post(vera: Client, account: Account, act: str, **given: str):  # type: ignore[no-untyped-def]
    (mark,) = re.findall(r'name="mark" value="([^"]+)"', vera.get(page(account)).content.decode())
    return vera.post(page(account), WHY | {"mark": mark, "act": act} | given, follow=True)


def test_vera_ends_it_with_its_period_and_undoes_that(vera: Client) -> None:
    """1,440.00 × 105/365 = 414.25 are lost at once, nothing with the period."""
    acme = managed()
    told = text(vera.get(page(acme)))
    assert "You act as yourself, Vera Vance, for the owner of Acme" in told
    assert (
        "Paid and not used, if it ends at once $414.25 Paid and not used, if it ends with its period $0.00"
        in told
    )
    done = text(post(vera, acme, "end"))
    assert "The account ends with its period. Its owner is notified." in done
    assert "27 October 2023" in done
    assert "Undo the end" in done
    entry = Activity.objects.get(verb="cancellation_scheduled")
    assert (entry.actor_name, entry.by_staff, entry.reason) == ("Vera Vance", True, WHY["reason"])
    letter = Letter.objects.get(kind="cancellation_scheduled", user=people.user("olivia"))
    assert (letter.facts["by"], letter.facts["why"]) == ("Vera Vance", WHY["reason"])
    trail = text(signed_in(people.user("olivia")).get("/a/acme/activity/"))
    assert WHY["reason"] in trail
    assert "The end is undone" in text(
        vera.post(page(acme), {"reason": "They stay", "act": "undo"}, follow=True)
    )
    assert not ScheduledChange.objects.exists()
    assert Activity.objects.get(verb="change_undone").reason == "They stay"
    assert Cancellation.objects.get().undone_at is not None


def test_vera_ends_it_at_once_and_the_owner_reads_who_and_why(vera: Client) -> None:
    acme = managed(type="assisted")
    assert "The account is cancelled. Its members are notified." in text(post(vera, acme, "now"))
    acme.refresh_from_db()
    assert acme.state == "cancelled"
    letter = Letter.objects.get(kind="account_cancelled", user=people.user("olivia"))
    assert (letter.facts["by"], letter.facts["why"]) == ("Vera Vance", WHY["reason"])
    assert Cancellation.objects.get().by_name == "Vera Vance"
    assert "Our staff end online-assisted and managed accounts that are not cancelled." in text(
        vera.get(page(acme), follow=True)
    )


@pytest.mark.parametrize(
    ("given", "said"),
    [({"reason": " "}, "This field is required."), ({"why": "bored"}, "is not one of the available choices")],
)
def test_what_is_wrong_is_said_and_nothing_ends(vera: Client, given: dict[str, str], said: str) -> None:
    acme = managed()
    answer = post(vera, acme, "now", **given)
    assert answer.status_code == 422
    assert said in text(answer)
    assert not Cancellation.objects.exists()


def test_what_was_not_shown_is_not_done(vera: Client) -> None:
    acme = managed()
    assert "Something changed meanwhile. Nothing was done" in text(post(vera, acme, "now", mark="x:y"))
    assert not Cancellation.objects.exists()


def test_a_self_service_account_is_its_owners(vera: Client) -> None:
    acme = managed(type="self_service")
    assert "The owner of a self-service account ends it." in text(vera.get(page(acme), follow=True))
    sheet = cancellation.consequences(acme, NOON.date())
    for name, by_staff in (("vera", True), ("bilal", True), ("bilal", False)):
        person = people.vera() if name == "vera" else people.user(name)
        with acting.at(NOON, by_staff=by_staff), pytest.raises(NotAllowed):
            cancellation.cancel_now(
                acme,
                mark=sheet.mark,
                reason="other",
                text="x",
                occasion=acting.occasion(by=person, on=NOON.date()),
            )
    assert signed_in(people.user("olivia")).get(page(acme)).status_code == 404
