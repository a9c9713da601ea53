"""Change what the company has bought, or ask for it, with a live quote beside the form."""

from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from accounts.rules.decision import Action
from admin_center import desk as desks
from admin_center import priced, refused, sentences, summary
from admin_center.desk import Desk
from admin_center.forms.manage import ManageForm, prefilled
from admin_center.pages import AccountRequest, page
from admin_center.priced import Priced
from billing import promos, quotes, requests
from billing.models import AgentSeat, ChangeRequest
from billing.rules.conflicts import Question
from billing.rules.periods import Cycle
from billing.rules.quoting import Quote, Undecided
from billing.rules.refusals import BelowSeatsInUse, NoChange, Refusal
from billing.rules.wire import Malformed, changes_from_plain

MOST_HOLDERS = 20


@dataclass
class Outcome:
    """What the form came to: a price, questions to answer first, or a refusal at its field."""

    priced: Priced | None = None
    questions: tuple["Asked", ...] = ()
    refusal: str = ""
    invoice: str = ""
    holders: list[str] = field(default_factory=list)
    what_if: bool = False
    nothing: bool = False


@dataclass(frozen=True, slots=True)
class Asked:
    """A question about a change that waits, with its choices in words; `chosen` is the proposed one."""

    name: str
    sentence: str
    options: tuple[tuple[str, str], ...]
    chosen: str


@require_http_methods(["GET", "HEAD", "POST"])
@page(Action.REQUEST_CHANGE)
def manage(request: AccountRequest) -> HttpResponse:
    """Show what can be changed; a POST draws up a quote to review, or submits a request."""
    desk = desks.of(request)
    if desk is None:
        messages.info(request, _("This account has no subscription yet: ask your contact to set it up."))
        return redirect("home", request.account.slug)
    if request.method != "POST":
        return _page(request, desk, ManageForm(desk=desk, initial=_initial(request)), Outcome(nothing=True))
    form = ManageForm(request.POST, desk=desk)
    outcome = _outcome(request, form)
    if form.errors or outcome.refusal or outcome.questions or outcome.nothing:
        return _page(request, desk, form, outcome, status=422)
    if desk.asking:
        return _submit(request, form)
    return _draw_up(request, form)


@require_POST
@page(Action.REQUEST_CHANGE)
def preview(request: AccountRequest) -> HttpResponse:
    """Answer an edit with its quote, writing nothing: the panel alone, or without script the page."""
    desk = desks.of(request)
    if desk is None:
        return redirect("home", request.account.slug)
    form = ManageForm(request.POST, desk=desk)
    outcome = _outcome(request, form)
    if request.htmx:
        return render(request, "manage/panel.html", _context(request, desk, form, outcome))
    return _page(request, desk, form, outcome)


def _page(
    request: AccountRequest, desk: Desk, form: ManageForm, outcome: Outcome, status: int = 200
) -> HttpResponse:
    context = _context(request, desk, form, outcome)
    context["waiting"] = summary.waiting(desk.reading, request.today)
    return render(request, "manage/form.html", context, status=status)


def _context(request: AccountRequest, desk: Desk, form: ManageForm, outcome: Outcome) -> dict[str, Any]:
    title = _("Request a change") if desk.asking else _("Manage subscription")
    may = request.gate.may
    return {
        "page_title": title,
        "desk": desk,
        "form": form,
        "outcome": outcome,
        "unpriced": [(sentences.cycle(cycle), names) for cycle in Cycle if (names := desk.unpriced(cycle))],
        "may_change": may(Action.CHANGE_SUBSCRIPTION),
        "may_reduce": may(Action.REDUCE),
        "may_remove": may(Action.CANCEL_PRODUCT),
        "may_undo": may(Action.UNDO_CHANGE),
        "may_cancel": may(Action.CANCEL_ACCOUNT),
    }


def _initial(request: AccountRequest) -> dict[str, Any]:
    """Return what a decider edits before approving: the changes of the request that the address names."""
    number = request.GET.get("request", "")
    if not (number.isascii() and number.isdigit() and len(number) < 10):
        return {}
    asked = ChangeRequest.objects.filter(
        pk=number, subscription_id=request.account.pk, state=ChangeRequest.State.OPEN
    ).first()
    if asked is None:
        return {}
    try:
        return prefilled(changes_from_plain(asked.changes)) | {"request": asked.pk}
    except Malformed:
        return {}


