"""Staff correct an address: one proposes with a reason, another approves, and the new mailbox confirms."""

import pytest
from django.core.exceptions import PermissionDenied
from django.test import Client
from django.urls import reverse

from accounts import clock, email_changes
from accounts.models import Account, Activity, EmailChange, Letter, User
from tests import acting, people
from tests.console.reading import signed_in, text
from tests.console.test_email_change import NEW, OLD, link, olivia, post

REASON = "A letter was mistyped in the contract."


def victor() -> User:
    return people.person("victor@vendor.example", "Victor Voss", is_staff=True)


def propose(client: Client, **typed: str) -> str:
    path = reverse("vendor:accounts_user_correct", args=[people.user("olivia").pk])
    return text(client.post(path, {"email": NEW, "reason": REASON} | typed, follow=True))


def decide(client: Client, act: str = "approve") -> int:
    path = reverse("vendor:accounts_emailchange_decide", args=[EmailChange.objects.latest("pk").pk])
    assert "Decide on a correction" in text(client.get(path))
    return client.post(path, {"act": act}).status_code


def test_two_of_the_staff_and_the_new_mailbox_correct_an_address(acme: Account) -> None:
    vera, other = signed_in(people.vera()), signed_in(victor())
    person = reverse("vendor:accounts_user_change", args=[people.user("olivia").pk])
    assert "Correct the e-mail address" in text(vera.get(person))
    assert "Another of the staff has to approve it" in propose(vera)
    assert not Letter.objects.exists()
    # Who proposed it does not approve it, and nothing is sent.
    assert decide(vera) == 403
    assert not Letter.objects.exists()
    assert decide(other) == 302
    sent = {(one.kind, one.to) for one in Letter.objects.all()}
    assert sent == {("email_change_new", NEW), ("email_change_announced", OLD)}
    assert olivia().email == OLD
    assert "Sign in as" in text(post(link("email_change_new")))
    assert olivia().email == NEW
    entry = Activity.objects.get(account=acme, verb="email_changed")
    assert (entry.actor, entry.by_staff, entry.reason) == (people.vera(), True, REASON)
    page = text(signed_in(olivia()).get("/a/acme/activity/"))
    assert REASON in page
    assert "Victor Voss" in page


def test_what_staff_type_wrong_is_refused_at_its_field(acme: Account) -> None:
    vera = signed_in(people.vera())
    for typed, told in (
        ({"reason": " "}, "This field is required"),
        ({"email": "adam@acme.example"}, "Somebody has this address already."),
        ({"email": OLD}, "This is the person’s address already."),
        ({"email": "o@א1.example"}, "Mail can’t be sent to this address"),
    ):
        assert told in propose(vera, **typed)
    assert not EmailChange.objects.exists()
    propose(vera)
    assert "open already" in propose(vera, email="other@acme.example")


def test_a_correction_that_is_ended_leads_nowhere(acme: Account) -> None:
    vera, other = signed_in(people.vera()), signed_in(victor())
    propose(vera)
    assert decide(other) == 302
    assert decide(vera, "reject") == 302
    assert post(link("email_change_new")).status_code == 404
    assert decide(other) == 302
    assert EmailChange.objects.get().state == "withdrawn"


def test_nobody_but_staff_corrects_and_nobody_their_own(acme: Account) -> None:
    vera, target = people.vera(), people.user("olivia")
    path = reverse("vendor:accounts_user_correct", args=[vera.pk])
    assert signed_in(vera).post(path, {"email": NEW, "reason": REASON}).status_code == 403
    for name in people.CAST:
        person = people.user(name)
        assert signed_in(person).post(path, {"email": NEW, "reason": REASON}).status_code == 404
        with acting.at(clock.now()), pytest.raises(PermissionDenied):
            email_changes.propose(target.pk, NEW, reason=REASON, occasion=acting.occasion(by=person))
    with acting.at(clock.now()):
        made = email_changes.propose(target.pk, NEW, reason=REASON, occasion=acting.occasion(by=vera))
        for person in (vera, *(people.user(name) for name in people.CAST)):
            with pytest.raises(PermissionDenied):
                email_changes.approve(made.pk, occasion=acting.occasion(by=person))
        with pytest.raises(PermissionDenied):
            email_changes.reject(made.pk, occasion=acting.occasion(by=people.user("adam")))
        with pytest.raises(PermissionDenied):
            email_changes.propose(vera.pk, NEW, reason=REASON, occasion=acting.occasion(by=vera))
    assert not Letter.objects.exists()


def test_where_nobody_can_be_corrected_no_form_is_shown(acme: Account) -> None:
    vera, left, adam = people.vera(), people.user("leo"), people.user("adam")
    User.objects.filter(pk=left.pk).update(is_active=False)
    with acting.at(clock.now()):
        own = email_changes.ask(NEW, occasion=acting.occasion(by=adam))
    browser = signed_in(vera)
    for name, pk, status in (
        ("accounts_user_correct", vera.pk, 403),
        ("accounts_user_correct", left.pk, 403),
        ("accounts_user_correct", 987654321, 404),
        # Adam's own change is his: staff decide corrections only.
        ("accounts_emailchange_decide", own.pk, 404),
        ("accounts_emailchange_decide", 987654321, 404),
    ):
        assert browser.get(reverse(f"vendor:{name}", args=[pk])).status_code == status, (name, pk)
