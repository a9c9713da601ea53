"""Staff send again what was given up, with a reason; where its link lets nobody in they read what helps."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.conf import settings
from django.core import mail as outbox
from django.core.exceptions import PermissionDenied
from django.test import Client
from django.urls import reverse

from accounts import activity, clock, email_changes, invitations, mail, resending, roles
from accounts.models import Account, Activity, Letter, User
from accounts.occasion import Occasion
from accounts.rules.activity import ActivityVerb
from accounts.rules.roles import Role
from admin_center.back_office.resending import INSTEAD
from tests import acting, people
from tests.console.reading import signed_in, text

pytestmark = pytest.mark.django_db
AGAIN = "/vendor/accounts/letter/again/"
REASON = "Their mail server was down until Tuesday."
INVITE = "Whoever manages people in the account revokes the invitation and invites again."


@pytest.fixture
def vera() -> Client:
    return signed_in(people.vera())


def given_up(account: Account | None, to: str, kind: str = "request_expired", **fields: object) -> Letter:
    """Make a letter that nobody tries any more."""
    values = {"language": "en", "attempts": 12, "error": "no such host", "failed_at": clock.now()} | fields
    return Letter.objects.create(account=account, to=to, kind=kind, key=f"{kind}:{to}", **values)


def give_up() -> None:
    """Give up whatever waits."""
    Letter.objects.filter(sent_at=None).update(failed_at=clock.now(), attempts=1, error="550 no such user")


def invited(account: Account) -> Letter:
    """Let Olivia invite Nora, whose letter is given up."""
    with acting.at(clock.now()):
        invitations.invite(
            account,
            "nora@acme.example",
            "Nora",
            Role.AGENT,
            occasion=acting.occasion(by=people.user("olivia"), on=clock.today(account)),
        )
    give_up()
    return Letter.objects.get(kind="invited")


def send() -> int:
    return mail.send_waiting(clock.now())


def test_vera_sends_one_again_and_the_owner_reads_why(acme: Account, vera: Client) -> None:
    letter = given_up(acme, "bilal@acme.example")
    assert send() == 0
    page = reverse("vendor:accounts_letter_change", args=[letter.pk])
    assert "Send again" in text(vera.get(page))
    shown = text(vera.get(f"{AGAIN}?letter={letter.pk}"))
    assert "Request expired → bilal@acme.example (Acme): no such host" in shown
    told = vera.post(AGAIN, {"letter": letter.pk, "reason": REASON}, follow=True)
    assert told.redirect_chain == [(page, 302)]
    assert "1 letter is tried again now." in text(told)
    assert send() == 1
    assert outbox.outbox[-1].to == ["bilal@acme.example"]
    entry = Activity.objects.get(verb="letter_sent_again")
    assert (entry.account, entry.actor, entry.by_staff, entry.reason) == (acme, people.vera(), True, REASON)
    read = text(signed_in(people.user("olivia")).get("/a/acme/activity/"))
    assert "E-mail that could not be delivered sent again" in read
    assert REASON in read
    assert "bilal@acme.example" in read


def test_of_several_each_is_tried_for_itself(
    acme: Account,
    globex: Account,
    vera: Client,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Three are ticked: one is there no more, one raises, and the third goes out."""
    first, second = given_up(acme, "a@acme.example"), given_up(acme, "b@acme.example")
    third = given_up(globex, "stella@globex.example")
    shown = text(vera.get(AGAIN))
    assert all(one.to in shown for one in (first, second, third))
    record = activity.record

    def failing(account: Account, verb: ActivityVerb, occasion: Occasion, **facts: object) -> Activity:
        if facts["subject"] == f"letter:{second.pk}":
            raise RuntimeError("a fault of ours")
        return record(account, verb, occasion, **facts)  # type: ignore[arg-type]

    monkeypatch.setattr(activity, "record", failing)
    Letter.objects.filter(pk=first.pk).update(sent_at=clock.now(), failed_at=None)
    body = {"letter": [first.pk, second.pk, third.pk], "reason": REASON}
    told = text(vera.post(AGAIN, body, follow=True))
    assert "1 letter is tried again now." in told
    assert "It went out. (1)" in told
    assert "Something went wrong with 1 of them; the log says what." in told
    second.refresh_from_db()
    assert second.failed_at is not None
    assert send() == 1
    assert list(Activity.objects.values_list("account", "subject")) == [(globex.pk, f"letter:{third.pk}")]


def test_an_invitation_that_still_lets_nora_in_goes_out_again(acme: Account, vera: Client) -> None:
    letter = invited(acme)
    told = text(vera.post(AGAIN, {"letter": letter.pk, "reason": REASON}, follow=True))
    assert "1 letter is tried again now." in told
    assert send() == 1
    assert f"/invitations/{letter.facts['token']}/" in str(outbox.outbox[-1].body)


