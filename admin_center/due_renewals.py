"""Renews what is due before a page prices or changes anything, and names on that page what it charged."""

from django.contrib import messages
from django.template.loader import render_to_string

from accounts.gate import Gate
from accounts.models import Account
from accounts.rules.decision import Action
from admin_center.pages import AccountRequest
from billing import renewal
from billing.models import Invoice


def renew_first(request: AccountRequest, *, say: bool = True) -> list[str]:
    """Renew the account's subscription where its day has come; return what was done, a sentence for each.

    `say` makes them messages of the page that answers. Raises NotAllowed where the account ended with
    its period. A subscription that is not due costs one look.
    """
    issued = renewal.renew(request.account.pk, occasion=request.occasion)
    fresh = Account.objects.get(pk=request.account.pk)
    if fresh.state != request.account.state:
        request.account = fresh
        request.gate = Gate(request.user, fresh, on=request.today)
        request.gate.demand(Action.ENTER)
    done = [_done(request, invoice) for invoice in issued]
    for sentence in done if say else ():
        messages.info(request, sentence)
    return done


def _done(request: AccountRequest, invoice: Invoice) -> str:
    context = {
        "invoice": invoice,
        "paid": Invoice.objects.filter(pk=invoice.pk, payment__isnull=False).exists(),
        "invoices_shown": request.gate.may(Action.VIEW_INVOICES),
    }
    return render_to_string("components/renewed.html", context, request=request)
