"""The filters of the activity page."""

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.models import Account, Activity
from accounts.models.people import folded_field
from accounts.rules.folding import folded, words
from admin_center.forms.fields import Day, SearchText
from admin_center.wording.activity import VERBS

# Wide enough for any trail, narrow enough for any zone's arithmetic.
FIRST, LAST = date(2000, 1, 1), date(2999, 12, 31)


def _verbs() -> Iterator[tuple[str, object]]:
    yield "", _("Everything")
    yield from sorted(VERBS.items(), key=lambda item: folded(str(item[1])))


class ActivityFilter(forms.Form):
    """What to look for in the trail: an act, a person, days of the account's zone."""

    verb = forms.ChoiceField(label=_("What"), choices=_verbs, required=False)
    person = SearchText(label=_("Who"), max_length=120, required=False)
    first = Day(
        label=pgettext_lazy("first day", "From"),
        required=False,
        validators=[MinValueValidator(FIRST), MaxValueValidator(LAST)],
        widget=forms.DateInput({"type": "date"}, format="%Y-%m-%d"),
    )
    last = Day(
        label=pgettext_lazy("last day", "To"),
        required=False,
        validators=[MinValueValidator(FIRST), MaxValueValidator(LAST)],
        widget=forms.DateInput({"type": "date"}, format="%Y-%m-%d"),
    )

    def chosen(self, account: Account) -> QuerySet[Activity]:
        """Return the account's entries that pass what was filled in and could be read."""
        entries = Activity.objects.filter(account=account)
        self.is_valid()
        asked, zone = self.cleaned_data, ZoneInfo(account.timezone)
        if asked.get("verb"):
            entries = entries.filter(verb=asked["verb"])
        entries = entries.alias(who=folded_field("actor_name"))
        for word in words(asked.get("person") or ""):
            entries = entries.filter(who__contains=word)
        if asked.get("first"):
            entries = entries.filter(at__gte=datetime.combine(asked["first"], time(), zone))
        if asked.get("last"):
            entries = entries.filter(at__lt=datetime.combine(asked["last"] + timedelta(days=1), time(), zone))
        return entries
