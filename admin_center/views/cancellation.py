"""Cancellations: a product, and the whole account at once or at the end of its period (domain.md 8)."""

from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.rules.decision import Action
from admin_center import drafts
from admin_center.due_renewals import renew_first
from admin_center.forms.cancellation import CancelForm, SurveyForm
from admin_center.pages import AccountRequest, belongs_elsewhere, page
from admin_center.presenters import cancellation as cancellation_presenter
from admin_center.presenters import contacts
from admin_center.wording import phrases, refusals
from billing import cancellation, debts, quotes
from billing.cancellation import KEPT_FOR, CancellationSheet, SheetChanged
from billing.models import ScheduledChange
from billing.rules.changes import RemoveProduct
from billing.rules.names import Names
from billing.rules.quoting import UndecidedConflict
from billing.rules.refusals import AlreadyScheduled, LastProduct, Refusal, RenewalParked
from billing.storage import loading

# Where the session keeps what the farewell page tells.
FAREWELL = "farewell"


@dataclass(frozen=True, slots=True)
class Farewell:
    """What the farewell page tells: nobody of the account can read anything else of it any more.

    `at` is a moment and `until` a day, in the form of ISO 8601.
    """

    name: str
    timezone: str
    at: str
    until: str
    contact: str
    email: str
    phone: str
    open_invoices: bool = False


@require_safe
@page(Action.VIEW_CONTACTS, about=Action.CANCEL_ACCOUNT)
def cancel(request: AccountRequest) -> HttpResponse:
    """Show what can be cancelled; whoever may not is told why, who can, and what to do."""
    return _overview(request)


def _overview(request: AccountRequest, *, error: str = "", status: int = 200) -> HttpResponse:
    may_product, may_account = (
        request.gate.may(Action.CANCEL_PRODUCT),
        request.gate.may(Action.CANCEL_ACCOUNT),
    )
    reading = loading.read(request.account, request.today)
    may_change = request.gate.may(Action.CHANGE_SUBSCRIPTION)
    context = {
        "may_account": may_account,
        "may_export": request.gate.may(Action.EXPORT_DATA),
        # A suspended account ends as a whole; its products go through a quote, which is closed to it.
        "may_product": may_product and may_change,
        "closed_product": may_change if may_product else may_product,
        "products": cancellation_presenter.endings(request, reading)
        if may_product and may_change and reading
        else [],
        "currency": request.account.currency,
        "ends_on": reading.facts.renews_on if reading and reading.facts.has_bought else None,
        "scheduled": _scheduled(request),
        "at_end": bool(reading and _can_end_later(request, reading)),
        "kept_days": KEPT_FOR.days,
        "error": error,
    }
    return render(request, "cancellation/page.html", context, status=status)


def _scheduled(request: AccountRequest) -> ScheduledChange | None:
    """Return the end of the account that waits, None where none does."""
    return ScheduledChange.objects.filter(
        subscription_id=request.account.pk, kind=ScheduledChange.Kind.CANCELLATION
    ).first()


def _can_end_later(request: AccountRequest, reading: loading.LoadedFacts) -> bool:
    """Tell whether a paid period is running at whose end the account could end."""
    return reading.facts.has_bought and reading.facts.renews_on > request.today


@require_POST
@page(Action.CANCEL_PRODUCT)
def cancel_product(request: AccountRequest) -> HttpResponse:
    """Draw up the quote of cancelling one product, to be reviewed and confirmed like every change."""
    key = request.POST.get("product", "")[:64]
    renew_first(request)
    try:
        quote = quotes.draw_up(request.account, [RemoveProduct(key)], occasion=request.occasion)
    except LastProduct:
        messages.info(request, _("It is the last product: cancelling it is cancelling the account."))
        return redirect("cancel_at_end", request.account.slug)
    except UndecidedConflict:
        messages.warning(
            request,
            _(
                "Something else is already scheduled for the renewal: tick the product here, and choose "
                "which one applies."
            ),
        )
        return redirect("manage", request.account.slug)
    except Refusal as refusal:
        reading = loading.read(request.account, request.today)
        return _overview(
            request,
            error=refusals.explain(
                refusal, reading.names if reading else Names(), contacts.vendor_contact(request.account)
            ),
            status=422,
        )
    return redirect("quote", request.account.slug, quote.pk)


