"""How people sign in: what we ask of allauth beyond its settings."""

import base64
import hashlib

from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from cryptography.fernet import Fernet
from django.conf import settings
from django.http import HttpRequest


class AccountAdapter(DefaultAccountAdapter):
    """Sign-up is closed: people come by invitation, or are brought in by the vendor."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Return False."""
        return False


class SocialAccountAdapter(DefaultSocialAccountAdapter):
    """The product login signs in people we know; it makes none."""

    def is_open_for_signup(self, request: HttpRequest, sociallogin: object) -> bool:
        """Return False."""
        return False


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
