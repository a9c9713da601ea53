"""Change what the company has bought, or ask for it, with a live quote beside the form."""

from dataclasses import replace
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from accounts.gate import Gate
from accounts.rules.decision import Action, Decision, NextStep
from admin_center import drafts
from admin_center.due_renewals import renew_first
from admin_center.manage import changes, options, products, rows
from admin_center.manage import preview as manage_preview
from admin_center.manage.form import ManageForm
from admin_center.manage.options import ManageOptions
from admin_center.manage.preview import LivePreview
from admin_center.pages import AccountRequest, page
from admin_center.presenters import contacts, subscription
from admin_center.wording import labels
from billing import change_requests, quotes
from billing.applying import promo_codes
from billing.models import ChangeRequest, Quote
from billing.rules.change_json import MalformedChange, changes_from_plain
from billing.rules.changes import Change
from billing.rules.quoting import UndecidedConflict
from billing.rules.refusals import Refusal

# Explained on the page where they are closed.
CLOSABLE = (
    Action.REDUCE,
    Action.CANCEL_PRODUCT,
    Action.CHANGE_CYCLE,
    Action.EXTEND,
    Action.BUY_TEMPORARY_SEATS,
)


@require_http_methods(["GET", "HEAD", "POST"])
@page(Action.REQUEST_CHANGE)
def manage(request: AccountRequest) -> HttpResponse:
    """Show what can be changed; a POST draws up a quote to review, or submits a request."""
    if request.method != "POST":
        return _open(request)
    if "renew" in request.POST:
        return _renew(request)
    desk = _desk(request)
    if desk is None:
        return _without_subscription(request)
    renewed: list[str] = []
    if desk.due and not products.is_search(request.POST):
        renewed = renew_first(request)
        desk = _desk(request) or desk
    form = ManageForm(request.POST, desk=desk)
    if products.is_search(request.POST):
        return _page(request, form, manage_preview.of(request, form))
    for action in form.forged():
        # Absent from the page, and refused with the reason where somebody posts it all the same.
        request.gate.demand(action)
    found = manage_preview.of(request, form)
    if found.what_if and not form.errors:
        form.add_error("on", _("A change is confirmed at today’s quote: go back to today to review it."))
    if found.left and not form.errors and not renewed:
        return _left(request)
    # What was renewed on the way may have changed what was typed against: it is looked at once more.
    if form.errors or not found.stands or renewed:
        return _page(request, form, found, status=422)
    return _submit(request, form, found) if desk.asking else _draw_up(request, form, found)


@require_POST
@page(Action.REQUEST_CHANGE)
def preview(request: AccountRequest) -> HttpResponse:
    """Answer an edit with its quote: the panel alone, or without script the page.

    Nothing is written, but for the renewal of what is due, which the answer names.
    """
    desk = _desk(request)
    if desk is None:
        return _without_subscription(request)
    form = ManageForm(request.POST, desk=desk)
    if request.htmx and request.htmx.target == "products":
        # The products that were looked for, alone: nothing is priced by looking.
        context = _priced(request, form, LivePreview()) | {"shelf": rows.of(form, None)}
        return render(request, "manage/products.html", context)
    renewed: list[str] = []
    if desk.due:
        renewed = renew_first(request, say=not request.htmx)
        form = ManageForm(request.POST, desk=_desk(request) or desk)
    found = manage_preview.of(request, form)
    if not request.htmx:
        return _page(request, form, found)
    return render(request, "manage/preview.html", _priced(request, form, found) | {"renewed": renewed})


def _open(request: AccountRequest) -> HttpResponse:
    """Show the page as things stand, or filled with the request or the quote that its address names."""
    if kept := drafts.of(request):
        return _open_kept(request, kept)
    wanted, filled = _named(request)
    desk = options.of(request, promos=promo_codes(wanted), holders=bool(wanted or request.GET))
    if desk is None:
        return _without_subscription(request)
    empty = ManageForm(desk=desk, looked=request.GET)
    filled = filled if wanted else _numbers(request, empty)
    if not filled:
        return _page(request, empty, LivePreview(nothing=True))
    typed = {name: empty[name].initial for name in empty.fields} | filled
    for line in desk.lines:
        if filled.get(f"keep-{line.product}"):
            # Of a Suite: whole.
            typed |= {f"leave-{key}": False for key in desk.facts.product(line.product).includes}
    form = ManageForm({name: value for name, value in typed.items() if value not in (None, False)}, desk=desk)
    return _page(request, form, manage_preview.of(request, form))


