"""Olivia changes her e-mail address; both mailboxes confirm, and nobody else learns or moves anything."""

import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from allauth.account.models import EmailAddress
from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.db import connection
from django.test import Client

from accounts import clock, email_changes, mail
from accounts.models import Account, Activity, EmailChange, Letter, Membership, User
from tests import acting, people
from tests.console.reading import text
from tests.people import PASSWORD

CHANGE = "/sign-in/email/change/"
OLD, NEW = "olivia@acme.example", "olivia.owens@acme.example"
AT = datetime(2026, 11, 23, 8, tzinfo=UTC)


def signed_in(email: str = OLD, language: str = "en") -> Client:
    """Return a browser in which a person signed in and has just shown their password again."""
    client = Client(headers={"accept-language": language})
    client.post("/sign-in/login/", {"login": email, "password": PASSWORD})
    client.post("/sign-in/reauthenticate/", {"password": PASSWORD})
    return client


def ask(client: Client, email: str = NEW) -> Any:
    return client.post(CHANGE, {"email": email}, follow=True)


def letter(kind: str) -> Letter:
    return Letter.objects.filter(kind=kind).latest("pk")


def link(kind: str) -> str:
    return f"/sign-in/email/confirm/{letter(kind).facts['token']}/"


def post(path: str) -> Any:
    return Client(headers={"accept-language": "en"}).post(path)


def olivia() -> User:
    return User.objects.get(name="Olivia Owens")


def test_both_confirm_and_the_address_changes_everywhere_at_once(acme: Account) -> None:
    laptop, phone = signed_in(), signed_in()
    assert "An e-mail is on its way to both addresses." in text(ask(laptop))
    assert f"From {OLD} to {NEW}. Both addresses have to confirm" in text(laptop.get(CHANGE))
    assert {(one.kind, one.to) for one in Letter.objects.all()} == {
        ("email_change_old", OLD),
        ("email_change_new", NEW),
    }
    kept = EmailChange.objects.values().get()
    assert not {letter(f"email_change_{side}").facts["token"] for side in ("old", "new")} & set(kept.values())
    first = post(link("email_change_new"))
    assert "Now the old address has to agree" in text(first)
    assert "The new address has confirmed; the old one has to." in text(laptop.get(CHANGE))
    assert olivia().email == OLD
    done = post(link("email_change_old"))
    assert f"Sign in as {NEW} from now on." in text(done)
    assert olivia().email == NEW
    rows = EmailAddress.objects.filter(user=olivia()).values_list("email", "verified", "primary")
    assert list(rows) == [(NEW, True, True)]
    assert NEW in Membership.objects.get(user=olivia()).listed_as
    for browser in (laptop, phone):
        assert browser.get("/a/acme/").status_code == 302
    assert not UserSession.objects.filter(user=olivia()).exists()
    told = Letter.objects.filter(kind="email_changed").values_list("to", flat=True)
    assert set(told) == {OLD, NEW}
    entry = Activity.objects.get(account=acme, verb="email_changed")
    assert (entry.before, entry.after) == ({"email": OLD}, {"email": NEW})
    assert (entry.actor, entry.by_staff) == (olivia(), False)
    assert signed_in(NEW).get("/a/acme/").status_code == 200
    page = text(signed_in(NEW).get("/a/acme/activity/"))
    assert "E-mail address changed" in page
    assert NEW in page


def test_a_session_that_nobody_listed_ends_too(acme: Account) -> None:
    hidden = signed_in()
    UserSession.objects.all().delete()
    ask(signed_in())
    UserSession.objects.all().delete()
    post(link("email_change_new"))
    post(link("email_change_old"))
    assert Session.objects.exists()
    assert hidden.get("/a/acme/").status_code == 302


def test_a_session_alone_does_not_suffice(acme: Account) -> None:
    client = Client()
    client.force_login(people.user("olivia"))
    for answer in (client.get(CHANGE), client.post(CHANGE, {"email": NEW})):
        assert answer["Location"].startswith("/sign-in/reauthenticate/")
    assert not EmailChange.objects.exists()
    assert not Letter.objects.exists()


def test_opening_a_link_changes_nothing_and_each_works_once(acme: Account) -> None:
    ask(signed_in())
    links = link("email_change_new"), link("email_change_old")
    for path in links:
        page = Client(headers={"accept-language": "en"}).get(path)
        assert "Confirm the change of address" in text(page)
        assert Client().head(path).status_code == 200
    change = EmailChange.objects.get()
    assert (change.new_confirmed_at, change.old_confirmed_at, change.state) == (None, None, "open")
    assert post(links[0]).status_code == 200
    # The new address's link does not agree for the old one.
    assert post(links[0]).status_code == 404
    assert olivia().email == OLD
    assert post(links[1]).status_code == 200
    for path in links:
        assert post(path).status_code == Client().get(path).status_code == 404


