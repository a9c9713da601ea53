"""How often one may fail to show who one is: limits that slow down who fails, not who is attacked.

Failures are counted for a person from one address. A browser in which the person signed in before is
known by a signed cookie and counts for itself; showing again who one is counts for the session. Where
many addresses fail on one person, others' answers for that person come later, and still come.
"""

import hashlib
import secrets
import time

from allauth.core.internal.httpkit import get_client_ip
from allauth.core.internal.ratelimit import RateLimitUsage, consume, truncate_ip
from django.conf import settings
from django.core import signing
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse

from accounts.models import User

COOKIE = "__Host-devices" if settings.SECURE else "devices"
SALT = "admin_center.devices"
DEVICE_LASTS = 180 * 24 * 60 * 60
# People who signed in from one browser, the last ones.
MOST_PEOPLE = 8
# From how many failures on one person in five minutes on, from wherever, answers come later.
CALM = 10
WINDOW = 300
LONGEST_DELAY = 8


def device_of(request: HttpRequest, person: User | None) -> str:
    """Return the name of this browser where this person has signed in from it before, otherwise nothing."""
    return _devices(request).get(str(person.pk), "") if person else ""


def remember_device(request: HttpRequest, response: HttpResponse, person: User) -> None:
    """Let the browser say next time that this person has signed in from it."""
    known = _devices(request)
    device = known.pop(str(person.pk), "") or secrets.token_urlsafe(12)
    kept = dict([*known.items(), (str(person.pk), device)][-MOST_PEOPLE:])
    response.set_cookie(
        COOKIE,
        signing.dumps(kept, salt=SALT),
        max_age=DEVICE_LASTS,
        secure=settings.SECURE,
        httponly=True,
        samesite="Lax",
    )


def _devices(request: HttpRequest) -> dict[str, str]:
    try:
        found = signing.loads(request.COOKIES.get(COOKIE, ""), salt=SALT, max_age=DEVICE_LASTS)
    except signing.BadSignature:
        return {}
    return {str(person): str(device) for person, device in found.items()} if isinstance(found, dict) else {}


def key_of(request: HttpRequest, email: str, person: User | None) -> str:
    """Return what failures to sign in are counted under."""
    if device := device_of(request, person):
        return f"device:{device}"
    return f"{email}:{truncate_ip(get_client_ip(request) or '')}"


def sign_in(request: HttpRequest, email: str, person: User | None) -> RateLimitUsage | None:
    """Count a try to sign in; return None where there were too many."""
    one = _consume(request, "login_failed", key_of(request, email, person))
    if one is None or device_of(request, person):
        return one
    other = _consume(request, "login_failed_from", "")
    return RateLimitUsage([*one.usage, *other.usage]) if other else None


def step_up(request: HttpRequest, person: User) -> RateLimitUsage | None:
    """Count a try to show again who one is, in this session; return None where there were too many."""
    return _consume(request, "step_up_failed", f"{person.pk}:{request.session.session_key}")


def code(request: HttpRequest, person: User, *, again: bool) -> RateLimitUsage | None:
    """Count a try of a second factor's code; None where there were too many.

    Whoever comes this far from an unknown browser has the password: they count together.
    """
    if again:
        return _consume(request, "code_failed", f"{person.pk}:{request.session.session_key}")
    return _consume(request, "code_failed", device_of(request, person) or str(person.pk))


def _consume(request: HttpRequest, action: str, key: str) -> RateLimitUsage | None:
    return consume(request, app="allauth.account", action=action, key=key)


def note_failure(email: str) -> None:
    """Remember that somebody failed to sign in as this person, from wherever."""
    cache.set(_failures_key(email), [*_failures(email), time.time()][-100:], WINDOW)


def delay(email: str) -> int:
    """Return for how many seconds the answer waits: 1, 2, 4, 8, doubled by every five failures more."""
    more = len(_failures(email)) - CALM
    return 0 if more < 0 else min(LONGEST_DELAY, 2 ** (more // 5))


def _failures(email: str) -> list[float]:
    since = time.time() - WINDOW
    found: list[float] = cache.get(_failures_key(email), [])
    return [at for at in found if at > since]


def _failures_key(email: str) -> str:
    return f"sign_in_failures:{hashlib.sha256(email.encode()).hexdigest()}"
