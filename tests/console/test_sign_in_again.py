"""Second factor, and showing again who one is before a step that can't be taken back."""

import json
import time
from http import HTTPStatus

import pytest
import time_machine
from allauth.core.exceptions import ReauthenticationRequired
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, hotp_value
from allauth.usersessions.models import UserSession
from django.contrib.auth.models import AnonymousUser
from django.core import mail
from django.http import HttpRequest, HttpResponse
from django.test import Client, override_settings
from django.urls import path

from accounts.models import Account, User
from accounts.rules.decision import Action
from admin_center import urls
from admin_center.pages import AccountRequest, page
from admin_center.sign_in import sessions
from tests import people
from tests.people import PASSWORD

SECRET = "JBSWY3DPEHPK3PXP"
NOW = 1_795_000_000


def code(at: float | None = None) -> str:
    """Return what Olivia's authenticator app shows."""
    return format_hotp_value(hotp_value(SECRET, int(at if at is not None else time.time()) // 30))


def with_second_factor(user: User) -> list[str]:
    """Give a person the app of `code()`, and return the recovery codes."""
    TOTP.activate(user, SECRET)
    return RecoveryCodes.activate(user).get_unused_codes()


def sign_in_by_form(client: Client, email: str = "olivia@acme.example") -> HttpResponse:
    return client.post("/sign-in/login/", {"login": email, "password": PASSWORD})


# --- The second factor ---------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_olivia_sets_up_her_app_and_needs_it_from_then_on(client: Client) -> None:
    """In real transactions: the letter is sent when the secret is committed."""
    people.acme()
    sign_in_by_form(client)
    page = client.get("/sign-in/2fa/totp/activate/", follow=True)
    assert page.request["PATH_INFO"] == "/sign-in/reauthenticate/"
    client.post("/sign-in/reauthenticate/?next=/sign-in/2fa/totp/activate/", {"password": PASSWORD})
    assert client.get("/sign-in/2fa/totp/activate/").status_code == HTTPStatus.OK
    secret = client.session["mfa.totp.secret"]
    right = format_hotp_value(hotp_value(secret, int(time.time()) // 30))
    done = client.post("/sign-in/2fa/totp/activate/", {"code": right})
    assert done["Location"] == "/sign-in/2fa/recovery-codes/"
    assert [letter.to for letter in mail.outbox] == [["olivia@acme.example"]]
    stored = Authenticator.objects.get(type="totp").data["secret"]
    assert secret not in stored
    elsewhere = Client()
    assert sign_in_by_form(elsewhere)["Location"].startswith("/sign-in/2fa/authenticate/")
    assert elsewhere.get("/a/acme/").status_code == HTTPStatus.FOUND


def test_a_code_works_once_and_a_wrong_one_never(acme: Account) -> None:
    with_second_factor(people.user("olivia"))
    with time_machine.travel(NOW, tick=False):
        first, second = Client(), Client()
        sign_in_by_form(first)
        wrong = first.post("/sign-in/2fa/authenticate/", {"code": "000000"})
        assert wrong.status_code == HTTPStatus.OK
        assert "_auth_user_id" not in first.session
        assert first.post("/sign-in/2fa/authenticate/", {"code": code()}).status_code == HTTPStatus.FOUND
        sign_in_by_form(second)
        again = second.post("/sign-in/2fa/authenticate/", {"code": code()})
        assert again.status_code == HTTPStatus.OK
        assert "_auth_user_id" not in second.session


def test_a_recovery_code_replaces_the_app_once(acme: Account) -> None:
    codes = with_second_factor(people.user("olivia"))
    assert len(set(codes)) == 10
    answers = []
    for _time in range(2):
        client = Client()
        sign_in_by_form(client)
        answers.append(client.post("/sign-in/2fa/authenticate/", {"code": codes[0]}).status_code)
    assert answers == [HTTPStatus.FOUND, HTTPStatus.OK]


def test_the_sixth_wrong_code_is_refused(acme: Account) -> None:
    with_second_factor(people.user("olivia"))
    client = Client()
    sign_in_by_form(client)
    for number in range(5):
        answer = client.post("/sign-in/2fa/authenticate/", {"code": f"00000{number}"})
        assert answer.status_code == HTTPStatus.OK
    sixth = client.post("/sign-in/2fa/authenticate/", {"code": "000009"})
    assert sixth.status_code == HTTPStatus.TOO_MANY_REQUESTS
    assert client.post("/sign-in/2fa/authenticate/", {"code": code()}).status_code == 429
    assert "_auth_user_id" not in client.session


def test_the_page_of_the_second_factor_needs_the_first(db: None, client: Client) -> None:
    assert client.get("/sign-in/2fa/authenticate/")["Location"] == "/sign-in/login/"


def test_a_reset_password_does_not_go_round_the_second_factor(acme: Account, client: Client) -> None:
    olivia = people.user("olivia")
    with_second_factor(olivia)
    olivia.set_password("four new horses battery")
    olivia.save()
    answer = client.post("/sign-in/login/", {"login": olivia.email, "password": "four new horses battery"})
    assert answer["Location"].startswith("/sign-in/2fa/authenticate/")


@pytest.mark.parametrize(
    "address",
    ["totp/activate/", "totp/deactivate/", "recovery-codes/", "recovery-codes/generate/",
     "recovery-codes/download/"],
)  # fmt: skip
@pytest.mark.parametrize("method", ["get", "post"])
def test_a_borrowed_session_does_not_touch_the_second_factor(
    acme: Account, client: Client, address: str, method: str
) -> None:
    with_second_factor(people.user("olivia"))
    client.force_login(people.user("olivia"))
    before = list(Authenticator.objects.order_by("pk").values("pk", "type", "data"))
    answer = getattr(client, method)(f"/sign-in/2fa/{address}")
    assert (
        answer["Location"]
        == f"/sign-in/reauthenticate/?next=%2Fsign-in%2F2fa%2F{address.replace('/', '%2F')}"
    )
    assert list(Authenticator.objects.order_by("pk").values("pk", "type", "data")) == before
    # What was posted is not kept for later.
    assert "account_reauthentication_state" not in client.session


# --- Showing again who one is --------------------------------------------------------------------


@page(Action.ENTER, fresh=True)
def grave(request: AccountRequest) -> HttpResponse:
    """Stand for a page that can't be taken back: says what it was asked to do."""
    return HttpResponse(f"{request.method} {request.POST.get('name', '')}")


def library(request: HttpRequest) -> HttpResponse:
    """Stand for a page of allauth that asks by itself, as one of a later version might."""
    raise ReauthenticationRequired


urlpatterns = [*urls.urlpatterns, path("a/<slug:slug>/grave/", grave), path("library/", library)]
handler404 = urls.handler404
graves = override_settings(ROOT_URLCONF=__name__)


def password_again(client: Client, **fields: str) -> HttpResponse:
    return client.post("/sign-in/reauthenticate/?next=/a/acme/grave/", {"password": PASSWORD} | fields)


@graves
def test_a_fresh_sign_in_does_not_count(acme: Account, client: Client) -> None:
    sign_in_by_form(client)
    for answer in (client.get("/a/acme/grave/"), client.post("/a/acme/grave/", {"name": "Acme"})):
        assert answer["Location"] == "/sign-in/reauthenticate/?next=%2Fa%2Facme%2Fgrave%2F"


@graves
def test_the_password_opens_the_page_and_repeats_nothing_that_was_posted(
    acme: Account, client: Client
) -> None:
    sign_in_by_form(client)
    client.post("/a/acme/grave/", {"name": "Acme"})
    back = password_again(client)
    assert (back.status_code, back["Location"]) == (HTTPStatus.FOUND, "/a/acme/grave/")
    assert client.get("/a/acme/grave/").content == b"GET "
    assert client.post("/a/acme/grave/", {"name": "Acme"}).content == b"POST Acme"


@graves
def test_where_the_library_asks_by_itself_nothing_that_was_posted_is_kept(
    acme: Account, client: Client
) -> None:
    sign_in_by_form(client)
    answer = client.post("/library/", {"name": "Acme"})
    assert answer["Location"] == "/sign-in/reauthenticate/?next=%2Flibrary%2F"
    assert "account_reauthentication_state" not in client.session


@graves
def test_a_wrong_password_opens_nothing_and_the_sixth_is_refused(acme: Account, client: Client) -> None:
    sign_in_by_form(client)
    answers = [password_again(client, password="wrong").status_code for _try in range(6)]
    assert answers == [HTTPStatus.OK] * 5 + [HTTPStatus.TOO_MANY_REQUESTS]
    assert client.get("/a/acme/grave/").status_code == HTTPStatus.FOUND


@graves
def test_it_is_over_after_five_minutes(acme: Account, client: Client) -> None:
    with time_machine.travel(NOW, tick=False) as clock:
        sign_in_by_form(client)
        password_again(client)
        clock.shift(299)
        assert client.get("/a/acme/grave/").status_code == HTTPStatus.OK
        clock.shift(2)
        assert client.get("/a/acme/grave/").status_code == HTTPStatus.FOUND


@graves
def test_who_has_a_second_factor_shows_both(acme: Account, client: Client) -> None:
    """domain.md 8: re-entering the password (and second factor)."""
    codes = with_second_factor(people.user("olivia"))
    sign_in_by_form(client)
    client.post("/sign-in/2fa/authenticate/", {"code": codes[0]})
    password_again(client)
    second = client.get("/a/acme/grave/")
    assert second["Location"] == "/sign-in/2fa/reauthenticate/?next=%2Fa%2Facme%2Fgrave%2F"
    client.post("/sign-in/2fa/reauthenticate/?next=/a/acme/grave/", {"code": codes[1]})
    assert client.get("/a/acme/grave/").status_code == HTTPStatus.OK
    # The code alone does not suffice either.
    other = Client()
    sign_in_by_form(other)
    other.post("/sign-in/2fa/authenticate/", {"code": codes[2]})
    other.post("/sign-in/2fa/reauthenticate/?next=/a/acme/grave/", {"code": codes[3]})
    assert other.get("/a/acme/grave/")["Location"].startswith("/sign-in/reauthenticate/")


@graves
def test_the_session_gets_a_new_key_and_stays_in_the_list(acme: Account, client: Client) -> None:
    sign_in_by_form(client)
    before = client.cookies["session"].value
    password_again(client)
    after = client.cookies["session"].value
    assert after != before
    assert [one.session_key for one in UserSession.objects.all()] == [after]
    stolen = Client()
    stolen.cookies["session"] = before
    assert stolen.get("/a/acme/").status_code == HTTPStatus.FOUND


@graves
def test_the_page_does_not_ask_before_the_door(acme: Account, globex: Account, client: Client) -> None:
    """A stranger is told nothing, not even that the page wants a password."""
    client.force_login(people.user("olivia"))
    assert client.get("/a/globex/grave/").status_code == HTTPStatus.NOT_FOUND


def test_nobody_has_shown_anything_when_nobody_is_signed_in() -> None:
    request = HttpRequest()
    request.user = AnonymousUser()
    assert not sessions.recently_authenticated(request)


@graves
def test_who_has_only_the_product_login_is_not_let_through_without_it(acme: Account, client: Client) -> None:
    """The library takes such a person for freshly confirmed, always."""
    olivia = people.user("olivia")
    olivia.set_unusable_password()
    olivia.save()
    client.force_login(olivia)
    assert client.get("/a/acme/grave/").status_code == HTTPStatus.FORBIDDEN


def test_what_was_proved_is_not_proved_for_another_person(acme: Account, client: Client) -> None:
    sign_in_by_form(client)
    password_again(client)
    records = json.dumps(client.session["account_authentication_methods"])
    client.force_login(people.user("bilal"))
    session = client.session
    session["account_authentication_methods"] = json.loads(records)
    session.save()
    with graves:
        assert client.get("/a/acme/grave/").status_code == HTTPStatus.FOUND
