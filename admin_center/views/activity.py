"""The trail of an account, as a page and as CSV."""

from urllib.parse import urlencode

from django.http import HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import get_language
from django.views.decorators.http import require_safe

from accounts.rules.decision import Action
from admin_center import pagination
from admin_center.forms.activity import ActivityFilter
from admin_center.pages import AccountRequest, page
from admin_center.presenters import activity as activity_presenter
from admin_center.presenters import activity_csv as csv_presenter
from admin_center.wording import phrases

PAGE_SIZE = 50
NEWEST_FIRST = pagination.Order("at", pagination.moment, descending=True)


@require_safe
@page(Action.VIEW_ACTIVITY)
def activity(request: AccountRequest) -> HttpResponse:
    """List the entries, newest first."""
    form = ActivityFilter(request.GET)
    entries = pagination.cut(form.chosen(request.account), NEWEST_FIRST, request.GET, size=PAGE_SIZE)
    costs_shown = bool(request.gate.may(Action.SEE_COSTS))
    filters = {name: form[name].data for name in form.fields if form[name].data}
    shown = {
        "form": form,
        "told": activity_presenter.ActivityPresenter(request.account, costs_shown=costs_shown).tell(
            entries.rows
        ),
        "entries": entries,
        "filtered": bool(filters),
        "csv_url": f"{reverse('activity_csv', args=[request.account.slug])}?{urlencode(filters)}",
        "zone": phrases.zone(request.account.timezone),
    }
    return render(request, "activity/list.html", shown)


@require_safe
@page(Action.VIEW_ACTIVITY)
def activity_csv(request: AccountRequest) -> HttpResponseBase:
    """Hand out what the filter chose as CSV; a filter that can't be read leads back to its page."""
    form = ActivityFilter(request.GET)
    if not form.is_valid():
        return redirect(f"{reverse('activity', args=[request.account.slug])}?{request.GET.urlencode()}")
    entries = form.chosen(request.account).order_by("-at", "-pk")
    lines = csv_presenter.activity_csv(
        request.account,
        entries,
        costs_shown=bool(request.gate.may(Action.SEE_COSTS)),
        language=get_language() or "en",
    )
    name = f"activity-{request.account.slug}-{request.today.isoformat()}.csv"
    return StreamingHttpResponse(
        lines,
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )
