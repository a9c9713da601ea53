"""Signing in by the vendor's own product login: a small OpenID provider on loopback, made here.

It hands out codes, checks the client's secret and PKCE, and signs ID tokens with a key of its own; each
test says in `claims` and `tricks` what it tells of the person, and how it misbehaves.
"""

import base64
import hashlib
import json
import threading
import time
from collections.abc import Iterator
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jwt
import pytest
from allauth.socialaccount.models import SocialAccount, SocialToken
from allauth.socialaccount.providers.oauth2.client import OAuth2Error
from cryptography.hazmat.primitives.asymmetric import rsa
from django.http import HttpResponse
from django.test import Client

from accounts.models import Account, User
from admin_center import urls
from admin_center.sign_in import oidc
from tests import people
from tests.console import test_sign_in_again as again
from tests.console.production import PRODUCTION, start

LEAVE = "/sign-in/oidc/product/login/"
BACK = "/sign-in/oidc/product/login/callback/"
KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
OTHER_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)


class Provider(ThreadingHTTPServer):
    """The vendor's product login, as far as a client sees it."""

    def __init__(self) -> None:
        """Listen on a free port of this machine."""
        super().__init__(("127.0.0.1", 0), Answers)
        self.origin = f"http://127.0.0.1:{self.server_port}"
        self.claims: dict[str, Any] = {}
        self.tricks: dict[str, Any] = {}
        self.codes: dict[str, dict[str, str]] = {}
        self.asked: list[str] = []

    def say(self, who: str, **more: Any) -> None:
        """Say who has signed in there."""
        self.claims = {"sub": f"id-of-{who}", "email": who, "email_verified": True} | more

    def consent(self, address: str) -> dict[str, str]:
        """Do what the person does there: sign in, and be sent back with a code."""
        asked = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
        code = f"code-{len(self.codes)}"
        self.codes[code] = asked
        return {"code": code, "state": asked["state"]}

    def id_token(self) -> str:
        at = int(time.time())
        claims = {"iss": self.origin, "aud": "console", "iat": at, "exp": at + 60, "auth_time": at}
        claims |= self.claims | self.tricks.get("id_token", {})
        key = self.tricks.get("key", KEY)
        algorithm = self.tricks.get("algorithm", "RS256")
        return jwt.encode(claims, key, algorithm, headers=self.tricks.get("header", {"kid": "one"}))


