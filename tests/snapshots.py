"""Stores every page of the demo, as every person it presents, in both languages, to be compared by `diff -r`.

`python -m tests.snapshots DIR` makes the demo in a database of its own, at a moment that stands still, and
follows every link that each person finds. What differs from one run to the next (tokens, marks, keys) is
written as what it is. Where nothing was changed that a person sees, the folders of two commits are the same.
"""

import os
import random
import re
import shutil
import sys
from collections import Counter, deque
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit

os.environ |= {
    "TESTING": "1",
    "LOG_LEVEL": "ERROR",
    "DJANGO_SETTINGS_MODULE": "admin_center.settings",
    "SECRET_KEY": "the same for every run, so that signatures are the same",
    "TEST_DATABASE_NAME": "test_snapshots",
}

import django

django.setup()

# isort: split
import time_machine  # noqa: E402
from django.apps import apps  # noqa: E402
from django.db.models.functions import Now  # noqa: E402
from django.test import Client  # noqa: E402
from django.test.utils import setup_databases, setup_test_environment, teardown_databases  # noqa: E402
from django.urls import Resolver404, resolve, reverse  # noqa: E402

from accounts import mail  # noqa: E402
from accounts.models import Account, Letter, Membership, User  # noqa: E402
from admin_center.server import database  # noqa: E402
from billing.demo import making  # noqa: E402
from billing.models import Quote  # noqa: E402
from tests.documents.reading import text_of  # noqa: E402
from tests.sweeps import routes  # noqa: E402

