"""Limits of signing in are no weapon: they slow down who fails, not who is attacked.

Before, five wrong passwords from anywhere refused Olivia everywhere, her own browser and
showing again who she is included.
"""

from http import HTTPStatus

import pytest
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.test import Client, override_settings

from accounts.models import Account
from admin_center.sign_in.adapters import MFAAdapter
from tests import people
from tests.console.test_sign_in_again import SECRET, code
from tests.people import PASSWORD

TOO_MANY = HTTPStatus.TOO_MANY_REQUESTS


def sign_in(
    client: Client, password: str = PASSWORD, email: str = "olivia@acme.example", at: str = ""
) -> HttpResponse:
    where = {"REMOTE_ADDR": at} if at else {}
    return client.post("/sign-in/login/", {"login": email, "password": password}, **where)


def attack(tries: int = 30, *, each: int = 1) -> None:
    """Fail as Olivia from many addresses."""
    for number in range(tries // each):
        for _try in range(each):
            sign_in(Client(), "wrong", at=f"203.0.113.{number}")


def test_who_fails_is_refused_and_the_attacked_person_is_not(acme: Account) -> None:
    attack(10, each=5)
    assert sign_in(Client(), at="203.0.113.0").status_code == TOO_MANY
    assert sign_in(Client(), at="198.51.100.1").status_code == HTTPStatus.FOUND
    # One IPv6 customer has 2^64 addresses.
    for number in range(5):
        sign_in(Client(), "wrong", at=f"2001:db8::{number}")
    assert sign_in(Client(), at="2001:db8::99").status_code == TOO_MANY


def test_her_own_browser_is_free_even_beside_the_attacker(acme: Account) -> None:
    own, other = Client(), Client()
    sign_in(own)
    own.post("/sign-in/logout/")
    for _try in range(12):
        sign_in(other, "wrong")  # from her own office, too
    assert sign_in(other).status_code == TOO_MANY
    assert sign_in(own).status_code == HTTPStatus.FOUND
    # It is free for her alone, and counts its own failures.
    own.post("/sign-in/logout/")
    for _try in range(5):
        sign_in(own, "wrong", email="adam@acme.example")
    assert sign_in(Client(), email="adam@acme.example").status_code == TOO_MANY
    assert [sign_in(own, "wrong").status_code for _try in range(6)] == [HTTPStatus.OK] * 5 + [TOO_MANY]


@pytest.mark.parametrize("forged", ["", "x", "{}", "eyJ4IjoxfQ:1:x"])
def test_a_forged_device_is_none(acme: Account, forged: str) -> None:
    own = Client()
    sign_in(own)
    [name] = [one for one in own.cookies if "devices" in one]
    assert (own.cookies[name]["httponly"], own.cookies[name]["samesite"]) == (True, "Lax")
    for cookie in (forged, own.cookies[name].value[:-3] + "abc"):
        client = Client()
        client.cookies[name] = cookie
        answers = {sign_in(client, "wrong", at=f"192.0.2.{len(forged)}").status_code for _try in range(7)}
        assert TOO_MANY in answers


def test_a_wrong_password_does_not_make_a_browser_known(acme: Account) -> None:
    client = Client()
    sign_in(client, "wrong")
    assert [one for one in client.cookies if "devices" in one] == []


def test_an_attacked_persons_answers_come_later_and_come(acme: Account) -> None:
    own = Client()
    sign_in(own)
    attack(9)
    assert "x-answer-after" not in sign_in(Client(), "wrong", at="198.51.100.2")
    later = []
    for number in range(20):
        answer = sign_in(Client(), "wrong", at=f"198.51.100.{10 + number}")
        later.append(int(answer["x-answer-after"]))
    assert later == [1] * 5 + [2] * 5 + [4] * 5 + [8] * 5
    # The right password's answer waits as long: otherwise nobody would wait for a wrong one's.
    right = sign_in(Client(), at="198.51.100.99")
    assert (right.status_code, right["x-answer-after"]) == (HTTPStatus.FOUND, "8")
    own.post("/sign-in/logout/")
    assert "x-answer-after" not in sign_in(own)
    assert "x-answer-after" not in sign_in(Client(), email="adam@acme.example", at="198.51.100.98")


def test_showing_again_who_one_is_has_a_limit_of_its_own(acme: Account) -> None:
    own, taken = Client(), Client()
    sign_in(own)
    sign_in(taken)
    attack(30)
    for _try in range(6):
        taken.post("/sign-in/reauthenticate/", {"password": "wrong"})
    assert taken.post("/sign-in/reauthenticate/", {"password": PASSWORD}).status_code == TOO_MANY
    assert own.post("/sign-in/reauthenticate/", {"password": PASSWORD}).status_code == HTTPStatus.FOUND
    # And what fails there refuses nobody who signs in.
    assert sign_in(Client(), at="198.51.100.1").status_code == HTTPStatus.FOUND


def test_wrong_codes_elsewhere_do_not_shut_her_own_browser_out(acme: Account) -> None:
    TOTP.activate(people.user("olivia"), SECRET)
    codes = RecoveryCodes.activate(people.user("olivia")).get_unused_codes()
    own, thief = Client(), Client()
    sign_in(own)
    assert own.post("/sign-in/2fa/authenticate/", {"code": codes[0]}).status_code == HTTPStatus.FOUND
    sign_in(thief)
    for number in range(6):
        answer = thief.post("/sign-in/2fa/authenticate/", {"code": f"00000{number}"})
    assert answer.status_code == TOO_MANY
    assert own.post("/sign-in/2fa/reauthenticate/", {"code": codes[1]}).status_code == HTTPStatus.FOUND
    own.post("/sign-in/logout/")
    sign_in(own)
    assert own.post("/sign-in/2fa/authenticate/", {"code": codes[2]}).status_code == HTTPStatus.FOUND


def test_sign_ins_are_logged_good_and_bad_without_what_was_typed(
    acme: Account, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "admin_center")
    sign_in(Client(), "wrong secret", at="203.0.113.5")
    sign_in(Client(), "wrong secret", email="my.password@is.here", at="203.0.113.5")
    sign_in(Client(), at="203.0.113.6")
    told = [record.msg for record in caplog.records if isinstance(record.msg, dict)]
    told = [one for one in told if one["event"] != "request"]
    olivia = people.user("olivia").pk
    assert [(one["event"], one["known_person"], one["address"]) for one in told] == [
        ("sign_in_failed", olivia, "203.0.113.5"),
        ("sign_in_failed", None, "203.0.113.5"),
        ("signed_in", olivia, "203.0.113.6"),
    ]
    assert "secret" not in caplog.text
    assert "my.password" not in caplog.text


# --- Passwords --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "password",
    [
        "Acme-2026-Acme", "olivia.owens.1", "OwensOlivia99!", "Northwind-Desk-1", "northwinddesk2026",
        "AdminCenter2026!", "acmeexample123", "Password-Acme-1",
    ],
)  # fmt: skip
def test_a_password_of_words_that_belong_to_her_is_refused(acme: Account, password: str) -> None:
    with pytest.raises(ValidationError) as refusal:
        validate_password(password, people.user("olivia"))
    assert "context" in [error.code for error in refusal.value.error_list]


