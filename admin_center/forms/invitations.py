"""What a new person says when they join: how they are called, and their password."""

from typing import Any

from django import forms
from django.contrib.auth.password_validation import password_validators_help_text_html, validate_password
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from admin_center.forms.fields import Text


class JoinForm(forms.Form):
    """A name and a password, typed twice."""

    name = Text(label=_("Your name"), max_length=120, widget=forms.TextInput(attrs={"autocomplete": "name"}))
    password = forms.CharField(
        label=_("Password"),
        max_length=200,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
    again = forms.CharField(
        label=_("The password again"),
        max_length=200,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def __init__(self, data: Any = None, *, email: str, joins: str, **options: Any) -> None:
        """Say what is asked of passwords: neither `email` nor the account's name `joins` may be one."""
        super().__init__(data, **options)
        self.email, self.joins = email, joins
        self.fields["password"].help_text = password_validators_help_text_html()

    def clean(self) -> None:
        """Ask of the password what every password is asked, and that both are the same."""
        password, again = self.cleaned_data.get("password"), self.cleaned_data.get("again")
        if not password:
            return
        if again is not None and again != password:
            self.add_error("again", _("The two passwords differ."))
        try:
            person = User(email=self.email, name=self.cleaned_data.get("name", ""))
            person.joins = (self.joins,)  # type: ignore[attr-defined]
            validate_password(password, person)
        except ValidationError as weak:
            self.add_error("password", weak)
