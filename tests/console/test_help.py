"""Help: open to everybody, found by its words, in the frame of an account for who comes from one."""

import re
from datetime import date
from urllib.parse import quote

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import Account
from accounts.rules.capabilities import AccountState
from admin_center.navigation import PAGES
from admin_center.presenters.help import way_back
from admin_center.wording.help import ARTICLES
from tests import people, shop
from tests.console.reading import acme_at, open_as, signed_in, text


@pytest.fixture
def acme(db: None) -> Account:
    """Acme, on a day that stands still."""
    return acme_at()


def articles(response: object) -> list[str]:
    """Return the names of the articles that a page leads to, in its order."""
    body = response.content.decode()  # type: ignore[attr-defined]
    return re.findall(r'href="(?:/a/acme)?/help/([a-z-]+)/', body[body.index('class="page__lead"') :])


@pytest.mark.parametrize("article", ARTICLES)
def test_each_article_is_open_without_a_session_and_leads_to_the_others(db: None, article: str) -> None:
    response = Client().get(f"/help/{article}/")
    assert response.status_code == 200
    assert str(ARTICLES[article].title) in text(response)
    assert set(articles(response)) == set(ARTICLES) - {article}


def test_the_index_lists_them_all(db: None) -> None:
    response = Client().get("/help/")
    assert articles(response) == list(ARTICLES)
    assert [one for one in ARTICLES.values() if str(one.title) not in text(response)] == []


@pytest.mark.parametrize("article", ["nothing", "index", "page", "way_back", "AMOUNTS", "a" * 300])
def test_what_is_no_article_is_not_found(acme: Account, article: str) -> None:
    assert Client().get(f"/help/{article}/").status_code == 404
    assert open_as("olivia", f"/a/acme/help/{article}/").status_code == 404


def test_they_are_read_by_get_and_head_only(acme: Account) -> None:
    reader = signed_in(people.user("olivia"))
    for address in ("/help/", "/help/cancelling/", "/a/acme/help/", "/a/acme/help/cancelling/"):
        assert reader.head(address).status_code == 200
        assert reader.post(address).status_code == 405


def test_a_signed_in_person_reads_them_too(acme: Account) -> None:
    people.globex()
    assert "Only the account owner of a self-service account can cancel." in text(
        open_as("agnes", "/help/cancelling/")
    )


# --- In the frame of an account ------------------------------------------------------------------


@pytest.mark.parametrize("name", ["olivia", "bilal", "adam", "agnes"])
@pytest.mark.parametrize("address", ["/a/acme/help/", "/a/acme/help/amounts/"])
def test_who_comes_from_an_account_keeps_its_frame(acme: Account, name: str, address: str) -> None:
    body = open_as(name, address).content.decode()
    assert 'id="sidebar"' in body
    assert re.search(r'<a class="sidebar__link" href="/a/acme/help/"\s+aria-current="(page|true)">', body)
    assert 'href="/help/' not in body
    assert 'id="sidebar"' not in open_as(name, address.removeprefix("/a/acme")).content.decode()


@pytest.mark.parametrize("article", ARTICLES)
def test_an_article_says_the_same_to_everybody(acme: Account, article: str) -> None:
    """Nothing of the account stands in it, whatever its reader may see elsewhere."""

    def said(response: object) -> str:
        body = response.content.decode()  # type: ignore[attr-defined]
        return body[body.index("<article") : body.index("</article>")]

    public = said(Client(headers={"accept-language": "en"}).get(f"/help/{article}/"))
    for name in ("olivia", "agnes"):
        assert said(open_as(name, f"/a/acme/help/{article}/?from=/a/acme/billing/invoices/")) == public


