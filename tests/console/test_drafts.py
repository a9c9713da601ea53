"""What was typed when a session ended or a proof was asked for is there again, and for nobody else."""

import re
from datetime import date, timedelta
from html import unescape
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client

from accounts import activity, clock
from accounts.models import Account, Draft, Invitation
from billing import seats as seating
from billing.models import Cancellation, ChangeRequest, Quote
from tests import people
from tests.console.changing import LIVE, MANAGE, PREVIEW, review, wish
from tests.console.reading import signed_in, text

pytestmark = pytest.mark.django_db(transaction=True)

INVITE = "/a/acme/people/invite/"
AT_ONCE = "/a/acme/billing/subscription/cancel/at-once/"


def marked(client: Client, address: str) -> dict[str, str]:
    """Return the mark of the form that stands at an address."""
    page = client.get(address).content.decode()
    found = re.search(r'name="typed_by" value="([^"]+)"', page)
    assert found, page
    return {"typed_by": unescape(found[1])}


def led_to(answer: Any) -> str:
    """Return where signing in, or showing again who one is, leads back to."""
    assert answer.status_code == 302
    return str(parse_qs(urlsplit(answer.headers["Location"]).query)["next"][0])


def seats(page: Any) -> str:
    """Return the number of seats that stands in the form."""
    found = re.search(r'name="seats-support" value="(\d*)"', page.content.decode())
    assert found
    return found[1]


@pytest.mark.parametrize("path", [MANAGE, PREVIEW, f"{MANAGE}?seats-support=12"])
def test_what_was_typed_is_there_after_signing_in_again(olivia: Client, path: str) -> None:
    page = MANAGE if path == PREVIEW else path
    typed = wish(seats_support=31) | marked(olivia, page)
    olivia.session.flush()
    address = led_to(Client(headers={"accept-language": "en"}).post(path.partition("?")[0], typed))
    assert address == page
    again = signed_in(people.user("olivia")).get(address)
    assert seats(again) == "31"
    assert "Here is what you typed" in text(again)
    # 21 × 12 × 105/365 of what is one seat more for each: priced, and nothing done.
    assert "Due today $72.49" in text(again)
    assert not Quote.objects.exists()
    # And the way without it.
    anew = re.search(r'href="([^"]+start=now)"', again.content.decode())
    assert anew
    assert seats(signed_in(people.user("olivia")).get(unescape(anew[1]))) in ("10", "12")


def test_live_too(olivia: Client) -> None:
    typed = wish(seats_support=31) | marked(olivia, MANAGE)
    away = Client().post(PREVIEW, typed, headers=LIVE)
    assert (away.status_code, away.headers["HX-Refresh"]) == (204, "true")
    assert seats(olivia.get(MANAGE)) == "31"


def test_nobody_else_is_shown_it(ledger: Account, olivia: Client) -> None:
    typed = wish(seats_support=31) | marked(olivia, MANAGE)
    browser = Client()
    address = led_to(browser.post(MANAGE, typed))
    browser.force_login(people.user("bilal"))
    page = browser.get(address)
    assert seats(page) == "10"
    assert "what you typed" not in text(page)


@pytest.mark.parametrize("mark", ["", "x", "WzEsIi8iXQ:1x:y"])
def test_without_a_mark_of_ours_nothing_is_kept(olivia: Client, mark: str) -> None:
    marked(olivia, MANAGE)
    Client().post(MANAGE, wish(seats_support=31) | {"typed_by": mark})
    assert not Draft.objects.exists()


def test_a_mark_of_who_is_no_member_any_more_keeps_nothing(olivia: Client) -> None:
    bilal = signed_in(people.user("bilal"))
    typed = wish(seats_support=31) | marked(bilal, MANAGE)
    member = people.member("bilal", Account.objects.get())
    with activity.occasion(clock.now()):
        seating.remove(member.pk, by=people.user("olivia"), on=date(2023, 7, 14))
    bilal.post(MANAGE, typed)
    Client().post(MANAGE, typed)
    assert not Draft.objects.exists()


