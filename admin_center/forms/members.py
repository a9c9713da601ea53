"""What is done to one member: a role, or a seat of a product."""

from collections.abc import Iterable
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.rules.roles import WITHOUT_SEAT, Role
from admin_center.forms.fields import SearchText, Text
from admin_center.wording.labels import ROLES

# What each role allows, in one sentence (domain.md 3, first table).
ALLOWS = {
    Role.OWNER: gettext_lazy(
        "Everything, and alone: roles, payment details, cancelling. There is one owner."
    ),
    Role.BILLING_ADMIN: gettext_lazy(
        "Changes the subscription, decides requests, sees invoices, and manages agents and their seats."
    ),
    Role.ADMIN: gettext_lazy("Sees the subscription, the contacts and the activity, and asks for changes."),
    Role.FINANCE_READER: gettext_lazy(
        "Sees invoices, payments and statements, changes nothing, and sees nothing else. Holds no seat."
    ),
    Role.AGENT: gettext_lazy("Works in the products with a seat, and sees nothing of the subscription."),
    Role.LIGHT_AGENT: gettext_lazy(
        "Reads and comments without a seat, and sees nothing of the subscription."
    ),
}
# The owner's role is offered and accepted; nobody gives it.
GIVEN = (Role.BILLING_ADMIN, Role.ADMIN, Role.FINANCE_READER, Role.AGENT, Role.LIGHT_AGENT)


def role_choices(roles: Iterable[Role] = GIVEN) -> list[tuple[str, Any]]:
    """Return roles as choices."""
    return [(role.value, ROLES[role]) for role in roles]


class RoleForm(forms.Form):
    """Another role for a member."""

    role = forms.ChoiceField(
        choices=role_choices,
    )


class SeatForm(forms.Form):
    """A product whose seat is given or freed, and what becomes of a reduction that waits."""

    product = SearchText(max_length=80, error_messages={"required": gettext_lazy("Choose a product.")})
    act = forms.ChoiceField(choices=[("assign", ""), ("free", "")])
    reduction = forms.ChoiceField(choices=[("", ""), ("undo", ""), ("raise", "")], required=False)


class InviteForm(forms.Form):
    """Whom to invite, as what, and to which seat."""

    email = forms.EmailField(label=gettext_lazy("E-mail address"), max_length=254)
    name = Text(label=gettext_lazy("Name"), max_length=120)
    role = forms.ChoiceField(label=gettext_lazy("Role"), initial=Role.AGENT.value)
    seat = forms.ChoiceField(
        label=gettext_lazy("Seat"),
        required=False,
        help_text=gettext_lazy(
            "A promised seat is given when they join, if one is left then: whoever joins first gets it. "
            "Anyone who finds none joins without one, and you are both notified by e-mail."
        ),
    )

    def __init__(
        self, data: Any = None, *, roles: Iterable[Role], seats: Iterable[tuple[str, str]], **options: Any
    ) -> None:
        """Offer the roles that this person may give, and the products that have seats."""
        super().__init__(data, **options)
        self._choices("role", role_choices(roles))
        products = list(seats)
        if products:
            self._choices("seat", [("", _("No seat")), *products])
        else:
            del self.fields["seat"]

    def _choices(self, name: str, choices: list[tuple[str, Any]]) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)
        field.choices = choices

    def clean(self) -> None:
        """Refuse a seat for who holds none."""
        if self.cleaned_data.get("seat") and self.cleaned_data.get("role") in WITHOUT_SEAT:
            self.add_error("seat", ValidationError(_("Light agents and finance readers hold no seat.")))
