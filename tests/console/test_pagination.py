"""Where a list goes on, as its address says it: anybody may write another, and reads the first page."""

import base64
import json
from typing import Any

import pytest
from django.test import Client

from accounts.models import Account, Activity
from tests import acting, people
from tests.console.reading import JULY_14, acme_at, signed_in, text

FIRST = "2023-07-14T14:00:00+00:00"
# Where the trail is said to go on: a moment and the id of an entry.
ODD_MOMENTS: dict[str, list[Any]] = {
    "an id below all": [FIRST, -1],
    "an id beyond all": [FIRST, 2**63],
    "a truth for an id": [FIRST, True],
    "a text for an id": [FIRST, "1"],
    "a moment of no zone": ["2023-07-14T14:00:00", 1],
    "a moment before calendars": ["0001-01-01T00:00:00+00:00", 1],
    "a moment after them": ["9999-12-31T23:59:59-12:00", 1],
    "no moment": [7, 1],
    "one thing alone": [FIRST],
}
# Where the list of people is: a name and the id of a member.
ODD_NAMES: dict[str, list[Any]] = {
    "a name with a NUL": ["Ad\x00am", 1],
    "half a letter": ["Ad\ud800am", 1],
}


def place(found: list[Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(found).encode()).decode()


@pytest.fixture
def olivia(db: None) -> Client:
    account = acme_at()
    with acting.at(JULY_14):
        for number in range(60):
            Activity.objects.create(
                account=account, verb="member_joined", subject=f"member:{number}", at=JULY_14
            )
    return signed_in(people.user("olivia"))


def test_a_place_that_is_one_is_gone_to(olivia: Client) -> None:
    newest = Activity.objects.latest("pk").pk
    path = f"/a/{Account.objects.get().slug}/activity/"
    assert text(olivia.get(path, {"after": place([FIRST, newest - 55])})) != text(olivia.get(path))


@pytest.mark.parametrize("way", ["after", "before"])
@pytest.mark.parametrize("odd", ODD_MOMENTS)
def test_a_place_in_the_trail_that_is_none_is_the_first_page(olivia: Client, odd: str, way: str) -> None:
    path = "/a/acme/activity/"
    first, answer = olivia.get(path), olivia.get(path, {way: place(ODD_MOMENTS[odd])})
    assert answer.status_code == 200
    assert text(answer) == text(first)


@pytest.mark.parametrize("odd", ODD_NAMES)
def test_a_place_among_people_that_is_none_is_the_first_page(olivia: Client, odd: str) -> None:
    first, answer = (
        olivia.get("/a/acme/people/"),
        olivia.get("/a/acme/people/", {"after": place(ODD_NAMES[odd])}),
    )
    assert answer.status_code == 200
    assert text(answer) == text(first)
