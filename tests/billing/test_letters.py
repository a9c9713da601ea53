"""Letters: once for each committed act, in the reader's language, text and HTML, none for a rollback."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.conf import settings
from django.core import mail as outbox
from django.db import transaction

from accounts import mail
from accounts.models import Account, Letter, User
from tests import acting, people

pytestmark = pytest.mark.usefixtures("acting")
LATER = datetime(2030, 1, 1, tzinfo=UTC)
FACTS = {
    "quote": "4d2c", "invoice": "INV-000001", "by": "Olivia Owens", "due": 345, "currency": "USD",
    "lines": [{"product": "Support", "edition": "Team", "quantity": 11, "from": "2023-07-14",
               "until": "2023-10-26", "amount": 3797}],
    "request": 7, "note": "Please", "decision": "rejected", "reason": "No", "role": "admin",
    "changes_payment": True, "to": "Bilal", "until": "2023-08-01", "owner": "Bilal", "former": "Olivia",
    "token": "secret-token", "product": "Support", "bought": 10, "account": "Acme", "from": "2023-10-27",
    "amount": 345, "method": {"brand": "Visa", "last_four": "4242"}, "failure": "expired_card",
    "total": 345, "was": 120, "changed": True, "told_on": "2023-07-13", "codes_ended": ["WELCOME"],
    "prices": [{"product": "Support", "was": 100, "is": 1200}], "cycle": "monthly",
    "due_on": "2023-10-27", "ends_on": "2023-10-27", "next_on": "2023-10-29", "suspends_on": "2023-11-18",
    "on": "2023-10-27", "ended": [{"product": "Guide", "used": 2}, {"product": "Credits", "used": 0}],
    "difference": 15600, "is": 1200, "last": "2023-08-30", "quantity": 3, "left": 10,
    "used": 12, "people": ["Agnes Adler"], "more": 1,
    "renewal_more": {"amount": 1200, "less": True, "on": "2023-10-27", "cycle": "annual"},
}  # fmt: skip
KINDS = sorted(
    folder.name for folder in Path(settings.BASE_DIR, "templates/mail").iterdir() if folder.is_dir()
)


@pytest.mark.parametrize("language", ["en", "fr"])
@pytest.mark.parametrize("kind", KINDS)
def test_every_letter_is_written_in_both_languages(acme: Account, kind: str, language: str) -> None:
    User.objects.filter(email="olivia@acme.example").update(language=language)
    mail.post(kind, acme, to=[people.user("olivia")], facts=FACTS, key="1")
    made = mail.message(Letter.objects.select_related("account", "user").get())
    html = str(made.alternatives[0][0])
    assert made.subject
    assert "\n" not in made.subject
    assert ("Bonjour" in made.body) is (language == "fr")
    assert f'lang="{language}"' in html
    assert "&" not in made.body


def test_olivia_and_bilal_get_the_receipt_and_a_repetition_sends_nothing(acme: Account) -> None:
    for _time in (1, 2):
        mail.post(
            "change_confirmed", acme, to=[people.user("olivia"), people.user("bilal")], facts=FACTS, key="1"
        )
        mail.send_waiting(acting.now())
    assert sorted(one.to[0] for one in outbox.outbox) == ["bilal@acme.example", "olivia@acme.example"]
    assert "$37.97" in outbox.outbox[0].body
    assert "$3.45" in outbox.outbox[0].body
    assert len({one.extra_headers["Message-ID"] for one in outbox.outbox}) == 2


@pytest.mark.parametrize("kind", ["assisted", "managed"])
def test_no_amount_where_costs_are_not_shown(acme: Account, kind: str) -> None:
    Account.objects.update(type=kind)
    mail.post("change_confirmed", acme, to=[people.user("olivia")], facts=FACTS, key="1")
    mail.send_waiting(acting.now())
    text = outbox.outbox[0].body + str(outbox.outbox[0].alternatives[0][0])
    assert "37.97" not in text
    assert "3.45" not in text


@pytest.mark.django_db(transaction=True)
def test_an_act_that_is_rolled_back_sends_nothing() -> None:
    acme = people.acme()
    with transaction.atomic():
        mail.post("request_expired", acme, to=[people.user("adam")], facts=FACTS, key="1")
        transaction.set_rollback(True)
    assert mail.send_waiting(datetime(2026, 1, 1, tzinfo=UTC)) == 0


def test_a_mailbox_that_refuses_is_tried_again(acme: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    mail.post("request_expired", acme, to=[people.user("adam")], facts=FACTS, key="1")
    with monkeypatch.context() as patch:
        patch.setattr("django.core.mail.message.EmailMessage.send", _refuse)
        assert mail.send_waiting(acting.now()) == 0
    letter = Letter.objects.get()
    assert (letter.attempts, letter.error, letter.sent_at) == (1, "connection refused", None)
    assert mail.send_waiting(acting.now()) == 0
    with acting.at(letter.next_try_at or LATER):
        assert mail.send_waiting(acting.now()) == 1
        assert mail.send_waiting(acting.now()) == 0


def test_a_name_with_a_line_break_starts_no_header(acme: Account) -> None:
    Account.objects.update(name="Acme\r\nBcc: all@world.example")
    mail.post("request_expired", acme, to=[people.user("adam")], facts=FACTS, key="1")
    mail.send_waiting(acting.now())
    assert "Bcc" not in outbox.outbox[0].message()


def _refuse(*_args: object, **_options: object) -> None:
    raise ConnectionRefusedError("connection refused")
