"""Two processes that send at once: each letter is one's, and what spoils one letter keeps its own error."""

from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest
from django.core import mail as outbox
from django.db import OperationalError, connection

from accounts import mail, queues
from accounts.models import Account, Letter
from tests import people

pytestmark = pytest.mark.django_db(transaction=True)
AT = datetime(2026, 11, 2, 9, tzinfo=UTC)


@pytest.fixture
def acme(transactional_db: None) -> Account:
    """Acme, with two letters that wait."""
    account = people.acme()
    for name in ("olivia", "bilal"):
        email = f"{name}@acme.example"
        mail.post_to_address("request_expired", account, email=email, facts={"request": 7}, key=name)
    outbox.outbox.clear()
    return account


def other() -> psycopg.Connection:
    """Return the connection of another process."""
    here = connection.settings_dict
    return psycopg.connect(host=here["HOST"], port=here["PORT"], user=here["USER"], dbname=here["NAME"])


def test_a_letter_that_another_process_sends_is_passed_by(acme: Account) -> None:
    """Without waiting for it: the other may hang at a mail server for a minute."""
    first = Letter.objects.earliest("pk")
    with other() as process:
        process.execute("SELECT 1 FROM accounts_letter WHERE id = %s FOR UPDATE", [first.pk])
        mail.send_waiting(AT)
        assert [one.to for one in outbox.outbox] == [["bilal@acme.example"]]
    mail.send_waiting(AT)
    assert [one.to for one in outbox.outbox] == [["bilal@acme.example"], ["olivia@acme.example"]]


def test_a_letter_is_sent_and_marked_in_one_transaction(
    acme: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A statement that fails while one is written spoils the letter, not what is kept of it."""
    writing = mail.message

    def message(letter: Letter) -> Any:
        if letter.to == "olivia@acme.example":
            connection.cursor().execute("SELECT 1 / 0")
        return writing(letter)

    monkeypatch.setattr(mail, "message", message)
    mail.send_waiting(AT)
    olivia, bilal = Letter.objects.order_by("pk")
    assert (olivia.attempts, olivia.sent_at, "division by zero" in olivia.error) == (1, None, True)
    assert (bilal.attempts, bilal.sent_at) == (1, AT)


def test_a_connection_that_is_gone_ends_the_queue(acme: Account) -> None:
    """Without one every row would fail, and be counted as failed."""
    tried = []

    def act(key: int) -> bool:
        tried.append(key)
        with other() as process:
            process.execute("SELECT pg_terminate_backend(%s)", [connection.connection.info.backend_pid])
        return Letter.objects.exists()

    connection.ensure_connection()
    with pytest.raises(OperationalError):
        queues.each("letters", [(1, acme.pk), (2, acme.pk)], act, at=AT)
    assert tried == [1]
    assert Letter.objects.count() == 2