def test_it_is_bounded_and_holds_no_secret(olivia: Client) -> None:
    mark = marked(olivia, MANAGE)
    Client().post(MANAGE, wish(note="x" * 200_000) | mark)
    assert not Draft.objects.exists()
    secret = {"password": "hunter22", "csrfmiddlewaretoken": "t", "account_name": "Acme", "card_number": "4"}
    for seats_typed in (30, 31):
        Client().post(MANAGE, wish(seats_support=seats_typed) | mark | secret)
    kept = Draft.objects.get()
    assert kept.fields == {"seats-support": ["31"], "edition-support": ["team"], "cycle": ["annual"]}
    for number in range(30):
        Client().post(MANAGE, wish() | marked(olivia, f"{MANAGE}?seats-support={number}"))
    assert Draft.objects.count() == 20


def test_after_a_day_it_is_gone(olivia: Client) -> None:
    from billing.tasks import erase

    Client().post(MANAGE, wish(seats_support=31) | marked(olivia, MANAGE))
    Draft.objects.update(typed_at=clock.now() - timedelta(hours=25))
    assert seats(olivia.get(MANAGE)) == "10"
    erase.func(0)
    assert not Draft.objects.exists()


def test_back_from_review_shows_what_was_typed_until_it_is_confirmed(olivia: Client) -> None:
    answer = review(olivia, wish(seats_support=11) | marked(olivia, MANAGE))
    back = olivia.get(MANAGE)
    assert back.headers["Cache-Control"] == "no-store"
    assert seats(back) == "11"
    olivia.post(answer)
    assert Quote.objects.get().state == "confirmed"
    assert not Draft.objects.exists()
    assert "what you typed" not in text(olivia.get(MANAGE))


def test_a_form_of_before_another_sign_in_keeps_its_work(olivia: Client) -> None:
    strict = Client(enforce_csrf_checks=True, headers={"accept-language": "en"})
    strict.force_login(people.user("olivia"))
    answer = strict.post(MANAGE, wish(seats_support=31) | marked(strict, MANAGE))
    assert answer.status_code == 403
    assert f'href="{MANAGE}"' in answer.content.decode()
    assert seats(strict.get(MANAGE)) == "31"
    assert not Quote.objects.exists()


def test_an_invitation_a_reason_and_a_survey_too(ledger: Account, olivia: Client) -> None:
    away = Client()
    invited = {"email": "new@acme.example", "name": "New Person", "role": "admin"}
    assert led_to(away.post(INVITE, invited | marked(olivia, INVITE))) == INVITE
    page = olivia.get(INVITE).content.decode()
    assert 'value="new@acme.example"' in page
    assert 'value="New Person"' in page
    assert not Invitation.objects.exists()
    olivia.post(INVITE, invited | marked(olivia, INVITE))
    assert 'value="new@acme.example"' not in olivia.get(INVITE).content.decode()

    adam = signed_in(people.user("adam"))
    asks = wish(seats_support=12, note="For the summer") | marked(adam, MANAGE)
    assert led_to(away.post(MANAGE, asks)) == MANAGE
    assert "For the summer" in text(adam.get(MANAGE))
    adam.post(MANAGE, asks)
    assert not Draft.objects.filter(person=people.user("adam")).exists()

    request = f"/a/acme/billing/requests/{ChangeRequest.objects.get().pk}/"
    reason = {"reason": "Not this year"} | marked(olivia, request)
    assert led_to(away.post(f"{request}reject/", reason)) == request
    assert "Not this year" in text(olivia.get(request))
    assert ChangeRequest.objects.get().state == "open"


def test_a_survey_survives_the_proof_that_ending_asks_for(olivia: Client) -> None:
    from unittest import mock

    with mock.patch("admin_center.sessions.proofs_missing", return_value=()):
        mark = marked(olivia, AT_ONCE)
    typed = {"reason": "price", "text": "Too dear for us", "account_name": "Acme"} | mark
    assert led_to(olivia.post(AT_ONCE, typed)) == AT_ONCE
    with mock.patch("admin_center.sessions.proofs_missing", return_value=()):
        page = olivia.get(AT_ONCE).content.decode()
    assert "Too dear for us" in page
    # The name proves that this account is meant: it is typed again.
    assert 'value="Acme"' not in page
    assert not Cancellation.objects.exists()
