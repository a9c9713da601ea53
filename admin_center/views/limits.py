"""The owner's limits for change requests: what is approved automatically, and what two people approve."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.rules.decision import Action
from admin_center import drafts
from admin_center.forms.limits import LimitsForm
from admin_center.pages import AccountRequest, page
from billing import approvals


@require_http_methods(["GET", "HEAD", "POST"])
@page(Action.VIEW_SUBSCRIPTION)
def limits(request: AccountRequest) -> HttpResponse:
    """Show the limits to whoever sees requests; a POST of the owner sets them."""
    currency = request.account.currency
    if request.method == "POST":
        request.gate.demand(Action.SET_LIMITS)
        form = LimitsForm(request.POST, currency=currency)
        if not form.is_valid():
            return _show(request, form, status=422)
        if approvals.set_limits(request.account, form.limits(), occasion=request.occasion):
            messages.success(request, _("The limits are changed. They apply to requests from now on."))
        else:
            messages.info(request, _("Nothing was changed."))
        return redirect("limits", request.account.slug)
    form = LimitsForm(currency=currency, limits=approvals.limits_of(request.account))
    return _show(request, form)


def _show(request: AccountRequest, form: LimitsForm, *, status: int = 200) -> HttpResponse:
    context = {
        "may_set": request.gate.may(Action.SET_LIMITS),
        "form": form,
        "kept": drafts.refill(request, form),
        "limits": approvals.limits_of(request.account),
        "spent": approvals.spent(request.account, request.today),
    }
    return render(request, "requests/limits.html", context, status=status)
