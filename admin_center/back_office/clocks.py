"""The own clock of a sandbox account: put on it, moved forward, and what happened on the way."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts import clock
from accounts.models import Account, Letter
from admin_center import drafts
from admin_center.back_office.acts import ReasonForm
from admin_center.back_office.columns import invoices, link
from admin_center.back_office.letters import KINDS
from admin_center.back_office.staff import StaffAdmin
from admin_center.forms.fields import Day
from admin_center.occasions import staff_occasion
from admin_center.presenters import activity as activity_presenter
from admin_center.wording import phrases
from billing import own_clocks
from billing.models import ClockMove

if TYPE_CHECKING:
    Base = StaffAdmin
else:
    Base = object

A_DAY, NEXT_EVENT, A_DATE = "day", "event", "date"
# So many moves are named under the form.
LATEST = 10
_CHANGED = _("The clock was changed in the meantime. Check what it shows now.")
# Why a clock is not moved, and what helps.
WHY: dict[type[Exception], Any] = {
    own_clocks.NotASandbox: _(
        "Only a sandbox account has a clock of its own. This account goes by real time."
    ),
    own_clocks.RealMoney: _(
        "A payment method is on file that would really be charged. Remove it, or do this where the "
        "payment provider is the sandbox or in test mode."
    ),
    own_clocks.NotForward: _("The clock only moves forward: choose a later day than it shows."),
    own_clocks.TooFar: _(
        "The clock is moved by a year at most. Choose an earlier day, and go on from there."
    ),
    own_clocks.Erased: _("The account’s data is erased: nothing happens to it any more."),
    own_clocks.MovedMeanwhile: _("Somebody else moved this clock at the same time. Check what it shows now."),
    own_clocks.OnItsClock: _CHANGED,
    own_clocks.NoOwnClock: _CHANGED,
}


class MoveForm(ReasonForm):
    """How far an account's clock is moved, and why."""

    how = forms.ChoiceField(
        label=_("Move it"),
        choices=[
            (A_DAY, _("by a day")),
            (NEXT_EVENT, _("until something happens")),
            (A_DATE, _("to a date")),
        ],
        initial=A_DAY,
        widget=forms.RadioSelect,
    )
    until = Day(
        label=_("Date"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}),
        help_text=_("For “to a date”: at most a year ahead."),
    )
    field_order = ("how", "until", "reason")

    def clean(self) -> dict[str, Any]:
        """Ask for the date where it is moved to one."""
        given = super().clean() or {}
        if given.get("how") == A_DATE and not given.get("until") and "until" not in self.errors:
            self.add_error("until", gettext("Choose a date."))
        return given


@dataclass(frozen=True, slots=True)
class ClockStop:
    """A moment at which something happened: what the trail says of it, and the letters written."""

    when: str
    acts: list[tuple[str, str, SafeString | str]]
    letters: list[SafeString]
    failed: str


class ClockMixin(Base):
    """What an account's page needs to show its own clock, and the page on which it is moved."""

    @admin.display(description=_("own clock"))
    def own_clock(self, account: Account) -> str:
        """Return what it shows."""
        return _moment(account, account.clock) if account.clock else "–"

    def get_urls(self) -> list[URLPattern]:
        """Return the addresses, with that of the account's clock."""
        view = self.admin_site.admin_view(self.move_clock)
        ours = path("<int:account_id>/clock/", view, name="accounts_account_clock")
        return [ours, *super().get_urls()]

    def move_clock(self, request: HttpRequest, account_id: int) -> HttpResponse:
        """Show the clock and what happened; on a POST put the account on one of its own, or move it."""
        account = Account.objects.filter(pk=account_id).first()
        if account is None:
            raise Http404
        if account.clock is None and not own_clocks.may_have_one(account):
            messages.warning(request, _why(own_clocks.NotASandbox()))
            return redirect("vendor:accounts_account_change", account.pk)
        form = (ReasonForm if account.clock is None else MoveForm)(
            request.POST if request.method == "POST" else None
        )
        if form.is_bound and form.is_valid() and (answer := _done(request, account, form)):
            return answer
        shown = _shown(account, request.GET.get("move", ""))
        context = {
            **self.admin_site.each_context(request),
            "title": gettext("The account’s own clock"),
            "subtitle": str(account),
            "opts": self.opts,
            "account": account,
            "now": _moment(account, account.clock) if account.clock else "",
            "moves": [(one.pk, _span(one)) for one in _moves(account)[:LATEST]],
            "shown": shown and (_span(shown), list(_stops(shown))),
            "form": form,
            "kept": drafts.refill(request, form),
        }
        status = 422 if form.errors else 200
        return TemplateResponse(request, "back_office/clock.html", context, status=status)


