"""Giving back seats that were added in the last days: a quote is drawn up, to be reviewed like any other."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts.rules.decision import Action
from admin_center.forms.regret import GiveBackForm
from admin_center.pages import AccountRequest, page
from admin_center.presenters import contacts
from admin_center.wording import refusals
from billing import quotes
from billing.rules.changes import GiveBackSeats
from billing.rules.refusals import Refusal, RegretOver
from billing.storage import loading


@require_POST
@page(Action.REDUCE)
def give_back(request: AccountRequest) -> HttpResponse:
    """Draw up the quote that gives so many seats back, and lead to its review."""
    form = GiveBackForm(request.POST)
    reading = loading.read(request.account, request.today)
    if reading is None or not form.is_valid():
        messages.warning(request, _("Choose how many of the seats are given back."))
        return redirect("subscription", request.account.slug)
    product, seats = form.cleaned_data["product"], form.cleaned_data["seats"]
    line = reading.facts.line(product)
    try:
        if line is None or seats >= line.quantity:
            raise RegretOver(product=product)
        change = GiveBackSeats(product, line.quantity - seats)
        quote = quotes.draw_up(request.account, [change], occasion=request.occasion)
    except Refusal as refusal:
        vendor = contacts.vendor_contact(request.account)
        messages.warning(request, refusals.explain(refusal, reading.names, vendor))
        return redirect("subscription", request.account.slug)
    return redirect("quote", request.account.slug, quote.pk)