@require_http_methods(["GET", "HEAD", "POST"])
@page(Action.CANCEL_ACCOUNT)
def cancel_at_end(request: AccountRequest) -> HttpResponse:
    """Show the sheet of ending with the paid period; a POST schedules it, to be undone until that day."""
    if request.method != "POST":
        return _sheet(request, SurveyForm(), at_end=True)
    renew_first(request)
    form = SurveyForm(request.POST)
    if not form.is_valid():
        return _sheet(request, form, at_end=True, status=422)
    try:
        change = cancellation.cancel_at_period_end(
            request.account,
            mark=request.POST.get("mark", ""),
            reason=form.cleaned_data["reason"],
            text=form.cleaned_data["text"],
            occasion=request.occasion,
        )
    except SheetChanged as changed:
        return _sheet(request, form, at_end=True, sheet=changed.sheet, status=422)
    except AlreadyScheduled:
        messages.info(request, _("The account’s end is scheduled already."))
    except Refusal as refusal:
        return _sheet(
            request,
            form,
            at_end=True,
            error=refusals.explain(refusal, Names(), contacts.vendor_contact(request.account)),
            status=422,
        )
    else:
        told = {"day": phrases.day(change.takes_effect_on)}
        messages.success(request, _("The account ends on %(day)s. It can be undone until then.") % told)
    return redirect("subscription", request.account.slug)


@require_http_methods(["GET", "HEAD", "POST"])
@page(Action.CANCEL_ACCOUNT, fresh=True)
def cancel_account(request: AccountRequest) -> HttpResponse:
    """Show the sheet of ending at once; a POST with the account's name ends everything."""
    if request.method != "POST":
        return _sheet(request, CancelForm(account_name=request.account.name), at_end=False)
    form = CancelForm(request.POST, account_name=request.account.name)
    if not form.is_valid():
        return _sheet(request, form, at_end=False, status=422)
    try:
        cancellation.cancel_now(
            request.account,
            mark=request.POST.get("mark", ""),
            reason=form.cleaned_data["reason"],
            text=form.cleaned_data["text"],
            occasion=request.occasion,
        )
    except SheetChanged as changed:
        return _sheet(request, form, at_end=False, sheet=changed.sheet, status=422)
    request.session[FAREWELL] = asdict(_farewell(request))
    return redirect("closed")


def _sheet(
    request: AccountRequest,
    form: SurveyForm,
    *,
    at_end: bool,
    sheet: CancellationSheet | None = None,
    error: str = "",
    status: int = 200,
) -> HttpResponse:
    """Show what ending the account means, with the form that confirms exactly this.

    `sheet` is given where it is no longer what was shown: then what differs stands beside it.
    """
    account, changed = request.account, sheet is not None
    reading = loading.read(account, request.today)
    found = sheet or cancellation.consequences(account, request.today, at_end=at_end)
    seen = request.POST.get("seen", "") if changed else ""
    at = request.occasion.at
    told = cancellation_presenter.sheet_view(account, found, reading, request.today, seen)
    if at_end and told.ends is None and reading is not None and reading.facts.parked:
        checked = RenewalParked(due=request.today)
        messages.info(request, refusals.explain(checked, reading.names, contacts.vendor_contact(account)))
        return redirect("cancel", account.slug)
    if at_end and told.ends is None and reading is not None and reading.facts.has_bought:
        messages.info(request, _("The subscription is renewing: renew it, then end it with its new period."))
        return redirect("manage", account.slug)
    if at_end and told.ends is None:
        messages.info(request, _("No paid period is running: the account can only be cancelled at once."))
        return redirect("cancel", account.slug)
    context = {
        "form": form,
        "told": told,
        "sheet": found,
        "changed": changed,
        "at_end": at_end,
        "can_end_later": told.ends is not None and _scheduled(request) is None,
        "now": at,
        "kept_until": ((told.ends or at) if at_end else at) + timedelta(days=KEPT_FOR.days),
        "kept_days": KEPT_FOR.days,
        "error": error,
        "kept": drafts.refill(request, form),
        "may_manage": request.gate.may(Action.REDUCE),
        "page_title": _("End the account with its period") if at_end else _("Cancel the account at once"),
    }
    return render(request, "cancellation/sheet.html", context, status=status)


def _farewell(request: AccountRequest) -> Farewell:
    account, at = request.account, request.occasion.at
    return Farewell(
        name=account.name,
        timezone=account.timezone,
        at=at.isoformat(),
        until=(at + KEPT_FOR).date().isoformat(),
        contact=account.vendor_contact_name,
        email=account.vendor_contact_email,
        phone=account.vendor_contact_phone,
        open_invoices=bool(debts.open_invoice(account)),
    )


@login_not_required
@require_safe
def closed(request: HttpRequest) -> HttpResponse:
    """Say farewell to the owner who has just cancelled; to everybody else, that something was cancelled."""
    told = request.session.get(FAREWELL)
    if not told:
        context = {"account_name": "", "elsewhere": belongs_elsewhere(request)}
        return render(request, "410.html", context, status=410)
    account = Farewell(**told)
    context = {
        "account": account,
        "at": datetime.fromisoformat(account.at),
        "until": date.fromisoformat(account.until),
        "kept_days": KEPT_FOR.days,
    }
    return render(request, "cancellation/farewell.html", context)
