"""Signing in by e-mail address and password: who gets in, who doesn't, and what nobody learns."""

import re
from http import HTTPStatus

import pytest
from allauth.account.models import EmailAddress
from django.core import mail
from django.db import connection
from django.http import HttpResponse
from django.test import Client, override_settings

from accounts.models import Account, User
from tests import people
from tests.people import PASSWORD

LOGIN = "/sign-in/login/"


def sign_in_by_form(client: Client, email: str, password: str = PASSWORD, **extra: str) -> HttpResponse:
    return client.post(LOGIN, {"login": email, "password": password}, **extra)


def masked(response: HttpResponse) -> str:
    """Return the page without what differs each time or repeats what was typed."""
    body = response.content.decode()
    body = re.sub(r'name="csrfmiddlewaretoken" value="[^"]*"', "", body)
    return re.sub(r"[\w.]+@[\w.]+\.example", "ADDRESS", body)


def test_olivia_signs_in_and_lands_in_her_only_account(acme: Account, client: Client) -> None:
    answer = sign_in_by_form(client, "Olivia@Acme.Example")
    assert (answer.status_code, answer["Location"]) == (302, "/")
    assert client.get("/")["Location"] == "/a/acme/"


def test_she_is_led_back_to_the_page_she_wanted_and_never_elsewhere(acme: Account, client: Client) -> None:
    wanted = client.get("/a/acme/activity/")
    assert wanted["Location"] == "/sign-in/login/?next=/a/acme/activity/"
    answer = client.post(
        LOGIN, {"login": "olivia@acme.example", "password": PASSWORD, "next": "/a/acme/activity/"}
    )
    assert answer["Location"] == "/a/acme/activity/"
    for elsewhere in ("https://evil.example/", "//evil.example/", "javascript:alert(1)", "/\\evil.example"):
        client.logout()
        answer = client.post(LOGIN, {"login": "olivia@acme.example", "password": PASSWORD, "next": elsewhere})
        assert answer["Location"] == "/", elsewhere


def test_the_session_gets_a_new_key_at_sign_in(acme: Account, client: Client) -> None:
    client.get(LOGIN)
    client.session["seed"] = 1
    session = client.session
    session["seed"] = 1
    session.save()
    client.cookies["session"] = session.session_key
    before = session.session_key
    sign_in_by_form(client, "olivia@acme.example")
    assert client.cookies["session"].value not in ("", before)


def test_an_unknown_address_gets_the_answer_of_a_wrong_password(acme: Account) -> None:
    known = sign_in_by_form(Client(), "olivia@acme.example", "wrong")
    unknown = sign_in_by_form(Client(), "nobody@acme.example", "wrong")
    assert (known.status_code, masked(known)) == (unknown.status_code, masked(unknown))
    assert "not correct" in known.content.decode()


