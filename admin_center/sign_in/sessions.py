"""How long a session lasts, and how fresh its proofs of identity are (security.md, "The shape" 8)."""

from collections.abc import Callable
from enum import StrEnum
from functools import wraps
from typing import Any, cast
from urllib.parse import urlencode

from allauth.account.internal.flows.login import get_authentication_records
from allauth.mfa.models import Authenticator
from allauth.mfa.utils import is_mfa_enabled
from allauth.socialaccount.models import SocialAccount
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse

from accounts import clock
from accounts.models import User

# How stale the note of the last request may be: a write for each page would cost more than it tells.
NOTE_EVERY_SECONDS = 60


class Proof(StrEnum):
    """A way to show again who one is, before a step that can't be taken back."""

    PASSWORD = "password"  # noqa: S105 - a word, not a secret
    SECOND_FACTOR = "second_factor"
    PRODUCT_LOGIN = "product_login"


def begin(request: HttpRequest) -> None:
    """Note in the session that it begins at this moment."""
    request.session["began"] = request.session["seen"] = _seconds()


def is_over(request: HttpRequest) -> bool:
    """Return whether a signed-in session was idle for 30 minutes, or is 12 hours old."""
    at = _seconds()
    began, seen = request.session.get("began", at), request.session.get("seen", at)
    idle, age = at - seen, at - began
    return bool(idle > settings.SESSION_IDLE_SECONDS or age > settings.SESSION_ABSOLUTE_SECONDS)


def note(request: HttpRequest) -> None:
    """Note that the person is still there; writes at most once a minute."""
    at = _seconds()
    if "began" not in request.session:
        begin(request)
    elif at - request.session["seen"] > NOTE_EVERY_SECONDS:
        request.session["seen"] = at


def rotate(request: HttpRequest) -> None:
    """Give the session a new key: whoever learned the old one is left outside."""
    old = request.session.session_key
    request.session.cycle_key()
    UserSession.objects.filter(session_key=old).update(session_key=request.session.session_key)


def proofs_missing(request: HttpRequest) -> tuple[Proof, ...]:
    """Return what the person must show again: the password, the second factor where there is one.

    Who has neither, because the product login is their only way in, must go through that anew.
    """
    person = cast(User, request.user)
    return tuple(proof for proof in _available_proofs(person) if not _is_fresh(request, person, proof))


def recently_authenticated(request: HttpRequest) -> bool:
    """Return whether the person has shown who they are in the last minutes; a sign-in does not count."""
    return bool(request.user.is_authenticated) and not proofs_missing(request)


def step_up(request: HttpRequest) -> HttpResponse:
    """Return the redirect to the next proof that is missing; it leads back to this page, as a GET.

    What was posted is not kept and not repeated: the person confirms again, seeing what.
    """
    missing = proofs_missing(request)
    back = request.get_full_path() if request.method in ("GET", "HEAD") else request.path
    query = {"next": back}
    if Proof.PASSWORD in missing:
        address = reverse("account_reauthenticate")
    elif Proof.SECOND_FACTOR in missing:
        address = reverse("mfa_reauthenticate")
    elif settings.OIDC_SERVER_URL:
        address = reverse("openid_connect_login", args=["product"])
        query["auth_params"] = urlencode(
            {"prompt": "login", "max_age": settings.ACCOUNT_REAUTHENTICATION_TIMEOUT}
        )
    else:
        raise PermissionDenied
    return redirect(f"{address}?{urlencode(query)}")


def freshly_authenticated(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """Let only those in, by GET and POST alike, who have shown in the last minutes who they are."""

    @wraps(view)
    def guarded(request: Any, *args: object, **parts: object) -> HttpResponseBase:
        if not recently_authenticated(request):
            return step_up(request)
        return view(request, *args, **parts)

    return guarded


def _available_proofs(user: User) -> tuple[Proof, ...]:
    """Return what this person can show."""
    asked = []
    if user.has_usable_password():
        asked.append(Proof.PASSWORD)
    if is_mfa_enabled(user, [Authenticator.Type.TOTP]):
        asked.append(Proof.SECOND_FACTOR)
    return tuple(asked) or (Proof.PRODUCT_LOGIN,)


def _is_fresh(request: HttpRequest, person: User, proof: Proof) -> bool:
    """Return whether a proof was given in this session in the last minutes."""
    oldest = _seconds() - settings.ACCOUNT_REAUTHENTICATION_TIMEOUT
    given = [
        record
        for record in get_authentication_records(request, person)
        if record["at"] > oldest and record["method"] == _METHODS[proof]
    ]
    if proof is Proof.PRODUCT_LOGIN:
        return any(_signed_in_there(person, record["uid"], oldest) for record in given)
    return any(record.get("reauthenticated") for record in given)


_METHODS = {Proof.PASSWORD: "password", Proof.SECOND_FACTOR: "mfa", Proof.PRODUCT_LOGIN: "socialaccount"}


def _signed_in_there(user: User, uid: str, oldest: float) -> bool:
    """Return whether the product login says that the person typed their secret after `oldest` (seconds)."""
    known = SocialAccount.objects.filter(user=user, uid=uid).first()
    claims = (known.extra_data or {}).get("id_token") if known else None
    auth_time = (claims or {}).get("auth_time")
    return isinstance(auth_time, int) and auth_time > oldest


def _seconds() -> int:
    """Return this moment in whole seconds."""
    return int(clock.now().timestamp())
