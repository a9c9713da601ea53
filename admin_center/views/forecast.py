"""Twelve months ahead: every charge to come and what happens when, also with a change that is only edited."""

from dataclasses import dataclass
from typing import Any

from django.http import HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from accounts.rules.capabilities import Standing
from accounts.rules.decision import Action
from admin_center.manage import options
from admin_center.manage import preview as manage_preview
from admin_center.manage.form import ManageForm
from admin_center.manage.preview import LivePreview
from admin_center.pages import AccountRequest, page
from admin_center.presenters import forecast as forecast_presenter
from admin_center.presenters import subscription as subscription_presenter
from admin_center.wording import phrases
from billing.rules.forecast import Forecast
from billing.rules.forecast import forecast as planned
from billing.rules.quoting import PricedQuote
from billing.rules.refusals import Refusal
from billing.storage import loading


@dataclass(frozen=True, slots=True)
class AskedForecast:
    """What is planned as things stand, and with what was edited on the Manage page, if anything was.

    Both are None where nothing is bought, or what is scheduled has no price yet. `outcome` says why an edit
    can't be priced.
    """

    reading: loading.LoadedFacts | None
    usual: Forecast | None
    edited: Forecast | None = None
    outcome: LivePreview | None = None


@require_http_methods(["GET", "HEAD", "POST"])
@page(Action.SEE_COSTS)
def forecast(request: AccountRequest) -> HttpResponse:
    """Show what is planned; a POST tells it with what was typed on the Manage page. Nothing is changed."""
    asked = _asked(request)
    told = asked.edited or asked.usual
    view = None
    if told and asked.reading:
        view = forecast_presenter.of(told, asked.reading, asked.usual if asked.edited else None)
    shown = {
        "view": view,
        "summary": subscription_presenter.of(asked.reading, request.today),
        "outcome": asked.outcome,
        "edited": asked.edited is not None,
        "typed": _typed(request),
        "suspended": request.gate.standing in (Standing.SUSPENDED, Standing.SUSPENDED_BY_VENDOR),
        "currency": request.account.currency,
        "may_manage": request.gate.may(Action.CHANGE_SUBSCRIPTION),
        "may_request": request.gate.may(Action.REQUEST_CHANGE),
        "zone": phrases.zone(request.account.timezone),
    }
    return render(request, "forecast/forecast.html", shown)


@require_http_methods(["GET", "HEAD", "POST"])
@page(Action.SEE_COSTS)
def forecast_csv(request: AccountRequest) -> HttpResponseBase:
    """Hand out what is planned as CSV; where nothing is, lead back to its page."""
    asked = _asked(request)
    told = asked.edited or asked.usual
    if told is None or asked.reading is None:
        return redirect("forecast", request.account.slug)
    lines = list(forecast_presenter.as_csv(told, asked.reading))
    name = f"forecast-{request.account.slug}-{told.on}.csv"
    return StreamingHttpResponse(
        lines,
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def _asked(request: AccountRequest) -> AskedForecast:
    if request.method != "POST":
        reading = loading.read(request.account, request.today)
        return AskedForecast(reading, _planned(request, reading))
    request.gate.demand(Action.REQUEST_CHANGE)
    promo = request.POST.get("promo", "").strip().upper()
    desk = options.of(request, promos=[promo] if promo else [], holders=True)
    if desk is None:
        return AskedForecast(None, None)
    form = ManageForm(request.POST, desk=desk)
    outcome = manage_preview.of(request, form)
    usual = _planned(request, desk.reading)
    edited = _planned(request, desk.reading, outcome.quote) if outcome.quote else None
    return AskedForecast(desk.reading, usual, edited, None if outcome.nothing else outcome)


def _planned(
    request: AccountRequest, reading: loading.LoadedFacts | None, confirmed: PricedQuote | None = None
) -> Forecast | None:
    if reading is None or not (reading.facts.has_bought or confirmed):
        return None
    try:
        return planned(reading.facts, request.today, confirmed=confirmed)
    except Refusal:
        return None


def _typed(request: AccountRequest) -> list[tuple[str, Any]]:
    """Return what was posted, for the forms that lead back to the Manage page and to the file."""
    fields = request.POST.lists()
    return [(name, value) for name, values in fields if name != "csrfmiddlewaretoken" for value in values]
