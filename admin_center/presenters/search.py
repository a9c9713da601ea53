"""What the one search finds: only what its reader may open, and a few of each kind."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.db.models import Q
from django.urls import resolve, reverse
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from accounts.gate import Gate
from accounts.models import Membership, User
from accounts.rules.capabilities import AccountState
from accounts.rules.decision import Action
from accounts.rules.folding import folded, words
from accounts.rules.roles import Role
from admin_center.navigation import PAGES
from admin_center.presenters import help as help_presenter
from admin_center.wording import phrases
from admin_center.wording.labels import ROLES
from billing.models import Invoice

# How many of a kind are shown; of people and invoices their own list shows the rest.
MOST = 8
# The pages that are found by their name: each is opened by GET and needs nothing but the account.
NAMES = (
    *("home", "subscription", "manage", "renewal", "forecast", "limits", "kept_quotes", "cancel", "export"),
    *("payment", "profile", "invoices", "statement", "credit", "contacts"),
    *("people", "invite", "invite_several", "ownership", "activity"),
)


@dataclass(frozen=True, slots=True)
class SearchHit:
    """Something that was found: its name, a note on it, and where it is."""

    name: Any
    url: str
    note: Any = ""


@dataclass(frozen=True, slots=True)
class SearchGroup:
    """What was found of one kind; `all_url` leads to the list with the rest ("" where that is all)."""

    words: str
    icon: str
    hits: list[SearchHit]
    all_url: str = ""


def found(text: str, gate: Gate) -> list[SearchGroup]:
    """Return what who stands at the gate finds, by kind, in at most three statements besides the gate's."""
    asked = words(text)
    if not asked:
        return []
    groups = [
        SearchGroup(pgettext("search", "Pages"), "product", list(_pages(asked, gate))[:MOST]),
        _people(text, gate),
        _invoices(text, gate),
        _accounts(asked, gate.user),
        _help(text, gate.account.slug),
    ]
    return [group for group in groups if group.hits]


def found_everywhere(text: str, person: User) -> list[SearchGroup]:
    """Return what somebody finds outside of accounts, by kind, in at most one statement."""
    asked = words(text)
    groups = [_accounts(asked, person), _help(text)] if asked else []
    return [group for group in groups if group.hits]


def _fits(asked: Iterable[str], *texts: Any) -> bool:
    """Tell whether each word asked for is in the texts, as the reader's language has them."""
    whole = folded(" ".join(map(str, texts)))
    return all(word in whole for word in asked)


def _pages(asked: Iterable[str], gate: Gate) -> Iterator[SearchHit]:
    for name in NAMES:
        page = PAGES[name]
        url = reverse(name, args=[gate.account.slug])
        if _fits(asked, page.words) and gate.may(_action(url)):
            yield SearchHit(page.words, url, PAGES[page.parent].words if page.parent else "")


def _action(url: str) -> Action:
    """Return what the door of a page asks the gate (admin_center/pages.py)."""
    action: Action = vars(resolve(url).func)["action"]
    return action


def _people(text: str, gate: Gate) -> SearchGroup:
    account = gate.account
    members = Membership.objects.filter(account=account).select_related("user")
    for word in words(text):
        members = members.filter(listed_as__contains=word)
    rows = list(members.order_by("listed_as", "pk")[: MOST + 1]) if gate.may(Action.VIEW_PEOPLE) else []
    hits = [
        SearchHit(
            str(one.user),
            reverse("member", args=[account.slug, one.pk]),
            f"{one.user.email} · {ROLES[Role(one.role)]}",
        )
        for one in rows
    ]
    return _cut(SearchGroup(_("People"), "person", hits), "people", account.slug, text)


def _invoices(text: str, gate: Gate) -> SearchGroup:
    account = gate.account
    named = Q(number__icontains=text) | Q(purchase_order__icontains=text)
    issued = Invoice.objects.filter(named, subscription_id=account.pk).order_by("-issued_at", "-pk")
    rows = list(issued[: MOST + 1]) if gate.may(Action.VIEW_INVOICES) else []
    hits = [
        SearchHit(
            one.number,
            reverse("invoice", args=[account.slug, one.number]),
            f"{one.get_kind_display()} · {phrases.day(one.issued_on)}",
        )
        for one in rows
    ]
    return _cut(SearchGroup(_("Invoices"), "invoice", hits), "invoices", account.slug, text)


def _cut(group: SearchGroup, name: str, slug: str, text: str) -> SearchGroup:
    """Return a group with as many as are shown, and the way to the list where there are more."""
    if len(group.hits) <= MOST:
        return group
    url = f"{reverse(name, args=[slug])}?{urlencode({'q': text})}"
    return SearchGroup(group.words, group.icon, group.hits[:MOST], url)


def _accounts(asked: Iterable[str], person: User) -> SearchGroup:
    mine = Membership.objects.of(person).exclude(account__state=AccountState.CANCELLED)
    # Of the few that a person has, which the top bar reads too.
    hits = [
        SearchHit(one.account.name, reverse("home", args=[one.account.slug]), ROLES[Role(one.role)])
        for one in mine
        if _fits(asked, one.account.name)
    ]
    return SearchGroup(_("Your accounts"), "account", hits[:MOST])


def _help(text: str, slug: str = "") -> SearchGroup:
    articles = help_presenter.links(help_presenter.found(text), slug)
    hits = [SearchHit(one.article.title, one.url, one.article.about) for one in articles]
    return SearchGroup(_("Help"), "help", hits)
