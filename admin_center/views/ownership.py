"""Who owns the account, and handing it over: offered by the owner, accepted by a billing admin."""

from datetime import datetime, timedelta
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts import ownership
from accounts.models import Membership, OwnershipOffer
from accounts.rules.decision import Action
from accounts.rules.roles import Role
from admin_center.pages import AccountRequest, page
from admin_center.views.members import find
from admin_center.wording.bidi import isolated

# From when on the vendor's staff can help (domain.md 10).
AWAY_FOR = timedelta(days=90)
# Of those that ended, how many are told.
ENDED_TOLD = 5

NOT_ELIGIBLE = {
    "not_billing_admin": gettext_lazy(
        "Only a billing admin can become the owner: give them that role first."
    ),
    "address_not_verified": gettext_lazy(
        "Their e-mail address is not verified yet: they verify it the next time they sign in."
    ),
    "suspended": gettext_lazy("They are suspended: restore their access first."),
    "offer_open": gettext_lazy("Another offer is open: withdraw it first."),
}


@require_safe
@page(Action.VIEW_PEOPLE)
def show(request: AccountRequest) -> HttpResponse:
    """Show the owner, an open offer with what this person may do about it, and how offers ended."""
    return _show(request)


def _show(request: AccountRequest, *, error: Any = "", status: int = 200) -> HttpResponse:
    at, members = request.occasion.at, Membership.objects.filter(account=request.account)
    owner = members.select_related("user").get(role=Role.OWNER)
    offers = OwnershipOffer.objects.filter(account=request.account).select_related("to", "offered_by")
    made = offers.filter(state=OwnershipOffer.State.OPEN).first()
    may_offer = request.gate.may(Action.TRANSFER_OWNERSHIP)
    context = {
        "owner": owner,
        "offer": made if made and made.expires_at > at else None,
        "lapsed": made if made and made.expires_at <= at else None,
        "ended": offers.exclude(state=OwnershipOffer.State.OPEN).order_by("-pk")[:ENDED_TOLD],
        "heir": made is not None and made.to_id == request.user.pk,
        "may_offer": may_offer,
        "candidates": _candidates(request) if may_offer else [],
        "away": owner.role != request.membership.role and _away(owner, at),
        "error": error,
    }
    return render(request, "ownership/ownership.html", context, status=status)


def _candidates(request: AccountRequest) -> list[Membership]:
    """Return the billing admins to whom the account can be offered, as the contacts page lists them."""
    contacts = Membership.objects.contacts(request.account).filter(role=Role.BILLING_ADMIN)
    return list(contacts[:100])


def _away(owner: Membership, at: datetime) -> bool:
    """Tell whether the owner has not signed in for 90 days; one who never did counts from joining."""
    return (owner.user.last_login or owner.joined_at) <= at - AWAY_FOR


@require_http_methods(["GET", "HEAD", "POST"])
@page(Action.TRANSFER_OWNERSHIP, fresh=True)
def offer(request: AccountRequest, member_id: int) -> HttpResponse:
    """Say what handing over means, and on a POST offer the account to a billing admin."""
    one = find(request, member_id)
    if request.method != "POST":
        return render(request, "ownership/offer.html", {"member": one})
    try:
        ownership.offer(one.pk, occasion=request.occasion)
    except ownership.NotEligible as refusal:
        return _show(request, error=NOT_ELIGIBLE[refusal.reason], status=422)
    told = {"name": isolated(one.user.name)}
    messages.success(request, _("The account is offered to %(name)s, who has seven days to accept.") % told)
    return redirect("ownership", request.account.slug)


@require_http_methods(["GET", "HEAD", "POST"])
@page(Action.VIEW_PEOPLE, fresh=True)
def accept(request: AccountRequest, offer_id: int) -> HttpResponse:
    """Say what accepting means, and on a POST become the owner. For others there is nothing here."""
    made = _made(request, offer_id)
    if made.to_id != request.user.pk:
        raise Http404
    if request.method != "POST":
        is_open = made.state == OwnershipOffer.State.OPEN
        return render(request, "ownership/accept.html", {"offer": made}) if is_open else _over(request)
    try:
        ownership.accept(made.pk, occasion=request.occasion)
    except ownership.OfferOver:
        return _over(request)
    except ownership.NotEligible as refusal:
        return _show(request, error=NOT_ELIGIBLE[refusal.reason], status=422)
    told = {"account": isolated(request.account.name)}
    messages.success(request, _("You are the owner of %(account)s now.") % told)
    return redirect("ownership", request.account.slug)


def _over(request: AccountRequest) -> HttpResponse:
    return _show(request, error=_("This offer is over: it was withdrawn, or is too old."), status=422)


@require_POST
@page(Action.VIEW_PEOPLE)
def withdraw(request: AccountRequest, offer_id: int) -> HttpResponse:
    """Take an offer back, or decline it."""
    made = _made(request, offer_id)
    try:
        ownership.withdraw(made.pk, occasion=request.occasion)
    except ownership.OfferOver:
        messages.info(request, _("The offer was over already."))
    else:
        declined = made.to_id == request.user.pk
        messages.success(
            request, _("You declined the ownership.") if declined else _("The offer is withdrawn.")
        )
    return redirect("ownership", request.account.slug)


def _made(request: AccountRequest, offer_id: int) -> OwnershipOffer:
    """Return an offer of this account; another account's answers as one that is not there."""
    offers = OwnershipOffer.objects.select_related("to", "offered_by")
    found = offers.filter(pk=offer_id, account=request.account).first()
    if found is None:
        raise Http404
    return found
