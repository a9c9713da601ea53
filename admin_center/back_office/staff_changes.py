"""What staff change for a customer whose account leaves it to them: seats, and temporary seats."""

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django import forms
from django.contrib import admin, messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts import clock
from accounts.models import Account
from admin_center import drafts
from admin_center.back_office.acts import ReasonForm
from admin_center.back_office.columns import money, with_invoice
from admin_center.back_office.staff import StaffAdmin
from admin_center.forms.fields import Day, WholeNumber
from admin_center.occasions import staff_occasion
from admin_center.presenters import quotes as quotes_presenter
from admin_center.wording import changes as change_words
from admin_center.wording import phrases, refusals
from admin_center.wording.bidi import isolated
from billing import quote_json, staff_changes
from billing.models import Invoice, Quote, Subscription
from billing.quotes import QuoteChanged, QuoteOver
from billing.rules.changes import AddSeats, Answer, BuyTemporarySeats, Change, Choice, ReduceSeats
from billing.rules.conflicts import Question
from billing.rules.facts import Facts, ScheduledKind
from billing.rules.names import Names
from billing.rules.quoting import UndecidedConflict
from billing.rules.refusals import Refusal
from billing.storage import loading
from billing.storage.loading import LoadedFacts

if TYPE_CHECKING:
    Base = StaffAdmin
else:
    Base = object

MOST_SEATS, MOST_DAYS = 100_000, 365


class SeatsForm(forms.Form):
    """How many each line is to have, and temporary seats of one."""

    def __init__(self, data: Any, reading: LoadedFacts, on: Any) -> None:
        """Offer the lines that have a quantity, as they are."""
        super().__init__(data)
        self.seats = {
            line.product: line.quantity for line in reading.facts.lines if line.product not in reading.flat
        }
        names = {key: isolated(reading.names.get(key, key)) for key in self.seats}
        for key, quantity in self.seats.items():
            self.fields[f"seats-{key}"] = WholeNumber(
                label=_("%(units)s of %(name)s")
                % {"units": phrases.unit_label(reading.names, key), "name": names[key]},
                min_value=1,
                max_value=MOST_SEATS,
                initial=quantity,
            )
        self.fields["temporary"] = forms.ChoiceField(
            label=_("Temporary seats of"), choices=[("", "–"), *names.items()], required=False
        )
        for name, label, most in (
            ("quantity", _("How many"), MOST_SEATS),
            ("days", _("For how many days"), MOST_DAYS),
        ):
            self.fields[name] = WholeNumber(label=label, min_value=1, max_value=most, required=False)
        self.fields["start"] = Day(
            label=_("From"), required=False, initial=on, widget=forms.DateInput(attrs={"type": "date"})
        )
        self.order_fields([*self.fields, "start", "days"])

    def clean(self) -> dict[str, Any]:
        """Ask for all of the temporary seats where some are wanted."""
        given = super().clean() or {}
        if given.get("temporary"):
            for name in ("quantity", "start", "days"):
                if not given.get(name) and name not in self.errors:
                    self.add_error(name, gettext("Say this of the temporary seats, too."))
        elif not self.errors and all(given[f"seats-{key}"] == n for key, n in self.seats.items()):
            self.add_error(None, gettext("Nothing is changed yet: edit the seats, or choose temporary ones."))
        return given

    def changes(self, answers: tuple[Answer, ...]) -> Iterator[Change]:
        """Yield what is asked for by a form that was validated, with the answers to what it meets."""
        given = self.cleaned_data
        for key, before in self.seats.items():
            wanted = given[f"seats-{key}"]
            if wanted != before:
                kind = AddSeats if wanted > before else ReduceSeats
                yield kind(key, wanted, tuple(one for one in answers if one.product in (key, None)))
        if given["temporary"]:
            yield BuyTemporarySeats(
                given["temporary"],
                given["quantity"],
                given["start"],
                given["days"],
                tuple(one for one in answers if one.product in (given["temporary"], None)),
            )

    def ask(self, questions: Iterable[Question], facts: Facts, names: Names) -> None:
        """Ask what is to hold where a change meets one that is scheduled."""
        for one in questions:
            waits = one.scheduled
            self.fields[f"answer-{waits.kind.value}-{waits.product or ''}"] = forms.ChoiceField(
                label=change_words.scheduled(waits, facts, names),
                choices=[
                    (option.choice.value, change_words.choice(option, waits, names)) for option in one.options
                ],
                widget=forms.RadioSelect,
                required=False,
            )
        self.add_error(None, gettext("It conflicts with a scheduled change: choose below which one applies."))


def _answers(data: Mapping[str, Any]) -> tuple[Answer, ...]:
    """Return the answers that were posted; what is none is none."""
    found = []
    for name, value in data.items():
        kind, _dash, product = name.removeprefix("answer-").partition("-")
        if name.startswith("answer-") and kind in set(ScheduledKind) and value in set(Choice):
            found.append(Answer(ScheduledKind(kind), product or None, Choice(value)))
    return tuple(found)