def _open_kept(request: AccountRequest, kept: drafts.FormDraft) -> HttpResponse:
    """Show the page as it was typed: before a session ended, or before Review."""
    desk = _desk(request, kept.data)
    if desk is None:
        return _without_subscription(request)
    form = ManageForm(kept.data, desk=desk)
    return _page(request, form, manage_preview.of(request, form), kept=kept)


def _desk(request: AccountRequest, typed: QueryDict | None = None) -> ManageOptions | None:
    promo = (typed or request.POST).get("promo", "").strip().upper()
    return options.of(request, promos=[promo] if promo else [], holders=True)


def _without_subscription(request: AccountRequest) -> HttpResponse:
    told = _("This account has no subscription yet: ask %(contact)s to set it up.")
    messages.info(request, told % {"contact": contacts.vendor_contact(request.account)})
    return redirect("home", request.account.slug)


def _named(request: AccountRequest) -> tuple[tuple[Change, ...], dict[str, Any]]:
    """Return the changes to go on editing, and the form's values for them: of a request, or of a quote."""
    number, quote_id = str(request.GET.get("request", "")), str(request.GET.get("quote", ""))
    stored: Any = None
    extra: dict[str, Any] = {}
    if number.isascii() and number.isdigit() and len(number) < 10:
        asked = ChangeRequest.objects.filter(
            subscription_id=request.account.pk, state=ChangeRequest.State.OPEN
        )
        stored = asked.filter(pk=number).values_list("changes", flat=True).first()
        extra = {"request": int(number)}
    elif key := _uuid(quote_id):
        own = Quote.objects.filter(subscription_id=request.account.pk, person=request.user, pk=key)
        stored, asked_for = own.values_list("changes", "request").first() or (None, None)
        extra = {"request": asked_for}
    try:
        wanted = changes_from_plain(stored) if stored else ()
    except MalformedChange:
        wanted = ()
    return wanted, changes.prefilled(wanted) | extra


def _numbers(request: AccountRequest, form: ManageForm) -> dict[str, Any]:
    """Return what the address proposes: `?seats-support=11` of People, `?keep-guide=on` beside its end."""
    offered = {f"seats-{product.key}" for product in form.browsing.offered}
    kept = {name: "on" for name in request.GET if name.startswith("keep-") and name in form.fields}
    return kept | {
        name: text
        for name, text in request.GET.items()
        if name.startswith("seats-")
        and (name in form.fields or name in offered)
        and isinstance(text, str)
        and text.isascii()
        and text.isdigit()
    }


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _page(
    request: AccountRequest,
    form: ManageForm,
    found: LivePreview,
    status: int = 200,
    kept: drafts.FormDraft | None = None,
) -> HttpResponse:
    desk = form.desk
    summed, may_change = (
        subscription.of(desk.reading, request.today),
        request.gate.may(Action.CHANGE_SUBSCRIPTION),
    )
    context = _priced(request, form, found) | {
        "page_title": _title(desk, request.gate),
        "summary": summed,
        "shelf": rows.of(form, summed),
        "held": manage_preview.held_quote(request) if desk.facts.held else None,
        "closed": [] if desk.asking or desk.first else _closed(request),
        "may_change": may_change,
        # The next step, to ask, is this very page.
        "who_changes": replace(may_change, next_step=NextStep.NONE),
        "may_undo": request.gate.may(Action.UNDO_CHANGE),
        "may_cancel": request.gate.may(Action.CANCEL_ACCOUNT),
        "staff_decide": change_requests.decided_by_staff(request.account),
        "focus": _focus(form, found) if status == 422 else "",
        "kept": kept,
    }
    return render(request, "manage/form.html", context, status=status)


def _focus(form: ManageForm, found: LivePreview) -> str:
    """Return what takes the focus: the first field with an error, else the first question, else the panel.

    So the page opens at its place, also without script.
    """
    if form.faults:
        name = form.faults[0].name
        form.fields[name].widget.attrs["autofocus"] = True
        return name
    return found.unanswered[0].name if found.unanswered else "panel"


def _title(desk: ManageOptions, gate: Gate) -> str:
    # Only the first purchase asks whether anything is on sale, which reads the catalogue.
    if desk.first and not gate.way_out:
        return _("Nothing is on sale here")
    if desk.asking:
        return _("Request a change")
    return _("Choose what to buy") if desk.first else _("Manage subscription")