NOW = datetime(2026, 11, 23, 15, tzinfo=UTC)
LANGUAGES = ("en", "fr")
# Of pages that differ by what they are about, so many in an account.
OF_A_KIND = 4
NEVER = ("/sign-in/logout/", "/static/", "/sandbox-provider/", "/vendor/logout/")
LINK = re.compile(r'(?:href|hx-get)="([^"#]+)')
FIELD = re.compile(r'<input[^>]*name="(seats-[\w.-]+)"[^>]*value="(\d+)"')
# What differs with every request or every run, and what is put in its place.
PASSING = (
    (re.compile(r'(name="csrfmiddlewaretoken" value=")[^"]+'), r"\1TOKEN"),
    (re.compile(r'("X-CSRFToken": ")[^"]+'), r"\1TOKEN"),
    (re.compile(r'(name="typed_by" value=")[^"]+'), r"\1MARK"),
    (re.compile(r"((?:nonce|integrity)=\")[^\"]+"), r"\1NONCE"),
    (re.compile(r"/(invitations|sign-in/email/confirm)/[\w:=-]{20,}"), r"/\1/TOKEN"),
    (re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"), "KEY"),
)


def main(folder: Path) -> None:
    """Store all pages and letters below a folder, which is emptied first."""
    shutil.rmtree(folder, ignore_errors=True)
    # Keys and tokens are random: let the same come each time.
    source = random.Random(7)
    os.urandom = random._urandom = source.randbytes  # type: ignore[attr-defined]
    database.start()
    setup_test_environment()
    databases = setup_databases(verbosity=0, interactive=False)
    try:
        with time_machine.travel(NOW, tick=False):
            making.make(NOW, tell=lambda text: None)
            stamp()
            for language in LANGUAGES:
                User.objects.update(language=language)
                pages = sum(1 for _ in store(folder / language, names(), language))
                sys.stdout.write(f"{language}: {pages} pages\n")
                letters(folder / language / "letters", language)
    finally:
        teardown_databases(databases, verbosity=0)


def stamp() -> None:
    """Let what the database stamped by its own clock be of the moment that stands still."""
    for room in ("accounts", "billing"):
        for model in apps.get_app_config(room).get_models():
            for field in model._meta.concrete_fields:
                if isinstance(field.db_default, Now):
                    model._base_manager.update(**{field.name: NOW})
    Letter.objects.exclude(sent_at=None).update(sent_at=NOW)


def names() -> dict[str, str]:
    """Return for each quote's key what it is, by account and order: keys are random."""
    counted: Counter[str] = Counter()
    known = {}
    for key, slug in Quote.objects.order_by("subscription_id", "created_at", "pk").values_list(
        "pk", "subscription__account__slug"
    ):
        counted[slug] += 1
        known[str(key)] = f"QUOTE-{slug}-{counted[slug]}"
    return known


def store(folder: Path, known: dict[str, str], language: str) -> Iterator[Path]:
    """Write what each person finds, and what a visitor without a name finds; yield the files."""
    visitors = [User.objects.get(email=one.email) for one in making.visitors()]
    for user in [None, *visitors]:
        client = Client(HTTP_ACCEPT_LANGUAGE=language)
        if user:
            client.force_login(user)
        mine = folder / (user.email.split("@")[0] if user else "anonymous")
        for address, kind, status, body in visit(client, user):
            yield write(mine, address, kind, status, settled(body, known), known)


def visit(client: Client, user: User | None) -> Iterator[tuple[str, str, int, str]]:
    """Yield every answer that a person finds: by links, by every address of their accounts, by a try."""
    wanted = deque(beginnings(user))
    seen: set[str] = set(wanted)
    kinds: Counter[tuple[str, ...]] = Counter()
    while wanted:
        address = wanted.popleft()
        answer = client.get(address)
        kind = answer["Content-Type"].partition(";")[0]
        body = b"".join(answer) if answer.streaming else answer.content
        text = text_of(body)
        if answer.status_code in (301, 302):
            text = answer["Location"]
        yield address, kind, answer.status_code, text
        if kind != "text/html":
            continue
        for found in [answer.get("Location", ""), *LINK.findall(text)]:
            link = followed(address, found.replace("&amp;", "&"))
            if link is None or link in seen:
                continue
            seen.add(link)
            kinds[sort(link)] += 1
            if kinds[sort(link)] <= OF_A_KIND:
                wanted.append(link)
        if address.endswith("/subscription/manage/") and answer.status_code == 200:
            yield from tries(client, address, text)


def beginnings(user: User | None) -> list[str]:
    """Return where somebody begins: every address outside of accounts, and every one of each account."""
    begun = [
        reverse(name, kwargs=dict(route.parts))
        for name, route in routes.OUTSIDE.items()
        if route.get and name not in ("account_logout", "readyz", "metrics")
    ]
    mine = Account.objects.filter(memberships__user=user) if user else Account.objects.none()
    # And another company's, which is not there for them.
    for account in [*mine.order_by("pk"), Account.objects.get(slug="acme")]:
        begun += [
            reverse(name, kwargs={"slug": account.slug, **dict(route.parts)})
            for name, route in routes.ACCOUNT.items()
            if route.get and not route.child
        ]
        member = Membership.objects.filter(account=account).order_by("pk").last()
        if member:
            begun.append(reverse("member", kwargs={"slug": account.slug, "member_id": member.pk}))
    return [*dict.fromkeys([*begun, "/vendor/"])]


def followed(where: str, link: str) -> str | None:
    """Return the address on our own pages that a link leads to, None where it leads elsewhere."""
    if not link or link.startswith(("mailto:", "tel:", "http", "data:")):
        return None
    address = urlsplit(urljoin(where, link))
    if address.path.startswith(NEVER):
        return None
    return address.path + (f"?{address.query}" if address.query else "")


def sort(link: str) -> tuple[str, ...]:
    """Return which page an address shows: that of which account, asked for with which fields."""
    address = urlsplit(link)
    try:
        found = resolve(address.path)
    except Resolver404:
        return (address.path,)
    fields = sorted({name for name, _value in parse_qsl(address.query, keep_blank_values=True)})
    return (found.view_name or found.route, str(found.kwargs.get("slug", "")), *fields)


def tries(client: Client, address: str, page: str) -> Iterator[tuple[str, str, int, str]]:
    """Yield the live quotes of some more seats and of one fewer, for each product on the Manage page."""
    fields = dict(FIELD.findall(page))
    for name, value in [*fields.items()][:OF_A_KIND]:
        for by in (1, -1):
            asked = fields | {name: str(max(int(value) + by, 0))}
            answer = client.post(f"{address}preview", asked, headers={"HX-Request": "true"})
            kind = answer["Content-Type"].partition(";")[0]
            yield f"{address}preview?{name}={asked[name]}", kind, answer.status_code, answer.content.decode()


def letters(folder: Path, language: str) -> None:
    """Write every letter of the outbox in a language: subject, text and HTML."""
    folder.mkdir(parents=True, exist_ok=True)
    known = names()
    for letter in Letter.objects.select_related("account", "user").order_by("pk"):
        letter.language = language
        sent = mail.message(letter)
        html = str(sent.alternatives[0][0])
        text = f"To: {', '.join(sent.to)}\nSubject: {sent.subject}\n\n{sent.body}\n\n{html}\n"
        (folder / f"{letter.pk:05}-{letter.kind}").write_text(settled(text, known))


def settled(text: str, known: dict[str, str]) -> str:
    """Return a text without what differs from run to run."""
    for key, name in known.items():
        text = text.replace(key, name)
    for pattern, name in PASSING:
        text = pattern.sub(name, text)
    return text


def write(folder: Path, address: str, kind: str, status: int, text: str, known: dict[str, str]) -> Path:
    """Write an answer into a file named after its address."""
    name = settled(address, known)
    parts = urlsplit(name)
    query = urlencode(parse_qsl(parts.query, keep_blank_values=True))
    plain = re.sub(r"[^\w.=&-]+", "_", f"{parts.path.strip('/') or 'index'}{'__' if query else ''}{query}")
    file = folder / f"{plain[:180]}.{kind.partition('/')[2] or 'none'}"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(f"{name} {status} {kind}\n{text}\n")
    return file


if __name__ == "__main__":
    main(Path(sys.argv[1]))
