"""To whom a link to pay an invoice goes, and how long it is good."""

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from accounts.email_addresses import LONGEST
from billing import shared_links


def _days() -> list[tuple[int, str]]:
    """Return how long a link may work, in the language of the moment."""
    return [
        (days, ngettext("%(days)s day", "%(days)s days", days) % {"days": days}) for days in shared_links.DAYS
    ]


class LinkForm(forms.Form):
    """An address without a login, and the days after which its link ends."""

    email = forms.EmailField(
        label=_("E-mail address"),
        max_length=LONGEST,
        help_text=_("Whoever reads this mailbox sees what the invoice charges, and can pay it."),
    )
    days = forms.TypedChoiceField(
        label=_("The link works for"),
        choices=_days,
        coerce=int,
        initial=30,
    )