def test_a_link_is_no_good_in_the_hands_of_another(acme: Account) -> None:
    ask(signed_in())
    answer = signed_in("adam@acme.example").post(link("email_change_new"))
    assert answer.status_code == 422
    assert "You are signed in as adam@acme.example." in text(answer)
    assert EmailChange.objects.get().new_confirmed_at is None


def test_links_end_after_a_day_when_withdrawn_and_when_asked_anew(acme: Account) -> None:
    with time_machine.travel(AT, tick=False) as now:
        ask(signed_in())
        first = link("email_change_old")
        ask(signed_in(), "other@acme.example")
        assert post(first).status_code == 404
        second, change = link("email_change_old"), EmailChange.objects.latest("pk")
        adam, mine = signed_in("adam@acme.example"), signed_in()
        assert adam.post(f"{CHANGE}{change.pk}/withdraw/").status_code == 404
        assert "The change is withdrawn" in text(mine.post(f"{CHANGE}{change.pk}/withdraw/", follow=True))
        assert "over already" in text(mine.post(f"{CHANGE}{change.pk}/withdraw/", follow=True))
        assert post(second).status_code == 404
        ask(mine)
        third = link("email_change_old")
        now.shift(timedelta(hours=24))
        assert post(third).status_code == 404
        with acting.at(clock.now()):
            assert email_changes.expire(acting.now()) == 1
            assert email_changes.forget(acting.now()) == 0
        now.shift(timedelta(days=90))
        assert email_changes.forget(clock.now()) == 3


def test_an_address_that_somebody_has_is_answered_as_any_other(acme: Account) -> None:
    taken, free = text(ask(signed_in(), "adam@acme.example")), text(ask(signed_in(), "free@acme.example"))
    assert taken.replace("adam@acme.example", "free@acme.example") == free
    told = Letter.objects.filter(to="adam@acme.example").get()
    assert (told.kind, told.user) == ("email_change_taken", people.user("adam"))
    assert "token" not in told.facts
    assert OLD not in str(told.facts)


def test_an_address_that_somebody_got_first_stays_theirs(acme: Account) -> None:
    ask(signed_in())
    assert post(link("email_change_old")).status_code == 200
    people.person(NEW, "Oscar Owens")
    assert post(link("email_change_new")).status_code == 404
    assert (olivia().email, EmailChange.objects.get().state) == (OLD, "taken")


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ("", "This field is required"),
        ("nonsense", "valid email"),
        ("o@א1.example", "Mail can’t be sent to this address"),
        (" OLIVIA@acme.example ", "This is your address already."),
        ("x" * 250 + "@acme.example", "at most 254"),
    ],
)
def test_what_can_be_no_new_address_is_refused_at_its_field(acme: Account, typed: str, told: str) -> None:
    answer = ask(signed_in(), typed)
    assert answer.status_code == 422
    assert told in text(answer)
    assert not EmailChange.objects.exists()


def test_only_so_many_letters_go_to_addresses_that_somebody_types(acme: Account) -> None:
    client = signed_in()
    for number in range(email_changes.MOST_IN_A_DAY):
        assert ask(client, f"o{number}@acme.example").status_code == 200
    answer = ask(client, NEW)
    assert answer.status_code == 422
    assert "Try again tomorrow." in text(answer)


def test_the_letters_say_what_they_are_for_in_both_languages(acme: Account) -> None:
    for language, words in (("en", "it works once"), ("fr", "ne sert qu’une fois")):
        User.objects.update(language=language)
        ask(signed_in(language=language))
        sent = mail.message(letter("email_change_old"))
        assert words in sent.body
        assert link("email_change_old") in sent.body
        assert "None" not in sent.body
        assert "Acme" not in sent.body
    ask(signed_in(), "adam@acme.example")
    for kind in ("email_change_new", "email_change_taken"):
        assert OLD not in mail.message(letter(kind)).body


@pytest.mark.django_db(transaction=True)
def test_two_people_who_change_to_one_address_at_once_are_never_two_with_it() -> None:
    people.acme()
    with acting.at(clock.now()):
        tokens = []
        for name in ("olivia", "adam"):
            email_changes.ask(NEW, occasion=acting.occasion(by=people.user(name)))
            new = letter("email_change_new").facts["token"]
            email_changes.confirm(new, occasion_of=acting.occasion_of())
            tokens.append(letter("email_change_old").facts["token"])
    start, states = threading.Barrier(2), []

    def run(token: str) -> None:
        try:
            with acting.at(clock.now()):
                start.wait(10)
                states.append(email_changes.confirm(token, occasion_of=acting.occasion_of()).state)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=[token]) for token in tokens]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert sorted(states) == ["done", "taken"]
    assert User.objects.filter(email=NEW).count() == EmailAddress.objects.filter(email=NEW).count() == 1
    assert Activity.objects.filter(verb="email_changed").count() == 1
