"""Fields whose characters are read by the one rule of texts, and numbers and days that name an odd one."""

import re
import unicodedata
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.rules.texts import OddCharacter, code_point, tidy

REFUSED = gettext_lazy("Character %(place)s (%(code)s) can’t be shown here. Take it out.")
TURNING = gettext_lazy("Character %(place)s (%(code)s) changes the direction of other text. Take it out.")


def refusal(odd: OddCharacter) -> ValidationError:
    """Return what a form says of a character that is refused."""
    return ValidationError(TURNING if odd.turns else REFUSED, "odd", {"place": odd.place, "code": odd.code})


class Text(forms.CharField):
    """A text of one line: composed, with plain single spaces; odd characters are refused by name."""

    lines = False

    def to_python(self, value: Any) -> Any:
        """Return the text as it is kept."""
        if value not in self.empty_values:
            try:
                value = tidy(str(value), lines=self.lines)
            except OddCharacter as odd:
                raise refusal(odd) from None
        return super().to_python(value)


class Lines(Text):
    """A text of several lines, which keeps its line breaks."""

    lines = True
    widget = forms.Textarea


class _OddCharacterField(forms.Field):
    """A number or a day; what can't be read is told with the character that stands in the way."""

    ordinary = re.compile(r"[\w.,:/+\-]", re.ASCII)

    def to_python(self, value: Any) -> Any:
        """Return what was typed; spaces between digits, of whatever kind, only group them."""
        if isinstance(value, str):
            value = _ungrouped(value)
        try:
            return super().to_python(value)
        except ValidationError as error:
            odd = (
                next((c for c in value if not self.ordinary.match(c)), None)
                if isinstance(value, str)
                else None
            )
            if odd is None:
                raise
            told = {"place": value.index(odd) + 1, "code": code_point(odd)}
            named = _("Character %(place)s is %(code)s, which belongs in no number or date.") % told
            raise ValidationError([*error.messages, named]) from None


class WholeNumber(_OddCharacterField, forms.IntegerField):
    """A whole number."""


class Number(_OddCharacterField, forms.DecimalField):
    """A number with decimals."""


class Day(_OddCharacterField, forms.DateField):
    """A day."""


def _ungrouped(value: str) -> str:
    """Return a text without spaces around it and between digits."""
    plain = "".join(" " if unicodedata.category(c) == "Zs" else c for c in value).strip()
    return re.sub(r"(?<=\d) (?=\d{3}(?!\d))", "", plain)


class SearchText(forms.CharField):
    """A text that is only compared with what is kept, so that it may hold anything."""


class Radios(forms.RadioSelect):
    """Radio buttons of which the first alone takes the focus."""

    def create_option(
        self,
        name: str,
        value: Any,
        label: int | str,
        selected: bool,
        index: int,
        subindex: int | None = None,
        attrs: dict[str, Any] | None = None,
    ) -> dict[str, Any]:
        """Leave the focus to the first."""
        option: dict[str, Any] = super().create_option(name, value, label, selected, index, subindex, attrs)
        if index:
            option["attrs"].pop("autofocus", None)
        return option
