"""How people sign in: what we ask of allauth beyond its settings (the pages are views/sign_in.py)."""

import base64
import hashlib
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.models import EmailAddress, EmailConfirmation
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.core.internal.httpkit import get_client_ip
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialLogin
from allauth.socialaccount.providers.openid_connect.provider import OpenIDConnectProvider
from cryptography.fernet import Fernet
from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.shortcuts import render
from django.utils import translation

from accounts.models import User
from admin_center import product_login, sessions


def client_address(request: HttpRequest) -> str | None:
    """Return the client's address, believing as many proxies as settings trust; None where it has none."""
    address: str | None = get_client_ip(request)
    return address


def at_origin(address: str) -> str:
    """Return an address of ours at the configured origin: links in mails never follow a request's host."""
    parts = urlsplit(address)
    return f"{settings.ORIGIN}{parts.path}" + (f"?{parts.query}" if parts.query else "")


class AccountAdapter(DefaultAccountAdapter):
    """Sign-up is closed: people come by invitation, or are brought in by the vendor."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Return False."""
        return False

    def is_ajax(self, request: HttpRequest) -> bool:
        """Return False: every answer is a page, so that there is one way to test and to guard."""
        return False

    def login(self, request: HttpRequest, user: AbstractBaseUser) -> None:
        """Sign a person in; the session's age counts from here."""
        super().login(request, user)
        sessions.begin(request)

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Send a letter in the recipient's language, under the vendor's name and the configured origin."""
        person = context.get("user") or User.objects.filter(email=email.lower()).first()
        site = SimpleNamespace(name=settings.VENDOR_NAME, domain=urlsplit(settings.ORIGIN).netloc)
        language = getattr(person, "language", "") or translation.get_language() or settings.LANGUAGE_CODE
        with translation.override(language):
            super().send_mail(template_prefix, email, {**context, "current_site": site})

    def get_reset_password_from_key_url(self, key: str) -> str:
        """Return the link of the mail that resets a password."""
        return at_origin(super().get_reset_password_from_key_url(key))

    def get_email_confirmation_url(self, request: HttpRequest, emailconfirmation: EmailConfirmation) -> str:
        """Return the link of the mail that confirms an address."""
        return at_origin(super().get_email_confirmation_url(request, emailconfirmation))

    def _get_login_attempts_cache_key(self, request: HttpRequest, **credentials: Any) -> str:
        """Return what wrong passwords are counted under: the address alone.

        The library adds the request's host with its port, which the client chooses: every port
        would give five tries more.
        """
        return str(credentials.get("email", "")).strip().lower()


class SocialAccountAdapter(DefaultSocialAccountAdapter):
    """The product login signs in people we know; it makes none."""

    def is_open_for_signup(self, request: HttpRequest, sociallogin: SocialLogin) -> bool:
        """Return False."""
        return False

    def get_provider(
        self, request: HttpRequest, provider: str, client_id: str | None = None
    ) -> OpenIDConnectProvider:
        """Return the provider, speaking through our own adapter."""
        found: OpenIDConnectProvider = super().get_provider(request, provider, client_id)
        found.oauth2_adapter_class = product_login.Adapter
        return found

    def pre_social_login(self, request: HttpRequest, sociallogin: SocialLogin) -> None:
        """Refuse whom we don't know, with a page that says what to do."""
        _same_person(sociallogin)
        if not sociallogin.is_existing:
            page = render(request, "account/unknown_to_us.html", status=403)
            raise ImmediateHttpResponse(page)

    def authenticate_by_email(self, sociallogin: SocialLogin) -> Any:
        """Return the person with this address, if the provider says that it verified it.

        Only a true boolean says so: the text "false" of a careless provider would count as true.
        """
        claims = _claims(sociallogin)
        if claims.get("email_verified") is not True:
            return None
        return super().authenticate_by_email(sociallogin)


def _claims(sociallogin: SocialLogin) -> dict[str, Any]:
    """Return what the provider says of the person: its userinfo, otherwise its ID token."""
    data = sociallogin.account.extra_data or {}
    claims: dict[str, Any] = data.get("userinfo") or data.get("id_token") or {}
    return claims


def _same_person(sociallogin: SocialLogin) -> None:
    """Raise PermissionDenied where userinfo tells of another person than the ID token (OIDC Core 5.3.2)."""
    data = sociallogin.account.extra_data or {}
    told, signed = data.get("userinfo"), data.get("id_token")
    if told and signed and told.get("sub") != signed.get("sub"):
        raise PermissionDenied


class MFAAdapter(DefaultMFAAdapter):
    """Keeps the secrets of second factors encrypted with a key made from SECRET_KEY."""

    def _fernet(self) -> Fernet:
        digest = hashlib.sha256(b"second factor" + settings.SECRET_KEY.encode()).digest()
        return Fernet(base64.urlsafe_b64encode(digest))

    def encrypt(self, text: str) -> str:
        """Return the text encrypted."""
        return self._fernet().encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        """Return the text behind an encrypted one."""
        return self._fernet().decrypt(encrypted_text.encode()).decode()


def confirm_address(user: User) -> None:
    """Mark a person's address as verified: they followed a link that was sent there."""
    address, _made = EmailAddress.objects.get_or_create(
        user=user, email=user.email, defaults={"primary": True, "verified": True}
    )
    if not address.verified:
        address.set_verified()
