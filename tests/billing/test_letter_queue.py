"""A letter fails for itself: its error kept, tried again in time, refused for good at once.

Seen to fail with the queue as it was: only OSError was caught, and twelve tries took 1.6 seconds.
"""

import smtplib
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail as outbox
from django.core.exceptions import ValidationError
from django.core.mail import EmailMultiAlternatives
from django.test import Client

from accounts import email_addresses, invitations, mail
from accounts.models import Account, Letter
from accounts.rules.roles import Role
from tests import acting, people

pytestmark = pytest.mark.usefixtures("acting")
FACTS = {"request": 7}
UNWRITABLE = ("o@א1.example", "o@1א.example", "o@" + "ü" * 60 + ".example", "o@א٠.example")
WRITABLE = ("o@acme.example", "o@münchen.example", "o@דוגמה.example", "o.o+x@xn--mnchen-3ya.example")


def waiting(acme: Account, *addressed: str) -> None:
    """Let letters to these addresses wait, in this order."""
    for number, address in enumerate(addressed):
        mail.post_to_address("request_expired", acme, email=address, facts=FACTS, key=str(number))


def refusing(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    """Let whatever is sent to refused@ raise."""
    sending = EmailMultiAlternatives.send

    def send(letter: EmailMultiAlternatives, *args: Any, **options: Any) -> int:
        if letter.to[0].startswith("refused@"):
            raise error
        return int(sending(letter, *args, **options))

    monkeypatch.setattr(EmailMultiAlternatives, "send", send)


@pytest.mark.parametrize("address", [*UNWRITABLE, "a\nb@acme.example", "nobody"])
def test_one_address_that_no_mail_can_carry_stops_no_other_letter(acme: Account, address: str) -> None:
    Letter.objects.create(account=acme, kind="request_expired", to=address, language="en", key="old")
    waiting(acme, "olivia@acme.example", "stella@globex.example")
    mail.send_waiting(acting.now())
    assert {one.to[0] for one in outbox.outbox} >= {"olivia@acme.example", "stella@globex.example"}


@pytest.mark.parametrize(
    ("error", "final"),
    [
        (smtplib.SMTPRecipientsRefused({"refused@x.example": (550, b"no such user")}), True),
        (smtplib.SMTPRecipientsRefused({"refused@x.example": (451, b"greylisted")}), False),
        (smtplib.SMTPDataError(554, b"spam"), True),
        (smtplib.SMTPDataError(452, b"full"), False),
        (smtplib.SMTPAuthenticationError(535, b"our password"), False),
        (smtplib.SMTPServerDisconnected("gone"), False),
        (ConnectionRefusedError("down"), False),
        (TimeoutError("slow"), False),
        (RuntimeError("a fault of ours"), False),
        (UnicodeEncodeError("idna", "א1", 0, 1, "bidi"), True),
    ],
    ids=repr,
)
def test_a_refusal_is_final_only_where_trying_again_cannot_help(
    acme: Account, monkeypatch: pytest.MonkeyPatch, error: Exception, final: bool
) -> None:
    refusing(monkeypatch, error)
    waiting(acme, "refused@x.example", "olivia@acme.example")
    assert mail.send_waiting(acting.now()) == 1
    kept = Letter.objects.get(to="refused@x.example")
    assert kept.error
    assert (kept.failed_at is not None) is final
    assert (kept.next_try_at is None) is final


def test_tries_go_on_for_three_days_and_then_end(acme: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    refusing(monkeypatch, ConnectionRefusedError("down"))
    waiting(acme, "refused@x.example")
    began = at = acting.now()
    tries = []
    while (letter := Letter.objects.get()).failed_at is None:
        for _wake_up in (1, 2, 3):
            mail.send_waiting(at)
        if (tried := Letter.objects.get()).attempts != letter.attempts:
            assert tried.attempts == letter.attempts + 1
            tries.append(at - began)
        at = tried.next_try_at or at
    minutes = [one.total_seconds() / 60 for one in tries]
    assert minutes[:5] == [0, 1, 3, 8, 23]
    assert timedelta(days=2, hours=23) < tries[-1] <= timedelta(days=3)
    assert mail.send_again(letter)
    monkeypatch.undo()
    assert mail.send_waiting(acting.now()) == 1


@pytest.mark.parametrize("address", UNWRITABLE)
def test_no_door_takes_an_address_that_no_letter_reaches(acme: Account, address: str) -> None:
    with pytest.raises(ValidationError):
        email_addresses.validate_address(address)
    with pytest.raises(invitations.NotInvited, match="malformed"):
        invitations.invite(
            acme,
            address,
            "Odile",
            Role.AGENT,
            occasion=acting.occasion(by=people.user("olivia"), on=acting.now().date()),
        )
    for door, field in (("/sign-in/login/", "login"), ("/sign-in/password/reset/", "email")):
        answer = Client(raise_request_exception=False).post(door, {field: address, "password": "x"})
        assert answer.status_code in (200, 422), door
    with pytest.raises(ValidationError):
        Account(slug="x", name="x", vendor_contact_email=address).clean_fields()


@pytest.mark.parametrize("address", WRITABLE)
def test_addresses_that_mail_carries_are_taken(address: str) -> None:
    email_addresses.validate_address(address)
