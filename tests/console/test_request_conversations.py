"""A request is talked about: Adam asks, Bilal wants to know why, Adam answers; and nobody forgets it."""

from datetime import date, timedelta

import pytest
from django.test import Client
from django.urls import reverse

from accounts import mail
from accounts.models import Account, Activity, Letter, User
from accounts.rules.decision import NotAllowed
from billing import change_request_talk, change_requests, tasks
from billing.models import ChangeRequest, PaymentMethod, RequestComment
from billing.rules.change_requests import reminder
from billing.rules.changes import AddSeats
from tests import acting, people, shop
from tests.console.reading import JULY_14, acme_at, signed_in, text

pytestmark = pytest.mark.django_db(transaction=True)
TODAY = JULY_14.date()


@pytest.fixture
def ledger() -> Account:
    account = acme_at()
    shop.subscribe(account, {"support": ("team", 10, "1.00")}, start=date(2022, 10, 27))
    PaymentMethod.objects.create(
        subscription_id=account.pk, kind="card", brand="Visa", last_four="4242", reference="test_approves"
    )
    return account


def asked(account: Account, by: str = "adam") -> ChangeRequest:
    occasion = acting.occasion(by=people.user(by), on=TODAY, at=JULY_14)
    return change_requests.submit(account, [AddSeats("support", 11)], note="For July", occasion=occasion)


def page_of(one: ChangeRequest) -> str:
    return f"/a/acme/billing/requests/{one.pk}/"


def say(name: str, one: ChangeRequest, words: str) -> str:
    client = signed_in(people.user(name))
    return text(client.post(f"{page_of(one)}comment/", {"comment": words}, follow=True))


def told(kind: str) -> list[str]:
    return sorted(Letter.objects.filter(kind=kind).values_list("to", flat=True))


def test_both_sides_talk_and_each_reaches_the_others(ledger: Account) -> None:
    one = asked(ledger)
    seen = say("bilal", one, "Who is the eleventh seat for?\nNina?")
    assert "Your comment is written. The others are notified." in seen
    assert "Bilal Brahimi" in seen
    assert told("request_commented") == ["adam@acme.example"]
    Letter.objects.all().delete()
    # Bilal has spoken, and both of them decide: Olivia reads it too, once each.
    seen = say("adam", one, "Yes, she starts on Monday.")
    assert told("request_commented") == ["bilal@acme.example", "olivia@acme.example"]
    assert "Adam Adler ( asked for it )" in seen or "Adam Adler (asked for it)" in seen
    assert seen.index("Who is the eleventh seat for? Nina?") < seen.index("Yes, she starts on Monday.")
    letter = Letter.objects.select_related("account", "user").filter(to="bilal@acme.example").get()
    made = mail.message(letter)
    assert made.subject == "Adam Adler commented on a change request of Acme"
    assert f"{page_of(one)}#conversation" in str(made.body)
    assert Activity.objects.filter(verb="request_commented", subject=f"request:{one.pk}").count() == 2


@pytest.mark.parametrize("words", ["", "  \n ", "x" * 2001, "bell \x07"])
def test_what_says_nothing_or_too_much_is_refused_and_still_there(ledger: Account, words: str) -> None:
    one = asked(ledger)
    answer = signed_in(people.user("bilal")).post(f"{page_of(one)}comment/", {"comment": words})
    assert answer.status_code == 422
    assert not RequestComment.objects.exists()
    assert words.strip()[:100] in answer.content.decode() or "\x07" in words


def test_what_was_decided_meanwhile_takes_no_comment_and_gives_the_words_back(ledger: Account) -> None:
    one = asked(ledger)
    olivia = acting.occasion(by=people.user("olivia"), on=TODAY, at=JULY_14)
    change_requests.reject(one.pk, reason="Not now", occasion=olivia)
    seen = say("adam", one, "Please think again.")
    assert "It was decided, withdrawn or closed meanwhile." in seen
    assert "Your comment was not written Please think again." in seen
    assert not RequestComment.objects.exists()


def test_a_hundred_comments_are_enough(ledger: Account) -> None:
    one = asked(ledger)
    RequestComment.objects.bulk_create(
        RequestComment(request=one, author_name="Adam", text=str(number), written_at=JULY_14)
        for number in range(change_request_talk.MOST_COMMENTS)
    )
    assert "This request has 100 comments, and takes no more." in say("bilal", one, "One more")


