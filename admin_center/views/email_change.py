"""Changing one's own e-mail address: the page of the person, and the page behind the mailed links."""

from functools import partial

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from accounts import email_changes
from accounts.models import EmailChange
from accounts.occasion import Occasion
from admin_center import drafts
from admin_center.forms.email_change import EmailChangeForm
from admin_center.occasions import occasion_of

NOT_CHANGEABLE = {
    "malformed": gettext_lazy("This is not an e-mail address."),
    "same": gettext_lazy("This is your address already."),
    "budget": gettext_lazy("You have asked for several changes today. Try again tomorrow."),
}


@require_http_methods(["GET", "HEAD", "POST"])
def change(request: HttpRequest) -> HttpResponse:
    """Show the address and the changes that wait; on a POST send a link to the old and the new one."""
    form = EmailChangeForm(request.POST if request.method == "POST" else None)
    occasion = occasion_of(request)
    if form.is_bound and form.is_valid() and _ask(form, occasion):
        messages.success(
            request,
            _("An e-mail is on its way to both addresses. Your address changes when both have confirmed."),
        )
        return redirect("email_change")
    context = {
        "form": form,
        "waiting": email_changes.waiting(occasion.person, occasion.at),
        "kept": drafts.refill(request, form),
    }
    return render(request, "email_change/page.html", context, status=422 if form.is_bound else 200)


def _ask(form: EmailChangeForm, occasion: Occasion) -> bool:
    """Ask for the change; False, with the error at its field, where it can't be asked for."""
    try:
        email_changes.ask(form.cleaned_data["email"], occasion=occasion)
    except email_changes.NotChangeable as refusal:
        form.add_error("email", NOT_CHANGEABLE[refusal.reason])
        return False
    return True


@require_POST
def withdraw(request: HttpRequest, change_id: int) -> HttpResponse:
    """Take a change of one's own back; another person's answers as one that is not there."""
    try:
        email_changes.withdraw(change_id, occasion=occasion_of(request))
    except EmailChange.DoesNotExist:
        raise Http404 from None
    except email_changes.ChangeOver:
        messages.info(request, _("That change is over already."))
    else:
        messages.success(request, _("The change is withdrawn: its links no longer work."))
    return redirect("email_change")


@require_http_methods(["GET", "HEAD", "POST"])
@login_not_required
def confirm(request: HttpRequest, token: str) -> HttpResponse:
    """Show what a link confirms, and let its reader confirm it; every other link gets the same answer."""
    try:
        return _confirm(request, token)
    except email_changes.ChangeOver:
        return render(request, "email_change/over.html", status=404)


def _confirm(request: HttpRequest, token: str) -> HttpResponse:
    found, is_new = email_changes.find(token, occasion_of(request).at)
    somebody_else = request.user.is_authenticated and request.user != found.person
    if request.method != "POST" or somebody_else:
        context = {"change": found, "is_new": is_new, "somebody_else": somebody_else}
        status = 422 if request.method == "POST" else 200
        return render(request, "email_change/confirm.html", context, status=status)
    found = email_changes.confirm(token, occasion_of=partial(occasion_of, request))
    if found.state == EmailChange.State.TAKEN:
        raise email_changes.ChangeOver
    return render(request, "email_change/confirmed.html", {"change": found, "is_new": is_new})
