"""The one search of an account."""

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
