"""What is said with a payment method that was entered."""

from django import forms
from django.utils.translation import gettext_lazy as _

from billing.models import PaymentMethod

Use = PaymentMethod.Use


class MethodUseForm(forms.Form):
    """What a method is to be charged for."""

    use = forms.ChoiceField(
        label=_("What it is used for"),
        choices=Use.choices,
        error_messages={"invalid_choice": _("Choose one of the three.")},
    )