def _closed(request: AccountRequest) -> list[tuple[Decision, list[Any]]]:
    """Return what is closed here: a refusal for each reason, with the other acts that it holds for."""
    found: dict[object, tuple[Decision, list[Any]]] = {}
    for act in CLOSABLE:
        decision = request.gate.may(act)
        why = decision.reason, decision.who_can
        if not decision and why in found:
            found[why][1].append(labels.ACTS[act])
        elif not decision:
            found[why] = decision, []
    return list(found.values())


def _priced(request: AccountRequest, form: ManageForm, found: LivePreview) -> dict[str, Any]:
    """Return what the panel and the notes at the fields need."""
    return {"desk": form.desk, "form": form, "outcome": found}


def _draw_up(request: AccountRequest, form: ManageForm, found: LivePreview) -> HttpResponse:
    """Store the quote and lead to its review; an edited request is drawn up for the one who decides."""
    number = form.cleaned_data.get("request")
    try:
        if number and ChangeRequest.objects.filter(pk=number, subscription_id=request.account.pk).exists():
            quote = change_requests.draw_up(number, occasion=request.occasion, changes=found.changes)
        else:
            quote = quotes.draw_up(request.account, found.changes, occasion=request.occasion)
    except (change_requests.RequestOver, change_requests.OwnRequest):
        messages.warning(request, _("This request is no longer yours to decide."))
        return redirect("subscription", request.account.slug)
    except (Refusal, UndecidedConflict):
        return _again(request)
    # Back from the review shows what was typed.
    drafts.keep(request)
    return redirect("quote", request.account.slug, quote.pk)


def _submit(request: AccountRequest, form: ManageForm, found: LivePreview) -> HttpResponse:
    """Submit the wish as a request for others to decide."""
    note = form.cleaned_data.get("note") or ""
    try:
        made = change_requests.submit(request.account, found.changes, note=note, occasion=request.occasion)
    except (Refusal, UndecidedConflict):
        return _again(request)
    if made.state == ChangeRequest.State.APPROVED:
        messages.success(request, _("Your request is within the limits. It was approved automatically."))
    else:
        messages.success(request, _("Your request is submitted. Those who decide were notified by e-mail."))
    return redirect("request", request.account.slug, made.pk)


def _left(request: AccountRequest) -> HttpResponse:
    """Lead to what is scheduled: whoever only answered that it stays as it is has nothing to review."""
    drafts.use_up(request)
    messages.info(request, _("Nothing was changed: what is scheduled stays as it is."))
    return redirect("subscription", request.account.slug)


def _again(request: AccountRequest) -> HttpResponse:
    """Show what was typed with what holds now: it changed between the price and the quote."""
    desk = _desk(request)
    if desk is None:
        return _without_subscription(request)
    form = ManageForm(request.POST, desk=desk)
    return _page(request, form, manage_preview.of(request, form), status=422)


def _renew(request: AccountRequest) -> HttpResponse:
    """Carry out a renewal that is due: whatever touches the subscription renews it first (domain.md 5)."""
    desk = _desk(request)
    if desk is not None and desk.parked:
        return back_with_typed(request)
    renew_first(request)
    desk = _desk(request)
    if desk is not None and desk.due:
        messages.info(request, _("The renewal is still being carried out. Try again in a moment."))
    return back_with_typed(request)


def edited(request: AccountRequest) -> list[str] | None:
    """Return the fields that were edited on a page of now, None where it is one of before."""
    desk = _desk(request)
    form = ManageForm(request.POST, desk=desk) if desk else None
    return form.changed_data if form and form.fresh else None


def back_with_typed(request: AccountRequest, typed: list[str] | None = None) -> HttpResponse:
    """Lead back to the page, where what was typed beside the button that was pressed is still there.

    `typed` are the fields that were edited before the button changed what stands in the others.
    """
    desk = _desk(request)
    if typed and desk:
        posted = request.POST.copy()
        for name, field in ManageForm(desk=desk).fields.items():
            if name not in typed:
                posted.pop(name, None)
                posted.update({name: str(field.initial)} if field.initial not in (None, False) else {})
        request.POST = posted  # type: ignore[assignment]
    if typed is None and desk:
        typed = [name for name in ManageForm(request.POST, desk=desk).changed_data if name in request.POST]
    address = drafts.keep(request) if typed else None
    return redirect(address or reverse("manage", args=[request.account.slug]))
