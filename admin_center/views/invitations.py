"""Inviting people, taking invitations back, and the page behind the mailed link."""

from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import login
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST

from accounts import invitations
from accounts.models import Account, Invitation, User
from accounts.rules.decision import Action
from accounts.rules.roles import Role
from admin_center import drafts
from admin_center.forms.invitations import JoinForm
from admin_center.forms.members import ALLOWS, GIVEN, InviteForm, InviteSeveralForm
from admin_center.occasions import occasion_of
from admin_center.pages import AccountRequest, page
from admin_center.presenters import contacts, seats
from admin_center.sign_in.adapters import note_sign_in
from admin_center.wording import refusals
from admin_center.wording.bidi import isolated
from admin_center.wording.invitations import WHY_NOT
from admin_center.wording.labels import ROLES
from billing import promised_seats, seat_invitations
from billing.models import Quote
from billing.rules.names import Names
from billing.rules.quoting import UndecidedConflict
from billing.rules.refusals import Refusal
from billing.storage import loading

# At which field of the form a refusal is told; the others at the address.
FIELDS = {"role": "role"}
# Whom they become: powerful roles are given by who gives roles.
PLAIN = (Role.AGENT, Role.LIGHT_AGENT)


@require_http_methods(["GET", "HEAD", "POST"])
@page(Action.MANAGE_PEOPLE)
def invite(request: AccountRequest) -> HttpResponse:
    """Ask whom to invite, and on a POST send them the link, or lead to the seat to be bought first."""
    return _page(request, InviteForm, "invitations/invite.html")


@require_http_methods(["GET", "HEAD", "POST"])
@page(Action.MANAGE_PEOPLE)
def invite_several(request: AccountRequest) -> HttpResponse:
    """Ask whom to invite from a list that is pasted; all of them or none, with one quote for their seats."""
    return _page(request, InviteSeveralForm, "invitations/several.html")


def _page(request: AccountRequest, kind: type[InviteForm], template: str) -> HttpResponse:
    may_roles = request.gate.may(Action.MANAGE_ROLES)
    roles = GIVEN if may_roles else PLAIN
    places = seats.of(request, loading.read(request.account, request.today))
    products = [(place.product, f"{place.name} ({place.standing})") for place in places]
    typed = request.POST if request.method == "POST" else None
    form = kind(typed, roles=roles, seats=products, buys=bool(request.gate.may(Action.ADD_SEATS)))
    if request.method == "POST" and form.is_valid():
        done = _invite(request, form)
        if done is not None:
            return done
    told = [(role.value, ROLES[role], ALLOWS[role]) for role in roles]
    context: dict[str, Any] = {
        "form": form,
        "told": told,
        "budget": invitations.budget(request.account, request.occasion.at),
        "kept": drafts.refill(request, form),
        "may_roles": may_roles,
        "short": [place for place in places if place.more],
    }
    return render(request, template, context, status=422 if request.method == "POST" else 200)


def _invite(request: AccountRequest, form: InviteForm) -> HttpResponse | None:
    """Invite, and tell, or lead to what is bought first; None, with the error at its field, for a refusal."""
    asked, people = form.cleaned_data, form.people()
    seat, buy = asked.get("seat") or "", bool(asked.get("buy"))
    slug = request.account.slug
    try:
        quote = seat_invitations.invite(
            request.account, people, Role(asked["role"]), occasion=request.occasion, seat=seat, buy=buy
        )
    except invitations.NotInvited as refusal:
        several = "listed" in form.fields
        field = FIELDS.get(refusal.reason, "listed" if several else "email")
        form.add_error(field, _why_not(refusal) if several else str(WHY_NOT[refusal.reason]))
        return None
    except UndecidedConflict:
        form.add_error(
            "buy", _("A reduction of these seats is scheduled. Undo it first, or invite without buying.")
        )
        return None
    except Refusal as refusal_of_seats:
        reading = loading.read(request.account, request.today)
        contact = contacts.vendor_contact(request.account)
        form.add_error(
            "buy", refusals.explain(refusal_of_seats, reading.names if reading else Names(), contact)
        )
        return None
    if quote is not None:
        drafts.keep(request)
        return redirect("quote", slug, quote.pk)
    _told(request, people, seat)
    return redirect("people", slug)


def _told(request: AccountRequest, people: list[invitations.Invitee], seat: str) -> None:
    """Tell who is invited, and where more seats are promised than there are."""
    if len(people) == 1:
        told = _("An invitation is on its way to %(email)s.") % {"email": people[0].email}
    else:
        told = ngettext(
            "%(count)s invitation is on its way.", "%(count)s invitations are on their way.", len(people)
        ) % {"count": len(people)}
    messages.success(request, told)
    if seat:
        seats.warn(request, seat)


def _why_not(refusal: invitations.NotInvited) -> str:
    """Return why one of several is not invited, with the address."""
    words = str(WHY_NOT[refusal.reason])
    return _("%(email)s: %(why)s") % {"email": refusal.email, "why": words} if refusal.email else words


@require_POST
@page(Action.MANAGE_PEOPLE)
def planned_resume(request: AccountRequest, quote_id: UUID) -> HttpResponse:
    """Go on with those who wait for seats: with as many as are missing by now, or at once where none is."""
    found = Quote.objects.filter(pk=quote_id, subscription_id=request.account.pk).first()
    if found is None:
        raise Http404
    slug = request.account.slug
    try:
        quote = seat_invitations.resume(found, occasion=request.occasion)
    except seat_invitations.NothingPlanned:
        messages.info(request, _("Nobody waits for these seats any more."))
        return redirect("people", slug)
    except invitations.NotInvited as refusal:
        messages.warning(request, _why_not(refusal))
        return redirect("people", slug)
    except UndecidedConflict:
        messages.warning(request, _("A reduction of these seats is scheduled. Undo it first."))
        return redirect("people", slug)
    except Refusal as refusal_of_seats:
        reading = loading.read(request.account, request.today)
        contact = contacts.vendor_contact(request.account)
        names = reading.names if reading else Names()
        messages.warning(request, refusals.explain(refusal_of_seats, names, contact))
        return redirect("people", slug)
    if quote is not None:
        return redirect("quote", slug, quote.pk)
    messages.success(request, _("The seats are there by now: the invitations are on their way."))
    return redirect("people", slug)


@require_POST
@page(Action.MANAGE_PEOPLE)
def planned_discard(request: AccountRequest, quote_id: UUID) -> HttpResponse:
    """Invite none of those who wait for seats, and buy none."""
    if not Quote.objects.filter(pk=quote_id, subscription_id=request.account.pk).exists():
        raise Http404
    seat_invitations.discard(quote_id, occasion=request.occasion)
    messages.success(request, _("Nobody was invited, and nothing was bought."))
    return redirect("people", request.account.slug)


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
