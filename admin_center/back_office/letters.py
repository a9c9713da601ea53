"""The outbox: letters sent and waiting, and what they say, without what lets their reader in."""

from collections.abc import Iterable
from copy import copy
from typing import Any

from csp.constants import NONE, SELF
from csp.decorators import csp
from django.conf import settings
from django.contrib import admin
from django.core.mail import EmailMultiAlternatives
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.template import TemplateDoesNotExist
from django.urls import URLPattern, path, reverse
from django.utils.html import escape, format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.clickjacking import xframe_options_sameorigin

from accounts import mail
from accounts.models import Letter
from accounts.rules.letters import LetterKind
from admin_center.back_office.activity import OF_ACCOUNT, OfAccount
from admin_center.back_office.resending import ResendMixin
from admin_center.back_office.site import site

KINDS = {
    LetterKind.ACCOUNT_CANCELLED: _("Account cancelled"),
    LetterKind.ACCOUNT_ENDED: _("Account ended, to its members"),
    LetterKind.ACCOUNT_RESTORED: _("Account open again"),
    LetterKind.ACCOUNT_SUSPENDED: _("Account suspended"),
    LetterKind.CANCELLATION_SCHEDULED: _("End of the account scheduled"),
    LetterKind.CHANGE_CONFIRMED: _("Change confirmed"),
    LetterKind.EMAIL_CHANGE_ANNOUNCED: _("Correction of an address announced"),
    LetterKind.EMAIL_CHANGE_EXPIRED: _("Change of address expired"),
    LetterKind.EMAIL_CHANGE_NEW: _("Change of address, to the new one"),
    LetterKind.EMAIL_CHANGE_OLD: _("Change of address, to the old one"),
    LetterKind.EMAIL_CHANGE_TAKEN: _("Change of address, to who has it already"),
    LetterKind.EMAIL_CHANGED: _("Address changed"),
    LetterKind.INVITATION_EXPIRED: _("Invitation expired"),
    LetterKind.INVITED: _("Invited"),
    LetterKind.INVOICE_ISSUED: _("Invoice, to who gets it"),
    LetterKind.INVOICE_PAYABLE: _("Invoice to be paid by its link"),
    LetterKind.INVOICE_WRITTEN_OFF: _("Invoice written off"),
    LetterKind.LAST_SEAT_USED: _("Last seat used"),
    LetterKind.NEWCOMER_WITHOUT_SEAT: _("Newcomer without the promised seat"),
    LetterKind.OWNERSHIP_ACCEPTED: _("Ownership accepted"),
    LetterKind.OWNERSHIP_EXPIRED: _("Offer of ownership expired"),
    LetterKind.OWNERSHIP_OFFERED: _("Ownership offered"),
    LetterKind.PAYMENT_ACTION: _("Payment to be confirmed with the bank"),
    LetterKind.PAYMENT_FAILED: _("Payment failed"),
    LetterKind.PAYMENT_FAILED_AGAIN: _("Payment failed again"),
    LetterKind.PAYMENT_RECEIVED: _("Payment received"),
    LetterKind.METHOD_EXPIRING: _("Card that expires soon"),
    LetterKind.PAYMENT_REMINDER: _("Reminder of an unpaid invoice"),
    LetterKind.REFUND_MADE: _("Payment refunded"),
    LetterKind.PRICE_ENDING: _("Price about to end"),
    LetterKind.PRICE_STAYS: _("End of a price stopped"),
    LetterKind.PRODUCT_ENDED: _("Product ended"),
    LetterKind.RENEWAL_COMING: _("Renewal coming"),
    LetterKind.REQUEST_APPROVED_FIRST: _("Second approval of a request needed"),
    LetterKind.REQUEST_COMMENTED: _("Comment on a request"),
    LetterKind.REQUEST_DECIDED: _("Request decided"),
    LetterKind.REQUEST_EXPIRED: _("Request expired"),
    LetterKind.REQUEST_REMINDER: _("Reminder of a request"),
    LetterKind.REQUEST_SUBMITTED: _("Request submitted"),
    LetterKind.OLD_DEBT_SETTLED: _("Old debt settled"),
    LetterKind.ROLE_GIVEN: _("Role given"),
    LetterKind.ROLE_TAKEN: _("Role taken"),
    LetterKind.SEAT_ENDED: _("Seat freed when temporary seats ended"),
    LetterKind.SEAT_NOT_GIVEN: _("Promised seat not given"),
    LetterKind.SUBSCRIPTION_RENEWED: _("Subscription renewed"),
    LetterKind.SUSPENDED_BY_VENDOR: _("Account suspended by the staff"),
    LetterKind.SUSPENSION_ENDED: _("Suspension ended by the staff"),
    LetterKind.SUSPENSION_WARNING: _("Suspension announced"),
    LetterKind.TEMPORARY_ENDED: _("Temporary seats ended"),
    LetterKind.TEMPORARY_ENDING: _("Temporary seats about to end"),
    LetterKind.TEMPORARY_STARTING: _("Temporary seats about to begin"),
    LetterKind.TRIAL_ENDED: _("Trial ended"),
    LetterKind.TRIAL_ENDING: _("Trial about to end"),
}
# A letter brings its own styles, and nothing else that a page could load or run.
LETTER_POLICY = {
    "default-src": [NONE],
    "style-src": ["'unsafe-inline'"],
    "frame-ancestors": [SELF],
    "base-uri": [NONE],
    "form-action": [NONE],
    "sandbox": True,
}


