"""The links by which others pay an open invoice: sent by who may pay it, listed, and taken back."""

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from accounts.email_addresses import UNWRITABLE
from accounts.rules.decision import Action
from admin_center import drafts
from admin_center.forms.payment_links import LinkForm
from admin_center.pages import AccountRequest, page
from admin_center.presenters.payment_links import WHY_NO_LINK
from admin_center.wording import phrases
from billing import payment_links, shared_links
from billing.models import Invoice, PaymentLink

# Newest first; what is older is in the activity.
MOST_SHOWN = 50


@require_http_methods(["GET", "HEAD", "POST"])
@page(Action.PAY_INVOICE)
def invoice_links(request: AccountRequest, number: str) -> HttpResponse:
    """List the links of an invoice, and on a POST send one more."""
    found = Invoice.objects.filter(number=number, subscription_id=request.account.pk).first()
    if found is None:
        raise Http404
    form = LinkForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid() and _sent(request, found, form):
        return redirect("invoice_links", request.account.slug, found.number)
    links = found.payment_links.order_by("-created_at", "-pk")[:MOST_SHOWN]
    why = payment_links.closed(request.account, found)
    context = {
        "page_title": _("Links to pay %(number)s") % {"number": found.number},
        "invoice": found,
        "form": form,
        "kept": drafts.refill(request, form),
        "why": WHY_NO_LINK[why] if why else "",
        "links": [(link, _over(request, link)) for link in links],
    }
    return render(request, "invoices/links.html", context, status=422 if form.is_bound else 200)


def _over(request: AccountRequest, link: PaymentLink) -> str:
    """Return why nothing is paid by a link any more; "" where it is good."""
    why = payment_links.over(request.account, link, request.occasion.at)
    return str(WHY_NO_LINK[why]) if why else ""


def _sent(request: AccountRequest, invoice: Invoice, form: LinkForm) -> bool:
    """Send the link, and tell; False, with the reason in the form, where it can't be sent."""
    asked = form.cleaned_data
    try:
        shared_links.send(
            invoice.number, request.account, asked["email"], days=asked["days"], occasion=request.occasion
        )
    except payment_links.MalformedAddress:
        form.add_error("email", UNWRITABLE)
    except payment_links.LinkOver as over:
        form.add_error(None, WHY_NO_LINK[over.why])
    except shared_links.TooManyLinks as many:
        told = _("Your company has reached its daily limit of links. The next can be sent from %(when)s.")
        form.add_error(None, told % {"when": phrases.moment(many.next_at)})
    else:
        messages.success(request, _("The link is on its way to %(email)s.") % {"email": asked["email"]})
        return True
    return False


@require_POST
@page(Action.PAY_INVOICE)
def payment_link_revoke(request: AccountRequest, link_id: int) -> HttpResponse:
    """Take a link back; another account's answers as one that is not there."""
    links = PaymentLink.objects.filter(invoice__subscription_id=request.account.pk)
    link = links.select_related("invoice").filter(pk=link_id).first()
    if link is None:
        raise Http404
    try:
        shared_links.take_back(link.pk, occasion=request.occasion)
    except payment_links.LinkOver as over:
        messages.info(request, str(WHY_NO_LINK[over.why]))
    else:
        messages.success(request, _("The link is revoked: nothing can be paid by it any more."))
    return redirect("invoice_links", request.account.slug, link.invoice.number)
