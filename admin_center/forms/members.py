"""What is done to one member: a role, or a seat of a product."""

import re
from collections.abc import Iterable
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.invitations import Invitee
from accounts.rules.roles import WITHOUT_SEAT, Role
from admin_center.forms.fields import Lines, SearchText, Text
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

    buy = forms.BooleanField(
        label=gettext_lazy("If no seat is left, buy it first"),
        required=False,
        initial=True,
        help_text=gettext_lazy(
            "You see what it costs before you confirm. The invitation goes out with the receipt."
        ),
    )

    def __init__(
        self,
        data: Any = None,
        *,
        roles: Iterable[Role],
        seats: Iterable[tuple[str, str]],
        buys: bool = False,
        **options: Any,
    ) -> None:
        """Offer the roles that this person may give, the products that have seats, and to buy them."""
        super().__init__(data, **options)
        self._choices("role", role_choices(roles))
        products = list(seats)
        if products:
            self._choices("seat", [("", _("No seat")), *products])
        else:
            del self.fields["seat"]
        if not (products and buys):
            del self.fields["buy"]

    def _choices(self, name: str, choices: list[tuple[str, Any]]) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)
        field.choices = choices

    def clean(self) -> None:
        """Refuse a seat for who holds none."""
        if self.cleaned_data.get("seat") and self.cleaned_data.get("role") in WITHOUT_SEAT:
            self.add_error("seat", ValidationError(_("Light agents and finance readers hold no seat.")))

    def people(self) -> list[Invitee]:
        """Return whom to invite, of a form that was validated."""
        return [Invitee(self.cleaned_data["email"], self.cleaned_data["name"])]


# One quote and one list that can be read over; the day's budget of invitations is about as large.
MOST_AT_ONCE = 50
LONGEST_LIST = 20_000


class InviteSeveralForm(InviteForm):
    """Several people at once, one a line: "Nina New <nina@new.example>", "nina@new.example, Nina New"."""

    email = None  # type: ignore[assignment]
    name = None  # type: ignore[assignment]
    listed = Lines(
        label=gettext_lazy("Who"),
        max_length=LONGEST_LIST,
        widget=forms.Textarea(attrs={"rows": 8}),
        help_text=gettext_lazy(
            "One a line, as copied from a list: an e-mail address, with the name before or behind it."
        ),
    )
    field_order = ("listed", "role", "seat", "buy")

    def clean_listed(self) -> list[Invitee]:
        """Return the people of the list, or say of each line that can't be read which it is."""
        found, wrong = [], []
        for number, line in enumerate(self.cleaned_data["listed"].splitlines(), 1):
            if not line.strip():
                continue
            one = read_person(line)
            if one is None:
                told = {"number": number, "line": line.strip()[:80]}
                wrong.append(ValidationError(_("Line %(number)s has no e-mail address: %(line)s") % told))
            else:
                found.append(one)
        if wrong:
            raise ValidationError(wrong)
        if len(found) > MOST_AT_ONCE:
            raise ValidationError(
                _("These are %(count)s people. Invite at most %(most)s at once.")
                % {"count": len(found), "most": MOST_AT_ONCE}
            )
        return found

    def people(self) -> list[Invitee]:
        """Return whom to invite, of a form that was validated."""
        people: list[Invitee] = self.cleaned_data["listed"]
        return people


_ADDRESS = re.compile(r"[^\s<>,;\"()]+@[^\s<>,;\"()]+")


def read_person(line: str) -> Invitee | None:
    """Return the person of a line: its address, and what else is there as the name; None without one."""
    found = _ADDRESS.search(line)
    if found is None:
        return None
    rest = f"{line[: found.start()]} {line[found.end() :]}"
    name = " ".join(re.sub(r"[<>,;\"()\t]", " ", rest).split())
    return Invitee(found[0].lower(), name[:120])
