"""Inviting people, taking invitations back, and the page behind the mailed link."""

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import login
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from accounts import invitations
from accounts.models import Account, Invitation, User
from accounts.rules.decision import Action
from accounts.rules.roles import Role
from admin_center import drafts
from admin_center.forms.invitations import JoinForm
from admin_center.forms.members import ALLOWS, GIVEN, InviteForm
from admin_center.occasions import occasion_of
from admin_center.pages import AccountRequest, page
from admin_center.presenters import seats
from admin_center.sign_in.adapters import note_sign_in
from admin_center.wording.bidi import isolated
from admin_center.wording.labels import ROLES
from billing import promised_seats
from billing.storage import loading

NOT_INVITED = {
    "malformed": ("email", gettext_lazy("This is not an e-mail address.")),
    "member": ("email", gettext_lazy("Somebody with this address is a member already.")),
    "invited": (
        "email",
        gettext_lazy("This address is invited already. Revoke that invitation to send a new one."),
    ),
    "role": ("role", gettext_lazy("Nobody is invited as the owner.")),
    "budget": ("email", gettext_lazy("Your company has sent as many invitations as it may in a day.")),
}
# Whom they become: powerful roles are given by who gives roles.
PLAIN = (Role.AGENT, Role.LIGHT_AGENT)


@require_http_methods(["GET", "HEAD", "POST"])
@page(Action.MANAGE_PEOPLE)
def invite(request: AccountRequest) -> HttpResponse:
    """Ask whom to invite, and on a POST send them the link."""
    may_roles = request.gate.may(Action.MANAGE_ROLES)
    roles = GIVEN if may_roles else PLAIN
    places = seats.of(request, loading.read(request.account, request.today))
    products = [(place.product, f"{place.name} ({place.standing})") for place in places]
    typed = request.POST if request.method == "POST" else None
    form = InviteForm(typed, roles=roles, seats=products)
    if request.method == "POST" and form.is_valid() and _invite(request, form):
        return redirect("people", request.account.slug)
    told = [(role.value, ROLES[role], ALLOWS[role]) for role in roles]
    context: dict[str, Any] = {
        "form": form,
        "told": told,
        "budget": invitations.budget(request.account, request.occasion.at),
        "kept": drafts.refill(request, form),
        "may_roles": may_roles,
        "short": [place for place in places if place.more],
    }
    return render(
        request, "invitations/invite.html", context, status=422 if request.method == "POST" else 200
    )


def _invite(request: AccountRequest, form: InviteForm) -> bool:
    """Invite, and tell; False, with the error at its field, where the address can't be invited."""
    asked = form.cleaned_data
    try:
        invitations.invite(
            request.account,
            asked["email"],
            asked["name"],
            Role(asked["role"]),
            occasion=request.occasion,
            seat=asked.get("seat") or "",
        )
    except invitations.NotInvited as refusal:
        form.add_error(*NOT_INVITED[refusal.reason])
        return False
    messages.success(request, _("An invitation is on its way to %(email)s.") % {"email": asked["email"]})
    if asked.get("seat"):
        seats.warn(request, asked["seat"])
    return True


@require_POST
@page(Action.MANAGE_PEOPLE)
def revoke(request: AccountRequest, invitation_id: int) -> HttpResponse:
    """Take an invitation back; another account's answers as one that is not there."""
    if not Invitation.objects.filter(pk=invitation_id, account=request.account).exists():
        raise Http404
    invitations.revoke(invitation_id, occasion=request.occasion)
    messages.success(request, _("The invitation is revoked: its link no longer works."))
    return redirect("people", request.account.slug)


@require_http_methods(["GET", "HEAD", "POST"])
@login_not_required
def join(request: HttpRequest, token: str) -> HttpResponse:
    """Show who invites to what, and let the invited join; every other link gets one and the same answer."""
    try:
        account = invitations.account_of(token)
        return _join(request, account, token)
    except invitations.InvitationOver:
        return render(request, "invitations/over.html", status=404)


def _join(request: HttpRequest, account: Account, token: str) -> HttpResponse:
    occasion = occasion_of(request, account)
    found = invitations.find(token, occasion.at)
    person = User.objects.filter(email=found.email).first()
    somebody_else = request.user.is_authenticated and request.user != person
    # A new person says how they are called and chooses a password; others have theirs.
    typed = request.POST if request.method == "POST" else None
    form = (
        None
        if person
        else JoinForm(typed, email=found.email, joins=account.name, initial={"name": found.name})
    )
    ready = request.method == "POST" and not somebody_else and (form is None or form.is_valid())
    if not ready:
        context = {
            "invitation": found,
            "form": form,
            "somebody_else": somebody_else,
            "role": ROLES[Role(found.role)],
        }
        return render(
            request, "invitations/join.html", context, status=422 if request.method == "POST" else 200
        )
    given = {name: form.cleaned_data[name] for name in ("name", "password")} if form else {}
    joined, member = promised_seats.join(token, occasion=occasion, **given)
    home = reverse("home", args=[account.slug])
    if form:
        # The link proved the mailbox, and the password was chosen this moment.
        login(request, member.user, backend="allauth.account.auth_backends.AuthenticationBackend")
        note_sign_in(request, member.user)
    elif not request.user.is_authenticated:
        messages.success(
            request, _("You are a member of %(account)s now. Sign in.") % {"account": isolated(account.name)}
        )
        return redirect(f"{reverse(settings.LOGIN_URL)}?{urlencode({'next': home})}")
    messages.success(request, _("Welcome to %(account)s.") % {"account": isolated(account.name)})
    if joined.seat_outcome == Invitation.SeatOutcome.GIVEN:
        told = {"product": isolated(promised_seats.product_name(joined))}
        messages.success(request, _("You hold a seat of %(product)s.") % told)
    return redirect(home)
