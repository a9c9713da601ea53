"""Letters that were given up: staff let them be tried again, one or several, each for itself."""

from collections import Counter
from collections.abc import Iterable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from accounts import clock, queues, resending
from accounts.models import Letter
from admin_center import drafts
from admin_center.back_office.staff import NEWEST_FIRST, PAGE_SIZE, StaffAdmin
from admin_center.forms.fields import Lines
from admin_center.occasions import staff_occasion
from admin_center.pagination import GREATEST_ID, Slice, cut

if TYPE_CHECKING:
    Base = StaffAdmin
else:
    Base = object

USELESS = {
    "sent": _("It went out."),
    "waiting": _("It is waiting, and is retried automatically."),
    "forgotten": _("The link in it is kept no more: sent again, it would let nobody in."),
    "over": _("The link in it was used, taken back or is too old: sent again, it would let nobody in."),
    "inactive": _("Whoever it is for can’t sign in any more."),
    "unwritten": _("Letters of this kind are written no more."),
    "gone": _("It is there no more: its account was cancelled or erased."),
}
# What helps where a link no longer does.
INVITE_ANEW = _("Whoever manages people in the account revokes the invitation and invites again.")
ASK_ANEW = _("The person asks for the change again, or the address is corrected on the person’s page.")
SEND_ANEW = _("Where the invoice is still open, a new link is sent from its page.")
INSTEAD = {
    "invited": INVITE_ANEW,
    "email_change_old": ASK_ANEW,
    "email_change_new": ASK_ANEW,
    "invoice_payable": SEND_ANEW,
}


class ResendForm(forms.Form):
    """Which letters, and why."""

    letter = forms.TypedMultipleChoiceField(
        label=_("Letters"), coerce=int, widget=forms.CheckboxSelectMultiple
    )
    reason = Lines(
        label=_("Reason"),
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("The account’s owner reads it in the activity."),
    )

    def __init__(self, letters: Sequence[tuple[int, str]], *parts: Any, **named: Any) -> None:
        """Offer these letters."""
        super().__init__(*parts, **named)
        self.fields["letter"].choices = letters  # type: ignore[attr-defined]
        self.fields["letter"].error_messages["invalid_choice"] = gettext("This letter is there no more.")

    def clean_letter(self) -> list[int]:
        """Refuse more letters than a page shows."""
        asked: list[int] = self.cleaned_data["letter"]
        if len(asked) > PAGE_SIZE:
            raise ValidationError(gettext("At most %(most)s letters at once.") % {"most": PAGE_SIZE})
        return asked


class ResendMixin(Base):
    """What the pages of letters need to let one that was given up be tried again."""

    change_list_template = "back_office/letters.html"

    @admin.display(description=_("Send again"))
    def again(self, letter: Letter) -> SafeString | str:
        """Return the way to send it again, or why that is of no use and what helps instead."""
        if letter.failed_at is None:
            return "–"
        if why := _useless(letter):
            return words(why, letter.kind)
        address = f"{reverse('vendor:accounts_letter_again')}?letter={letter.pk}"
        return format_html('<a href="{}">{}</a>', address, gettext("Send again"))

    def get_urls(self) -> list[URLPattern]:
        """Return the addresses, with that of sending again."""
        view = self.admin_site.admin_view(self.send_again)
        return [path("again/", view, name="accounts_letter_again"), *super().get_urls()]

    def send_again(self, request: HttpRequest) -> HttpResponse:
        """Show the letters that were given up; on a POST let those that are ticked be tried again."""
        posted = request.method == "POST"
        chosen = _numbers((request.POST if posted else request.GET).getlist("letter"))
        shown = _some(chosen) if chosen else _page(request)
        useful = [(one.pk, self._label(one)) for one in shown.rows if posted or not _useless(one)]
        form = ResendForm(useful, request.POST if posted else None, initial={"letter": chosen})
        if form.is_bound and form.is_valid() and _sent_again(request, form, shown.rows):
            if len(shown.rows) == 1:
                return redirect("vendor:accounts_letter_change", shown.rows[0].pk)
            return redirect(f"{reverse('vendor:accounts_letter_changelist')}?state=over")
        reasons = ((one, _useless(one)) for one in shown.rows)
        context = {
            **self.admin_site.each_context(request),
            "title": gettext("Send letters again"),
            "opts": self.opts,
            "useless": [(self._label(one), words(why, one.kind)) for one, why in reasons if why],
            "useful": useful,
            "previous": shown.previous,
            "next": shown.next,
            "form": form,
            "kept": drafts.refill(request, form),
        }
        status = 422 if form.errors else 200
        return TemplateResponse(request, "back_office/send_again.html", context, status=status)

    def _label(self, letter: Letter) -> str:
        """Return what a letter tells, to whom, of which account, and what stopped it."""
        of = f" ({letter.account})" if letter.account else ""
        return f"{self.name_of(letter)}{of}: {letter.error or '–'}"


def words(why: str, kind: str) -> str:
    """Return why sending a letter again is of no use, with what helps instead."""
    told = str(USELESS[why])
    return f"{told} {INSTEAD[kind]}" if why in ("forgotten", "over") else told


def _useless(letter: Letter) -> str:
    return resending.useless(letter, clock.now(letter.account))


def _numbers(asked: Iterable[str]) -> list[int]:
    """Return the ids in what was asked for; what is none is left aside."""
    numbers = (int(one) for one in asked if one.isascii() and one.isdigit() and len(one) < 20)
    return [one for one in dict.fromkeys(numbers) if one <= GREATEST_ID]


def _some(chosen: list[int]) -> Slice:
    """Return these letters, as many as a page shows and one more."""
    found = Letter.objects.select_related("account", "user").filter(pk__in=chosen[: PAGE_SIZE + 1])
    return Slice(list(found.order_by("-pk")), "", "")


def _page(request: HttpRequest) -> Slice:
    """Return one page of the letters that were given up."""
    given_up = Letter.objects.select_related("account", "user").filter(failed_at__isnull=False)
    return cut(given_up, NEWEST_FIRST, request.GET, size=PAGE_SIZE)


def _sent_again(request: Any, form: ResendForm, letters: Sequence[Letter]) -> bool:
    """Let each be tried again, behind a fence of its own, and tell; False where none could be."""
    reason, refused = form.cleaned_data["reason"], Counter[str]()
    kinds = {one.pk: one for one in letters}

    def act(pk: int) -> bool:
        try:
            resending.send_again(pk, reason=reason, occasion_of=partial(staff_occasion, request))
        except resending.NotSentAgain as no:
            refused[words(no.reason, kinds[pk].kind)] += 1
            return False
        except Letter.DoesNotExist:
            refused[words("gone", "")] += 1
            return False
        return True

    asked = [(pk, kinds[pk].account_id) for pk in form.cleaned_data["letter"]]
    done, failed = queues.each("letters_again", asked, act, at=None)
    told = [f"{why} ({count})" if len(asked) > 1 else why for why, count in refused.items()]
    if failed:
        wrong = gettext("Something went wrong with %(count)s of them; the log says what.")
        told.append(wrong % {"count": failed})
    if not done:
        for one in told:
            form.add_error(None, one)
        return False
    messages.success(
        request,
        ngettext("%(count)s letter is tried again now.", "%(count)s letters are tried again now.", done)
        % {"count": done},
    )
    for one in told:
        messages.warning(request, one)
    return True
