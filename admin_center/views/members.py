"""One member: role, seats, and what may be done about them."""

from collections.abc import Callable
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts import open_invitations, roles
from accounts.models import Membership
from accounts.rules.decision import Action
from accounts.rules.roles import WITHOUT_SEAT, Role, given_by_owner
from admin_center import drafts
from admin_center.forms.members import ALLOWS, GIVEN, RoleForm, SeatForm
from admin_center.pages import AccountRequest, page
from admin_center.presenters import seats as seat_presenter
from admin_center.wording.bidi import isolated
from admin_center.wording.labels import ROLES
from billing import seats
from billing.models import AgentSeat, Line
from billing.storage import loading


@require_safe
@page(Action.VIEW_PEOPLE)
def member(request: AccountRequest, member_id: int) -> HttpResponse:
    """Show a member with what may be done about them."""
    return _show(request, find(request, member_id), kept=drafts.of(request))


def find(request: AccountRequest, member_id: int) -> Membership:
    """Return a member of this account; another account's answers as one that is not there."""
    found = Membership.objects.select_related("user").filter(pk=member_id, account=request.account).first()
    if found is None:
        raise Http404
    return found


def _show(
    request: AccountRequest, one: Membership, *, status: int = 200, template: str = "member", **more: Any
) -> HttpResponse:
    held = set(
        AgentSeat.objects.filter(membership=one, line__ended_on=None).values_list(
            "line__product__key", flat=True
        )
    )
    places = seat_presenter.of(request, loading.read(request.account, request.today))
    zone, seen = ZoneInfo(request.account.timezone), one.user.last_login
    counts = one.suspended_at is None and one.user.is_active
    context = {
        "page_title": str(one.user),
        "member": one,
        "own": one.user_id == request.user.pk,
        "state": "active" if counts else "suspended",
        "seen_on": seen.astimezone(zone).date() if seen else None,
        "joined_on": one.joined_at.astimezone(zone).date(),
        "seats": [(place, place.product in held) for place in places],
        "held": [place for place in places if place.product in held],
        "holds_seats": Role(one.role) not in WITHOUT_SEAT,
        "allows": ALLOWS[Role(one.role)],
        "choices": [(role.value, ROLES[role], ALLOWS[role]) for role in GIVEN],
        "may_manage": request.gate.may(Action.MANAGE_PEOPLE),
        "may_roles": request.gate.may(Action.MANAGE_ROLES),
        "may_this": request.gate.may(
            Action.MANAGE_ROLES if given_by_owner(Role(one.role)) else Action.MANAGE_PEOPLE
        ),
    }
    return render(request, f"members/{template}.html", context | more, status=status)


def _refused(
    request: AccountRequest, one: Membership, act: Callable[[], object], template: str = "member"
) -> HttpResponse | None:
    """Do an act of roles; return the page that says why not or asks, None where it is done."""
    try:
        act()
    except roles.OwnRole:
        error = _("You can’t change your own role or access: ask the owner, or hand over first.")
        return _show(request, one, error=error, status=403)
    except roles.OwnerKeepsRole:
        error = _(
            "The owner’s role changes by handing the ownership over, and payment details are delegated "
            "to billing admins only."
        )
        return _show(request, one, error=error, status=422)
    except open_invitations.InvitationsOpen as question:
        asked = {"sent": question.invitations, "unanswered": True, "asked_role": request.POST.get("role")}
        return _show(request, one, template=template, status=422, **asked)
    return None


@require_POST
@page(Action.MANAGE_ROLES)
def member_role(request: AccountRequest, member_id: int) -> HttpResponse:
    """Give a member another role."""
    one, form = find(request, member_id), RoleForm(request.POST)
    if not form.is_valid():
        return _show(request, one, error=_("Choose one of these roles."), status=422)
    role = Role(form.cleaned_data["role"])
    invitations = request.POST.get("invitations", "")
    refused = _refused(
        request,
        one,
        lambda: roles.give(one.pk, role, occasion=request.occasion, invitations=invitations),
    )
    if refused is not None:
        return refused
    told = {"name": isolated(one.user.name), "role": ROLES[role]}
    messages.success(request, _("%(name)s has the role: %(role)s. They are notified by e-mail.") % told)
    if role in WITHOUT_SEAT and AgentSeat.objects.filter(membership=one, line__ended_on=None).exists():
        messages.warning(request, _("They still hold a seat, which this role doesn’t need: free it below."))
    return redirect("member", request.account.slug, one.pk)


