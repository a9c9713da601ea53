"""The one door: account from the address, its today, the gate, then the page.

No page guards itself. A stranger's account answers exactly as one that does not exist (404); a
colleague without the right gets the page that says why and who can (403); members of a cancelled
account get 410.
"""

from collections.abc import Callable
from datetime import date
from functools import wraps
from typing import Any

import structlog
from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import render
from django_htmx.middleware import HtmxDetails

from accounts.gate import Gate
from accounts.models import Account, Membership, User
from accounts.occasion import Occasion
from accounts.rules.capabilities import AccountState
from accounts.rules.decision import Action, DenialReason, NotAllowed
from admin_center.occasions import occasion_of
from admin_center.sign_in.sessions import freshly_authenticated
from billing import debts


class AccountRequest(HttpRequest):
    """A request that has passed the door."""

    user: User
    account: Account
    membership: Membership
    gate: Gate
    # What verbs are told: who, on which day of the account, at which moment.
    occasion: Occasion
    today: date
    htmx: HtmxDetails


View = Callable[..., HttpResponseBase]


def page(action: Action, *, fresh: bool = False, about: Action | None = None) -> Callable[[View], View]:
    """Make a view a page of an account that needs `action`; its address has a `slug`.

    `fresh`: only for who has entered password and second factor in the last minutes, by GET and
    POST alike; others are led there and back. Put it on every step that can't be taken back.
    `about`: the act that a refusal speaks of, where the page is open to more than those who may do it.
    """

    def decorate(view: View) -> View:
        @wraps(view)
        def door(request: Any, slug: str, **parts: object) -> HttpResponseBase:
            if not request.user.is_authenticated:
                return redirect_to_login(request.get_full_path())
            membership = _membership(request.user, slug)
            if membership.account.state == AccountState.CANCELLED:
                return _closed(request, membership.account)
            return _enter(request, membership, (action, about or action), guarded, parts)

        guarded = freshly_authenticated(view) if fresh else view
        door.action = action  # type: ignore[attr-defined]
        return door

    return decorate


def _membership(user: User, slug: str) -> Membership:
    """Return this person's live membership in the account; raise Http404 as if there were none."""
    membership = Membership.objects.entering(user, slug)
    if membership is None:
        raise Http404
    return membership


def _enter(
    request: AccountRequest,
    membership: Membership,
    actions: tuple[Action, Action],
    view: View,
    parts: dict[str, object],
) -> HttpResponseBase:
    """Ask the clock and the gate once, then show the page, or the refusal, which speaks of the second act."""
    action, about = actions
    account = membership.account
    request.account, request.membership = account, membership
    request.occasion = occasion_of(request, account)
    request.today = request.occasion.on
    request.gate = Gate(request.user, account, on=request.today, live=True, way_out=debts.way_out)
    structlog.contextvars.bind_contextvars(account=account.slug)
    try:
        if not request.gate.may(action):
            request.gate.demand(about)
            request.gate.demand(action)
        return view(request, **parts)
    except NotAllowed as refusal:
        if refusal.decision.reason is DenialReason.CANCELLED:
            # It was cancelled while this request waited.
            return _closed(request, account)
        # The door knows more than a verb of what would open the account again.
        known = request.gate.may(refusal.decision.action)
        decision = refusal.decision if known else known
        return render(request, "403.html", {"decision": decision}, status=403)


def _closed(request: HttpRequest, account: Account) -> HttpResponseBase:
    """Return the page that every member of a cancelled account gets, whatever they ask for."""
    owner = Membership.objects.contacts(account).first()
    asks = owner is not None and owner.user == request.user
    context = {
        "account_name": account.name,
        "owner": owner.user if owner else None,
        "vendor_email": account.vendor_contact_email,
        "elsewhere": belongs_elsewhere(request),
        "open_invoices": asks and account.shows_costs and bool(debts.open_invoice(account)),
    }
    return render(request, "410.html", context, status=410)


def belongs_elsewhere(request: HttpRequest) -> bool:
    """Tell whether the person has an account that is open: a way on that doesn't lead back here."""
    if not request.user.is_authenticated:
        return False
    mine = Membership.objects.of(request.user)
    return mine.exclude(account__state=AccountState.CANCELLED).exists()
