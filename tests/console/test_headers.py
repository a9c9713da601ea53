"""What stands around every answer: nothing is stored, nothing foreign runs, nothing is framed."""

import json
import os
import subprocess
import sys
from http import HTTPStatus

import pytest
from django.conf import settings
from django.test import Client

from accounts.models import Account
from tests import people
from tests.console.production import PRODUCTION

ADDRESSES = ["/", "/sign-in/login/", "/a/acme/", "/a/nowhere/", "/help/", "/healthz", "/readyz", "/vendor/",
             "/nothing/here"]  # fmt: skip
POLICY = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "frame-ancestors": "'none'",
    "base-uri": "'none'",
    "form-action": "'self'",
    "connect-src": "'self'",
}


@pytest.fixture(params=ADDRESSES)
def address(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.mark.parametrize("person", [None, "olivia"])
def test_every_answer_carries_the_headers(acme: Account, address: str, person: str | None) -> None:
    client = Client()
    if person:
        client.force_login(people.user(person))
    answer = client.get(address)
    assert answer["Cache-Control"] == "no-store"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["X-Frame-Options"] == "DENY"
    assert answer["Referrer-Policy"] == "same-origin"
    assert answer["Cross-Origin-Opener-Policy"] == "same-origin"
    policy = dict(rule.strip().split(" ", 1) for rule in answer["Content-Security-Policy"].split(";") if rule)
    assert {name: policy[name] for name in POLICY} == POLICY
    assert "unsafe" not in answer["Content-Security-Policy"]
    assert "camera=()" in answer["Permissions-Policy"]
    for name in ("Server", "X-Powered-By"):
        assert name not in answer


def test_a_refusal_is_not_stored_either(acme: Account) -> None:
    client = Client(enforce_csrf_checks=True)
    assert client.post("/sign-in/login/", {}).headers["Cache-Control"] == "no-store"
    wrong_host = Client(HTTP_HOST="evil.example").get("/")
    assert (wrong_host.status_code, wrong_host["Cache-Control"]) == (HTTPStatus.BAD_REQUEST, "no-store")


def test_links_of_mails_do_not_follow_the_request(acme: Account) -> None:
    from admin_center.sign_in.adapters import at_origin

    assert at_origin("https://evil.example:99/sign-in/x/?a=b") == f"{settings.ORIGIN}/sign-in/x/?a=b"


def test_nobody_is_known_before_the_session_was_opened(acme: Account) -> None:
    """A visitor gets no session cookie: nothing to fix, nothing to fill the database with."""
    client = Client()
    client.get("/sign-in/login/")
    client.get("/help/")
    assert "session" not in client.cookies


# What a server of production answers, asked in a process of its own.
ASK = """
import json, django
django.setup()
from django.conf import settings
from django.test import Client
# The files themselves are collected at deployment; here only pages are asked for.
settings.STORAGES["staticfiles"]["BACKEND"] = "django.contrib.staticfiles.storage.StaticFilesStorage"

def ask(address, **extra):
    answer = Client(HTTP_HOST="console.vendor.example").get(address, **extra)
    cookies = {name: dict(cookie) for name, cookie in answer.cookies.items()}
    return answer.status_code, dict(answer.headers), cookies

print(json.dumps({
    "secure": ask("/sign-in/inactive/", secure=True),
    "plain": ask("/sign-in/inactive/"),
    "health": ask("/healthz"),
    "names": [settings.SESSION_COOKIE_NAME, settings.CSRF_COOKIE_NAME],
}))
"""


@pytest.fixture(scope="module")
def production() -> dict[str, object]:
    environment = {
        name: value for name, value in os.environ.items() if name not in ("TESTING", "DEMO", "DEBUG")
    }
    environment |= PRODUCTION | {"DJANGO_SETTINGS_MODULE": "admin_center.settings"}
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", ASK],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    answers: dict[str, object] = json.loads(done.stdout.splitlines()[-1])
    return answers


def test_in_production_cookies_belong_to_this_host_alone(production: dict) -> None:  # type: ignore[type-arg]
    assert production["names"] == ["__Host-session", "__Host-csrf"]
    _status, _headers, cookies = production["secure"]
    csrf = cookies["__Host-csrf"]
    # What the prefix demands of a browser: Secure, Path=/, no Domain.
    assert (csrf["secure"], csrf["path"], csrf["domain"], csrf["httponly"]) == (True, "/", "", True)


def test_in_production_plain_http_is_led_away_and_remembered(production: dict) -> None:  # type: ignore[type-arg]
    status, headers, _cookies = production["plain"]
    assert (status, headers["Location"]) == (301, "https://console.vendor.example/sign-in/inactive/")
    _status, headers, _cookies = production["secure"]
    assert headers["Strict-Transport-Security"] == "max-age=31536000; includeSubDomains; preload"
    # A probe speaks plain http.
    assert production["health"][0] == HTTPStatus.OK
