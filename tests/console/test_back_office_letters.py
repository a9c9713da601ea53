"""Staff read what was sent: filtered, with its text and HTML, and without what lets a reader in."""

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse

from accounts.models import Account, Letter
from admin_center.back_office.letters import KINDS
from tests import people

pytestmark = pytest.mark.django_db

LIST = "/vendor/accounts/letter/"


@pytest.fixture
def vera(sign_in) -> Client:  # type: ignore[no-untyped-def]
    browser: Client = sign_in(people.vera())
    return browser


@pytest.fixture
def letters(acme: Account, globex: Account) -> dict[str, Letter]:
    """An invitation and a request to Acme, of which one went out, and a letter to Globex that failed."""
    made = {
        "invited": Letter(
            account=acme,
            kind="invited",
            to="x@acme.example",
            facts={"by": "Olivia Owens", "role": "admin", "token": "let-me-in"},
            sent_at="2026-11-20T10:00Z",
            attempts=1,
        ),
        "asked": Letter(
            account=acme,
            kind="request_submitted",
            to="bilal@acme.example",
            facts={"by": "Adam <b>Adler", "note": "<script>alert(1)</script>", "request": 1},
        ),
        "failed": Letter(
            account=globex,
            kind="role_given",
            to="stella@globex.example",
            facts={"by": "Stella Stern", "role": "admin"},
            attempts=3,
            error="no such host",
        ),
        "forgotten": Letter(
            account=globex,
            kind="of_old",
            to="stella@globex.example",
            attempts=12,
            failed_at="2026-11-20T10:00Z",
        ),
    }
    for key, letter in made.items():
        letter.key, letter.language = key, "en"
        letter.save()
    return made


def page(letter: Letter) -> str:
    return reverse("vendor:accounts_letter_change", args=[letter.pk])


def test_every_kind_of_letter_has_words() -> None:
    folders = {one.name for one in (Path(settings.BASE_DIR) / "templates/mail").iterdir() if one.is_dir()}
    assert folders <= set(KINDS)


def test_the_list_is_filtered_by_kind_state_and_account(letters: dict[str, Letter], vera: Client) -> None:
    for query, found in {
        "": "invited asked failed forgotten",
        "?kind=invited": "invited",
        "?kind=nonsense": "invited asked failed forgotten",
        "?state=sent": "invited",
        "?state=waiting": "asked failed",
        "?state=failed": "failed",
        "?state=over": "forgotten",
        "?state=waiting&kind=request_submitted": "asked",
        "?q=globex": "failed forgotten",
        "?q=globex&state=sent": "",
    }.items():
        shown = {row.key for row in vera.get(LIST + query).context["cl"].result_list}
        assert shown == set(found.split()), query
    body = vera.get(LIST).content.decode()
    for words in ("Sent", "Waiting", "Failed so far: tried again", "Failed: not tried again", "no such host"):
        assert words in body


def test_a_letter_is_read_as_it_was_sent_and_runs_nothing(letters: dict[str, Letter], vera: Client) -> None:
    answer = vera.get(page(letters["asked"]))
    body = answer.content.decode()
    assert body.count("Adam &lt;b&gt;Adler asks for a change of the subscription of Acme") == 2
    assert "<script>alert" not in body
    assert "<b>" not in body
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in body
    assert '<iframe class="letter" sandbox ' in body
    assert "frame-src 'self'" in answer["Content-Security-Policy"]
    framed = vera.get(reverse("vendor:accounts_letter_html", args=[letters["asked"].pk]))
    assert "<script>alert" not in framed.content.decode()
    assert "<bdi>Adam &lt;b&gt;Adler</bdi> asks" in framed.content.decode()
    assert framed["X-Frame-Options"] == "SAMEORIGIN"
    policy = framed["Content-Security-Policy"]
    for part in ("default-src 'none'", "sandbox", "frame-ancestors 'self'"):
        assert part in policy
    assert "script-src" not in policy


def test_what_lets_its_reader_in_is_shown_in_the_demo_alone(
    letters: dict[str, Letter],
    vera: Client,
    settings,  # type: ignore[no-untyped-def]
) -> None:
    addresses = (
        page(letters["invited"]),
        reverse("vendor:accounts_letter_html", args=[letters["invited"].pk]),
    )
    for address in addresses:
        body = vera.get(address).content.decode()
        assert "let-me-in" not in body
        assert "/invitations/…/" in body
        assert "Olivia Owens invites you to join Acme" in re.sub("</?bdi>", "", body)
    settings.DEMO = True
    for address in addresses:
        assert "/invitations/let-me-in/" in vera.get(address).content.decode()
    assert Letter.objects.get(key="invited").facts["token"] == "let-me-in"


def test_a_kind_that_is_written_no_more_still_has_its_page(letters: dict[str, Letter], vera: Client) -> None:
    answer = vera.get(page(letters["forgotten"]))
    assert answer.status_code == 200
    assert "of_old → stella@globex.example" in answer.content.decode()
    for number in (letters["forgotten"].pk, 0, 2**70):
        assert vera.get(f"{LIST}{number}/html/").status_code == 404


def test_nobody_but_staff_reads_letters_and_nobody_edits_one(
    letters: dict[str, Letter], vera: Client, client: Client, sign_in
) -> None:  # type: ignore[no-untyped-def]
    framed = reverse("vendor:accounts_letter_html", args=[letters["asked"].pk])
    assert sign_in(people.user("olivia")).get(framed).status_code == 404
    assert client.get(framed).status_code == 302
    assert vera.post(page(letters["asked"]), {"to": "evil@example.com"}).status_code == 403
    assert Letter.objects.get(key="asked").to == "bilal@acme.example"