@pytest.mark.parametrize(
    ("happened", "why"),
    [
        ("revoked", "The link in it was used, taken back or is too old: sent again, it would let nobody in."),
        ("too old", "The link in it was used, taken back or is too old: sent again, it would let nobody in."),
        ("forgotten", "The link in it is kept no more: sent again, it would let nobody in."),
    ],
)
def test_where_its_link_lets_nobody_in_the_page_says_what_helps(
    acme: Account, vera: Client, happened: str, why: str
) -> None:
    letter = invited(acme)
    invitation = acme.invitations.get()
    if happened == "revoked":
        with acting.at(clock.now()):
            invitations.revoke(
                invitation.pk, occasion=acting.occasion(by=people.user("olivia"), on=clock.today(acme))
            )
    elif happened == "too old":
        invitation.expires_at = invitation.created_at = datetime(2026, 1, 1, tzinfo=UTC)
        invitation.save()
    else:
        letter.facts = mail.without_secrets(letter.facts)
        letter.save()
    useful = given_up(acme, "bilal@acme.example")
    page = reverse("vendor:accounts_letter_change", args=[letter.pk])
    one, several = vera.get(f"{AGAIN}?letter={letter.pk}"), vera.get(AGAIN)
    for shown in (vera.get(page), one, several):
        assert f"{why} {INVITE}" in text(shown)
    assert f'value="{letter.pk}"' not in several.content.decode()
    assert f'value="{useful.pk}"' in several.content.decode()
    assert "None of these letters can be sent again." in text(one)
    refused = vera.post(AGAIN, {"letter": letter.pk, "reason": REASON})
    assert refused.status_code == 422
    assert f"{why} {INVITE}" in text(refused)
    assert send() == 0
    assert not Activity.objects.filter(verb="letter_sent_again").exists()


def test_a_change_of_address_is_the_persons_own_and_stands_in_their_accounts(
    acme: Account, globex: Account, vera: Client
) -> None:
    olivia = people.user("olivia")
    roles.enrol(globex, [(olivia, Role.AGENT)])
    with acting.at(clock.now()):
        made = email_changes.ask("olivia@new.example", occasion=acting.occasion(by=olivia))
    give_up()
    ours = Letter.objects.order_by("kind").values_list("kind", "pk")
    (_new, new), (_old, old) = ours
    assert vera.post(AGAIN, {"letter": new, "reason": REASON}).status_code == 302
    entries = Activity.objects.filter(verb="letter_sent_again").order_by("account")
    assert [(one.account, one.after) for one in entries] == [
        (acme, {"to": "olivia@new.example"}),
        (globex, {"to": "olivia@new.example"}),
    ]
    with acting.at(clock.now()):
        email_changes.withdraw(made.pk, occasion=acting.occasion(by=olivia))
    assert "The person asks for the change again" in text(vera.get(f"{AGAIN}?letter={old}"))
    refused = vera.post(AGAIN, {"letter": old, "reason": REASON})
    assert refused.status_code == 422
    assert "The person asks for the change again" in text(refused)


def test_what_went_out_waits_has_no_reader_or_no_words_is_not_sent_again(acme: Account, vera: Client) -> None:
    agnes = people.user("agnes")
    User.objects.filter(pk=agnes.pk).update(is_active=False)
    for number, (fields, told) in enumerate(
        (
            ({"sent_at": clock.now(), "failed_at": None}, "It went out."),
            ({"failed_at": None}, "It is waiting, and is retried automatically."),
            ({"user": agnes}, "Whoever it is for can’t sign in any more."),
            ({"kind": "of_old"}, "Letters of this kind are written no more."),
        )
    ):
        letter = given_up(acme, f"x{number}@acme.example", **fields)  # type: ignore[arg-type]
        refused = vera.post(AGAIN, {"letter": letter.pk, "reason": REASON})
        assert refused.status_code == 422
        assert told in text(refused)
    assert not Activity.objects.filter(verb="letter_sent_again").exists()


def test_what_is_typed_wrong_is_refused_at_its_field(acme: Account, vera: Client) -> None:
    letter = given_up(acme, "bilal@acme.example")
    many = [letter.pk, *(given_up(acme, f"{n}@acme.example").pk for n in range(50))]
    for body, told in (
        ({"letter": letter.pk, "reason": " "}, "This field is required."),
        ({"reason": REASON}, "This field is required."),
        ({"letter": 10**15, "reason": REASON}, "This letter is there no more."),
        ({"letter": many, "reason": REASON}, "At most 50 letters at once."),
    ):
        refused = vera.post(AGAIN, body)
        assert refused.status_code == 422
        assert told in text(refused)
    assert Letter.objects.filter(failed_at=None).count() == 0
    # The fifty of a page, and the one that is older.
    pages = text(vera.get(AGAIN))
    assert "49@acme.example" in pages
    assert "bilal@acme.example" not in pages
    assert "Older" in pages


def test_nobody_but_staff_sends_letters_again(acme: Account, client: Client) -> None:
    letter = given_up(acme, "bilal@acme.example")
    assert signed_in(people.user("olivia")).post(AGAIN, {"letter": letter.pk}).status_code == 404
    assert client.post(AGAIN, {"letter": letter.pk}).status_code == 302
    with acting.at(clock.now()), pytest.raises(PermissionDenied):
        resending.send_again(letter.pk, reason=REASON, occasion_of=acting.occasion_of(people.user("olivia")))
    with acting.at(clock.now()), pytest.raises(ValueError, match="say why"):
        resending.send_again(letter.pk, reason=" ", occasion_of=acting.occasion_of(people.vera()))
    assert Letter.objects.filter(failed_at=None).count() == 0


def test_every_letter_that_lets_its_reader_in_is_asked_whether_it_still_does() -> None:
    written = (Path(settings.BASE_DIR) / "templates/mail").glob("*/body.txt")
    carrying = {one.parent.name for one in written if "facts.token" in one.read_text()}
    assert carrying == set(resending.LINKS) == set(INSTEAD)


def test_the_page_is_french_too(acme: Account) -> None:
    letter = invited(acme)
    letter.facts = mail.without_secrets(letter.facts)
    letter.save()
    page = text(signed_in(people.vera(), "fr").get(f"{AGAIN}?letter={letter.pk}"))
    assert "Le lien qu’il contient n’est plus conservé" in page
    assert "révoque l’invitation et invite de nouveau" in page
