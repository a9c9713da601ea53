"""What happens around every page: nothing is cached, old sessions end, the person's language, logs."""

import time
from collections.abc import Callable
from urllib.parse import urlsplit
from uuid import uuid4

import structlog
from allauth.core.exceptions import ReauthenticationRequired
from django.conf import settings
from django.contrib.auth import SESSION_KEY, logout
from django.core.exceptions import SuspiciousOperation
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import translation

from admin_center import drafts
from admin_center.server import request_times
from admin_center.server.gateway import ANSWER_AFTER
from admin_center.server.logs import route
from admin_center.sign_in import attempts, sessions
from admin_center.sign_in.adapters import client_address

log = structlog.get_logger()

Handler = Callable[[HttpRequest], HttpResponse]
NUL = "\x00"
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")


def never_store(get_response: Handler) -> Handler:
    """Mark every dynamic answer as not to be stored, by anyone in between or by the browser."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        response["Cache-Control"] = "no-store"
        # Says nothing more, and would make two answers differ that must not.
        del response["Expires"]
        return response

    return middleware


def reload_where_refused(get_response: Handler) -> Handler:
    """Let a page that asks for a part of itself reload whole, where the answer leads elsewhere.

    Signed out, or a right taken away meanwhile: the sign-in page and refusals are pages of their own,
    and never a part of another.
    """

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        if "HX-Request" in request.headers and response.status_code in (302, 403, 404, 410):
            response = HttpResponse(status=response.status_code if response.status_code != 302 else 204)
            response["HX-Refresh"] = "true"
        return response

    return middleware


def keep_typed(get_response: Handler) -> Handler:
    """Keep what was typed where a session that ended, a proof of identity or a refusal comes between."""

    def middleware(request: HttpRequest) -> HttpResponse:
        return drafts.lead_back(request, get_response(request))

    return middleware


def refuse_nul(get_response: Handler) -> Handler:
    """Refuse the one character that PostgreSQL can't keep, before it becomes a failure somewhere."""

    def middleware(request: HttpRequest) -> HttpResponse:
        if NUL in request.path_info:
            raise Http404
        fields = [request.GET, request.POST] if request.content_type in FORMS else [request.GET]
        if any(NUL in text for field in fields for _name, texts in field.lists() for text in texts):
            raise SuspiciousOperation("a NUL character was sent")
        return get_response(request)

    return middleware


def know_the_device(get_response: Handler) -> Handler:
    """Let a browser in which somebody signed in be known the next time, and late answers come late."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        if person := getattr(request, "signed_in", None):
            attempts.remember_device(request, response, person)
        if seconds := getattr(request, "answer_after", 0):
            response[ANSWER_AFTER] = str(seconds)
        return response

    return middleware


def end_old_sessions(get_response: Handler) -> Handler:
    """End a session that was idle for 30 minutes, or is 12 hours old (security.md, "The shape" 8)."""

    def middleware(request: HttpRequest) -> HttpResponse:
        if SESSION_KEY in request.session:
            if sessions.is_over(request):
                logout(request)
            else:
                sessions.note(request)
        response = get_response(request)
        # However the person signed in during this request: the age counts from now.
        if SESSION_KEY in request.session and "began" not in request.session:
            sessions.begin(request)
        return response

    return middleware


def ask_again(get_response: Handler) -> Handler:
    """Lead to showing again who one is, where a page of allauth demands it.

    The library's own answer keeps what was posted in the session and repeats it later, unseen.
    """

    def middleware(request: HttpRequest) -> HttpResponse:
        return get_response(request)

    def process_exception(request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if isinstance(exception, ReauthenticationRequired) and request.user.is_authenticated:
            return sessions.step_up(request)
        return None

    middleware.process_exception = process_exception  # type: ignore[attr-defined]
    return middleware


def speak_the_persons_language(get_response: Handler) -> Handler:
    """Speak the language that a signed-in person chose; otherwise what cookie and browser ask for."""

    def middleware(request: HttpRequest) -> HttpResponse:
        if request.user.is_authenticated and request.user.language:
            translation.activate(request.user.language)
            request.LANGUAGE_CODE = translation.get_language()
        return get_response(request)

    return middleware


def name_the_person(get_response: Handler) -> Handler:
    """Name the signed-in person in every log line that is written from here on."""

    def middleware(request: HttpRequest) -> HttpResponse:
        if request.user.is_authenticated:
            structlog.contextvars.bind_contextvars(person=request.user.pk)
        return get_response(request)

    return middleware


def log_requests(get_response: Handler) -> Handler:
    """Write a line for each request: method, pattern of the address, status, time, account, person, address.

    The pattern and never the address itself: what a link carries may let its reader in.
    """

    def middleware(request: HttpRequest) -> HttpResponse:
        began = time.perf_counter()
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request=uuid4().hex[:12], address=client_address(request))
        try:
            response = get_response(request)
            method = str(request.method) if request.method in METHODS else "other"
            named, seconds = route(request), time.perf_counter() - began
            request_times.observe(method, named, response.status_code, seconds)
            log.info(
                "request",
                method=method,
                route=named,
                status=response.status_code,
                milliseconds=round(seconds * 1000, 1),
            )
            return response
        finally:
            structlog.contextvars.clear_contextvars()

    return middleware


def answer_machines(get_response: Handler) -> Handler:
    """Answer who asks after this process's health under any name: a balancer asks by address."""
    ours = urlsplit(settings.ORIGIN).netloc
    addresses = {reverse("healthz"), reverse("readyz"), reverse("metrics")}

    def middleware(request: HttpRequest) -> HttpResponse:
        if request.path_info in addresses:
            request.META["HTTP_HOST"] = ours
        return get_response(request)

    return middleware
