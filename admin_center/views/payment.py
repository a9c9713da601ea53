"""How the account pays."""

from typing import assert_never
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.models import Membership
from accounts.rules.decision import Action
from accounts.rules.roles import Role
from admin_center.forms.payment import MethodUseForm
from admin_center.pages import AccountRequest, page
from admin_center.presenters import dunning
from admin_center.presenters import payment as payment_presenter
from admin_center.wording import payment_methods as words
from billing import debts, payment_methods, payment_uses
from billing.models import PaymentMethod

# More than anybody owes; the Invoices page lists all.
MOST_UNPAID = 12
# Of the pages that were opened at the provider, how many a session remembers.
MOST_SETUPS = 5


@require_safe
@page(Action.VIEW_PAYMENT)
def payment(request: AccountRequest) -> HttpResponse:
    """Show the payment methods: brand, last four digits, expiry, what each is for, who may change them."""
    contacts = Membership.objects.contacts(request.account)
    changers = [one for one in contacts if one.role == Role.OWNER or one.changes_payment]
    rows = payment_presenter.rows(request.account, request.today)
    method = next((one.method for one in rows if one.method.use == PaymentMethod.Use.DEFAULT), None)
    return render(
        request,
        "payment/page.html",
        {
            "rows": rows,
            "method": method,
            "methods": [one.method for one in rows],
            "backup": next((one.method for one in rows if one.method.use == PaymentMethod.Use.BACKUP), None),
            "full": len(rows) >= PaymentMethod.MOST,
            "changers": changers,
            "next": request.GET.get("next", "")[:40],
            "may_change": request.gate.may(Action.CHANGE_PAYMENT),
            "may_pay": request.gate.may(Action.PAY_INVOICE),
            "unpaid": _unpaid(request, method),
            "old_debt": debts.is_old(request.account),
        },
    )


def _unpaid(request: AccountRequest, method: PaymentMethod | None) -> list[dunning.Timeline]:
    """Return the timelines of the invoices that are still to be paid, for who may see them."""
    if not request.gate.may(Action.VIEW_INVOICES):
        return []
    return dunning.of_account(request.account, method, request.today)[:MOST_UNPAID]


@require_POST
@page(Action.CHANGE_PAYMENT)
def payment_begin(request: AccountRequest) -> HttpResponse:
    """Lead to the provider's page; what is entered takes the place of a method, the default unless named."""
    return _begin(request, _named(request) or PaymentMethod.objects.default_of(request.account.pk))


@require_POST
@page(Action.CHANGE_PAYMENT)
def payment_add(request: AccountRequest) -> HttpResponse:
    """Lead to the provider's page, on which another method is entered."""
    return _begin(request, None)


def _named(request: AccountRequest) -> PaymentMethod | None:
    """Return the method that is named, None where none is; Http404 for one that the account has not."""
    name = request.POST.get("method", "")
    found = payment_presenter.named(request.account, name)
    if name and found is None:
        raise Http404
    return found


def _find(request: AccountRequest, method_id: int) -> PaymentMethod:
    """Return a method of this account; Http404 for any other."""
    found = PaymentMethod.objects.filter(subscription_id=request.account.pk, pk=method_id).first()
    if found is None:
        raise Http404
    return found


def _begin(request: AccountRequest, replaces: PaymentMethod | None) -> HttpResponse:
    slug = request.account.slug
    back = request.build_absolute_uri(reverse("payment_return", args=[slug]))
    try:
        begun = payment_methods.begin(
            request.account,
            occasion=request.occasion,
            return_url=back,
            replaces=replaces.pk if replaces else None,
        )
    except payment_methods.ProviderUnreachable:
        messages.error(request, _("The payment provider does not answer. Try again in a moment."))
        return redirect("payment", slug)
    except payment_methods.NothingToPay:
        messages.info(request, _("There is no subscription yet that could be paid for."))
        return redirect("payment", slug)
    except payment_methods.TooManyMethods:
        messages.warning(request, _too_many())
        return redirect("payment", slug)
    open_ones = list(request.session.get("payment_setups", {}).items())[1 - MOST_SETUPS :]
    request.session["payment_setups"] = {**dict(open_ones), begun.state: request.POST.get("next", "")[:40]}
    return redirect(begun.address)


def _too_many() -> str:
    return _("%(most)s payment methods are on file already: remove one, or replace it.") % {
        "most": PaymentMethod.MOST
    }