def test_who_sees_no_subscription_says_nothing(ledger: Account) -> None:
    one = asked(ledger)
    with pytest.raises(NotAllowed):
        change_request_talk.comment(
            one.pk, text="Hello", occasion=acting.occasion(by=people.user("agnes"), on=TODAY, at=JULY_14)
        )
    # Nobody of another company finds it.
    people.globex()
    stella = signed_in(User.objects.get(email="stella@globex.example"))
    assert stella.post(f"{page_of(one)}comment/", {"comment": "x"}).status_code == 404


def test_who_left_is_told_nothing(ledger: Account) -> None:
    one = asked(ledger)
    people.member("adam", ledger).__class__.objects.filter(user=people.user("adam")).update(
        suspended_at=JULY_14
    )
    say("bilal", one, "Who is it for?")
    assert told("request_commented") == []


def test_the_vendors_staff_talk_where_they_decide(ledger: Account) -> None:
    Account.objects.update(type="managed", vendor_contact_email="marcus@vendor.example")
    ledger.refresh_from_db()
    one = asked(ledger, by="olivia")
    vera = signed_in(people.vera())
    decide = reverse("vendor:billing_changerequest_decide", args=[one.pk])
    answer = vera.post(decide, {"act": "comment", "reason": "Until when?"}, follow=True)
    assert "Until when?" in text(answer)
    assert told("request_commented") == ["olivia@acme.example"]
    seen = say("olivia", one, "Until December.")
    assert "Vera Vance, Northwind Desk" in seen
    assert "marcus@vendor.example" in told("request_commented")
    letter = Letter.objects.select_related("account", "user").get(
        to="marcus@vendor.example", user=None, kind="request_commented"
    )
    assert decide in str(mail.message(letter).body)
    assert "Until December." in text(vera.get(decide))


# --- Reminders ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("days", "before", "due"),
    [(0, 0, None), (2, 0, None), (3, 0, 3), (4, 3, None), (6, 3, None), (7, 3, 7), (9, 0, 7), (29, 7, None)],
)
def test_when_a_reminder_is_due(days: int, before: int, due: int | None) -> None:
    assert reminder(JULY_14, before, JULY_14 + timedelta(days=days)) == due


def on_day(days: int) -> list[str]:
    """Let the worker's step run so many days after; return who has been reminded until then."""
    Account.objects.update(clock=JULY_14 + timedelta(days=days))
    tasks.STEPS["request_reminders"].act(JULY_14)
    return told("request_reminder")


def test_who_decides_is_reminded_after_three_and_seven_days_once_each(ledger: Account) -> None:
    one = asked(ledger)
    both = ["bilal@acme.example", "olivia@acme.example"]
    assert on_day(2) == []
    assert on_day(3) == on_day(3) == on_day(6) == both
    assert on_day(7) == on_day(8) == on_day(20) == sorted(both * 2)
    letter = Letter.objects.select_related("account", "user").filter(kind="request_reminder").latest("pk")
    body = str(mail.message(letter).body)
    assert "asked for a change of the subscription of Acme 7 days ago" in body
    assert f"{page_of(one)}?reject=1#decide" in body
    assert "It expires on 13 August 2023." in body


def test_nobody_is_reminded_where_nobody_can_decide(ledger: Account) -> None:
    asked(ledger)
    Account.objects.update(state="suspended")
    assert on_day(3) == []


def test_who_asked_is_not_reminded_of_their_own_and_nobody_of_what_is_decided(ledger: Account) -> None:
    one = asked(ledger, by="bilal")
    assert on_day(3) == ["olivia@acme.example"]
    olivia = acting.occasion(by=people.user("olivia"), on=TODAY, at=JULY_14)
    change_requests.reject(one.pk, reason="No", occasion=olivia)
    assert on_day(7) == ["olivia@acme.example"]


def test_the_letters_link_leads_through_the_sign_in_to_the_open_form(ledger: Account) -> None:
    one = asked(ledger)
    away = Client().get(f"{page_of(one)}?reject=1")
    assert away.status_code == 302
    assert "next=" in away["Location"]
    assert "requests" in away["Location"]
    page = signed_in(people.user("bilal")).get(f"{page_of(one)}?reject=1").content.decode()
    assert '<details class="more" open>' in page
    assert '<details class="more">' in signed_in(people.user("bilal")).get(page_of(one)).content.decode()
    assert User.objects.filter(email="bilal@acme.example").exists()
