"""Help: open to everybody, signed in or not; who comes from an account keeps its frame."""

from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.rules.decision import Action
from admin_center.forms.search import HelpSearch
from admin_center.pages import AccountRequest, page
from admin_center.presenters import help as help_presenter
from admin_center.wording.help import ARTICLES


@login_not_required
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """List the articles, or those in which what is searched for stands."""
    return _index(request, "")


@login_not_required
@require_safe
def article(request: HttpRequest, article: str) -> HttpResponse:
    """Show one article; raise Http404 where there is none of that name."""
    return _article(request, "", article)


@require_safe
@page(Action.ENTER)
def account_index(request: AccountRequest) -> HttpResponse:
    """List the articles in the frame of an account."""
    return _index(request, request.account.slug)


@require_safe
@page(Action.ENTER)
def account_article(request: AccountRequest, article: str) -> HttpResponse:
    """Show one article in the frame of an account, with the way back to the page that one came from."""
    return _article(request, request.account.slug, article)


def _index(request: HttpRequest, slug: str) -> HttpResponse:
    form = HelpSearch(request.GET)
    text = form.cleaned_data.get("q", "") if form.is_valid() else ""
    back = _way_back(request, slug)
    articles = help_presenter.links(help_presenter.found(text), slug, back)
    return render(request, "help/index.html", {"form": form, "articles": articles, "back": back})


def _article(request: HttpRequest, slug: str, name: str) -> HttpResponse:
    if name not in ARTICLES:
        raise Http404
    back = _way_back(request, slug)
    context = {
        "page_title": ARTICLES[name].title,
        "text": f"help/{name}.html",
        "others": help_presenter.links([one for one in ARTICLES if one != name], slug, back),
        "back": back,
    }
    return render(request, "help/page.html", context)


def _way_back(request: HttpRequest, slug: str) -> help_presenter.WayBack | None:
    return help_presenter.way_back(request.GET.get("from", ""), slug) if slug else None
