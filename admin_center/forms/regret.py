"""Which seats are given back, and how many."""

from django import forms

from admin_center.forms.fields import SearchText, WholeNumber


class GiveBackForm(forms.Form):
    """A product of the subscription and a number of its seats."""

    product = SearchText(max_length=80)
    seats = WholeNumber(min_value=1, max_value=100_000)
