"""Searches among people."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django import forms
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext, pgettext_lazy

from accounts.models import User
from accounts.models.people import MembershipQuerySet
from accounts.rules.folding import words
from accounts.rules.roles import Role
from admin_center.forms import seat_filters
from admin_center.forms.fields import SearchText
from admin_center.wording.labels import ROLES

# Stands for no product's key: those have no capitals.
NO_SEAT = "NONE"


class ContactSearch(forms.Form):
    """A name or an address."""

    q = SearchText(label=_("Name or e-mail address"), max_length=120, required=False)


class PeopleSearch(ContactSearch):
    """A name or an address, a role, and whether somebody counts."""

    role = forms.ChoiceField(
        label=_("Role"),
        choices=[("", _("All roles")), *((role.value, ROLES[role]) for role in Role)],
        required=False,
    )
    state = forms.ChoiceField(
        label=_("State"),
        choices=[
            ("", pgettext_lazy("states", "All")),
            ("active", pgettext_lazy("member", "Active")),
            ("suspended", pgettext_lazy("member", "Suspended")),
        ],
        required=False,
    )

    seat = forms.ChoiceField(label=_("Holds a seat of"), required=False)
    look = forms.ChoiceField(
        label=_("Seats to review"),
        choices=[
            ("", pgettext_lazy("seats", "All")),
            *seat_filters.LOOKS.items(),
        ],
        required=False,
    )

    def __init__(self, data: Any, *, products: Iterable[tuple[str, str]]) -> None:
        """Offer the products whose seats people hold."""
        super().__init__(data)
        field = self.fields["seat"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [("", pgettext("seats", "All")), *products, (NO_SEAT, _("No seat"))]

    def chosen(self, members: MembershipQuerySet, *, at: datetime) -> MembershipQuerySet:
        """Return the members that pass what was filled in and could be read, as things stand at a moment."""
        self.is_valid()
        asked = self.cleaned_data
        for word in words(asked.get("q") or ""):
            members = members.filter(listed_as__contains=word)
        if asked.get("role"):
            members = members.filter(role=asked["role"])
        if asked.get("state"):
            # By their few ids: joining each member's person would cost most of the page.
            inactive = User.objects.filter(is_active=False).values("pk")
            suspended = Q(suspended_at__isnull=False) | Q(user__in=inactive)
            members = members.filter(suspended if asked["state"] == "suspended" else ~suspended)
        if asked.get("seat"):
            members = seat_filters.seated(members, asked["seat"] if asked["seat"] != NO_SEAT else None)
        if asked.get("look"):
            members = seat_filters.holding(members, seat_filters.Look(asked["look"]), at=at)
        return members
