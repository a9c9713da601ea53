"""How people sign in: what we ask of allauth beyond its settings (the pages are views/sign_in.py)."""

import base64
import hashlib
from types import SimpleNamespace
from typing import Any, cast
from urllib.parse import urlsplit

import structlog
from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.models import EmailAddress, EmailConfirmation
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.core.internal.httpkit import get_client_ip
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialLogin
from allauth.socialaccount.providers.openid_connect.provider import OpenIDConnectProvider
from cryptography.fernet import Fernet, MultiFernet
from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.core.exceptions import ImproperlyConfigured, PermissionDenied
from django.http import HttpRequest
from django.shortcuts import render
from django.utils import translation

from accounts.models import User
from admin_center.sign_in import attempts, oidc, passwords, sessions

log = structlog.get_logger()


def client_address(request: HttpRequest) -> str | None:
    """Return the client's address, believing as many proxies as settings trust; None where it has none.

    Where fewer proxies wrote down where it came from than are trusted, it came around one of them:
    then the address that we see ourselves is the only true one.
    """
    address: str | None
    try:
        address = get_client_ip(request)
    except ImproperlyConfigured:
        address = request.META.get("REMOTE_ADDR")
    return address


def at_origin(address: str) -> str:
    """Return an address of ours at the configured origin: links in mails never follow a request's host."""
    parts = urlsplit(address)
    return f"{settings.ORIGIN}{parts.path}" + (f"?{parts.query}" if parts.query else "")


class AccountAdapter(DefaultAccountAdapter):
    """Sign-up is closed: people come by invitation, or are brought in by the vendor."""

    # Whose password is asked again; None while somebody signs in.
    _shows_again: User | None = None

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
        note_sign_in(request, cast(User, user))

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

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """Count the try as attempts.py does; raise ValidationError where there were too many."""
        if again := self._shows_again:
            usage = attempts.step_up(request, again)
        else:
            email = _address(credentials)
            person = _person(email)
            usage = attempts.sign_in(request, email, person)
            if not attempts.device_of(request, person):
                # The right password's answer waits as long as a wrong one's; the thread waits for neither.
                request.answer_after = attempts.delay(email)  # type: ignore[attr-defined]
        self._login_failed_rl_usage = usage
        if usage is None:
            self._log_failure(request, credentials, "too_many")
            raise self.validation_error("too_many_login_attempts")

    def authenticate(self, request: HttpRequest, **credentials: Any) -> AbstractBaseUser | None:
        """Return the person with these credentials, or None."""
        if passwords.is_known(credentials.get("password", "")):
            self.pre_authenticate(request, **credentials)
            self.authentication_failed(request, **credentials)
            return None
        found: AbstractBaseUser | None = super().authenticate(request, **credentials)
        return found

    def authentication_failed(self, request: HttpRequest, **credentials: Any) -> None:
        """Log it, and remember it for whose answers come later."""
        if not self._shows_again:
            attempts.note_failure(_address(credentials))
        self._log_failure(request, credentials, "password")

    def _log_failure(self, request: HttpRequest, credentials: dict[str, Any], why: str) -> None:
        person = _person(_address(credentials))
        # Not the address that was typed: people type passwords there.
        log.warning(
            "sign_in_failed",
            why=why,
            known_person=person.pk if person else None,
            address=client_address(request),
            again=self._shows_again is not None,
        )

    def reauthenticate(self, user: AbstractBaseUser, password: str) -> bool:
        """Return whether it is this person's password; counted for the session, apart from signing in."""
        self._shows_again = cast(User, user)
        try:
            shown: bool = super().reauthenticate(user, password)
            return shown
        finally:
            self._shows_again = None

    def _get_login_attempts_cache_key(self, request: HttpRequest, **credentials: Any) -> str:
        """Return what wrong passwords are counted under."""
        email = _address(credentials)
        return attempts.key_of(request, email, _person(email))


def _address(credentials: dict[str, Any]) -> str:
    return str(credentials.get("email", "")).strip().lower()


def _person(email: str) -> User | None:
    return User.objects.filter(email=email).first() if "\0" not in email else None


def note_sign_in(request: HttpRequest, user: User) -> None:
    """Log who signed in from where; the browser is known from then on."""
    log.info("signed_in", known_person=user.pk, address=client_address(request))
    request.signed_in = user  # type: ignore[attr-defined]


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
        found.oauth2_adapter_class = oidc.Adapter
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
    """Keeps the secrets of second factors encrypted with a key made from SECRET_KEY.

    What was encrypted with a key of before is still read, while SECRET_KEY_FALLBACKS holds that.
    """

    def _fernet(self) -> MultiFernet:
        keys = (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
        digests = (hashlib.sha256(b"second factor" + key.encode()).digest() for key in keys)
        return MultiFernet([Fernet(base64.urlsafe_b64encode(digest)) for digest in digests])

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
