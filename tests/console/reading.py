"""Opening pages as one of the cast, and reading them as a person does."""

import html
import re
from datetime import UTC, datetime
from typing import Any

from django.test import Client

from accounts.models import Account, User
from tests import people

# 14 July 2023, ten in the morning in New York.
JULY_14 = datetime(2023, 7, 14, 14, tzinfo=UTC)


def acme_at(now: datetime = JULY_14, **fields: Any) -> Account:
    """Make Acme with its cast in a sandbox whose clock stands still."""
    return people.acme(is_sandbox=True, clock=now, **fields)


def signed_in(user: User, language: str = "en") -> Client:
    """Return a browser in which a person is signed in."""
    client = Client(headers={"accept-language": language})
    client.force_login(user)
    return client


def open_as(name: str, path: str, language: str = "en") -> Any:
    """Return the answer that one of Acme's cast gets."""
    return signed_in(people.user(name), language).get(path)


def text(response: Any) -> str:
    """Return what a reader sees of the page itself: no tags, no frame, all spaces plain and single."""
    body = response.content.decode()
    main = body[body.index("<main") :] if "<main" in body else body
    plain = html.unescape(re.sub(r"<[^>]+>", " ", main))
    plain = re.sub(r"[\s\u00a0\u202f]+", " ", plain)
    return re.sub(r" ([.,;:)])", r"\1", plain)