class StaffChangesMixin(Base):
    """What a subscription's page needs to let staff change it for its customer."""

    @admin.display(description=_("For the customer"))
    def act_for(self, subscription: Subscription) -> SafeString | str:
        """Return the way to change seats for the customer, where that is the staff's."""
        if not staff_changes.may_change(subscription.account):
            return "–"
        address = reverse("vendor:billing_subscription_act", args=[subscription.pk])
        return format_html('<a href="{}">{}</a>', address, gettext("Change seats, sell temporary seats"))

    def get_urls(self) -> list[URLPattern]:
        """Return the addresses, with those of a change for the customer."""
        ours = [
            path(f"<int:account_id>/{address}", self.admin_site.admin_view(view), name=name)
            for address, view, name in (
                ("act/", self.act, "billing_subscription_act"),
                ("act/<uuid:quote_id>/", self.review, "billing_subscription_review"),
            )
        ]
        return [*ours, *super().get_urls()]

    def act(self, request: HttpRequest, account_id: int) -> HttpResponse:
        """Ask what to change; on a POST draw up the quote and lead to its review, or say why not."""
        account = Account.objects.filter(pk=account_id, subscription__isnull=False).first()
        if account is None:
            raise Http404
        if not staff_changes.may_change(account):
            return _not_ours(request, account)
        today = clock.today(account)
        reading = loading.read(account, today, holders=True)
        assert reading is not None  # it has a subscription
        form = SeatsForm(request.POST if request.method == "POST" else None, reading, today)
        if form.is_bound and form.is_valid():
            quote = _drawn_up(request, account, form, reading)
            if quote is not None:
                return redirect("vendor:billing_subscription_review", account.pk, quote.pk)
        return self._page(request, account, form, gettext("Change seats for the customer"))

    def review(self, request: HttpRequest, account_id: int, quote_id: UUID) -> HttpResponse:
        """Show a quote of one's own as it will be invoiced; on a POST confirm it; then its receipt."""
        rows = Quote.objects.select_related("subscription__account")
        quote = rows.filter(pk=quote_id, subscription_id=account_id, person_id=request.user.pk).first()
        if quote is None:
            raise Http404
        account = quote.subscription.account
        form = ReasonForm(request.POST if request.method == "POST" else None)
        if form.is_bound and form.is_valid():
            return _confirmed(request, account, quote, form.cleaned_data["reason"])
        reading = loading.read(account, quote.on, holders=True)
        assert reading is not None  # the quote refers to it
        shown = quotes_presenter.of(quote_json.load(quote.document), reading, costs_shown=True)
        done = quote.state == Quote.State.CONFIRMED
        title = gettext("Done for the customer") if done else gettext("Review the change for the customer")
        return self._page(request, account, form, title, quote=quote, told=_facts(shown), receipt=done)

    def _page(
        self, request: HttpRequest, account: Account, form: forms.Form, title: str, **more: Any
    ) -> HttpResponse:
        quote = more.get("quote")
        invoice = Invoice.objects.filter(quote=quote).first() if quote else None
        context = {
            **self.admin_site.each_context(request),
            "title": title,
            "subtitle": str(account),
            "opts": self.opts,
            "account": account,
            "form": form,
            "kept": drafts.refill(request, form),
            "invoice": with_invoice(invoice.number, invoice.number) if invoice else "",
            **more,
        }
        status = 422 if form.errors else 200
        return TemplateResponse(request, "back_office/staff_change.html", context, status=status)


def _drawn_up(request: HttpRequest, account: Account, form: SeatsForm, reading: LoadedFacts) -> Quote | None:
    """Draw up the quote; None, with the reason in the form, where that is not possible."""
    answers = _answers(request.POST.dict())
    try:
        return staff_changes.draw_up(
            account.pk, tuple(form.changes(answers)), occasion=staff_occasion(request, account)
        )
    except UndecidedConflict as undecided:
        form.ask(undecided.questions, reading.facts, reading.names)
    except (staff_changes.NotForStaff, staff_changes.NotOpen):
        form.add_error(None, _why(account))
    except Refusal as refusal:
        form.add_error(None, refusals.explain(refusal, reading.names))
    return None


def _confirmed(request: HttpRequest, account: Account, quote: Quote, reason: str) -> HttpResponse:
    """Confirm a quote and lead to its receipt; where it no longer holds, to the new one or the beginning."""
    try:
        staff_changes.confirm(quote.pk, reason=reason, occasion=staff_occasion(request, account))
    except QuoteChanged as changed:
        messages.warning(request, gettext("Something changed meanwhile. Nothing was done: review it anew."))
        return redirect("vendor:billing_subscription_review", account.pk, changed.new.pk)
    except (staff_changes.NotForStaff, staff_changes.NotOpen):
        return _not_ours(request, account)
    except (QuoteOver, Refusal):
        messages.warning(request, gettext("This quote is over. Nothing was done: begin anew."))
        return redirect("vendor:billing_subscription_act", account.pk)
    return redirect("vendor:billing_subscription_review", account.pk, quote.pk)


def _not_ours(request: HttpRequest, account: Account) -> HttpResponse:
    account.refresh_from_db()
    messages.warning(request, _why(account))
    return redirect("vendor:billing_subscription_change", account.pk)


def _why(account: Account) -> str:
    """Return why staff can't change an account's seats, and who can."""
    told = {
        "name": isolated(account.name),
        "type": account.get_type_display(),
        "state": account.get_state_display(),
    }
    return (
        gettext(
            "Our staff change seats of online-assisted and managed accounts that are open. "
            "%(name)s: %(type)s, %(state)s. On a self-service account its owner and billing admins do."
        )
        % told
    )


def _facts(shown: quotes_presenter.QuoteView) -> dict[str, Any]:
    """Return a quote in words and amounts: what is done, line by line, and what comes at renewal."""
    currency = shown.currency
    return {
        "when": [(one.sentence, one.now, phrases.day(one.on)) for one in shown.when],
        "rows": [
            (
                f"{row.name}: {row.words}, {row.counted}, {phrases.day(row.first)} – {phrases.day(row.last)}",
                money(row.amount, currency),
            )
            for row in shown.rows
        ],
        "tax": money(shown.settlement.tax, currency) if shown.settlement.tax else "",
        "due": money(shown.due, currency),
        "renewal": money(shown.renewal.amount, currency),
        "consequences": [one.sentence for one in shown.consequences],
    }
