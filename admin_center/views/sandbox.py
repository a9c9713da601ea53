"""The sandbox provider's own hosted pages: where a customer enters a method, or confirms a payment.

They stand for pages on a provider's site: without session, reached by an unguessable token, and only
where the sandbox is the provider.
"""

from typing import TypeVar

from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods

from billing.models import SandboxPayment, SandboxSetup
from billing.provider import is_sandbox
from billing.provider.sandbox import METHODS

Row = TypeVar("Row", SandboxPayment, SandboxSetup)


# How each test method behaves, in words.
BEHAVES = {
    "test_approves": _("Pays."),
    "test_declines_funds": _("Is declined: the funds are not sufficient."),
    "test_declines_expired": _("Is declined: the card has expired."),
    "test_declines": _("Is declined without a reason."),
    "test_asks_3ds": _("Asks the customer to confirm with the bank (3-D Secure)."),
    "test_times_out_paid": _("Pays, but its answer never arrives."),
    "test_times_out_unpaid": _("Is declined, but its answer never arrives."),
    "test_answers_rubbish": _("Pays, but its answer can’t be read."),
    "test_answers_twice": _("Pays, and says so twice."),
    "test_lost_once": _("Never receives the first attempt."),
    "test_refund_fails": _("Pays; a refund doesn’t arrive."),
    "test_refund_later": _("Pays; a refund is on its way for a while."),
    "test_refund_silent": _("Pays; a refund is made, but its answer never arrives."),
    "test_refund_lost_once": _("Pays; the first attempt of a refund never arrives."),
    "test_debit_approves": _("Direct debit: pays."),
    "test_debit_fails": _("Direct debit: is declined for lack of funds."),
    "test_debit_later": _("Direct debit: is on its way for a while, then pays."),
    "test_debit_fails_later": _(
        "Direct debit: is on its way for a while, then the funds are not sufficient."
    ),
}


@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
def method(request: HttpRequest, token: str) -> HttpResponse:
    """Let a customer choose one of the test methods, then send them back."""
    setup = _open(SandboxSetup.objects.filter(token=token).first())
    if request.method == "POST":
        chosen = request.POST.get("method", "")
        if chosen in METHODS:
            SandboxSetup.objects.filter(pk=setup.pk).update(method=chosen)
        return _back(request, setup.return_url)
    methods = [(one, BEHAVES.get(one.reference, one.reference)) for one in METHODS.values()]
    return render(request, "sandbox/method.html", {"methods": methods})


@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
def pay(request: HttpRequest, token: str) -> HttpResponse:
    """Let a customer confirm or refuse a payment as their bank would, then send them back."""
    payment = _open(SandboxPayment.objects.filter(token=token).first())
    if request.method == "POST":
        agreed = request.POST.get("answer") == "approve"
        SandboxPayment.objects.filter(pk=payment.pk, status="action").update(
            status="succeeded" if agreed else "failed", failure="" if agreed else "authentication_failed"
        )
        return _back(request, payment.return_url)
    return render(request, "sandbox/pay.html", {"payment": payment})


def _open(found: Row | None) -> Row:
    """Return a row of the sandbox's books; Http404 where there is none, or where it isn't the provider."""
    if found is None or not is_sandbox():
        raise Http404
    return found


def _back(request: HttpRequest, address: str) -> HttpResponse:
    """Send the customer back to the console, and nowhere else."""
    if not url_has_allowed_host_and_scheme(address, allowed_hosts={request.get_host()}):
        raise Http404
    return redirect(address)
