"""What the logs of production say: a line for each request, a traceback for each failure, and no secret."""

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import structlog
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import include, path

from accounts.models import Account
from tests import people


def failing(_request: HttpRequest, _token: str) -> HttpResponse:
    raise RuntimeError("the roof leaks")


urlpatterns = [path("", include("admin_center.urls")), path("leaking/<str:_token>/", failing)]


class Lines(io.StringIO):
    """What was logged, as the JSON of production."""

    def read_all(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.getvalue().splitlines()]

    def of(self, event: str) -> dict[str, Any]:
        (line,) = [line for line in self.read_all() if line["event"] == event]
        return line


@pytest.fixture
def lines() -> Iterator[Lines]:
    """Listen with the formatter and the filters of the configured handler."""
    (configured,) = [
        handler
        for handler in logging.getLogger().handlers
        if isinstance(handler.formatter, structlog.stdlib.ProcessorFormatter)
    ]
    written = Lines()
    handler = logging.StreamHandler(written)
    handler.setFormatter(configured.formatter)
    for rule in configured.filters:
        handler.addFilter(rule)
    logging.getLogger().addHandler(handler)
    yield written
    logging.getLogger().removeHandler(handler)


def test_each_request_leaves_a_line(acme: Account, lines: Lines) -> None:
    olivia = people.user("olivia")
    client = Client()
    client.force_login(olivia)
    client.get("/a/acme/billing/contacts/?page=secret", REMOTE_ADDR="192.0.2.7")
    line = lines.of("request")
    assert line.pop("milliseconds") > 0
    assert len(line.pop("request")) == 12
    assert line.pop("timestamp").endswith("Z")
    assert line == {
        "event": "request",
        "level": "info",
        "logger": "admin_center.middleware",
        "method": "GET",
        "route": "/a/<slug:slug>/billing/contacts/",
        "status": 200,
        "account": "acme",
        "person": olivia.pk,
        "address": "192.0.2.7",
    }


def test_a_stranger_has_no_person_and_no_account(acme: Account, lines: Lines) -> None:
    client = Client()
    client.get("/a/acme/")
    client.get("/nowhere/")
    assert [(line.get("person"), line.get("account"), line["route"]) for line in lines.read_all()] == [
        (None, None, "/a/<slug:slug>/"),
        (None, None, "unknown"),
    ]


def test_nothing_of_one_request_is_told_of_the_next(acme: Account, lines: Lines) -> None:
    olivia = Client()
    olivia.force_login(people.user("olivia"))
    olivia.get("/a/acme/")
    Client().get("/healthz")
    assert {"person", "account"} & set(lines.read_all()[-1]) == set()


@pytest.mark.urls("tests.console.test_logs")
def test_a_failure_leaves_its_traceback_and_no_address(acme: Account, lines: Lines) -> None:
    client = Client(raise_request_exception=False)
    client.force_login(people.user("olivia"))
    assert client.get("/leaking/opens-everything/").status_code == 500
    (line,) = [line for line in lines.read_all() if line["level"] == "error"]
    assert "Traceback (most recent call last)" in line["exception"]
    assert "RuntimeError: the roof leaks" in line["exception"]
    assert "opens-everything" not in lines.getvalue()


def test_no_log_holds_what_lets_its_reader_in(acme: Account, lines: Lines) -> None:
    """A used link of an invitation, a link that resets a password, a form without its token."""
    client = Client(enforce_csrf_checks=True)
    client.get("/invitations/lets-me-in/")
    client.get("/sign-in/password/reset/key/1-lets-me-in/")
    client.post("/invitations/lets-me-in/")
    client.get("/pay/lets-me-in/")
    client.post("/pay/lets-me-in/")
    client.get("/pay/back/?state=lets-me-in")
    client.get("/nowhere/lets-me-in/?token=lets-me-in")
    assert len(lines.read_all()) >= 4
    assert "lets-me-in" not in lines.getvalue()


def test_whoever_came_around_the_proxy_is_logged_as_seen(db: None, lines: Lines, settings: Any) -> None:
    """Two proxies are trusted and one wrote down where it came from: that might be anybody's word."""
    from allauth import app_settings

    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 2
    assert app_settings.TRUSTED_PROXY_COUNT == 2
    answer = Client().get("/sign-in/login/", REMOTE_ADDR="192.0.2.7", HTTP_X_FORWARDED_FOR="203.0.113.9")
    assert answer.status_code == 200
    assert lines.of("request")["address"] == "192.0.2.7"