@require_POST
@page(Action.MANAGE_ROLES)
def member_delegate(request: AccountRequest, member_id: int) -> HttpResponse:
    """Let a billing admin change payment details, or no longer."""
    one, allowed = find(request, member_id), request.POST.get("changes_payment") == "yes"
    refused = _refused(
        request,
        one,
        lambda: roles.delegate(one.pk, changes_payment=allowed, occasion=request.occasion),
    )
    if refused is not None:
        return refused
    if allowed:
        messages.success(
            request, _("%(name)s may change the payment details.") % {"name": isolated(one.user.name)}
        )
    else:
        told = {"name": isolated(one.user.name)}
        messages.success(request, _("%(name)s may no longer change the payment details.") % told)
    return redirect("member", request.account.slug, one.pk)


@require_POST
@page(Action.MANAGE_PEOPLE)
def member_suspend(request: AccountRequest, member_id: int) -> HttpResponse:
    """Suspend a member: role and seats stay, nothing can be reached."""
    one = find(request, member_id)
    invitations = request.POST.get("invitations", "")
    refused = _refused(
        request,
        one,
        lambda: roles.suspend(one.pk, occasion=request.occasion, invitations=invitations),
    )
    if refused is not None:
        return refused
    told = {"name": isolated(one.user.name)}
    messages.success(request, _("%(name)s is suspended and no longer has access to this account.") % told)
    return redirect("member", request.account.slug, one.pk)


@require_POST
@page(Action.MANAGE_PEOPLE)
def member_resume(request: AccountRequest, member_id: int) -> HttpResponse:
    """Let a suspended member in again."""
    one = find(request, member_id)
    refused = _refused(request, one, lambda: roles.resume(one.pk, occasion=request.occasion))
    if refused is not None:
        return refused
    messages.success(request, _("%(name)s has access again.") % {"name": isolated(one.user.name)})
    return redirect("member", request.account.slug, one.pk)


@require_http_methods(["GET", "HEAD", "POST"])
@page(Action.MANAGE_PEOPLE)
def member_remove(request: AccountRequest, member_id: int) -> HttpResponse:
    """Say what removing a member does, and on a POST remove them."""
    one = find(request, member_id)
    if request.method != "POST":
        sent = open_invitations.sent_by(request.account.pk, one.user, request.occasion.at)
        return _show(request, one, template="remove", sent=list(sent), kept=drafts.of(request))
    freed: list[str] = []
    invitations = request.POST.get("invitations", "")
    refused = _refused(
        request,
        one,
        lambda: freed.extend(seats.remove(one.pk, occasion=request.occasion, invitations=invitations)),
        template="remove",
    )
    if refused is not None:
        return refused
    told = {"name": isolated(one.user.name), "products": ", ".join(map(isolated, freed))}
    if freed:
        messages.success(
            request,
            _("%(name)s was removed. A seat is free now: %(products)s. What is paid stays as it is.") % told,
        )
    else:
        messages.success(request, _("%(name)s was removed.") % told)
    return redirect("people", request.account.slug)


@require_POST
@page(Action.MANAGE_PEOPLE)
def member_seat(request: AccountRequest, member_id: int) -> HttpResponse:
    """Give a member a seat of a product, or free it."""
    one, form = find(request, member_id), SeatForm(request.POST)
    line = None
    if form.is_valid():
        line = Line.objects.filter(
            subscription_id=request.account.pk, product__key=form.cleaned_data["product"], ended_on=None
        ).first()
    if line is None:
        return _show(request, one, error=_("Choose one of the products that have seats."), status=422)
    if form.cleaned_data["act"] == "free":
        return _free(request, one, line)
    return _assign(request, one, line, form.cleaned_data["reduction"])


def _assign(request: AccountRequest, one: Membership, line: Line, reduction: str) -> HttpResponse:
    try:
        seats.assign(line.pk, one.pk, occasion=request.occasion, reduction=reduction)
    except seats.NoSeatLeft as full:
        told = {"name": isolated(line.product.name), "bought": full.bought}
        error = _("All %(bought)s seats of %(name)s are held. Free one, or get one more.") % told
        return _show(request, one, error=error, full=line.product.key, status=422)
    except seats.ReductionWaits as waits:
        return _show(request, one, question=waits.change, asked=line.product, status=422)
    except seats.HoldsNoSeat:
        error = _("Light agents and finance readers hold no seat. Make them an agent first.")
        return _show(request, one, error=error, status=422)
    told = {"name": isolated(one.user.name), "product": isolated(line.product.name)}
    messages.success(request, _("%(name)s holds a seat of %(product)s.") % told)
    seat_presenter.warn(request, line.product.key)
    return redirect("member", request.account.slug, one.pk)


def _free(request: AccountRequest, one: Membership, line: Line) -> HttpResponse:
    try:
        seats.free(line.pk, one.pk, occasion=request.occasion)
    except AgentSeat.DoesNotExist:
        messages.info(request, _("That seat was free already."))
    else:
        told = {"product": isolated(line.product.name)}
        messages.success(request, _("A seat of %(product)s is free. What is paid stays as it is.") % told)
    return redirect("member", request.account.slug, one.pk)
