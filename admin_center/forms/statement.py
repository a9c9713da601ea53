"""Between which days a statement is told."""

from datetime import date

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.utils.translation import gettext as _
from django.utils.translation import pgettext_lazy

from admin_center.forms.activity import FIRST, LAST
from admin_center.forms.fields import Day

_BOUNDS = [MinValueValidator(FIRST), MaxValueValidator(LAST)]


class StatementPeriod(forms.Form):
    """The first and the last day of a statement; without them this year until today."""

    first = Day(
        label=pgettext_lazy("first day", "From"),
        required=False,
        validators=_BOUNDS,
        widget=forms.DateInput({"type": "date"}, format="%Y-%m-%d"),
    )
    last = Day(
        label=pgettext_lazy("last day", "To"),
        required=False,
        validators=_BOUNDS,
        widget=forms.DateInput({"type": "date"}, format="%Y-%m-%d"),
    )

    def __init__(self, today: date, asked: object) -> None:
        """Fill in this year until today where nothing is asked."""
        self.today = today
        usual = {"first": date(today.year, 1, 1).isoformat(), "last": today.isoformat()}
        given = {name: asked.get(name) or usual[name] for name in usual}  # type: ignore[attr-defined]
        super().__init__(given)

    def clean(self) -> dict[str, object]:
        """Refuse a period that ends before it begins."""
        first, last = self.cleaned_data.get("first"), self.cleaned_data.get("last")
        if first and last and last < first:
            raise ValidationError({"last": _("Choose a day that is not before the first.")})
        return self.cleaned_data

    def period(self) -> tuple[date, date]:
        """Return both days; this year until today where they can't be read."""
        if self.is_valid():
            return self.cleaned_data["first"], self.cleaned_data["last"]
        return date(self.today.year, 1, 1), self.today