class Answers(BaseHTTPRequestHandler):
    server: Provider

    def log_message(self, *_parts: object) -> None:
        """Keep quiet."""

    def do_GET(self) -> None:
        provider = self.server
        provider.asked.append(self.path)
        if provider.tricks.get(self.path) == "down":
            return self.answer(b"away", 503)
        if provider.tricks.get(self.path) == "rubbish":
            return self.answer(b"<html>login</html>")
        if self.path == "/.well-known/openid-configuration":
            return self.tell(
                {
                    "issuer": provider.origin,
                    "authorization_endpoint": f"{provider.origin}/authorize",
                    "token_endpoint": f"{provider.origin}/token",
                    "userinfo_endpoint": f"{provider.origin}/userinfo",
                    "jwks_uri": f"{provider.origin}/keys",
                    "token_endpoint_auth_methods_supported": ["client_secret_post"],
                }
            )
        if self.path == "/keys":
            key = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(KEY.public_key()))
            named = key | {"kid": "one", "alg": "RS256", "use": "sig"}
            return self.tell({"keys": provider.tricks.get("keys", [named])})
        assert self.path == "/userinfo"
        assert self.headers["Authorization"] == "Bearer opens-userinfo"
        return self.tell(provider.claims | provider.tricks.get("userinfo", {}))

    def do_POST(self) -> None:
        provider = self.server
        provider.asked.append(self.path)
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        sent = {name: values[0] for name, values in parse_qs(body).items()}
        asked = provider.codes.pop(sent["code"], None)
        digest = hashlib.sha256(sent.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        if (
            asked is None
            or sent["client_secret"] != "secret of the console"
            or asked["code_challenge_method"] != "S256"
            or asked["code_challenge"] != challenge
            or asked["redirect_uri"] != sent["redirect_uri"]
        ):
            return self.answer(b'{"error": "invalid_grant"}', 400)
        return self.tell(
            {"access_token": "opens-userinfo", "token_type": "Bearer", "id_token": provider.id_token()}
        )

    def tell(self, facts: dict[str, Any]) -> None:
        self.answer(json.dumps(facts).encode())

    def answer(self, body: bytes, status: int = 200) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@pytest.fixture
def provider(settings: Any) -> Iterator[Provider]:
    """Run the provider, and set what OIDC_SERVER_URL and its kin would set."""
    with Provider() as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        settings.OIDC_SERVER_URL = server.origin
        settings.SOCIALACCOUNT_PROVIDERS = {
            "openid_connect": {
                "OAUTH_PKCE_ENABLED": True,
                "APPS": [
                    {
                        "provider_id": "product",
                        "name": "Northwind",
                        "client_id": "console",
                        "secret": "secret of the console",
                        "settings": {"server_url": server.origin},
                    }
                ],
            }
        }
        yield server
        server.shutdown()


def go(client: Client, provider: Provider, address: str = LEAVE) -> HttpResponse:
    """Press the button, consent there, come back."""
    away = client.post(address)
    assert away.status_code == HTTPStatus.FOUND
    assert away["Location"].startswith(f"{provider.origin}/authorize?")
    return client.get(BACK, provider.consent(away["Location"]))


def signed_in_as(client: Client) -> str | None:
    pk = client.session.get("_auth_user_id")
    return User.objects.get(pk=pk).email if pk else None


def test_olivia_comes_in_by_the_product_login(acme: Account, client: Client, provider: Provider) -> None:
    assert "Northwind" in client.get("/sign-in/login/").content.decode()
    provider.say("olivia@acme.example")
    answer = go(client, provider, f"{LEAVE}?next=/a/acme/activity/")
    assert (answer.status_code, answer["Location"]) == (HTTPStatus.FOUND, "/a/acme/activity/")
    assert signed_in_as(client) == "olivia@acme.example"
    # Tied to the provider's own name for her: the second time that name suffices.
    assert SocialAccount.objects.get().uid == "id-of-olivia@acme.example"
    provider.say("olivia@acme.example", email="o.owens@new.example")
    other = Client()
    go(other, provider)
    assert signed_in_as(other) == "olivia@acme.example"
    # The provider's keys to her are not kept.
    assert not SocialToken.objects.exists()


def test_the_request_carries_state_and_pkce_and_our_configured_address(
    acme: Account, client: Client, provider: Provider
) -> None:
    away = client.post(LEAVE, HTTP_HOST="127.0.0.1:6666")
    asked = parse_qs(urlsplit(away["Location"]).query)
    assert asked["redirect_uri"] == [f"http://localhost:8000{BACK}"]
    assert asked["code_challenge_method"] == ["S256"]
    assert len(asked["state"][0]) >= 16
    assert set(asked["scope"][0].split()) == {"openid", "profile", "email"}


def test_opening_the_link_alone_does_not_go_there(acme: Account, client: Client, provider: Provider) -> None:
    """A page elsewhere could otherwise sign somebody in as somebody else."""
    assert client.get(LEAVE).status_code == HTTPStatus.OK
    assert Client(enforce_csrf_checks=True).post(LEAVE).status_code == HTTPStatus.FORBIDDEN


def test_an_answer_to_a_question_that_was_not_asked_is_refused(
    acme: Account, client: Client, provider: Provider
) -> None:
    provider.say("olivia@acme.example")
    answer = provider.consent(Client().post(LEAVE)["Location"])
    assert client.get(BACK, answer).status_code == HTTPStatus.UNAUTHORIZED
    assert client.get(BACK, {"code": "code-0"}).status_code == HTTPStatus.UNAUTHORIZED
    assert signed_in_as(client) is None


def test_an_answer_is_taken_once(acme: Account, client: Client, provider: Provider) -> None:
    provider.say("olivia@acme.example")
    answer = provider.consent(client.post(LEAVE)["Location"])
    client.get(BACK, answer)
    client.post("/sign-in/logout/")
    assert client.get(BACK, answer).status_code == HTTPStatus.UNAUTHORIZED
    assert signed_in_as(client) is None


@pytest.mark.parametrize("verified", [False, None, "false", "true", 0])
def test_an_address_that_the_provider_did_not_verify_opens_nothing(
    acme: Account, client: Client, provider: Provider, verified: object
) -> None:
    provider.say("olivia@acme.example", email_verified=verified)
    answer = go(client, provider)
    assert answer.status_code == HTTPStatus.FORBIDDEN
    assert signed_in_as(client) is None
    assert people.user("olivia").has_usable_password()


def test_somebody_we_do_not_know_is_told_what_to_do_and_not_stored(
    acme: Account, client: Client, provider: Provider
) -> None:
    provider.say("nobody@acme.example")
    before = User.objects.count()
    answer = go(client, provider)
    assert answer.status_code == HTTPStatus.FORBIDDEN
    assert "can invite you" in answer.content.decode()
    assert User.objects.count() == before
    assert not SocialAccount.objects.exists()


def test_an_inactive_person_does_not_get_in(acme: Account, client: Client, provider: Provider) -> None:
    User.objects.filter(email="olivia@acme.example").update(is_active=False)
    provider.say("olivia@acme.example")
    go(client, provider)
    assert signed_in_as(client) is None


def test_the_second_factor_is_asked_for_all_the_same(
    acme: Account, client: Client, provider: Provider
) -> None:
    again.with_second_factor(people.user("olivia"))
    provider.say("olivia@acme.example")
    assert go(client, provider)["Location"].startswith("/sign-in/2fa/authenticate/")
    assert signed_in_as(client) is None


def test_no_other_identity_is_tied_to_a_person_who_is_signed_in(
    acme: Account, client: Client, provider: Provider
) -> None:
    """With a borrowed session somebody could give themselves a way in for ever."""
    client.force_login(people.user("olivia"))
    assert client.post(f"{LEAVE}?process=connect").status_code == HTTPStatus.NOT_FOUND
    assert client.post(LEAVE, {"process": "connect"}).status_code == HTTPStatus.NOT_FOUND
    assert client.post(f"{LEAVE}?process=redirect").status_code == HTTPStatus.NOT_FOUND
    provider.say("stranger@evil.example")
    go(client, provider)
    assert not SocialAccount.objects.exists()


@pytest.mark.parametrize(
    "tricks",
    [
        {"key": OTHER_KEY},
        {"key": OTHER_KEY, "header": {}},
        {"header": {"kid": "two"}},
        {"algorithm": "HS256", "key": "secret of the console"},
        {"algorithm": "none", "key": None},
        {"keys": []},
        {"keys": [{"kty": "RSA", "kid": "one"}]},
        {"id_token": {"iss": "https://evil.example"}},
        {"id_token": {"aud": "another client"}},
        {"id_token": {"exp": 1_600_000_000}},
        {"userinfo": {"sub": "id-of-somebody-else"}},
        {"/userinfo": "rubbish"},
        {"/userinfo": "down"},
        {"/keys": "down"},
        {"/keys": "rubbish"},
    ],
    ids=lambda tricks: str({name: trick for name, trick in tricks.items() if name != "key"}),
)
def test_a_provider_that_is_not_what_it_should_be_signs_nobody_in(
    acme: Account, client: Client, provider: Provider, tricks: dict[str, Any]
) -> None:
    provider.say("olivia@acme.example")
    provider.tricks = tricks
    answer = go(client, provider)
    assert answer.status_code in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FOUND)
    assert answer.headers.get("Location", "/sign-in/product/error/") == "/sign-in/product/error/"
    assert client.get("/sign-in/product/error/").status_code == HTTPStatus.UNAUTHORIZED
    assert signed_in_as(client) is None
    assert not SocialAccount.objects.exists()


