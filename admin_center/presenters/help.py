"""The help: its articles, found by words of their texts, and the way back to the page one came from."""

import html
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from django.template.loader import get_template
from django.urls import Resolver404, resolve, reverse
from django.utils.translation import get_language

from accounts.rules.folding import folded, words
from admin_center.navigation import PAGES, help_address
from admin_center.wording.help import ARTICLES, Article


@dataclass(frozen=True, slots=True)
class ArticleLink:
    """An article as what lists it leads to it."""

    article: Article
    url: str


@dataclass(frozen=True, slots=True)
class WayBack:
    """The page of the account that one came from."""

    words: Any
    url: str


def links(names: Iterable[str], slug: str, back: WayBack | None = None) -> list[ArticleLink]:
    """Return ways to articles, in the frame of the account of this slug ("": outside of accounts)."""
    came_from = back.url if back else ""
    return [ArticleLink(ARTICLES[name], help_address(slug, name, came_from)) for name in names]


def found(text: str) -> list[str]:
    """Return the names of the articles in which each word stands, those first that have it in their title.

    Without a word: all of them.
    """
    asked, language = words(text), get_language() or ""
    fitting = [name for name in ARTICLES if _has(asked, _folded_text(name, language))]
    return sorted(fitting, key=lambda name: not _has(asked, folded(str(ARTICLES[name].title))))


def way_back(address: str, slug: str) -> WayBack | None:
    """Return the page at an address; None where it is none of this account that an article explains.

    It is read from the address alone: nothing is told of what stands there, or whether it does.
    """
    try:
        match = resolve(address)
    except Resolver404:
        return None
    page = PAGES.get(match.view_name)
    if page is None or not page.article or match.kwargs.get("slug") != slug:
        return None
    return WayBack(page.words, reverse(match.view_name, kwargs=match.kwargs))


def _has(asked: Iterable[str], text: str) -> bool:
    return all(word in text for word in asked)


@lru_cache(maxsize=64)
def _folded_text(name: str, language: str) -> str:
    """Return all that an article says, as it is searched; `language` is the one that is spoken."""
    article = ARTICLES[name]
    body = html.unescape(re.sub(r"<[^>]+>", " ", get_template(f"help/{name}.html").render()))
    return folded(" ".join(f"{article.title} {article.about} {body}".split()))
