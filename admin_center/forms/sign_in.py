"""A second factor's code, with limits that an attacked person is not shut out by."""

from typing import Any

import structlog
from allauth.account.adapter import get_adapter as get_account_adapter
from allauth.core import context
from allauth.mfa.adapter import get_adapter
from allauth.mfa.base.forms import AuthenticateForm, ReauthenticateForm
from allauth.mfa.models import Authenticator

from admin_center.sign_in import attempts
from admin_center.sign_in.adapters import client_address

log = structlog.get_logger()


class AttemptLimit:
    """Counts tries as `attempts.code` does, not by the person alone."""

    again: bool
    user: Any
    cleaned_data: dict[str, Any]

    def clean_code(self) -> str:
        """Return the code that one of the person's authenticators knows; raise ValidationError otherwise."""
        usage = attempts.code(context.request, self.user, again=self.again)
        if usage is None:
            raise get_account_adapter().validation_error("too_many_login_attempts")
        code: str = self.cleaned_data["code"]
        for one in Authenticator.objects.filter(user=self.user):
            if one.wrap().validate_code(code):
                one.user = self.user
                self.authenticator = one
                usage.rollback()
                return code
        log.warning(
            "sign_in_failed",
            why="code",
            known_person=self.user.pk,
            address=client_address(context.request),
            again=self.again,
        )
        raise get_adapter().validation_error("incorrect_code")


class SecondFactorForm(AttemptLimit, AuthenticateForm):
    """Finishes signing in."""

    again = False


class SecondFactorAgainForm(AttemptLimit, ReauthenticateForm):
    """Shows again who one is."""

    again = True
