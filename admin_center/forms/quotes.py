"""What is said when a quote is confirmed."""

from django import forms
from django.utils.translation import gettext_lazy

from admin_center.forms.fields import SearchText, Text


class OrderForm(forms.Form):
    """The customer's own number for this order, and which terms of service the page showed."""

    purchase_order = Text(
        label=gettext_lazy("Purchase order number (optional)"),
        required=False,
        max_length=60,
        help_text=gettext_lazy("Appears on the invoice of this order."),
    )
    terms_version = SearchText(required=False, max_length=40, widget=forms.HiddenInput)
