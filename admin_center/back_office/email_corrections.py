"""Corrections of somebody's e-mail address: one of the staff proposes with a reason, another approves."""

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts import email_changes
from accounts.email_addresses import LONGEST
from accounts.models import EmailChange, User
from admin_center import drafts
from admin_center.back_office.columns import related
from admin_center.back_office.site import site
from admin_center.back_office.staff import StaffAdmin
from admin_center.forms.fields import Lines
from admin_center.occasions import staff_occasion

if TYPE_CHECKING:
    Base = StaffAdmin
else:
    Base = object

NOT_CHANGEABLE = {
    "malformed": _("This is not an e-mail address."),
    "same": _("This is the person’s address already."),
    "taken": _("Somebody has this address already."),
    "open": _("A correction of this person’s address is open already: decide that one first."),
}


class CorrectionForm(forms.Form):
    """The right address, and why it is corrected."""

    email = forms.EmailField(label=_("New e-mail address"), max_length=LONGEST)
    reason = Lines(
        label=_("Reason"),
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("The owners of the person’s accounts read it in the activity, the person in a letter."),
    )


class EmailCorrectionMixin(Base):
    """What a person's page needs to let staff propose another address."""

    @admin.display(description=_("Correction"))
    def correction(self, person: User) -> SafeString:
        """Return the way to propose one."""
        address = reverse("vendor:accounts_user_correct", args=[person.pk])
        return format_html('<a href="{}">{}</a>', address, gettext("Correct the e-mail address"))

    def get_urls(self) -> list[URLPattern]:
        """Return the addresses, with that of proposing a correction."""
        view = self.admin_site.admin_view(self.correct)
        return [path("<int:person_id>/correct/", view, name="accounts_user_correct"), *super().get_urls()]

    def correct(self, request: HttpRequest, person_id: int) -> HttpResponse:
        """Ask for the address and the reason; on a POST propose it to another of the staff."""
        person = User.objects.filter(pk=person_id).first()
        if person is None:
            raise Http404
        if person == request.user or not person.is_active:
            raise PermissionDenied
        form = CorrectionForm(request.POST if request.method == "POST" else None)
        if form.is_bound and form.is_valid() and (made := _proposed(request, person, form)):
            return redirect("vendor:accounts_emailchange_change", made.pk)
        context = {
            **self.admin_site.each_context(request),
            "title": gettext("Correct the e-mail address"),
            "subtitle": str(person),
            "opts": self.opts,
            "person": person,
            "form": form,
            "kept": drafts.refill(request, form),
        }
        return TemplateResponse(
            request, "back_office/correct_email.html", context, status=422 if form.errors else 200
        )


def _proposed(request: Any, person: User, form: CorrectionForm) -> EmailChange | None:
    """Propose it and tell; None, with the error at its field, where it can't be."""
    asked = form.cleaned_data
    try:
        made = email_changes.propose(
            person.pk, asked["email"], reason=asked["reason"], occasion=staff_occasion(request)
        )
    except email_changes.NotChangeable as refusal:
        form.add_error("email", NOT_CHANGEABLE[refusal.reason])
        return None
    messages.success(request, gettext("Proposed. Another of the staff has to approve it within seven days."))
    return made


@admin.register(EmailChange, site=site)
class EmailChangeAdmin(StaffAdmin):
    """Changes of address: people's own to look at, corrections by staff to decide."""

    list_display = (
        *("created_at", related("person", _("Person")), "old_email", "new_email", "state"),
        *("by_staff", "proposed_by", "approved_by"),
    )
    list_select_related = ("person", "proposed_by", "approved_by")
    fields = (
        *("person", "old_email", "new_email", "state", "by_staff", "reason", "proposed_by", "approved_by"),
        *("created_at", "expires_at", "old_confirmed_at", "new_confirmed_at", "decision"),
    )

    @admin.display(description=_("Decision"))
    def decision(self, change: EmailChange) -> SafeString | str:
        """Return the way to decide on an open correction."""
        if not change.by_staff or change.state != EmailChange.State.OPEN:
            return "–"
        address = reverse("vendor:accounts_emailchange_decide", args=[change.pk])
        return format_html('<a href="{}">{}</a>', address, gettext("Approve or reject"))

    def get_urls(self) -> list[URLPattern]:
        """Return the addresses, with that of deciding."""
        view = self.admin_site.admin_view(self.decide)
        ours = path("<int:change_id>/decide/", view, name="accounts_emailchange_decide")
        return [ours, *super().get_urls()]

    def decide(self, request: HttpRequest, change_id: int) -> HttpResponse:
        """Show what is proposed; on a POST approve or end it, as another than who proposed it."""
        rows = EmailChange.objects.select_related("person", "proposed_by")
        change = rows.filter(pk=change_id, by_staff=True).first()
        if change is None:
            raise Http404
        if request.method == "POST":
            status = _decided(request, change, approves=request.POST.get("act") == "approve")
            if status == 302:
                return redirect("vendor:accounts_emailchange_change", change.pk)
        else:
            status = 200
        context = {
            **self.admin_site.each_context(request),
            "title": gettext("Decide on a correction"),
            "subtitle": str(change),
            "opts": self.opts,
            "change": change,
            "may_approve": request.user.pk not in (change.proposed_by_id, change.person_id)
            and not change.approved_by_id,
            "form": forms.Form(),
        }
        return TemplateResponse(request, "back_office/decide_email.html", context, status=status)


def _decided(request: Any, change: EmailChange, *, approves: bool) -> int:
    """Decide and tell; return the status of the answer."""
    try:
        if approves:
            email_changes.approve(change.pk, occasion=staff_occasion(request))
            messages.success(request, gettext("Approved. The new address has to confirm within 24 hours."))
        else:
            email_changes.reject(change.pk, occasion=staff_occasion(request))
            messages.success(request, gettext("The correction is ended: nothing changes."))
    except email_changes.ChangeOver:
        messages.info(request, gettext("That change is over already."))
    except PermissionDenied:
        messages.warning(request, gettext("Another of the staff has to approve it: not who proposed it."))
        return 403
    return 302
