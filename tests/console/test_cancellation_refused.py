"""Cancelling at once is refused to whoever can't prove all of it, and ends nothing by half."""

from datetime import timedelta
from http import HTTPStatus
from typing import Any

import pytest
from django.conf import settings
from django.test import Client

from accounts import clock
from accounts.models import Account, User
from billing.models import Cancellation, Invoice
from tests import people
from tests.console.reading import signed_in, text
from tests.console.test_cancellation import AT_END, AT_ONCE, filled, olivia, two  # noqa: F401 - fixtures

pytestmark = pytest.mark.django_db


def nothing_ended() -> bool:
    return Account.objects.get(slug="acme").state == "active" and not Cancellation.objects.exists()


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ({"name": "acme"}, "This is not the account’s name. Type it exactly: Acme"),
        ({"name": " "}, "This field is required."),
        ({"name": "Globex"}, "This is not the account’s name."),
        ({"reason": ""}, "This field is required."),
        ({"reason": "because"}, "Select a valid choice."),
        ({"text": "x" * 2001}, "Ensure this value has at most 2000 characters"),
        ({"mark": "0" * 16}, "Something changed since you looked"),
        ({"mark": ""}, "Something changed since you looked"),
    ],
    ids=str,
)
def test_a_form_that_is_not_right_says_so_at_the_field(
    olivia: Client,  # noqa: F811
    typed: dict[str, str],
    says: str,
) -> None:
    answer = olivia.post(AT_ONCE, filled(olivia, **typed))
    assert answer.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    assert says in text(answer)
    assert nothing_ended()


@pytest.mark.parametrize("name", ["bilal", "adam", "agnes", "leo"])
def test_nobody_but_the_owner(olivia: Client, name: str) -> None:  # noqa: F811
    mine = filled(olivia)
    for path in (AT_ONCE, AT_END):
        assert signed_in(people.user(name)).post(path, mine).status_code == HTTPStatus.FORBIDDEN
    assert nothing_ended()


def test_strangers_and_staff_find_nothing(olivia: Client, globex: Account) -> None:  # noqa: F811
    mine = filled(olivia)
    for stranger in (User.objects.get(email="stella@globex.example"), people.vera()):
        assert signed_in(stranger).post(AT_ONCE, mine).status_code == HTTPStatus.NOT_FOUND
    assert Client().post(AT_ONCE, mine).status_code == HTTPStatus.FOUND
    assert nothing_ended()


def test_a_proof_of_six_minutes_ago_is_asked_for_again(
    olivia: Client,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert settings.ACCOUNT_REAUTHENTICATION_TIMEOUT == 5 * 60
    mine, later = filled(olivia), clock.now() + timedelta(minutes=6)
    monkeypatch.setattr(clock, "now", lambda account=None: later)
    answer = olivia.post(AT_ONCE, mine)
    assert answer.status_code == HTTPStatus.FOUND
    assert "/sign-in/reauthenticate/" in answer.headers["Location"]
    assert nothing_ended()


def test_without_any_proof_it_is_asked_for(two: Account) -> None:  # noqa: F811
    for method in ("get", "post"):
        answer: Any = getattr(signed_in(people.user("olivia")), method)(AT_ONCE)
        assert "/sign-in/reauthenticate/" in answer.headers["Location"]
    assert nothing_ended()


def test_the_same_form_a_second_time_meets_the_closed_page(olivia: Client) -> None:  # noqa: F811
    mine = filled(olivia)
    assert olivia.post(AT_ONCE, mine).status_code == HTTPStatus.FOUND
    assert olivia.post(AT_ONCE, mine).status_code == HTTPStatus.GONE
    assert Cancellation.objects.count() == 1


def test_a_stale_sheet_is_shown_again_with_what_was_beside_it(olivia: Client) -> None:  # noqa: F811
    mine = filled(olivia)
    # 25.00 came to the balance meanwhile.
    Account.objects.get(slug="acme").subscription.balance_entries.create(
        amount=("25.00", "USD"), reason="brought_in", created_at=clock.now()
    )
    answer = olivia.post(AT_ONCE, mine)
    assert answer.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    assert "Something changed since you looked" in text(answer)
    assert "$25.00" in text(answer)
    assert nothing_ended()
    assert not Invoice.objects.exists()
