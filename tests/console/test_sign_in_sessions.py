"""How long a session lasts, where a person is signed in, and ending that."""

from datetime import UTC, datetime, timedelta
from http import HTTPStatus

import pytest
import time_machine
from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.test import Client

from accounts.models import Account
from tests import people
from tests.people import PASSWORD

START = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


def signed_in(email: str = "olivia@acme.example", agent: str = "Firefox") -> Client:
    client = Client(headers={"user-agent": agent})
    answer = client.post("/sign-in/login/", {"login": email, "password": PASSWORD})
    assert answer.status_code == HTTPStatus.FOUND
    return client


def works(client: Client) -> bool:
    return client.get("/sign-in/sessions/").status_code == HTTPStatus.OK


def test_a_session_ends_after_thirty_idle_minutes(acme: Account) -> None:
    with time_machine.travel(START, tick=False) as clock:
        client = signed_in()
        clock.shift(29 * MINUTE)
        assert works(client)
        clock.shift(29 * MINUTE)
        assert works(client)
        clock.shift(32 * MINUTE)
        assert not works(client)
        # It has ended: going back in time does not revive it.
        clock.shift(-32 * MINUTE)
        assert not works(client)


def test_a_session_ends_after_twelve_hours_however_busy(acme: Account) -> None:
    with time_machine.travel(START, tick=False) as clock:
        client = signed_in()
        for _visit in range(12 * 3):
            clock.shift(20 * MINUTE)
            assert works(client)
        clock.shift(MINUTE)
        assert not works(client)


def test_a_session_that_was_never_used_is_not_younger_for_it(acme: Account) -> None:
    """Its age counts from signing in, not from the first page."""
    with time_machine.travel(START, tick=False) as clock:
        client = signed_in()
        clock.shift(31 * MINUTE)
        assert not works(client)


def test_a_busy_minute_writes_the_session_once(acme: Account) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    client = signed_in()
    assert works(client)
    with CaptureQueriesContext(connection) as queries:
        client.get("/a/nowhere/")
    assert not [query for query in queries if query["sql"].startswith(("UPDATE", "INSERT"))]


def test_the_cookie_goes_with_the_browser_and_is_out_of_reach_of_scripts(acme: Account) -> None:
    cookie = signed_in().cookies["session"]
    assert (cookie["max-age"], cookie["expires"]) == ("", "")
    assert (cookie["httponly"], cookie["samesite"], cookie["path"]) == (True, "Lax", "/")


def test_olivia_sees_where_she_is_signed_in_and_ends_the_others(acme: Account) -> None:
    laptop, phone, adam = signed_in(agent="Firefox"), signed_in(agent="Phone"), signed_in("adam@acme.example")
    page = laptop.get("/sign-in/sessions/").content.decode()
    assert UserSession.objects.count() == 3
    assert page.count('<th scope="row">') == 2
    # A session alone does not end the others: whoever took it over would shut the owner out.
    assert laptop.post("/sign-in/sessions/")["Location"].startswith("/sign-in/reauthenticate/")
    assert works(phone)
    laptop.post("/sign-in/reauthenticate/", {"password": PASSWORD})
    laptop.post("/sign-in/sessions/")
    assert works(laptop)
    assert not works(phone)
    assert works(adam)
    assert UserSession.objects.filter(user=people.user("olivia")).count() == 1


def test_a_changed_password_ends_the_other_sessions(acme: Account) -> None:
    laptop, phone = signed_in(), signed_in()
    new = "four new horses battery"
    laptop.post("/sign-in/password/change/", {"oldpassword": PASSWORD, "password1": new, "password2": new})
    assert works(laptop)
    assert not works(phone)


def test_signing_out_leaves_nothing_in_the_database(acme: Account) -> None:
    client = signed_in()
    client.post("/sign-in/logout/")
    assert not Session.objects.exists()


def test_a_made_up_session_is_nobody(acme: Account, client: Client) -> None:
    for value in ("x" * 32, "' OR 1=1 --", "\x00", "é" * 40):
        client.cookies["session"] = value
        assert client.get("/a/acme/").status_code == HTTPStatus.FOUND


@pytest.mark.parametrize("email", ["olivia@acme.example", "bilal@acme.example"])
def test_open_sessions_of_a_cancelled_account_reach_nothing(acme: Account, email: str) -> None:
    client = signed_in(email)
    Account.objects.filter(pk=acme.pk).update(state="cancelled", cancelled_at=START)
    for page in ("", "people/", "billing/subscription/", "billing/payment/", "activity/"):
        assert client.get(f"/a/acme/{page}").status_code == HTTPStatus.GONE


def test_a_member_who_was_suspended_finds_no_account(acme: Account) -> None:
    client = signed_in("adam@acme.example")
    assert client.get("/a/acme/billing/contacts/").status_code == HTTPStatus.OK
    member = people.member("adam", acme)
    member.suspended_at = START
    member.save()
    assert client.get("/a/acme/billing/contacts/").status_code == HTTPStatus.NOT_FOUND
