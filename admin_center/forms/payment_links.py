"""To whom a link to pay an invoice goes, and how long it is good."""

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from accounts.email_addresses import LONGEST
from billing import shared_links

_DAYS = ngettext_lazy("%(days)s day", "%(days)s days", "days")


class LinkForm(forms.Form):
    """An address without a login, and the days after which its link ends."""

    email = forms.EmailField(
        label=_("E-mail address"),
        max_length=LONGEST,
        help_text=_("Whoever reads this mailbox sees what the invoice charges, and can pay it."),
    )
    days = forms.TypedChoiceField(
        label=_("The link works for"),
        choices=[(days, _DAYS % {"days": days}) for days in shared_links.DAYS],
        coerce=int,
        initial=30,
    )
