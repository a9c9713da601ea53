"""Cancelling the account: why, and its name typed as a proof that this very account is meant."""

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.rules.texts import without_odd
from admin_center.forms.fields import Lines, SearchText
from admin_center.wording.bidi import isolated
from billing.models import Cancellation


class SurveyForm(forms.Form):
    """The reason from a short list, and more in their own words."""

    reason = forms.ChoiceField(
        label=gettext_lazy("Why do you cancel?"),
        choices=[("", gettext_lazy("Choose a reason")), *Cancellation.Reason.choices],
    )
    text = Lines(
        label=gettext_lazy("What would have kept you? (optional)"),
        max_length=2000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
    )


class CancelForm(SurveyForm):
    """The survey, and the account's name exactly as it is."""

    name = SearchText(
        max_length=200,
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "off", "spellcheck": "false"}),
    )

    def __init__(self, data: Any = None, *, account_name: str, **options: Any) -> None:
        """Ask for the name of this account."""
        super().__init__(data, **options)
        self.account_name = account_name
        self.fields["name"].label = _("Type the account’s name to confirm: %(name)s") % {
            "name": isolated(account_name)
        }

    def clean_name(self) -> str:
        """Return the name; ValidationError where it is another."""
        typed = str(self.cleaned_data["name"])
        # Both as names are kept, so that a space of another kind is no other name.
        if without_odd(typed) != without_odd(self.account_name):
            raise forms.ValidationError(
                _("This is not the account’s name. Type it exactly: %(name)s")
                % {"name": isolated(self.account_name)}
            )
        return typed
