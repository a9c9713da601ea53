"""The new address by which somebody signs in."""

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.email_addresses import LONGEST


class EmailChangeForm(forms.Form):
    """One address; whether somebody else has it is not told here."""

    email = forms.EmailField(
        label=_("New e-mail address"),
        max_length=LONGEST,
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
    )
