"""The end of an account whose type leaves it to the staff: at once, or with its period until it is undone."""

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin, messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts import clock
from accounts.models import Account
from accounts.rules.capabilities import AccountState, AccountType, decided_by_staff
from accounts.rules.decision import NotAllowed
from admin_center.back_office import acts
from admin_center.back_office.columns import money
from admin_center.back_office.staff import StaffAdmin
from admin_center.occasions import staff_occasion
from admin_center.wording import phrases
from admin_center.wording.bidi import isolated
from billing import cancellation, quotes
from billing.cancellation import AlreadyCancelled, CancellationSheet, SheetChanged
from billing.models import Cancellation, ScheduledChange
from billing.rules.refusals import Refusal

if TYPE_CHECKING:
    Base = StaffAdmin
else:
    Base = object

AT_ONCE, AT_END, UNDO = "now", "end", "undo"


class AccountEndForm(acts.ReasonForm):
    """Why an account ends, as its customer says it and in the staff's words; `mark` names what was shown."""

    why = forms.ChoiceField(label=_("The customer’s reason"), choices=Cancellation.Reason.choices)
    mark = forms.CharField(max_length=40, widget=forms.HiddenInput)
    field_order = ("why", "reason", "mark")


class EndingMixin(Base):
    """What an account's page needs to end it for its owner."""

    @admin.display(description=_("End of the account"))
    def end_for(self, account: Account) -> str:
        """Return the day on which it is scheduled."""
        end = scheduled_end(account)
        return phrases.day(end.takes_effect_on) if end else "–"

    def get_urls(self) -> list[URLPattern]:
        """Return the addresses, with that of the account's end."""
        view = self.admin_site.admin_view(self.end)
        ours = path("<int:account_id>/end/", view, name="accounts_account_end")
        return [ours, *super().get_urls()]

    def end(self, request: HttpRequest, account_id: int) -> HttpResponse:
        """Show what the end means, or that it is scheduled; on a POST end the account, or undo that."""
        account = Account.objects.filter(pk=account_id).first()
        if account is None:
            raise Http404
        if not is_ours(account):
            messages.warning(request, _not_ours())
            return redirect("vendor:accounts_account_change", account.pk)
        on, scheduled = clock.today(account), scheduled_end(account)
        sheets = {
            AT_ONCE: cancellation.consequences(account, on),
            AT_END: cancellation.consequences(account, on, at_end=True),
        }
        mark = ":".join(one.mark for one in sheets.values())
        typed = request.POST if request.method == "POST" else None
        form = acts.ReasonForm(typed) if scheduled else AccountEndForm(typed, initial={"mark": mark})
        if form.is_bound and form.is_valid():
            answer = (
                _undone(request, account, scheduled, form) if scheduled else _ended(request, account, form)
            )
            if answer is not None:
                return answer
        return acts.page(self, request, form, _act(request, account, scheduled, sheets))


def is_ours(account: Account) -> bool:
    """Tell whether the staff end an account for its owner."""
    return decided_by_staff(AccountType(account.type)) and account.state != AccountState.CANCELLED


def scheduled_end(account: Account) -> ScheduledChange | None:
    """Return the end that is scheduled."""
    ends = ScheduledChange.objects.filter(subscription=account.pk, kind=ScheduledChange.Kind.CANCELLATION)
    return ends.first()


def _not_ours() -> str:
    return gettext(
        "Our staff end online-assisted and managed accounts that are not cancelled. "
        "The owner of a self-service account ends it."
    )


def _act(
    request: Any, account: Account, scheduled: ScheduledChange | None, sheets: dict[str, CancellationSheet]
) -> acts.Act:
    """Return what the page says: what is lost and owed at once and at the period's end, who is told."""
    banner = gettext(
        "You act as yourself, %(name)s, for the owner of %(account)s, "
        "who reads in a letter who did it, and why."
    ) % {"name": isolated(request.user.name), "account": isolated(account.name)}
    above = (reverse("vendor:accounts_account_change", args=[account.pk]), str(account))
    if scheduled:
        day = phrases.day(scheduled.takes_effect_on)
        told = [banner, gettext("The account ends on %(day)s. Undone, it renews as before.") % {"day": day}]
        return acts.Act(gettext("Undo the end"), above, (), told, [(UNDO, gettext("Undo the end"))])
    now, end = sheets[AT_ONCE], sheets[AT_END]
    facts = [
        (gettext("Paid and not used, if it ends at once"), money(now.forfeited, now.currency)),
        (gettext("Paid and not used, if it ends with its period"), money(end.forfeited, end.currency)),
        (gettext("Stays due"), money(now.owed, now.currency)),
        (gettext("Credit that is lost"), money(now.balance, now.currency)),
        (gettext("People who lose access"), phrases.number(now.people)),
        (gettext("Open requests that fall"), phrases.number(now.requests)),
        (gettext("Scheduled changes that fall"), phrases.number(now.scheduled)),
        (gettext("Told by a letter"), ", ".join(now.told)),
    ]
    told = [
        banner,
        gettext(
            "At once, nobody of the account can use it any more. Our staff can give it back for 90 days."
        ),
        gettext(
            "With its period, it goes on until its paid days are over; until then it can be undone here."
        ),
    ]
    buttons = [(AT_END, gettext("End it with its period")), (AT_ONCE, gettext("End it at once"))]
    return acts.Act(gettext("End the account for its owner"), above, facts, told, buttons, takes_away=True)


def _ended(request: HttpRequest, account: Account, form: forms.Form) -> HttpResponse | None:
    """End the account, at once or with its period; None, with the reason in the form, where it can't be."""
    given, at_end = form.cleaned_data, request.POST.get("act") != AT_ONCE
    end = cancellation.cancel_at_period_end if at_end else cancellation.cancel_now
    marks = given["mark"].partition(":")
    try:
        end(
            account,
            mark=marks[2] if at_end else marks[0],
            reason=given["why"],
            text=given["reason"],
            occasion=staff_occasion(request, account),
        )
    except SheetChanged:
        messages.warning(request, gettext("Something changed meanwhile. Nothing was done: look again."))
    except Refusal:
        form.add_error(
            None, gettext("It can’t end with its period now: nothing was bought, or a payment is open.")
        )
        return None
    except (NotAllowed, AlreadyCancelled):
        messages.warning(request, _not_ours())
    else:
        done = (
            gettext("The account ends with its period. Its owner is notified.")
            if at_end
            else gettext("The account is cancelled. Its members are notified.")
        )
        messages.success(request, done)
        return redirect("vendor:accounts_account_change", account.pk)
    return redirect("vendor:accounts_account_end", account.pk)


def _undone(
    request: HttpRequest, account: Account, scheduled: ScheduledChange, form: forms.Form
) -> HttpResponse | None:
    """Undo the scheduled end; None, with the reason in the form, where it can't be any more."""
    try:
        quotes.undo(
            scheduled.pk, occasion=staff_occasion(request, account), reason=form.cleaned_data["reason"]
        )
    except ScheduledChange.DoesNotExist:
        messages.info(request, gettext("It was undone already."))
    except (quotes.UndoTooLate, Refusal, NotAllowed):
        form.add_error(None, gettext("It can’t be undone any more: its day has come, or a payment is open."))
        return None
    else:
        messages.success(request, gettext("The end is undone: the account renews as before."))
    return redirect("vendor:accounts_account_change", account.pk)
