"""The pages of signing in: allauth's, with the few answers of ours."""

from http import HTTPStatus
from typing import Any

from allauth.account import views as account
from allauth.mfa.base import views as mfa
from allauth.usersessions import views as usersessions
from django.contrib.auth.decorators import login_not_required
from django.forms import Form
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render

from admin_center.sign_in import adapters, sessions

TOO_MANY = ("too_many_login_attempts", "rate_limited")


class RefusesTooMany:
    """Answers 429, not 200, when wrong passwords or codes were too many."""

    def form_invalid(self, form: Form) -> HttpResponse:
        """Show the form with its errors."""
        response: HttpResponse = super().form_invalid(form)  # type: ignore[misc]
        if any(error.code in TOO_MANY for errors in form.errors.as_data().values() for error in errors):
            response.status_code = HTTPStatus.TOO_MANY_REQUESTS
        return response


class SessionRotation:
    """Gives the session a new key when the person has shown again who they are."""

    def form_valid(self, form: Form) -> HttpResponse:
        """Take note of the proof, and go back to the page that asked for it."""
        response: HttpResponse = super().form_valid(form)  # type: ignore[misc]
        sessions.rotate(self.request)  # type: ignore[attr-defined]
        return response


class Login(RefusesTooMany, account.LoginView):
    """Sign in with e-mail address and password."""


class SecondFactor(RefusesTooMany, mfa.AuthenticateView):
    """Finish signing in with a code."""


class PasswordAgain(RefusesTooMany, SessionRotation, account.ReauthenticateView):
    """Enter the password again before a step that can't be taken back."""


class CodeAgainView(RefusesTooMany, SessionRotation, mfa.ReauthenticateView):
    """Enter a code again before a step that can't be taken back."""


class NewPassword(account.PasswordResetFromKeyView):
    """Set a new password by the link that was mailed; the address is known to be theirs from then on."""

    def form_valid(self, form: Form) -> HttpResponse:
        """Set the password."""
        adapters.confirm_address(self.reset_user)
        response: HttpResponse = super().form_valid(form)
        return response


def devices(request: HttpRequest) -> HttpResponseBase:
    """Show where a person is signed in; ending the others is for who has just shown who they are."""
    if request.method == "POST" and not sessions.recently_authenticated(request):
        return sessions.step_up(request)
    return usersessions.list_usersessions(request)


@login_not_required
def start(request: HttpRequest) -> HttpResponse:
    """Lead to signing in, or to a person's own security settings."""
    return redirect("mfa_index" if request.user.is_authenticated else "account_login")


@login_not_required
def closed(request: HttpRequest, **parts: Any) -> HttpResponse:
    """Answer that there is nothing here: a page of the library that this console does not offer."""
    raise Http404


def set_password(request: HttpRequest) -> HttpResponse:
    """Lead who has no password yet to the mail that sets one: a session alone does not suffice."""
    return redirect("account_reset_password")


def too_many(request: HttpRequest) -> HttpResponse:
    """Say that this was tried too often, and that waiting helps."""
    return render(request, "429.html", status=HTTPStatus.TOO_MANY_REQUESTS)
