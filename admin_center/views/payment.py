"""How the account pays."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.models import Membership
from accounts.rules.decision import Action
from accounts.rules.roles import Role
from admin_center.pages import AccountRequest, page
from admin_center.presenters import dunning, subscription
from billing import debts, payment_methods
from billing.models import PaymentMethod

# More than anybody owes; the Invoices page lists all.
MOST_UNPAID = 12
# Of the pages that were opened at the provider, how many a session remembers.
MOST_SETUPS = 5


@require_safe
@page(Action.VIEW_PAYMENT)
def payment(request: AccountRequest) -> HttpResponse:
    """Show the payment method: brand, last four digits, expiry, and who may change it."""
    method = PaymentMethod.objects.default_of(request.account.pk)
    contacts = Membership.objects.contacts(request.account)
    changers = [one for one in contacts if one.role == Role.OWNER or one.changes_payment]
    return render(
        request,
        "payment/page.html",
        {
            "method": method,
            "changers": changers,
            "next": request.GET.get("next", "")[:40],
            "may_change": request.gate.may(Action.CHANGE_PAYMENT),
            "unpaid": _unpaid(request, method),
            "old_debt": debts.is_old(request.account),
            "expired": method is not None and subscription.expires_by(method, request.today),
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
    """Lead to the provider's own page, on which a method is entered."""
    slug = request.account.slug
    back = request.build_absolute_uri(reverse("payment_return", args=[slug]))
    try:
        begun = payment_methods.begin(request.account, occasion=request.occasion, return_url=back)
    except payment_methods.ProviderUnreachable:
        messages.error(request, _("The payment provider does not answer. Try again in a moment."))
        return redirect("payment", slug)
    except payment_methods.NothingToPay:
        messages.info(request, _("There is no subscription yet that could be paid for."))
        return redirect("payment", slug)
    open_ones = list(request.session.get("payment_setups", {}).items())[1 - MOST_SETUPS :]
    request.session["payment_setups"] = {**dict(open_ones), begun.state: request.POST.get("next", "")[:40]}
    return redirect(begun.address)


@require_http_methods(["GET", "HEAD", "POST"])
@page(Action.CHANGE_PAYMENT)
def payment_return(request: AccountRequest) -> HttpResponse:
    """Take the customer back from the provider's page: show what was entered there, and on a POST use it.

    A link that this session did not begin is no different from none: following one changes nothing.
    """
    here, occasion = request.account.slug, request.occasion
    state = (request.POST if request.method == "POST" else request.GET).get("state", "")[:200]
    states: dict[str, str] = request.session.get("payment_setups", {})
    try:
        if state not in states:
            raise payment_methods.SetupOver
        if request.method != "POST":
            entered = payment_methods.entered(request.account, state, occasion=occasion)
            if entered:
                return render(request, "payment/entered.html", {"method": entered, "state": state})
        elif payment_methods.finish(request.account, state, occasion=occasion):
            following = states.pop(state)
            request.session["payment_setups"] = states
            messages.success(request, _("The payment method is replaced."))
            return _on_from(here, following)
    except payment_methods.SetupOver:
        messages.warning(
            request,
            _(
                "This link is not of a payment page that you opened here, or it was used already. "
                "Nothing was changed: begin again from this page."
            ),
        )
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


def _on_from(slug: str, following: str) -> HttpResponse:
    """Lead back to the quote for which a method was needed, or to the page it was replaced from."""
    try:
        return redirect("quote", slug, UUID(following))
    except ValueError:
        return redirect("payment", slug)
