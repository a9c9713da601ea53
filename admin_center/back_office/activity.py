"""The trail: what was done, by whom, when and why."""

from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import QuerySet
from django.utils.html import format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext_lazy as _

from accounts.models import Activity
from admin_center.back_office import parking, search
from admin_center.back_office.columns import invoices, linked, related
from admin_center.back_office.site import site
from admin_center.back_office.staff import StaffAdmin
from admin_center.presenters import activity as activity_presenter
from admin_center.presenters import activity_gist
from admin_center.wording.activity import REASONS

OF_ACCOUNT = related("account", _("Account"))


class OfAccount(StaffAdmin):
    """Rows that hang from an account, found by it."""

    search_fields = ("account__slug",)
    search_help_text = _("How the account’s name or address name, or a member’s e-mail address begins.")
    list_select_related: ClassVar[tuple[str, ...]] = ("account",)
    company = staticmethod(linked("account", "accounts_account", _("Account")))

    def found(self, queryset: QuerySet[Any], term: str) -> QuerySet[Any]:
        """Return the rows of the accounts that a term finds."""
        return queryset.filter(account__in=search.one_account(term))


@admin.register(Activity, site=site)
class ActivityAdmin(OfAccount):
    """The trail of every account; it can't be changed, here or anywhere."""

    list_display = ("at", OF_ACCOUNT, "sentence", "who", "address", "why")
    list_select_related = ("account", "actor")
    fields = (
        *("at", "company", "sentence", "verb", "subject", "who", "address", "differences", "why"),
        *("quote", "documents"),
    )

    def name_of(self, row: Activity) -> str:
        """Return what was done, in words."""
        return activity_gist.sentence(row.verb)

    @admin.display(description=_("Invoice"))
    def documents(self, entry: Activity) -> SafeString | str:
        """Return the invoices behind it, each as the way to it."""
        return invoices(filter(None, entry.invoice.split(", ")))

    @admin.display(description=_("What"))
    def sentence(self, entry: Activity) -> str:
        """Return what was done, in words."""
        return activity_gist.sentence(entry.verb)

    @admin.display(description=_("Who"))
    def who(self, entry: Activity) -> str:
        """Return who did it, in words."""
        return activity_gist.who(entry)

    @admin.display(description=_("Reason"))
    def why(self, entry: Activity) -> str:
        """Return why, in words where it is a code."""
        if entry.verb == "subscription_parked":
            return parking.words(entry.reason)
        return str(REASONS.get(entry.reason, entry.reason)) or "–"

    @admin.display(description=_("What changed"))
    def differences(self, entry: Activity) -> SafeString | str:
        """Return each thing that changed, as it was and as it is."""
        (told,) = activity_presenter.ActivityPresenter(entry.account, costs_shown=True).tell([entry])
        rows = ((one.field, one.before or "–", one.after or "–") for one in told.differences)
        return format_html_join(mark_safe("<br>"), "{}: {} → {}", rows) or "–"
