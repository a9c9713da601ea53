"""What was typed when a session ended or a proof was asked for is there again, and for nobody else."""

import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from html import unescape
from typing import Any
from unittest import mock
from urllib.parse import parse_qs, urlsplit

import pytest
from django.core import signing
from django.test import Client

from accounts import clock
from accounts.models import Account, Draft, EmailChange, Invitation, User
from admin_center import drafts
from billing import promo_codes, tasks
from billing import seats as seating
from billing.models import Cancellation, ChangeRequest, Invoice, PromoCode, Quote, ScheduledChange
from tests import acting, people, shop
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
    with acting.at(clock.now()):
        seating.remove(member.pk, occasion=acting.occasion(by=people.user("olivia"), on=date(2023, 7, 14)))
    bilal.post(MANAGE, typed)
    Client().post(MANAGE, typed)
    assert not Draft.objects.exists()


@pytest.mark.parametrize("path", [MANAGE, "/sign-in/email/change/", "/vendor/billing/promocode/add/"])
def test_a_mark_of_who_was_disabled_keeps_nothing(olivia: Client, path: str) -> None:
    person = User.objects.get(email="olivia@acme.example")
    User.objects.filter(pk=person.pk).update(is_staff=True)
    typed = {"email": "new@acme.example", "typed_by": signing.dumps([person.pk, path], salt=drafts.SALT)}
    Client().post(path, typed)
    assert Draft.objects.filter(person=person).exists()
    Draft.objects.all().delete()
    User.objects.filter(pk=person.pk).update(is_active=False)
    Client().post(path, typed)
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
    Client().post(MANAGE, wish(seats_support=31) | marked(olivia, MANAGE))
    Draft.objects.update(typed_at=clock.now() - timedelta(hours=25))
    assert seats(olivia.get(MANAGE)) == "10"
    tasks.clean_up()
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
    with mock.patch("admin_center.sign_in.sessions.proofs_missing", return_value=()):
        mark = marked(olivia, AT_ONCE)
    typed = {"reason": "price", "text": "Too dear for us", "account_name": "Acme"} | mark
    assert led_to(olivia.post(AT_ONCE, typed)) == AT_ONCE
    with mock.patch("admin_center.sign_in.sessions.proofs_missing", return_value=()):
        page = olivia.get(AT_ONCE).content.decode()
    assert "Too dear for us" in page
    # The name proves that this account is meant: it is typed again.
    assert 'value="Acme"' not in page
    assert not Cancellation.objects.exists()


def test_a_new_address_survives_the_proof_that_its_change_asks_for(olivia: Client) -> None:
    """Typed while the last proof was fresh, sent when it no longer was."""
    page = "/sign-in/email/change/"
    with mock.patch("admin_center.sign_in.sessions.proofs_missing", return_value=()):
        typed = {"email": "olivia@new.example"} | marked(olivia, page)
    away = olivia.post(page, typed)
    assert away.headers["Location"].startswith("/sign-in/reauthenticate/")
    assert led_to(away) == page
    assert not EmailChange.objects.exists()
    olivia.post(away.headers["Location"], {"password": people.PASSWORD, "next": page})
    again = olivia.get(page)
    assert 'value="olivia@new.example"' in again.content.decode()
    assert "You typed it on" in text(again)
    assert olivia.post(page, typed).status_code == 302
    assert EmailChange.objects.get().new_email == "olivia@new.example"
    assert not Draft.objects.exists()


def test_a_role_that_was_chosen_is_still_chosen(olivia: Client) -> None:
    agnes = people.member("agnes", Account.objects.get())
    page = f"/a/acme/people/{agnes.pk}/"
    chosen = {"role": "admin"} | marked(olivia, page)
    assert led_to(Client().post(f"{page}role/", chosen)) == page
    assert re.search(r'value="admin" checked', olivia.get(page).content.decode())
    olivia.post(f"{page}role/", chosen)
    assert not Draft.objects.exists()
    agnes.refresh_from_db()
    assert agnes.role == "admin"


@pytest.fixture
def scheduled(olivia: Client) -> ScheduledChange:
    """Five seats from the renewal on."""
    olivia.post(review(olivia, wish(seats_support=5)))
    return ScheduledChange.objects.get()


def undo_of(change: ScheduledChange) -> str:
    return f"/a/acme/billing/subscription/scheduled/{change.pk}/undo/"


def test_undo_leaves_what_was_typed_beside_it(olivia: Client, scheduled: ScheduledChange) -> None:
    page = f"{MANAGE}?seats-support=12"
    typed = wish(seats_support=31) | marked(olivia, page) | {"next": "manage"}
    back = olivia.post(undo_of(scheduled), typed)
    assert back.headers["Location"] == page
    assert not ScheduledChange.objects.exists()
    again = olivia.get(page)
    assert seats(again) == "31"
    # 21 × 12 × 105/365
    assert "Due today $72.49" in text(again)