class Kind(admin.SimpleListFilter):
    """What the letter tells."""

    title = _("kind")
    parameter_name = "kind"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, Any]]:
        """Return every kind."""
        return list(KINDS.items())

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Return the letters of a kind, by the index of kinds."""
        return queryset.filter(kind=self.value()) if self.value() in KINDS else queryset


class SendingFilter(admin.SimpleListFilter):
    """Whether it went out."""

    title = _("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, Any]]:
        """Return the states that `state` names."""
        return [
            ("sent", _("Sent")),
            ("waiting", _("Waiting")),
            ("failed", _("Failed so far")),
            ("over", _("Not tried again")),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Return the letters in a state; those that wait by an index of their own."""
        states: dict[str, dict[str, Any]] = {
            "sent": {"sent_at__isnull": False},
            "waiting": {"sent_at": None, "failed_at": None},
            "failed": {"sent_at": None, "failed_at": None, "attempts__gt": 0},
            "over": {"failed_at__isnull": False},
        }
        return queryset.filter(**states.get(self.value() or "", {}))


@admin.register(Letter, site=site)
class LetterAdmin(ResendMixin, OfAccount):
    """Letters with what they say; nobody edits one."""

    list_display = ("created_at", OF_ACCOUNT, "told", "to", "standing")
    list_filter = (Kind, SendingFilter)
    fields = (
        *("company", "told", "to", "language", "state", "created_at", "sent_at"),
        *("attempts", "next_try_at", "error", "again"),
        *("subject", "text", "page"),
    )

    def name_of(self, row: Letter) -> str:
        """Return what it tells and to whom."""
        return f"{self.told(row)} → {row.to}"

    # --- What is shown --------------------------------------------------------------------------
    @admin.display(description=_("Kind"))
    def told(self, letter: Letter) -> str:
        """Return what it tells; an unknown kind as it is."""
        return str(KINDS[kind]) if (kind := letter.known_kind) else letter.kind

    @admin.display(description=_("State"))
    def state(self, letter: Letter) -> str:
        """Return whether it went out, waits, or waits for somebody to look."""
        if letter.sent_at is not None:
            return gettext("Sent")
        if letter.failed_at is not None:
            return gettext("Failed: not tried again")
        return gettext("Failed so far: tried again") if letter.attempts else gettext("Waiting")

    @admin.display(description=_("State"))
    def standing(self, letter: Letter) -> str:
        """Return the state with the last error."""
        return f"{self.state(letter)} ({letter.error})" if letter.error else self.state(letter)

    @admin.display(description=_("Subject"))
    def subject(self, letter: Letter) -> str:
        """Return its subject."""
        shown = _rendered(letter)
        return str(shown.subject) if shown else "–"

    @admin.display(description=_("Text"))
    def text(self, letter: Letter) -> SafeString | str:
        """Return what it says to a mailbox without HTML."""
        shown = _rendered(letter)
        # A text is written without escaping, and says of itself that it needs none.
        return format_html('<pre class="letter">{}</pre>', escape(str(shown.body))) if shown else "–"

    @admin.display(description=_("HTML"))
    def page(self, letter: Letter) -> SafeString | str:
        """Return what it looks like, in a frame that runs nothing and leads nowhere."""
        if _rendered(letter) is None:
            return "–"
        address = reverse("vendor:accounts_letter_html", args=[letter.pk])
        frame = '<iframe class="letter" sandbox title="{}" src="{}"></iframe>'
        return format_html(frame, gettext("The letter as HTML"), address)

    # --- Its addresses --------------------------------------------------------------------------
    def get_urls(self) -> list[URLPattern]:
        """Return the addresses, with that of the letter's own HTML."""
        door: Any = self.admin_site.admin_view(self.html)
        view = xframe_options_sameorigin(csp(LETTER_POLICY)(door))
        ours = path("<int:letter_id>/html/", view, name="accounts_letter_html")
        return [ours, *super().get_urls()]

    def html(self, request: HttpRequest, letter_id: int) -> HttpResponse:
        """Answer with the letter's HTML as its reader gets it."""
        letter = Letter.objects.select_related("account", "user").filter(pk=letter_id).first()
        shown = _rendered(letter) if letter is not None else None
        if shown is None:
            raise Http404
        return HttpResponse(str(shown.alternatives[0][0]))

    def change_view(self, request: HttpRequest, *parts: Any, **named: Any) -> HttpResponse:
        """Show a letter; its page may frame the letter's own HTML."""
        answer = super().change_view(request, *parts, **named)
        vars(answer)["_csp_update"] = {"frame-src": [SELF]}
        return answer


def _rendered(letter: Letter) -> EmailMultiAlternatives | None:
    """Return a letter as it was sent, without its secrets; None where its kind is written no more."""
    if not settings.DEMO:
        letter = copy(letter)
        letter.facts = mail.without_secrets(letter.facts)
    try:
        return mail.message(letter)
    except TemplateDoesNotExist:
        return None