@pytest.mark.parametrize("password", [PASSWORD, "acme and four grey horses", "zu1op-yxcvb-nm2345"])
def test_other_words_beside_them_are_welcome(acme: Account, password: str) -> None:
    validate_password(password, people.user("olivia"))


def test_the_demos_password_is_taken_from_nobody_in_production(acme: Account) -> None:
    with pytest.raises(ValidationError, match="published"):
        validate_password("open sesame demo", people.user("olivia"))
    olivia = people.user("olivia")
    olivia.set_password("open sesame demo")
    olivia.save()
    assert sign_in(Client(), "open sesame demo").status_code == HTTPStatus.FOUND
    with override_settings(TESTING=False):
        assert sign_in(Client(), "open sesame demo").status_code == HTTPStatus.OK


# --- The vendor's staff, and keys -------------------------------------------------------------------


@override_settings(STAFF_NEED_SECOND_FACTOR=True)
def test_staff_set_up_a_second_factor_before_the_back_office_opens(db: None) -> None:
    vera = people.vera()
    client = Client()
    sign_in(client, email=vera.email)
    for address in ("/vendor/", "/vendor/accounts/account/"):
        led = client.get(address)
        assert led["Location"] == "/sign-in/2fa/totp/activate/"
        assert client.post(address)["Location"] == "/sign-in/2fa/totp/activate/"
    TOTP.activate(vera, SECRET)
    client = Client()
    sign_in(client, email=vera.email)
    client.post("/sign-in/2fa/authenticate/", {"code": code()})
    assert client.get("/vendor/").status_code == HTTPStatus.OK


def test_a_second_factor_survives_a_new_key(db: None, settings: object) -> None:
    first, second = "first-" * 10, "second-" * 10
    with override_settings(SECRET_KEY=first, SECRET_KEY_FALLBACKS=[]):
        old = MFAAdapter().encrypt(SECRET)
    with override_settings(SECRET_KEY=second, SECRET_KEY_FALLBACKS=[first]):
        assert MFAAdapter().decrypt(old) == SECRET
        new = MFAAdapter().encrypt(SECRET)
    with override_settings(SECRET_KEY=second, SECRET_KEY_FALLBACKS=[]):
        assert MFAAdapter().decrypt(new) == SECRET


def test_a_session_survives_a_new_key(acme: Account) -> None:
    first, second = "first-" * 10, "second-" * 10
    client = Client()
    with override_settings(SECRET_KEY=first):
        sign_in(client)
    with override_settings(SECRET_KEY=second, SECRET_KEY_FALLBACKS=[first]):
        assert client.get("/a/acme/").status_code == HTTPStatus.OK
    with override_settings(SECRET_KEY="third-" * 10):
        assert client.get("/a/acme/").status_code == HTTPStatus.FOUND