def _outcome(request: AccountRequest, form: ManageForm) -> Outcome:
    """Price what was typed, for the day that was chosen. Writes nothing."""
    if not form.is_valid():
        return Outcome()
    on = form.cleaned_data.get("on") or request.today
    try:
        return _priced(request, form, _price(request, form, on), on)
    except Undecided as undecided:
        found = _priced(request, form, undecided.provisional, on)
        found.questions = tuple(_question(one, form) for one in undecided.questions)
        return found
    except NoChange:
        return Outcome(nothing=True)
    except promos.TooManyTries:
        form.add_error("promo", _("Too many codes were tried. Try again in an hour."))
        return Outcome()
    except Refusal as refusal:
        return _refused(form, refusal)


def _price(request: AccountRequest, form: ManageForm, on: date) -> Quote:
    wanted = form.changes()
    if not wanted:
        raise NoChange
    promos.count_tries(request.account, wanted)
    return quotes.price(
        request.account,
        wanted,
        by=request.user,
        on=on,
        asking=form.desk.asking,
        reading=form.desk.reading,
    )


def _priced(request: AccountRequest, form: ManageForm, quote: Quote, on: date) -> Outcome:
    reading = form.desk.reading
    shown = priced.of(quote, reading.names, reading.labels, costs_shown=form.desk.may[Action.SEE_COSTS])
    return Outcome(priced=shown, what_if=on != request.today)


def _refused(form: ManageForm, refusal: Refusal) -> Outcome:
    """Put a refusal at the field it concerns, and say what helps."""
    sentence = refused.why(refusal, form.desk.reading.names)
    outcome = Outcome(refusal=sentence, invoice=str(refusal.data.get("invoice") or ""))
    product = refusal.data.get("product")
    name = form.field_of(refusal.code, str(product) if product else None)
    if name is not None:
        form.add_error(name, sentence)
    if isinstance(refusal, BelowSeatsInUse):
        line = form.desk.facts.line(str(product))
        holders = AgentSeat.objects.filter(line_id=(line and line.id) or 0)
        outcome.holders = list(
            holders.order_by("membership__user__name").values_list("membership__user__name", flat=True)[
                :MOST_HOLDERS
            ]
        )
    return outcome


def _question(question: Question, form: ManageForm) -> Asked:
    """Put a meeting of two changes into words, with what the line renews with for each choice."""
    waits = question.scheduled
    name = f"answer-{waits.kind.value}-{waits.product or ''}"
    sentence = sentences.scheduled(waits, form.desk.facts, form.desk.reading.names)
    options = tuple(
        (option.choice.value, sentences.choice(option, waits, form.desk.reading.names))
        for option in question.options
    )
    return Asked(
        name=name,
        sentence=_("This meets what waits for the renewal: %(change)s. What shall hold then?")
        % {"change": sentence},
        options=options,
        chosen=form.data.get(name, options[0][0]),
    )


def _draw_up(request: AccountRequest, form: ManageForm) -> HttpResponse:
    """Store the quote and lead to its review; an edited request is drawn up for the one who decides."""
    wanted, number = form.changes(), form.cleaned_data.get("request")
    if form.cleaned_data.get("on") not in (None, request.today):
        messages.info(request, _("This is the quote of today: a change can only be confirmed today."))
    try:
        if number and ChangeRequest.objects.filter(pk=number, subscription_id=request.account.pk).exists():
            quote = requests.draw_up(number, by=request.user, on=request.today, changes=wanted)
        else:
            quote = quotes.draw_up(request.account, wanted, by=request.user, on=request.today)
    except (requests.RequestOver, requests.OwnRequest):
        messages.warning(request, _("This request is no longer yours to decide."))
        return redirect("subscription", request.account.slug)
    except (Refusal, Undecided):
        # It changed between the price and the quote: show the form again with what holds now.
        return _page(request, form.desk, form, _outcome(request, form), status=422)
    return redirect("quote", request.account.slug, quote.pk)


def _submit(request: AccountRequest, form: ManageForm) -> HttpResponse:
    """Submit the wish as a request for others to decide."""
    made = requests.submit(
        request.account,
        form.changes(),
        note=form.cleaned_data.get("note") or "",
        by=request.user,
        on=request.today,
    )
    messages.success(request, _("Your request is submitted. Who decides it was told by mail."))
    return redirect("request", request.account.slug, made.pk)
