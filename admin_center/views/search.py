"""The one search of an account: pages, people, invoices, the reader's other accounts, help."""

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from accounts.rules.decision import Action
from admin_center.forms.search import AccountSearch
from admin_center.pages import AccountRequest, page
from admin_center.presenters import search as search_presenter
from admin_center.views.help import PAGES


@require_safe
@page(Action.ENTER)
def search(request: AccountRequest) -> HttpResponse:
    """Show what was found, or the empty field, ready to be typed in."""
    form = AccountSearch(request.GET)
    text = form.cleaned_data.get("q", "") if form.is_valid() else ""
    if "q" not in request.GET:
        form.fields["q"].widget.attrs["autofocus"] = True
    help_pages = [
        search_presenter.SearchHit(title, reverse("help_page", args=[slug]), about)
        for slug, (title, about, _icon) in PAGES.items()
    ]
    groups = search_presenter.found(text, request.gate, help_pages)
    return render(request, "search/page.html", {"form": form, "text": text, "groups": groups})
