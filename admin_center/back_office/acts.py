"""Acts on money: one page that says what an act does, asks for the reason, and is refused at the field."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.http import HttpRequest
from django.template.response import TemplateResponse
from django.utils.translation import gettext_lazy as _

from admin_center import drafts
from admin_center.forms.fields import Lines

LONGEST_REASON = 500


class ReasonForm(forms.Form):
    """Why something is done."""

    reason = Lines(
        label=_("Reason"),
        max_length=LONGEST_REASON,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("The account’s owner reads it in the activity."),
    )


@dataclass(frozen=True, slots=True)
class Act:
    """What the page of an act says: what it is about, its facts, what follows, and its buttons.

    `above` is address and words of the page before; a button is what it posts as `act` and its words, the
    first is the one that is meant, in the colour of danger where it takes something away.
    """

    title: str
    above: tuple[str, str]
    facts: Sequence[tuple[str, object]]
    told: Sequence[str]
    buttons: Sequence[tuple[str, str]]
    takes_away: bool = False


def page(admin: Any, request: HttpRequest, form: forms.Form, act: Act) -> TemplateResponse:
    """Return the page that asks for what an act needs; 422 where what was posted can't be done."""
    context = {
        **admin.admin_site.each_context(request),
        "title": act.title,
        "subtitle": act.above[1],
        "opts": admin.opts,
        "act": act,
        "form": form,
        "kept": drafts.refill(request, form),
    }
    status = 422 if form.errors else 200
    return TemplateResponse(request, "back_office/money_act.html", context, status=status)
