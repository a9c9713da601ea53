"""The worker is killed while it sends: every letter still arrives, none that was not committed.

A mailbox takes no part in our transaction. Killed before it said yes, or after we wrote that down,
every letter arrives once. Killed in between, one letter is handed over again with the same Message-ID,
by which mailboxes know a repetition. With letters marked before they are sent (tried once), that
letter was lost instead.
"""

import os
import subprocess
import sys
from collections import Counter
from contextlib import suppress
from datetime import date
from email import message_from_bytes
from email.policy import default
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection, transaction

from accounts import ownership, roles
from accounts.models import Account, Letter
from accounts.rules.roles import Role
from tests import acting, people
from tests.accounts.sending import NOON

pytestmark = pytest.mark.django_db(transaction=True)
TODAY = date(2026, 11, 23)


class Undone(Exception):
    """Something went wrong after the act."""


def send(mailbox: Path, *, kill_at: str = "") -> int:
    """Send what waits in a process of its own, into a folder; return how it ended."""
    environment = os.environ | {
        "DATABASE_NAME": str(connection.settings_dict["NAME"]),
        "EMAIL_URL": f"filemail:///{mailbox}",
        "KILL_AT": kill_at,
        "TESTING": "1",
    }
    command = [sys.executable, "-m", "tests.accounts.sending"]
    return subprocess.run(command, cwd=settings.BASE_DIR, env=environment, timeout=60).returncode


def arrived(mailbox: Path) -> Counter[tuple[str, str]]:
    """Return how often each letter arrived: by its recipient and Message-ID."""
    found: Counter[tuple[str, str]] = Counter()
    for path in mailbox.iterdir():
        # Django's backend ends each letter by a line of 79 dashes, and may put several into one file.
        for part in path.read_bytes().split(b"-" * 79)[:-1]:
            letter = message_from_bytes(part.strip(), policy=default)
            found[letter["To"], letter["Message-ID"]] += 1
    return found


@pytest.fixture
def told(db: None) -> Account:
    """Adam is told of a role, Olivia and Bilal of an offer; what would be told to Agnes is rolled back."""
    acme = people.acme()
    olivia, bilal, adam = (people.user(name) for name in ("olivia", "bilal", "adam"))
    with acting.at(NOON):
        roles.give(
            people.member("adam", acme).pk, Role.BILLING_ADMIN, occasion=acting.occasion(by=olivia, on=TODAY)
        )
        ownership.offer(people.member("bilal", acme).pk, occasion=acting.occasion(by=olivia, on=TODAY))
        with suppress(Undone), transaction.atomic():
            roles.give(
                people.member("agnes", acme).pk, Role.ADMIN, occasion=acting.occasion(by=olivia, on=TODAY)
            )
            raise Undone
    assert set(Letter.objects.values_list("to", flat=True)) == {olivia.email, bilal.email, adam.email}
    return acme


@pytest.mark.parametrize(("step", "most"), [("letter_sending", 1), ("letter_sent", 2), ("letter_marked", 1)])
def test_every_letter_arrives_though_the_worker_is_killed(
    told: Account, tmp_path: Path, step: str, most: int
) -> None:
    assert send(tmp_path, kill_at=step) == 9
    assert send(tmp_path) == send(tmp_path) == 0
    mailbox = arrived(tmp_path)
    # One Message-ID for each committed act and recipient; the one that was in the air at most twice.
    assert sorted(to.split("@")[0] for to, _id in mailbox) == ["adam", "bilal", "olivia"]
    assert sorted(mailbox.values()) == [1, 1, most]
    assert not Letter.objects.filter(sent_at=None).exists()
