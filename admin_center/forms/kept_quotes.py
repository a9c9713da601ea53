"""Under which name a quote is kept, and for which order."""

from django import forms
from django.utils.translation import gettext_lazy as _

from admin_center.forms.fields import Text


class KeepForm(forms.Form):
    """A name, and the number of the purchase order where there is one."""

    name = Text(label=_("Name"), max_length=120)
    purchase_order = Text(label=_("Purchase order number"), max_length=60, required=False)
