"""What happens around every page: nothing is cached, old sessions end, the person's language, logs."""

from collections.abc import Callable
from uuid import uuid4

import structlog
from django.conf import settings
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse
from django.utils import translation
from django.utils.cache import add_never_cache_headers

from accounts import clock

Handler = Callable[[HttpRequest], HttpResponse]
# How stale the note of the last request may be: a write for each page would cost more than it tells.
NOTE_EVERY_SECONDS = 60


def never_store(get_response: Handler) -> Handler:
    """Mark every dynamic answer as not to be stored, by anyone in between or by the browser."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        add_never_cache_headers(response)
        response["Cache-Control"] = "no-store"
        return response

    return middleware


def end_old_sessions(get_response: Handler) -> Handler:
    """End a session that was idle for 30 minutes, or is 12 hours old (security.md, "The shape" 8)."""

    def middleware(request: HttpRequest) -> HttpResponse:
        session = request.session
        if "_auth_user_id" in session:
            at = int(clock.now().timestamp())
            began, seen = session.get("began", at), session.get("seen", at)
            idle, age = at - seen, at - began
            if idle > settings.SESSION_IDLE_SECONDS or age > settings.SESSION_ABSOLUTE_SECONDS:
                logout(request)
            elif "began" not in session or idle > NOTE_EVERY_SECONDS:
                session["began"], session["seen"] = began, at
        return get_response(request)

    return middleware


def speak_the_persons_language(get_response: Handler) -> Handler:
    """Speak the language that a signed-in person chose; otherwise what cookie and browser ask for."""

    def middleware(request: HttpRequest) -> HttpResponse:
        if request.user.is_authenticated and request.user.language:
            translation.activate(request.user.language)
            request.LANGUAGE_CODE = translation.get_language()
        return get_response(request)

    return middleware


def log_with_context(get_response: Handler) -> Handler:
    """Name the request and the person in every log line that is written meanwhile."""

    def middleware(request: HttpRequest) -> HttpResponse:
        person = request.user.pk if request.user.is_authenticated else None
        with structlog.contextvars.bound_contextvars(request=uuid4().hex[:12], person=person):
            return get_response(request)

    return middleware
