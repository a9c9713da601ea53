"""The vendor's product login (OpenID Connect): allauth's flow, with nothing taken on trust."""

from collections.abc import Iterable
from typing import Any

import jwt
import structlog
from allauth.socialaccount.adapter import get_adapter
from allauth.socialaccount.internal import jwtkit
from allauth.socialaccount.models import SocialApp
from allauth.socialaccount.providers.oauth2.client import OAuth2Error
from allauth.socialaccount.providers.oauth2.views import OAuth2CallbackView, OAuth2LoginView
from allauth.socialaccount.providers.openid_connect.views import OpenIDConnectOAuth2Adapter
from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from requests import RequestException  # noqa: TID251 - only the name of a failure

# What a provider that is away, or answers with something else than it should, makes the library raise.
FAULTS = (RequestException, OAuth2Error, KeyError, TypeError, ValueError)
# What may sign an ID token, and the kind of key that does. No shared secrets: ours is known to us alone.
SIGNATURES = {
    **dict.fromkeys(("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"), "RSA"),
    **dict.fromkeys(("ES256", "ES384", "ES512"), "EC"),
    "EdDSA": "OKP",
}

log = structlog.get_logger()


class Adapter(OpenIDConnectOAuth2Adapter):
    """Verifies the ID token's signature even though it came straight from the provider."""

    def get_callback_url(self, request: HttpRequest, app: SocialApp) -> str:
        """Return where the provider sends the person back to, at the configured origin."""
        return f"{settings.ORIGIN}{reverse('openid_connect_callback', args=[self.provider_id])}"

    def _decode_id_token(self, app: SocialApp, id_token: str) -> dict[str, Any]:
        with get_adapter().get_requests_session() as session:  # type: ignore[no-untyped-call]
            answer = session.get(self.openid_config["jwks_uri"])
        answer.raise_for_status()
        claims = verified(
            id_token, answer.json()["keys"], issuer=self.openid_config["issuer"], audience=app.client_id
        )
        jwtkit.verify_jti(claims)
        return claims


def verified(id_token: str, keys: Iterable[dict[str, Any]], *, issuer: str, audience: str) -> dict[str, Any]:
    """Return the claims of an ID token that one of the provider's keys signed; OAuth2Error otherwise.

    A provider with one key need not name it (OpenID Connect Core 10.1), which the library demands.
    """
    try:
        header = jwt.get_unverified_header(id_token)
        algorithm = header["alg"]
        if algorithm not in SIGNATURES:
            raise OAuth2Error(f"the ID token is signed by {algorithm}")
        for key in keys:
            if not _may_have_signed(key, algorithm, header.get("kid")):
                continue
            try:
                claims: dict[str, Any] = jwt.decode(
                    id_token,
                    jwt.PyJWK(key, algorithm=algorithm),
                    algorithms=[algorithm],
                    issuer=issuer,
                    audience=audience,
                    options={"require": ["exp", "iat", "iss", "aud", "sub"]},
                )
            except jwt.InvalidSignatureError:
                continue
            return claims
    except jwt.PyJWTError as fault:
        raise OAuth2Error("the ID token is not valid") from fault
    raise OAuth2Error("no key of the provider signed the ID token")


def _may_have_signed(key: dict[str, Any], algorithm: str, name: str | None) -> bool:
    """Tell whether a key is for this algorithm, and has the name that the token gives, if both have one."""
    return (
        key.get("kty") == SIGNATURES[algorithm]
        and key.get("use", "sig") == "sig"
        and key.get("alg", algorithm) == algorithm
        and (name is None or key.get("kid", name) == name)
    )


@login_not_required
def begin_login(request: HttpRequest, provider_id: str) -> HttpResponse:
    """Go to the product's own login; only to sign in, never to tie another identity to this person."""
    if {request.GET.get("process"), request.POST.get("process")} - {None, "login"}:
        raise Http404
    return _pass(OAuth2LoginView, request, provider_id)


@login_not_required
def finish_login(request: HttpRequest, provider_id: str) -> HttpResponse:
    """Take the answer of the product's login, and sign the person in."""
    return _pass(OAuth2CallbackView, request, provider_id)


def _pass(view: Any, request: HttpRequest, provider_id: str) -> HttpResponse:
    """Run a view of the library; where the provider fails, lead to the page that says so."""
    try:
        answer: HttpResponse = view.adapter_view(Adapter(request, provider_id))(request)
    except SocialApp.DoesNotExist:
        raise Http404 from None
    except FAULTS:
        log.warning("product_login_failed", exc_info=True)
        return redirect("socialaccount_login_error")
    return answer