def test_undo_with_nothing_typed_brings_nothing_back(olivia: Client, scheduled: ScheduledChange) -> None:
    """Also what was typed before, and put back by hand."""
    mark = marked(olivia, MANAGE)
    Client().post(MANAGE, wish(seats_support=31) | mark)
    olivia.post(undo_of(scheduled), wish() | mark | {"next": "manage"})
    assert not Draft.objects.exists()
    page = olivia.get(MANAGE)
    assert seats(page) == "10"
    assert "what you typed" not in text(page)


def test_a_session_that_ended_before_undo_keeps_it_too(olivia: Client, scheduled: ScheduledChange) -> None:
    typed = wish(seats_support=31) | marked(olivia, MANAGE) | {"next": "manage"}
    assert led_to(Client().post(undo_of(scheduled), typed)) == MANAGE
    assert ScheduledChange.objects.exists()
    assert seats(olivia.get(MANAGE)) == "31"


def test_renew_it_now_leaves_what_was_typed_beside_it(olivia: Client) -> None:
    Account.objects.update(clock=datetime(2023, 10, 27, 14, tzinfo=UTC))
    assert 'form="wish" name="renew"' in olivia.get(MANAGE).content.decode()
    typed = wish(seats_support=31) | marked(olivia, MANAGE) | {"renew": "1"}
    assert olivia.post(MANAGE, typed).headers["Location"] == MANAGE
    # 10 × 1.00 × 12
    assert Invoice.objects.get().total.amount == 120
    assert seats(olivia.get(MANAGE)) == "31"
    assert Draft.objects.get().fields == {
        "seats-support": ["31"],
        "edition-support": ["team"],
        "cycle": ["annual"],
    }


# --- Outside of accounts --------------------------------------------------------------------------

PROMO = "/vendor/billing/promocode/add/"


def test_what_staff_typed_is_theirs_alone_and_goes_when_it_is_used(ledger: Account) -> None:
    vera = signed_in(people.vera())
    victor = signed_in(people.person("victor@vendor.example", "Victor Vale", is_staff=True))
    typed = {"catalogue": str(shop.catalogue().pk), "code": "AUTUMN", "percent": "10", "reason": "Campaign"}
    typed |= {"limit_per_account": "1", "password": "hunter22", "otp_token": "123456"}
    mark = marked(vera, PROMO)
    assert led_to(Client().post(PROMO, typed | mark)) == PROMO
    kept = Draft.objects.get()
    assert (kept.account, kept.person) == (None, people.vera())
    # A promo code is no secret; what is one is not kept, here neither.
    assert kept.fields["code"] == ["AUTUMN"]
    assert not {"password", "otp_token"} & set(kept.fields)
    page = vera.get(PROMO).content.decode()
    assert 'value="AUTUMN"' in page
    assert "Campaign" in page
    assert "AUTUMN" not in victor.get(PROMO).content.decode()
    assert vera.post(PROMO, typed | mark).status_code == 302
    assert PromoCode.objects.get().code == "AUTUMN"
    assert not Draft.objects.exists()
    assert 'value="AUTUMN"' not in vera.get(PROMO).content.decode()


def test_a_box_that_was_unticked_stays_unticked(ledger: Account) -> None:
    vera = signed_in(people.vera())
    with acting.at(clock.now()):
        terms = promo_codes.Terms("AUTUMN", Decimal(10), first_purchase_only=True)
        promo = promo_codes.create(
            shop.catalogue(), terms, occasion=acting.occasion(by=people.vera()), reason="Campaign"
        )
    page = f"/vendor/billing/promocode/{promo.pk}/change/"
    ticked = 'name="first_purchase_only" id="id_first_purchase_only" checked'
    assert ticked in vera.get(page).content.decode()
    Client().post(page, {"percent": "20", "reason": "More"} | marked(vera, page))
    again = vera.get(page).content.decode()
    assert "More" in again
    assert ticked not in again


def test_who_is_no_longer_staff_keeps_nothing_there(ledger: Account) -> None:
    vera = signed_in(people.vera())
    mark = marked(vera, PROMO)
    people.vera().__class__.objects.filter(pk=people.vera().pk).update(is_staff=False)
    Client().post(PROMO, {"code": "AUTUMN"} | mark)
    vera.post(PROMO, {"code": "AUTUMN"} | mark)
    assert not Draft.objects.exists()


def test_a_product_that_is_called_like_a_secret_is_kept(olivia: Client) -> None:
    names = {"seats-postcard": "3", "edition-token-vault": "team", "answer-reduction-code-review": "keep"}
    secrets = {"new-password": "hunter22", "card-number": "4242", "code": "123456"}
    Client().post(MANAGE, names | secrets | marked(olivia, MANAGE))
    assert set(Draft.objects.get().fields) == set(names)
