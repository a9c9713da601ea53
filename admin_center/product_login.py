"""The vendor's product login (OpenID Connect): allauth's flow, with nothing taken on trust."""

from typing import Any

import structlog
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


log = structlog.get_logger()


class Adapter(OpenIDConnectOAuth2Adapter):
    """Verifies the ID token's signature even though it came straight from the provider."""

    def get_callback_url(self, request: HttpRequest, app: SocialApp) -> str:
        """Return where the provider sends the person back to, at the configured origin."""
        return f"{settings.ORIGIN}{reverse('openid_connect_callback', args=[self.provider_id])}"

    def _decode_id_token(self, app: SocialApp, id_token: str) -> dict[str, Any]:
        claims: dict[str, Any] = jwtkit.verify_and_decode(
            credential=id_token,
            keys_url=self.openid_config["jwks_uri"],
            issuer=self.openid_config["issuer"],
            audience=app.client_id,
            lookup_kid=jwtkit.lookup_kid_jwk,
        )
        return claims


@login_not_required
def leave(request: HttpRequest, provider_id: str) -> HttpResponse:
    """Go to the product's own login; only to sign in, never to tie another identity to this person."""
    if {request.GET.get("process"), request.POST.get("process")} - {None, "login"}:
        raise Http404
    return _pass(OAuth2LoginView, request, provider_id)


@login_not_required
def come_back(request: HttpRequest, provider_id: str) -> HttpResponse:
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
