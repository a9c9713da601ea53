"""Who invoices are made out to, and who gets them."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST

from accounts.models import Membership
from accounts.rules.decision import Action
from accounts.rules.roles import Role
from admin_center import drafts
from admin_center.forms.profile import ProfileForm, RecipientForm, country_of_zone
from admin_center.pages import AccountRequest, page
from admin_center.presenters import profile as presenter
from billing import profile as profiles
from billing.models import InvoiceRecipient


@require_http_methods(["GET", "HEAD", "POST"])
@page(Action.VIEW_PAYMENT)
def profile(request: AccountRequest) -> HttpResponse:
    """Show the billing profile; a POST changes it, or brings the fields of another country."""
    if request.method != "POST":
        return _show(request)
    request.gate.demand(Action.CHANGE_PAYMENT)
    if request.POST.get("act") == "country":
        return _show(request, _form(request, typed=request.POST))
    form = _form(request, request.POST)
    if not form.is_valid():
        return _show(request, form, status=422)
    if profiles.change(request.account, form.values(), occasion=request.occasion):
        messages.success(request, _("The billing profile is changed. It applies to invoices from now on."))
    else:
        messages.info(request, _("Nothing was changed."))
    return redirect("profile", request.account.slug)


def _form(
    request: AccountRequest,
    data: Mapping[str, Any] | None = None,
    *,
    typed: Mapping[str, Any] | None = None,
) -> ProfileForm:
    values = presenter.values_of(request.account)
    return ProfileForm(
        data,
        values=replace(values, legal_name=values.legal_name or request.account.name),
        country=country_of_zone(request.account.timezone),
        here=reverse("profile", args=[request.account.slug]),
        typed=typed,
    )


def _show(
    request: AccountRequest,
    form: ProfileForm | None = None,
    recipient_form: RecipientForm | None = None,
    *,
    status: int = 200,
) -> HttpResponse:
    may_change = request.gate.may(Action.CHANGE_PAYMENT)
    kept = drafts.of(request) if form is None and recipient_form is None else None
    if form is None and may_change:
        # Of the two forms of this page, one was typed into.
        form = _form(request, typed=kept.data if kept and "legal_name" in kept.data else None)
    if recipient_form is None:
        recipient_form = RecipientForm(initial={"language": request.account.language})
        drafts.refill(request, recipient_form)
    contacts = Membership.objects.contacts(request.account)
    context = {
        "form": form if may_change else None,
        "kept": kept,
        "facts": presenter.facts(presenter.values_of(request.account)),
        "gaps": presenter.gaps(request.account),
        "may_change": may_change,
        "changers": [one for one in contacts if one.role == Role.OWNER or one.changes_payment],
        "recipients": InvoiceRecipient.objects.filter(profile=request.account.pk),
        "recipient_form": recipient_form,
        "may_choose": request.gate.may(Action.CHOOSE_RECIPIENTS),
    }
    return render(request, "profile/page.html", context, status=status)


@require_POST
@page(Action.CHOOSE_RECIPIENTS)
def recipient_add(request: AccountRequest) -> HttpResponse:
    """Let somebody get the invoices by mail."""
    form = RecipientForm(request.POST)
    if form.is_valid():
        try:
            profiles.add_recipient(request.account, **form.cleaned_data, occasion=request.occasion)
        except profiles.TooManyRecipients:
            most = InvoiceRecipient.MOST
            told = ngettext(
                "At most %(most)s person gets the invoices: remove somebody first.",
                "At most %(most)s people get the invoices: remove somebody first.",
                most,
            )
            form.add_error("email", told % {"most": most})
        except ValidationError as refused:
            form.add_error("email", refused)
        else:
            told = _("%(email)s gets the invoices from now on.") % {"email": form.cleaned_data["email"]}
            messages.success(request, told)
            return redirect("profile", request.account.slug)
    return _show(request, recipient_form=form, status=422)


@require_POST
@page(Action.CHOOSE_RECIPIENTS)
def recipient_remove(request: AccountRequest, recipient_id: int) -> HttpResponse:
    """Send somebody no more invoices; another account's answers as one that is not there."""
    if not InvoiceRecipient.objects.filter(pk=recipient_id, profile=request.account.pk).exists():
        raise Http404
    profiles.remove_recipient(recipient_id, occasion=request.occasion)
    messages.success(request, _("They no longer get the invoices."))
    return redirect("profile", request.account.slug)