def _done(request: HttpRequest, account: Account, form: forms.Form) -> HttpResponse | None:
    """Put the account on a clock of its own, or move it; None where that is refused, at the field."""
    occasion, given = staff_occasion(request, account), form.cleaned_data
    where = reverse("vendor:accounts_account_clock", args=[account.pk])
    try:
        if not isinstance(form, MoveForm):
            own_clocks.start(account.pk, reason=given["reason"], occasion=occasion)
            messages.success(
                request,
                gettext("The account now has a clock of its own. It stays at this moment until it is moved."),
            )
            return redirect(where)
        ahead = {A_DAY: own_clocks.next_day(account), A_DATE: given["until"], NEXT_EVENT: None}
        made = own_clocks.move(
            account.pk, ahead[given["how"]], reason=given["reason"], occasion=occasion, now=clock.now()
        )
    except (own_clocks.NotForward, own_clocks.TooFar) as refused:
        form.add_error("until", _why(refused))
        return None
    except own_clocks.REFUSALS as refused:
        messages.warning(request, _why(refused))
        return redirect(where)
    return redirect(f"{where}?move={made.pk}")


def _why(refused: Exception) -> str:
    """Return what stands against it, and what helps."""
    return str(WHY[type(refused)])


def _moves(account: Account) -> "QuerySet[ClockMove]":
    return ClockMove.objects.filter(account=account).order_by("-pk")


def _shown(account: Account, asked: str) -> ClockMove | None:
    """Return the move that is asked for, or the last one."""
    one = _moves(account).filter(pk=int(asked)).first() if asked.isdecimal() and len(asked) < 19 else None
    return one or _moves(account).first()


def _span(move: ClockMove) -> str:
    return f"{_moment(move.account, move.began_at)} → {_moment(move.account, move.ended_at)}"


def _moment(account: Account, at: datetime) -> str:
    return phrases.moment(at.astimezone(ZoneInfo(account.timezone)))


def _stops(move: ClockMove) -> Iterator[ClockStop]:
    """Yield the moments at which something happened, in their order."""
    account = move.account
    presenter = activity_presenter.ActivityPresenter(account, costs_shown=True)
    for before, after in pairwise(move.stops):
        entries = account.activity.filter(pk__gt=before["activity"], pk__lte=after["activity"]).order_by("pk")
        letters = Letter.objects.filter(account=account, pk__gt=before["letter"], pk__lte=after["letter"])
        yield ClockStop(
            _moment(account, datetime.fromisoformat(after["at"])),
            [
                (
                    ": ".join(filter(None, (row.sentence, row.about))),
                    " ".join(filter(None, (row.reason, *(_difference(one) for one in row.differences)))),
                    invoices(row.invoices) if row.invoices else "",
                )
                for row in presenter.tell(entries.select_related("actor"))
            ],
            [
                format_html("{} → {}", link(_kind(one), "accounts_letter", one.pk), one.to)
                for one in letters.order_by("pk")
            ],
            ", ".join(after["failed"]),
        )


def _difference(one: activity_presenter.FieldDifference) -> str:
    return f"{one.field}: {one.before or '–'} → {one.after or '–'}"


def _kind(letter: Letter) -> str:
    return str(KINDS[letter.known_kind]) if letter.known_kind in KINDS else letter.kind
