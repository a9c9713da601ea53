"""Every address under /sign-in/: allauth's, one by one, so that an update of it opens no page unseen.

Closed are: signing up (people are invited, or brought in by the vendor), the library's way to change
the address (ours is confirmed by both), signing in by a mailed code, and tying other identities to a person.
"""

from allauth.account import views as account
from allauth.mfa.base import views as mfa
from allauth.mfa.recovery_codes import views as recovery
from allauth.mfa.totp import views as totp
from allauth.socialaccount import views as social
from django.contrib.auth.decorators import login_not_required
from django.urls import URLPattern, path, re_path

from admin_center.sign_in import oidc
from admin_center.sign_in.sessions import freshly_authenticated
from admin_center.views import email_change, sign_in

urlpatterns: list[URLPattern] = [
    path("", sign_in.start, name="sign_in"),
    path("login/", sign_in.Login.as_view(), name="account_login"),
    path("logout/", account.logout, name="account_logout"),
    path("inactive/", account.account_inactive, name="account_inactive"),
    path("reauthenticate/", sign_in.PasswordAgain.as_view(), name="account_reauthenticate"),
    # The address of a person who was brought in is confirmed at the first sign-in.
    path("confirm-email/", account.email_verification_sent, name="account_email_verification_sent"),
    re_path(r"^confirm-email/(?P<key>[-:\w]+)/$", account.confirm_email, name="account_confirm_email"),
    path("password/change/", account.password_change, name="account_change_password"),
    path("password/set/", sign_in.set_password, name="account_set_password"),
    path("password/reset/", account.password_reset, name="account_reset_password"),
    path("password/reset/done/", account.password_reset_done, name="account_reset_password_done"),
    path(
        "password/reset/key/done/",
        account.password_reset_from_key_done,
        name="account_reset_password_from_key_done",
    ),
    re_path(
        r"^password/reset/key/(?P<uidb36>[0-9A-Za-z]{1,13})-(?P<key>.+)/$",
        sign_in.NewPassword.as_view(),
        name="account_reset_password_from_key",
    ),
    path("2fa/", mfa.index, name="mfa_index"),
    path("2fa/authenticate/", sign_in.SecondFactor.as_view(), name="mfa_authenticate"),
    path("2fa/reauthenticate/", sign_in.CodeAgainView.as_view(), name="mfa_reauthenticate"),
    path("2fa/totp/activate/", freshly_authenticated(totp.activate_totp), name="mfa_activate_totp"),
    path("2fa/totp/deactivate/", freshly_authenticated(totp.deactivate_totp), name="mfa_deactivate_totp"),
    path(
        "2fa/recovery-codes/",
        freshly_authenticated(recovery.view_recovery_codes),
        name="mfa_view_recovery_codes",
    ),
    path(
        "2fa/recovery-codes/generate/",
        freshly_authenticated(recovery.generate_recovery_codes),
        name="mfa_generate_recovery_codes",
    ),
    path(
        "2fa/recovery-codes/download/",
        freshly_authenticated(recovery.download_recovery_codes),
        name="mfa_download_recovery_codes",
    ),
    path("email/change/", freshly_authenticated(email_change.change), name="email_change"),
    path("email/change/<int:change_id>/withdraw/", email_change.withdraw, name="email_change_withdraw"),
    path("email/confirm/<str:token>/", email_change.confirm, name="email_change_confirm"),
    path("sessions/", sign_in.devices, name="usersessions_list"),
    path("product/cancelled/", social.login_cancelled, name="socialaccount_login_cancelled"),
    path("product/error/", login_not_required(social.login_error), name="socialaccount_login_error"),
    path("oidc/<slug:provider_id>/login/", oidc.begin_login, name="openid_connect_login"),
    path("oidc/<slug:provider_id>/login/callback/", oidc.finish_login, name="openid_connect_callback"),
    # The library asks for these names.
    path("signup/", sign_in.closed, name="account_signup"),
    path("email/", sign_in.closed, name="account_email"),
    path("login/code/confirm/", sign_in.closed, name="account_confirm_login_code"),
    path("3rdparty/", sign_in.closed, name="socialaccount_connections"),
    path("3rdparty/signup/", sign_in.closed, name="socialaccount_signup"),
]