@pytest.mark.parametrize(("algorithm", "key"), [("HS256", "secret of the console" * 2), ("none", None)])
def test_a_token_that_no_key_of_the_provider_signed_is_said_to_be_so(algorithm: str, key: str | None) -> None:
    with pytest.raises(OAuth2Error, match=f"signed by {algorithm}"):
        oidc.verified(jwt.encode({}, key, algorithm), [], issuer="", audience="")


def public(key: rsa.RSAPrivateKey, **more: str) -> dict[str, Any]:
    return json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(key.public_key())) | more


@pytest.mark.parametrize(
    "tricks",
    [
        {"header": {}},
        {"header": {}, "keys": [public(KEY)]},
        {"keys": [public(KEY)]},
        {"header": {}, "keys": [public(OTHER_KEY, kid="two"), public(KEY, kid="one")]},
        {"keys": [public(KEY, kid="one", use="enc"), public(KEY, kid="one")]},
    ],
    ids=["no name", "neither has a name", "the key has no name", "one of two", "another use"],
)
def test_a_key_need_not_be_named(
    acme: Account, client: Client, provider: Provider, tricks: dict[str, Any]
) -> None:
    """A provider with one key may leave its name out (OpenID Connect Core 10.1)."""
    provider.say("olivia@acme.example")
    provider.tricks = tricks
    go(client, provider)
    assert signed_in_as(client) == "olivia@acme.example"


