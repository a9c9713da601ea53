"""The chooser of a person's accounts, the home of one account, and a person's preferences."""

from typing import cast

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST, require_safe

from accounts.models import Membership, User
from accounts.rules.capabilities import AccountState
from accounts.rules.decision import Action
from accounts.rules.roles import Permission
from admin_center.navigation import back_office_address
from admin_center.pages import AccountRequest, page
from admin_center.presenters import home as home_presenter
from admin_center.presenters import home_figures, subscription
from billing import promised_seats
from billing.models import AgentSeat
from billing.storage import loading

THEMES = ("auto", "light", "dark")
ONE_YEAR = 365 * 24 * 60 * 60


@require_safe
def chooser(request: HttpRequest) -> HttpResponse:
    """List the person's accounts, or go straight to the only one; staff of the vendor to the back office."""
    person = cast(User, request.user)
    memberships = list(Membership.objects.of(person))
    if person.is_staff and not memberships:
        return redirect(_back_office())
    open_ones = [one for one in memberships if one.account.state != AccountState.CANCELLED]
    if (len(open_ones) == 1 or len(memberships) == 1) and not person.is_staff:
        return redirect("home", (open_ones or memberships)[0].account.slug)
    office = _back_office() if person.is_staff else ""
    return render(request, "home/chooser.html", {"memberships": memberships, "back_office": office})


def _back_office() -> str:
    """Return where the back office is: here, unless it has a host of its own."""
    return back_office_address() if settings.VENDOR_HOST else reverse("vendor:index")


@require_safe
@page(Action.ENTER)
def home(request: AccountRequest) -> HttpResponse:
    """Show the Admin Center's home: the next charge, seats, spending, what waits and who acts."""
    account, gate = request.account, request.gate
    if not {Permission.VIEW_SUBSCRIPTION, Permission.VIEW_INVOICES} & gate.held:
        seats = AgentSeat.objects.filter(membership=request.membership, line__ended_on=None)
        return render(
            request,
            "home/agent.html",
            {
                "seats": seats.select_related("line__edition__product"),
                "not_given": promised_seats.not_given(request.membership),
            },
        )
    reading = loading.read(account, request.today) if gate.may(Action.VIEW_SUBSCRIPTION) else None
    summary = subscription.of(reading, request.today)
    cards = home_presenter.cards(account, gate, reading, summary, request.today)
    return render(
        request,
        "home/home.html",
        {
            "urgent": [card for card in cards if card.urgent],
            "waiting": [card for card in cards if not card.urgent],
            "summary": summary,
            "figures": home_figures.of(request, reading),
            "currency": account.currency,
            "not_given": promised_seats.not_given(request.membership),
            "may_people": gate.may(Action.MANAGE_PEOPLE).allowed,
        },
    )


@login_not_required
@require_POST
def preferences(request: HttpRequest) -> HttpResponse:
    """Keep the language and the theme that a person chose, and go back to where they were."""
    back = request.POST.get("next", "/")
    if not back.startswith("/") or not url_has_allowed_host_and_scheme(back, allowed_hosts=None):
        back = "/"
    # Not redirect(): it would take a word for the name of a page.
    response = HttpResponseRedirect(back)
    language, theme = request.POST.get("language"), request.POST.get("theme")
    if language in dict(settings.LANGUAGES):
        response.set_cookie(
            settings.LANGUAGE_COOKIE_NAME,
            language,
            max_age=ONE_YEAR,
            secure=settings.SECURE,
            httponly=True,
            samesite="Lax",
        )
        if request.user.is_authenticated:
            request.user.language = language
            request.user.save(update_fields=["language"])
    if theme in THEMES:
        response.set_cookie(
            "theme", theme, max_age=ONE_YEAR, secure=settings.SECURE, httponly=True, samesite="Lax"
        )
    return response
