"""Accounts, their people, and the few particulars that staff may change."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from accounts import clock, invitations, lifecycle
from accounts.models import Account, Membership, User
from accounts.rules.time_zones import time_zones
from admin_center.back_office import account_overview, search
from admin_center.back_office.billing_profiles import BillingProfileMixin
from admin_center.back_office.clocks import ClockMixin
from admin_center.back_office.columns import linked, links, related
from admin_center.back_office.email_corrections import EmailCorrectionMixin
from admin_center.back_office.endings import EndingMixin
from admin_center.back_office.old_debts import OldDebtMixin
from admin_center.back_office.site import site
from admin_center.back_office.staff import StaffAdmin
from admin_center.back_office.suspensions import SuspensionMixin
from admin_center.forms.fields import Lines
from admin_center.occasions import staff_occasion


class AccountForm(forms.ModelForm):  # type: ignore[type-arg]
    """What staff may change, and why they do."""

    timezone = forms.ChoiceField(label=_("Time zone"))
    reason = Lines(
        label=_("Reason"),
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("The account’s owner reads it in the activity."),
    )

    class Meta:
        model = Account
        fields = lifecycle.FIELDS

    def __init__(self, *args: Any, **options: Any) -> None:
        """Offer every time zone of a place."""
        super().__init__(*args, **options)
        names = sorted(time_zones())
        zone = self.fields["timezone"]
        if isinstance(zone, forms.ChoiceField):
            zone.choices = [(name, name) for name in names]


@admin.register(Account, site=site)
class AccountAdmin(ClockMixin, EndingMixin, OldDebtMixin, SuspensionMixin, BillingProfileMixin, StaffAdmin):
    """Customer companies."""

    form = AccountForm
    change_form_template = "back_office/account.html"
    list_display = ("name", "slug", "external_id", "type", "state", "currency")
    list_filter = ("state",)
    search_fields = ("slug",)
    search_help_text = _(
        "How the name, the address name or a member’s e-mail address begins, or the whole external id."
    )
    fieldsets = (
        (
            None,
            {
                "fields": (
                    "name",
                    "slug",
                    "external_id",
                    "state",
                    "debt",
                    "suspension",
                    "invited",
                    "currency",
                    "see_also",
                )
            },
        ),
        (_("Details"), {"fields": (*lifecycle.FIELDS, "reason")}),
        (_("Invoices"), {"fields": ("made_out_to", "recipients")}),
        (
            _("Dates"),
            {"fields": ("created_at", "trial_ends_on", "cancelled_at", "end_for", "is_sandbox", "own_clock")},
        ),
    )

    @admin.display(description=_("Invitations in 24 hours"))
    def invited(self, account: Account) -> str:
        """Return how much of its budget of invitations the account has used."""
        budget = invitations.budget(account, clock.now(account))
        return f"{budget.sent} / {budget.allowed}"

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Return True for the vendor's staff, while the account lives."""
        cancelled = isinstance(obj, Account) and obj.cancelled_at is not None
        return not cancelled and self.has_module_permission(request)

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> tuple[Any, ...]:
        """Return all but the particulars."""
        shown = [field for _name, options in self.fieldsets for field in options["fields"]]
        return tuple(field for field in shown if field not in (*lifecycle.FIELDS, "reason"))

    def render_change_form(self, request: HttpRequest, context: Any, *parts: Any, **named: Any) -> Any:
        """Show what the account has, and what can be done to it, beside its particulars."""
        told = {"overview": account_overview.of(context["original"])}
        return super().render_change_form(request, context | told, *parts, **named)

    def get_fieldsets(self, request: HttpRequest, obj: Model | None = None) -> Any:
        """Leave out the reason where nothing can be changed."""
        if self.has_change_permission(request, obj):
            return self.fieldsets
        return [
            (name, {"fields": [f for f in given["fields"] if f != "reason"]})
            for name, given in self.fieldsets
        ]

    @admin.display(description=_("See also"))
    def see_also(self, account: Account) -> SafeString:
        """Return links to what hangs from the account."""
        return links(
            (_("Members"), "accounts_membership", account.slug),
            (_("Subscription"), "billing_subscription", account.slug),
            (_("Agent seats"), "billing_agentseat", account.slug),
            (_("Invoices"), "billing_invoice", account.slug),
            (_("Activity"), "accounts_activity", account.slug),
            (_("Letters"), "accounts_letter", account.slug),
            (_("Failed rows"), "accounts_rowfailure", account.slug),
            (_("Cancellations"), "billing_cancellation", account.slug),
        )

    def found(self, queryset: QuerySet[Any], term: str) -> QuerySet[Any]:
        """Return the accounts that a term finds."""
        return queryset.filter(pk__in=search.accounts(term))

    def save_model(self, request: HttpRequest, obj: Account, form: Any, change: bool) -> None:
        """Change the particulars by their verb, at the account's own moment."""
        values = {field: form.cleaned_data[field] for field in form.changed_data if field in lifecycle.FIELDS}
        occasion = staff_occasion(request, obj)
        lifecycle.amend(obj.pk, values, occasion=occasion, reason=form.cleaned_data["reason"])


@admin.register(Membership, site=site)
class MembershipAdmin(StaffAdmin):
    """Who is what in which account."""

    person = staticmethod(linked("user", "accounts_user", _("Person")))
    company = staticmethod(linked("account", "accounts_account", _("Account")))
    list_display = (
        *(related("user", _("Person")), "email", related("account", _("Account")), "role"),
        *("changes_payment", "suspended_at", "joined_at"),
    )
    list_select_related = ("user", "account")
    search_fields = ("account__slug",)
    search_help_text = _("How the account’s name or address name, or the member’s e-mail address begins.")
    fields = ("person", "email", "company", "role", "changes_payment", "suspended_at", "joined_at")

    def name_of(self, row: Membership) -> str:
        """Return who it is."""
        return str(row.user)

    @admin.display(description=_("E-mail address"))
    def email(self, member: Membership) -> str:
        """Return the member's address."""
        return member.user.email

    def found(self, queryset: QuerySet[Any], term: str) -> QuerySet[Any]:
        """Return the members of an account, or one person's memberships."""
        if "@" in term:
            return queryset.filter(user__in=search.people(term))
        return queryset.filter(account__in=search.one_account(term))


@admin.register(User, site=site)
class UserAdmin(EmailCorrectionMixin, StaffAdmin):
    """Everybody who signs in."""

    list_display = ("name", "email", "is_active", "is_staff", "last_login", "date_joined")
    search_fields = ("email",)
    search_help_text = _("How the e-mail address or the name begins.")
    fields = (
        "name",
        "email",
        "language",
        "is_active",
        "is_staff",
        "last_login",
        "date_joined",
        "correction",
        "see_also",
    )

    @admin.display(description=_("See also"))
    def see_also(self, person: User) -> SafeString:
        """Return a link to the accounts of this person."""
        return links((_("Memberships"), "accounts_membership", person.email))

    def found(self, queryset: QuerySet[Any], term: str) -> QuerySet[Any]:
        """Return the people that a term finds."""
        return queryset.filter(pk__in=search.people(term))
