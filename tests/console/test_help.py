"""Help pages: open to everybody, in both languages, and honest about the rules."""

import pytest
from django.test import Client

from admin_center.views.help import PAGES
from tests import people
from tests.console.reading import acme_at, open_as, text


@pytest.mark.parametrize("slug", PAGES)
def test_each_page_is_open_without_a_session_and_leads_to_the_others(db: None, slug: str) -> None:
    response = Client().get(f"/help/{slug}/")
    assert response.status_code == 200
    assert str(PAGES[slug][0]) in text(response)
    for other in set(PAGES) - {slug}:
        assert f'href="/help/{other}/"' in response.content.decode()


def test_the_index_lists_them_all(db: None) -> None:
    seen = text(Client().get("/help/"))
    assert [title for title, *_rest in PAGES.values() if str(title) not in seen] == []


@pytest.mark.parametrize("slug", ["nothing", "index", "base", "BUYING-SEATS", "a" * 300])
def test_what_is_no_help_page_is_not_found(db: None, slug: str) -> None:
    assert Client().get(f"/help/{slug}/").status_code == 404


def test_they_are_read_by_get_and_head_only(db: None) -> None:
    for address in ("/help/", "/help/cancelling/"):
        assert Client().head(address).status_code == 200
        assert Client().post(address).status_code == 405


def test_a_signed_in_person_reads_them_too(db: None) -> None:
    acme_at()
    people.globex()
    assert "Only the account owner of a self-service account can cancel." in text(
        open_as("agnes", "/help/cancelling/")
    )