@require_http_methods(["GET", "HEAD", "POST"])
@page(Action.CHANGE_PAYMENT)
def payment_return(request: AccountRequest) -> HttpResponse:
    """Take the customer back from the provider's page: show what was entered there, and on a POST use it.

    A link that this session did not begin is no different from none: following one changes nothing.
    """
    here, occasion = request.account.slug, request.occasion
    state = (request.POST if request.method == "POST" else request.GET).get("state", "")[:200]
    states: dict[str, str] = request.session.get("payment_setups", {})
    form = MethodUseForm({"use": request.POST.get("use") or PaymentMethod.Use.DEFAULT.value})
    try:
        if state not in states:
            raise payment_methods.SetupOver
        if request.method != "POST" or not form.is_valid():
            entered = payment_methods.entered(request.account, state, occasion=occasion)
            if entered:
                return _show_entered(request, entered, state, form)
        elif taken := payment_methods.finish(
            request.account, state, occasion=occasion, use=form.cleaned_data["use"]
        ):
            following = states.pop(state)
            request.session["payment_setups"] = states
            messages.success(request, _taken_in(taken))
            return _on_from(here, following)
    except payment_methods.SetupOver:
        messages.warning(
            request,
            _(
                "This link is not from a payment page that you opened here, or it was used already. "
                "Nothing was changed: begin again from this page."
            ),
        )
        return redirect("payment", here)
    except payment_methods.MethodOnFile:
        messages.info(request, _("This payment method is on file already: nothing was changed."))
        return redirect("payment", here)
    except payment_methods.TooManyMethods:
        messages.warning(request, _too_many())
        return redirect("payment", here)
    except payment_methods.ProviderUnreachable:
        messages.error(
            request,
            _(
                "The payment provider does not answer, so nothing was changed. "
                "Open the link again in a moment."
            ),
        )
        return redirect("payment", here)
    messages.info(request, _("No payment method was entered. The one on file stays."))
    return _on_from(here, states.get(state, ""))


def _show_entered(
    request: AccountRequest, entered: payment_methods.EnteredMethod, state: str, form: MethodUseForm
) -> HttpResponse:
    """Show what was entered, and ask what it is for where the account has others."""
    context = {
        "entered": entered,
        "state": state,
        "default": PaymentMethod.objects.default_of(request.account.pk),
        "backup": PaymentMethod.objects.backup_of(request.account.pk),
        "form": form,
    }
    return render(request, "payment/entered.html", context, status=200 if form.is_valid() else 422)


def _taken_in(method: PaymentMethod) -> str:
    """Say what is on file now, and what for."""
    told = {"method": str(method)}
    match use := PaymentMethod.Use(method.use):
        case PaymentMethod.Use.DEFAULT:
            return _("From now on %(method)s is charged.") % told
        case PaymentMethod.Use.BACKUP:
            return _("%(method)s is the backup now.") % told
        case PaymentMethod.Use.SPARE:
            return _("%(method)s is kept on file.") % told
        case _:
            assert_never(use)


@require_POST
@page(Action.CHANGE_PAYMENT)
def method_use(request: AccountRequest, method_id: int) -> HttpResponse:
    """Let a method be charged first, be the backup, or only be kept on file."""
    found, form = _find(request, method_id), MethodUseForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Choose what the payment method is used for."))
        return redirect("payment", request.account.slug)
    try:
        put = payment_uses.put_to_use(found.pk, form.cleaned_data["use"], occasion=request.occasion)
    except payment_uses.MethodKept as kept:
        messages.warning(request, str(words.KEPT[kept.why]))
    except PaymentMethod.DoesNotExist:
        messages.info(request, _("This payment method was removed meanwhile."))
    else:
        messages.success(request, _taken_in(put))
    return redirect("payment", request.account.slug)


@require_POST
@page(Action.CHANGE_PAYMENT)
def method_remove(request: AccountRequest, method_id: int) -> HttpResponse:
    """Take a method off the account, or say why it stays."""
    found = _find(request, method_id)
    try:
        payment_uses.remove(found.pk, occasion=request.occasion)
    except payment_uses.MethodKept as kept:
        messages.warning(request, str(words.KEPT[kept.why]))
    except PaymentMethod.DoesNotExist:
        messages.info(request, _("This payment method was removed meanwhile."))
    else:
        messages.success(request, _("%(method)s is removed.") % {"method": found})
    return redirect("payment", request.account.slug)


def _on_from(slug: str, following: str) -> HttpResponse:
    """Lead back to the quote for which a method was needed, or to the page it was replaced from."""
    try:
        return redirect("quote", slug, UUID(following))
    except ValueError:
        return redirect("payment", slug)