@pytest.mark.parametrize("trick", ["down", "rubbish"])
def test_a_provider_that_is_away_is_said_to_be(
    client: Client, db: None, provider: Provider, trick: str
) -> None:
    provider.tricks = {"/.well-known/openid-configuration": trick}
    assert client.post(LEAVE)["Location"] == "/sign-in/product/error/"
    # Its own pages work without it.
    assert client.get("/sign-in/login/").status_code == HTTPStatus.OK


def test_a_person_who_changes_their_mind_there_is_back_at_the_start(
    acme: Account, client: Client, provider: Provider
) -> None:
    state = parse_qs(urlsplit(client.post(LEAVE)["Location"]).query)["state"][0]
    answer = client.get(BACK, {"error": "access_denied", "state": state})
    assert answer["Location"] == "/sign-in/product/cancelled/"


urlpatterns = again.urlpatterns
handler404 = urls.handler404


def test_without_a_password_a_grave_step_leads_through_the_product_login_anew(
    acme: Account, client: Client, provider: Provider, settings: Any
) -> None:
    settings.ROOT_URLCONF = again.__name__
    olivia = people.user("olivia")
    olivia.set_unusable_password()
    olivia.save()
    # She signed in there an hour ago, and it let her through without asking.
    provider.say("olivia@acme.example", auth_time=int(time.time()) - 3600)
    go(client, provider)
    away = client.get("/a/acme/grave/")["Location"]
    asked = parse_qs(urlsplit(away).query)
    assert (urlsplit(away).path, asked["next"]) == (LEAVE, ["/a/acme/grave/"])
    assert parse_qs(asked["auth_params"][0]) == {"prompt": ["login"], "max_age": ["300"]}
    provider.say("olivia@acme.example")
    assert go(client, provider, away)["Location"] == "/a/acme/grave/"
    assert client.get("/a/acme/grave/").status_code == HTTPStatus.OK


def test_the_environment_names_the_provider() -> None:
    code = (
        "import django, json; django.setup(); from django.conf import settings as s; "
        "policy = s.CONTENT_SECURITY_POLICY['DIRECTIVES']; "
        "print(json.dumps([s.SOCIALACCOUNT_PROVIDERS, policy['form-action']]))"
    )
    named = {
        "OIDC_SERVER_URL": "https://login.vendor.example/realms/x",
        "OIDC_CLIENT_ID": "console",
        "OIDC_CLIENT_SECRET": "s",
    }
    done = start(code, **PRODUCTION, **named)
    providers, may_post_to = json.loads(done.stdout)
    [app] = providers["openid_connect"]["APPS"]
    assert app["settings"]["server_url"] == "https://login.vendor.example/realms/x"
    # With the path the browser would refuse the redirect to any other page of the provider.
    assert may_post_to == ["'self'", "https://login.vendor.example"]
    assert start(code, **PRODUCTION, OIDC_SERVER_URL=named["OIDC_SERVER_URL"]).returncode != 0
