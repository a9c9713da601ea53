"""The background work: its runs, how far behind it is, and the rows that fail."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.formats import number_format
from django.utils.timesince import timesince
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from accounts import clock, row_failures, task_runs
from accounts.models import RowFailure, TaskRun
from admin_center.back_office.activity import OF_ACCOUNT, OfAccount
from admin_center.back_office.columns import linked
from admin_center.back_office.site import site
from admin_center.back_office.staff import StaffAdmin
from billing import backlog
from billing.backlog import Backlog

STEPS = {
    "messages": _("Messages of the payment provider"),
    "charges": _("Charges"),
    "refunds": _("Refunds"),
    "requests_expired": _("Requests that expire"),
    "request_reminders": _("Reminders of requests"),
    "offers_expired": _("Offers of ownership that expire"),
    "invitations_expired": _("Invitations that expire"),
    "address_changes_expired": _("Changes of address that expire"),
    "renewals": _("Renewals"),
    "temporary_seats": _("Temporary seats"),
    "reminders": _("Reminders of renewals"),
    "price_endings": _("Prices that end"),
    "dunning": _("Unpaid invoices"),
    "trials": _("Trials"),
    "expiring_methods": _("Cards that expire"),
    "own_clocks": _("Accounts on a clock of their own"),
    "exports": _("Exports"),
    "letters": _("Letters"),
    "erased": _("Erasures"),
    "address_changes": _("Old changes of address"),
    "sessions": _("Old sessions"),
    "quotes": _("Old quotes"),
    "typed": _("Old drafts"),
    "old_messages": _("Old messages of the payment provider"),
    "over": _("What was decided or expired a year ago"),
    "old_letters": _("Old letters"),
    "old_exports": _("Old exports"),
    "cache": _("The cache"),
    "background": _("Old runs"),
    "jobs": _("Old jobs"),
}
# The queues of rows, and the kinds of what is due, where they are called otherwise than their step.
NAMES = STEPS | {
    "request_expiries": STEPS["requests_expired"],
    "requests": STEPS["request_reminders"],
    "offer_expiries": STEPS["offers_expired"],
    "invitation_expiries": STEPS["invitations_expired"],
    "said_by_provider": _("What the payment provider says"),
    "erasures": STEPS["erased"],
}


def name(code: str) -> str:
    """Return how a step, a queue or a kind is called; an unknown one as it is."""
    return str(NAMES.get(code, code))


class StepFilter(admin.SimpleListFilter):
    """Of which step."""

    title = _("step")
    parameter_name = "step"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, Any]]:
        """Return every step."""
        return list(STEPS.items())

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Return the runs of a step, by the index of steps."""
        return queryset.filter(step=self.value()) if self.value() in STEPS else queryset


@admin.register(TaskRun, site=site)
class TaskRunAdmin(StaffAdmin):
    """What ran when, what it did and what went wrong; and how far behind the work is."""

    change_list_template = "back_office/runs.html"
    list_display = ("began_at", "told", "took", "counts", "rows_failed", "fault")
    list_filter = (StepFilter,)
    fields = ("told", "machine", "began_at", "ended_at", "took", "counts", "rows_failed", "fault")

    def name_of(self, row: TaskRun) -> str:
        """Return which step it was."""
        return name(row.step)

    @admin.display(description=_("Step"))
    def told(self, run: TaskRun) -> str:
        """Return which step it was."""
        return name(run.step)

    @admin.display(description=_("Took"))
    def took(self, run: TaskRun) -> str:
        """Return how long it took, or has taken so far."""
        if run.ended_at is None:
            return gettext("under way for %(time)s") % {"time": timesince(run.began_at, clock.now())}
        seconds = number_format((run.ended_at - run.began_at).total_seconds(), 1)
        return gettext("%(seconds)s s") % {"seconds": seconds}

    @admin.display(description=pgettext_lazy("of a run", "Done"))
    def counts(self, run: TaskRun) -> str:
        """Return how many of each it did."""
        return ", ".join(f"{name(code)}: {count}" for code, count in run.done.items()) or "–"

    @admin.display(description=_("Error"))
    def fault(self, run: TaskRun) -> str:
        """Return what ended it before its rows were done."""
        if run.error == task_runs.BROKEN_OFF:
            return gettext("its process was ended")
        return run.error or "–"

    def get_urls(self) -> list[URLPattern]:
        """Return the addresses, with that of how far behind the work is."""
        view = self.admin_site.admin_view(self.show_now)
        return [path("now/", view, name="accounts_taskrun_now"), *super().get_urls()]

    def show_now(self, request: HttpRequest) -> HttpResponse:
        """Show who works, what is due since when, what fails and what is parked."""
        work = backlog.read(clock.now())
        context = {
            **self.admin_site.each_context(request),
            "title": gettext("The background work now"),
            "opts": self.opts,
            "is_there": work.is_worked,
            "beat": work.beat and timesince(work.beat, work.at),
            "due": _due(work),
            "failures": [(name(queue), rows) for queue, rows in work.failures.items()],
            "parked_accounts": work.parked,
        }
        return TemplateResponse(request, "back_office/background_work.html", context)


def _due(work: Backlog) -> list[tuple[str, str]]:
    """Return the kinds of which something is due, with for how long the oldest has been."""
    since: Iterable[tuple[str, datetime]] = ((kind, one) for kind, one in work.due.items() if one)
    return [(name(kind), timesince(one, work.at)) for kind, one in sorted(since, key=lambda found: found[1])]


@admin.register(RowFailure, site=site)
class RowFailureAdmin(OfAccount):
    """The rows that raised when they were last tried, with why and when they are tried again."""

    list_display = ("tried_at", OF_ACCOUNT, "told", "error", "tries", "next_try_at")
    fields = ("company", "told", "row", "error", "tries", "failed_at", "tried_at", "next_try_at")
    company = staticmethod(linked("account", "accounts_account", _("Account")))
    change_form_template = "back_office/failed_row.html"

    def name_of(self, row: RowFailure) -> str:
        """Return what it is and of whom."""
        return f"{name(row.queue)} · {row.account or row.row}"

    @admin.display(description=pgettext_lazy("of failed rows", "What"))
    def told(self, failure: RowFailure) -> str:
        """Return what was tried."""
        return name(failure.queue)

    def get_urls(self) -> list[URLPattern]:
        """Return the addresses, with that of trying again."""
        view = self.admin_site.admin_view(require_POST(self.try_again))
        return [path("<int:one_id>/again/", view, name="accounts_rowfailure_again"), *super().get_urls()]

    def try_again(self, request: HttpRequest, one_id: int) -> HttpResponse:
        """Let a row be tried again at once: what it is at is due, and changes nothing that was not."""
        one = RowFailure.objects.filter(pk=one_id).first()
        if one is None:
            raise Http404
        row_failures.try_again(one.queue, one.row)
        messages.success(request, gettext("It is tried again with the next run."))
        return redirect("vendor:accounts_rowfailure_change", one.pk)
