"""The one search: pages, people and invoices of an account, the reader's accounts, help."""

from typing import cast

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.models import User
from accounts.rules.decision import Action
from admin_center.forms.search import AccountSearch, SearchEverywhere
from admin_center.pages import AccountRequest, page
from admin_center.presenters import search as search_presenter


@require_safe
@page(Action.ENTER)
def search(request: AccountRequest) -> HttpResponse:
    """Show what was found in an account, or the empty field, ready to be typed in."""
    form = AccountSearch(request.GET)
    text = _asked(form)
    return _answer(request, form, search_presenter.found(text, request.gate))


@require_safe
def everywhere(request: HttpRequest) -> HttpResponse:
    """Show what was found outside of accounts."""
    form = SearchEverywhere(request.GET)
    person = cast(User, request.user)
    return _answer(request, form, search_presenter.found_everywhere(_asked(form), person))


def _asked(form: AccountSearch) -> str:
    return form.cleaned_data.get("q", "") if form.is_valid() else ""


def _answer(
    request: HttpRequest, form: AccountSearch, groups: list[search_presenter.SearchGroup]
) -> HttpResponse:
    if "q" not in request.GET:
        form.fields["q"].widget.attrs["autofocus"] = True
    return render(request, "search/page.html", {"form": form, "text": _asked(form), "groups": groups})