def test_who_is_no_member_finds_no_help_there_and_who_was_finds_it_closed(acme: Account) -> None:
    stella = signed_in(people.globex().memberships.get().user)
    nothing = stella.get("/a/none/help/amounts/")
    assert nothing.status_code == 404
    assert stella.get("/a/acme/help/").content == stella.get("/a/none/help/").content
    assert stella.get("/a/acme/help/amounts/").content == nothing.content
    Account.objects.filter(pk=acme.pk).update(state=AccountState.CANCELLED, cancelled_at=acme.clock)
    assert open_as("olivia", "/a/acme/help/amounts/").status_code == 410


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("/a/acme/", "Home"),
        ("/a/acme/billing/subscription/", "Subscription"),
        ("/a/acme/billing/invoices/INV-000001/", "Invoice"),
        ("/a/acme/people/7/", "Member"),
        # Another account's, no page of an account, none at all.
        ("/a/globex/billing/subscription/", None),
        ("/a/acme/help/", None),
        ("/a/acme/search/", None),
        ("/help/", None),
        ("/vendor/", None),
        ("/a/acme/nowhere/", None),
        ("https://evil.example/a/acme/", None),
        ("//evil.example/a/acme/", None),
        ("/\t/evil.example/a/acme/", None),
        ("/\\evil.example/a/acme/", None),
        ("javascript:alert(1)", None),
        ("", None),
    ],
)
def test_the_way_back_leads_to_a_page_of_the_account_and_nowhere_else(
    acme: Account, address: str, words: str | None
) -> None:
    back = way_back(address, "acme")
    assert (str(back.words), back.url) == (words, address) if back else words is None
    body = open_as("olivia", f"/a/acme/help/amounts/?from={quote(address)}").content.decode()
    main = body[body.index("<main") :]
    assert ("Back to:" in main) == (words is not None)
    # It goes along to the other articles; what is no way back goes nowhere.
    assert main.count(f"?from={quote(address)}") == (len(ARTICLES) - 1 if words else 0)
    assert "evil.example" not in main


def test_a_page_leads_to_the_article_that_explains_it_and_back(acme: Account) -> None:
    shop.subscribe(acme, {"support": ("team", 5, "12")}, start=date(2023, 7, 1))
    for address, article in (
        ("/a/acme/", "seeing-a-subscription"),
        ("/a/acme/billing/subscription/", "seeing-a-subscription"),
        ("/a/acme/billing/subscription/manage/", "changing-a-subscription"),
        ("/a/acme/billing/subscription/renewal/", "renewals"),
        ("/a/acme/billing/invoices/", "amounts"),
        ("/a/acme/billing/subscription/cancel/", "cancelling"),
        ("/a/acme/people/", "buying-seats"),
    ):
        there = f"/a/acme/help/{article}/?from={address}"
        assert f'href="{there}"' in open_as("olivia", address).content.decode(), address
        assert f'<a class="button" href="{address}">' in open_as("olivia", there).content.decode()
    # Also from what is refused: it may be what one wants explained.
    refused = open_as("agnes", "/a/acme/billing/subscription/")
    assert refused.status_code == 403
    assert "/a/acme/help/seeing-a-subscription/" in refused.content.decode()


def test_every_page_of_an_account_names_an_article_that_there_is() -> None:
    without = {"billing", "search", "account_help", "account_help_page"}
    outside = {"chooser", "help", "help_page", "search_everywhere"}
    for name, page in PAGES.items():
        assert (page.article in ARTICLES) == (name not in without | outside), name


# --- Found ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("language", "asked", "first"),
    [
        ("en", "renewal", "renewals"),
        ("en", "what RENEWAL is", "renewals"),
        # In no title: a word of the text, with what stands between signs.
        ("en", "rounded smallest", "amounts"),
        ("en", "half a unit", "amounts"),
        ("fr", "arrondi", "amounts"),
        ("fr", "resiliation", "cancelling"),
        ("fr", "d'une année de 365", "amounts"),
        ("en", "zzzz", None),
        ("fr", "rounded", None),
        # No word of a template.
        ("en", "blocktranslate", None),
        ("en", "endtranslate", None),
    ],
)
def test_an_article_is_found_by_its_words_in_the_readers_language(
    acme: Account, language: str, asked: str, first: str | None
) -> None:
    outside = Client(headers={"accept-language": language}).get("/help/", {"q": asked})
    assert articles(outside)[:1] == ([first] if first else [])
    assert len(articles(outside)) < len(ARTICLES)
    inside = signed_in(people.user("agnes"), language).get("/a/acme/help/", {"q": asked})
    assert articles(inside) == articles(outside)
    assert ("Nothing was found" in text(outside)) == (first is None and language == "en")


def test_searching_keeps_the_way_back(acme: Account) -> None:
    found = open_as("olivia", "/a/acme/help/?q=renewal&from=/a/acme/people/").content.decode()
    assert '<input type="hidden" name="from" value="/a/acme/people/">' in found
    assert 'href="/a/acme/help/renewals/?from=/a/acme/people/"' in found
    assert 'value="renewal"' in found


def test_the_search_of_an_account_finds_articles_by_their_text_too(acme: Account) -> None:
    found = open_as("agnes", "/a/acme/search/?q=rounded").content.decode()
    assert f'href="{reverse("account_help_page", args=["acme", "amounts"])}"' in found
