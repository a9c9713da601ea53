"""The one search: of an account, outside of accounts, and of help alone."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from admin_center.forms.fields import SearchText


class AccountSearch(forms.Form):
    """A few words: of a page, a person, an invoice's number, or another account of the reader."""

    q = SearchText(
        label=_("Search"),
        max_length=120,
        required=False,
        widget=forms.TextInput(
            {"placeholder": _("Page, person, invoice or account"), "data-search-field": ""}
        ),
    )


class SearchEverywhere(AccountSearch):
    """The same outside of accounts: a few words of an account of the reader, or of help."""

    def __init__(self, data: Any) -> None:
        """Say what is found here."""
        super().__init__(data)
        self.fields["q"].widget.attrs["placeholder"] = _("Account or help page")


class HelpSearch(forms.Form):
    """A few words of an article of help."""

    q = SearchText(label=_("Search in help"), max_length=120, required=False)