def test_an_unknown_address_costs_as_much_hashing_as_a_wrong_password(
    acme: Account, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    from django.contrib.auth.hashers import MD5PasswordHasher

    hashed: list[str] = []
    encode = MD5PasswordHasher.encode
    monkeypatch.setattr(
        MD5PasswordHasher,
        "encode",
        lambda self, password, salt: hashed.append(password) or encode(self, password, salt),
    )
    counts = []
    for email in ("olivia@acme.example", "nobody@acme.example"):
        hashed.clear()
        sign_in_by_form(client, email, "wrong")
        counts.append(len(hashed))
    assert counts[0] == counts[1] > 0


def test_an_inactive_person_does_not_get_in(acme: Account, client: Client) -> None:
    User.objects.filter(email="adam@acme.example").update(is_active=False)
    sign_in_by_form(client, "adam@acme.example")
    assert "_auth_user_id" not in client.session
    # And a session that is open when it happens ends with the next request.
    olivia = Client()
    sign_in_by_form(olivia, "olivia@acme.example")
    User.objects.filter(email="olivia@acme.example").update(is_active=False)
    assert olivia.get("/a/acme/").status_code == HTTPStatus.FOUND


def test_an_address_that_was_never_confirmed_is_confirmed_first(acme: Account, client: Client) -> None:
    """A person brought in by the vendor signs in by the mail that proves the address."""
    EmailAddress.objects.filter(email="bilal@acme.example").delete()
    answer = sign_in_by_form(client, "bilal@acme.example")
    assert answer["Location"] == "/sign-in/confirm-email/"
    assert "_auth_user_id" not in client.session
    [letter] = mail.outbox
    link = re.search(r"http://localhost:8000(/sign-in/confirm-email/\S+/)", str(letter.body))
    assert link, letter.body
    # Opening the link does nothing yet: mail scanners open links.
    client.get(link[1])
    assert not EmailAddress.objects.filter(email="bilal@acme.example", verified=True).exists()
    client.post(link[1])
    assert EmailAddress.objects.get(email="bilal@acme.example").verified


# --- Too many tries ------------------------------------------------------------------------------


def test_the_sixth_wrong_password_is_refused_and_so_is_the_right_one_after_it(
    acme: Account, client: Client
) -> None:
    for _try in range(5):
        assert sign_in_by_form(client, "olivia@acme.example", "wrong").status_code == HTTPStatus.OK
    sixth = sign_in_by_form(client, "olivia@acme.example", "wrong")
    assert sixth.status_code == HTTPStatus.TOO_MANY_REQUESTS
    assert "Too many failed login attempts" in sixth.content.decode()
    right = sign_in_by_form(client, "olivia@acme.example")
    assert right.status_code == HTTPStatus.TOO_MANY_REQUESTS
    # Another person, from elsewhere, is not in the way of it.
    assert sign_in_by_form(Client(), "adam@acme.example", REMOTE_ADDR="203.0.113.9").status_code == 302


def test_another_browser_host_or_port_gives_no_tries_more(acme: Account) -> None:
    for number in range(5):
        sign_in_by_form(Client(), "olivia@acme.example", "wrong", HTTP_HOST=f"localhost:{9000 + number}")
    sixth = sign_in_by_form(Client(), "OLIVIA@acme.example ", HTTP_HOST="127.0.0.1:1")
    assert sixth.status_code == HTTPStatus.TOO_MANY_REQUESTS


def test_one_address_that_tries_many_people_is_stopped(db: None, client: Client) -> None:
    answers = [sign_in_by_form(client, f"person{n}@acme.example", "guess").status_code for n in range(12)]
    assert answers[:10] == [HTTPStatus.OK] * 10
    assert answers[10:] == [HTTPStatus.TOO_MANY_REQUESTS] * 2


def test_the_count_lies_in_the_database_where_all_processes_see_it(acme: Account, client: Client) -> None:
    sign_in_by_form(client, "olivia@acme.example", "wrong")
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM cache WHERE cache_key LIKE '%%login_failed%%'")
        # Once for the client's address, once for the person from there.
        assert cursor.fetchone() == (2,)


def test_a_flood_of_other_peoples_tries_does_not_push_the_count_out(acme: Account, client: Client) -> None:
    from django.core.cache import cache

    for _try in range(5):
        sign_in_by_form(client, "olivia@acme.example", "wrong")
    for number in range(400):
        cache.set(f"flood:{number}", "x", 300)
    again = sign_in_by_form(Client(), "olivia@acme.example")
    assert again.status_code == HTTPStatus.TOO_MANY_REQUESTS


# --- Password reset ------------------------------------------------------------------------------


def reset_link() -> str:
    [letter] = mail.outbox
    found = re.search(r"http://localhost:8000(/sign-in/password/reset/key/\S+/)", str(letter.body))
    assert found, f"the link leads to the configured origin, whatever the request's host: {letter.body}"
    return found[1]


def test_bilal_sets_a_new_password_by_mail(acme: Account, client: Client) -> None:
    elsewhere = Client()
    sign_in_by_form(elsewhere, "bilal@acme.example")
    asked = client.post(
        "/sign-in/password/reset/", {"email": "bilal@acme.example"}, HTTP_HOST="127.0.0.1:6666"
    )
    assert asked["Location"] == "/sign-in/password/reset/done/"
    assert mail.outbox[0].to == ["bilal@acme.example"]
    form = client.get(reset_link(), follow=True)
    # The key is no longer in the address of the form: it would leak as a referrer.
    assert form.request["PATH_INFO"].endswith("-set-password/")
    new = "four new horses battery"
    done = client.post(form.request["PATH_INFO"], {"password1": new, "password2": new})
    assert done["Location"] == "/sign-in/password/reset/key/done/"
    assert sign_in_by_form(Client(), "bilal@acme.example").status_code == HTTPStatus.OK
    assert sign_in_by_form(Client(), "bilal@acme.example", new).status_code == HTTPStatus.FOUND
    # Sessions opened with the old password have ended, and the link works once.
    assert elsewhere.get("/a/acme/").status_code == HTTPStatus.FOUND
    assert Client().get(reset_link_of(mail.outbox[0].body)).status_code == HTTPStatus.OK
    assert "set-password" not in Client().get(reset_link_of(mail.outbox[0].body)).headers.get("Location", "")


def reset_link_of(body: object) -> str:
    found = re.search(r"http://localhost:8000(/sign-in/password/reset/key/\S+/)", str(body))
    assert found
    return found[1]


def test_who_has_no_password_yet_gets_one_the_same_way_and_is_confirmed(
    acme: Account, client: Client
) -> None:
    """A loaded customer's person: one mail suffices to come in."""
    new = User(email="noor@acme.example", name="Noor")
    new.set_unusable_password()
    new.save()
    client.post("/sign-in/password/reset/", {"email": "noor@acme.example"})
    form = client.get(reset_link(), follow=True)
    secret = "a whole new sentence"
    client.post(form.request["PATH_INFO"], {"password1": secret, "password2": secret})
    assert sign_in_by_form(client, "noor@acme.example", secret)["Location"] == "/"


def test_a_reset_for_an_unknown_address_looks_the_same_and_invites_nobody(acme: Account) -> None:
    answers = []
    for email in ("olivia@acme.example", "nobody@acme.example"):
        browser = Client()
        answer = browser.post("/sign-in/password/reset/", {"email": email}, follow=True)
        answers.append((answer.redirect_chain, masked(answer)))
    assert answers[0] == answers[1]
    to_nobody = mail.outbox[1]
    assert to_nobody.to == ["nobody@acme.example"]
    assert "signup" not in str(to_nobody.body)
    assert "password/reset/key" not in str(to_nobody.body)


def test_an_inactive_persons_reset_looks_the_same_and_gives_no_key(acme: Account, client: Client) -> None:
    User.objects.filter(email="adam@acme.example").update(is_active=False)
    asked = client.post("/sign-in/password/reset/", {"email": "adam@acme.example"})
    assert asked["Location"] == "/sign-in/password/reset/done/"
    assert not any("password/reset/key" in str(letter.body) for letter in mail.outbox)


def test_letters_speak_the_recipients_language(acme: Account, client: Client) -> None:
    User.objects.filter(email="bilal@acme.example").update(language="fr")
    client.post("/sign-in/password/reset/", {"email": "bilal@acme.example"}, HTTP_ACCEPT_LANGUAGE="en")
    assert "mot de passe" in str(mail.outbox[0].body)


def test_a_sixth_reset_mail_in_a_minute_is_not_sent(acme: Account, client: Client) -> None:
    answers = [
        client.post("/sign-in/password/reset/", {"email": "bilal@acme.example"}).status_code
        for _try in range(6)
    ]
    assert answers == [302] * 5 + [HTTPStatus.TOO_MANY_REQUESTS]
    assert len(mail.outbox) == 5


def test_a_weak_password_is_refused(acme: Account, client: Client) -> None:
    client.post("/sign-in/password/reset/", {"email": "bilal@acme.example"})
    form = client.get(reset_link(), follow=True)
    for weak in ("short1", "password1234", "12345678901", "bilal@acme.example"):
        answer = client.post(form.request["PATH_INFO"], {"password1": weak, "password2": weak})
        assert answer.status_code == HTTPStatus.OK, weak


# --- Closed doors --------------------------------------------------------------------------------

CLOSED = ["signup/", "email/", "login/code/confirm/", "login/code/", "3rdparty/", "3rdparty/signup/",
          "signup/passkey/", "social/signup/", "2fa/webauthn/", "phone/change/", "oidc/product/login/",
          "oidc/product/login/callback/"]  # fmt: skip


@pytest.mark.parametrize("address", CLOSED)
@pytest.mark.parametrize("signed_in", [False, True])
def test_pages_that_are_not_offered_are_not_there(acme: Account, address: str, signed_in: bool) -> None:
    client = Client()
    if signed_in:
        client.force_login(people.user("olivia"))
    before = User.objects.count()
    fields = {"email": "new@acme.example", "password1": "a whole new sentence", "action_add": ""}
    for answer in (client.get(f"/sign-in/{address}"), client.post(f"/sign-in/{address}", fields)):
        assert answer.status_code == HTTPStatus.NOT_FOUND
    assert User.objects.count() == before
    assert EmailAddress.objects.filter(email="new@acme.example").count() == 0


def test_without_javascript_or_with_it_the_answer_is_a_page(acme: Account, client: Client) -> None:
    """The library would answer scripts in JSON: a second way in to guard."""
    answer = client.post(
        LOGIN,
        {"login": "olivia@acme.example", "password": "wrong"},
        HTTP_X_REQUESTED_WITH="XMLHttpRequest",
        HTTP_ACCEPT="application/json",
    )
    assert answer["Content-Type"].startswith("text/html")


def test_signing_out_takes_a_click_not_a_link(acme: Account, client: Client) -> None:
    sign_in_by_form(client, "olivia@acme.example")
    assert client.get("/sign-in/logout/").status_code == HTTPStatus.OK
    assert client.get("/a/acme/").status_code == HTTPStatus.OK
    assert client.post("/sign-in/logout/")["Location"] == LOGIN
    assert client.get("/a/acme/").status_code == HTTPStatus.FOUND


def test_a_forged_form_is_refused_with_a_page_that_explains(acme: Account) -> None:
    client = Client(enforce_csrf_checks=True)
    answer = sign_in_by_form(client, "olivia@acme.example")
    assert answer.status_code == HTTPStatus.FORBIDDEN
    assert "<h1" in answer.content.decode()
    assert "_auth_user_id" not in client.session


# --- Starting ------------------------------------------------------------------------------------


@override_settings(ALLOWED_HOSTS=["console.vendor.example"])
def test_a_wrong_host_is_refused(db: None) -> None:
    assert Client(HTTP_HOST="evil.example").get(LOGIN).status_code == HTTPStatus.BAD_REQUEST
    assert Client(HTTP_HOST="console.vendor.example").get(LOGIN).status_code == HTTPStatus.OK
