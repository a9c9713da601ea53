"""People of a generated database with an open session each, spread over all of its accounts."""

import random
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.utils.crypto import get_random_string

from accounts.models import Account, Membership
from accounts.rules.roles import Role
from tests.bench.population import connected

SEED = 20261123


@dataclass(frozen=True, slots=True)
class Visitor:
    """A billing admin with an open session, and the account that they look at."""

    database: str
    slug: str
    session: str


def visitors(database: str, count: int) -> list[Visitor]:
    """Return `count` billing admins, each of another account while there are enough."""
    with connected(database):
        known = list(Account.objects.order_by("pk").values_list("pk", flat=True))
        drawn = random.Random(SEED).sample(known, min(count, len(known)))
        who = Membership.objects.filter(account__in=drawn, role=Role.BILLING_ADMIN)
        members = list(who.select_related("account", "user"))
        opened = [_session(member) for member in members]
        Session.objects.all().delete()
        Session.objects.bulk_create(opened)
    found = [
        Visitor(database, member.account.slug, session.session_key)
        for member, session in zip(members, opened, strict=True)
    ]
    random.Random(SEED).shuffle(found)
    return [found[number % len(found)] for number in range(count)]


def _session(member: Membership) -> Session:
    """Return what a sign-in keeps."""
    at = int(_now().timestamp())
    kept = {
        SESSION_KEY: str(member.user.pk),
        BACKEND_SESSION_KEY: settings.AUTHENTICATION_BACKENDS[0],
        HASH_SESSION_KEY: member.user.get_session_auth_hash(),
        "began": at,
        "seen": at,
    }
    return Session(
        session_key=get_random_string(32).lower(),
        session_data=SessionStore().encode(kept),
        expire_date=_now() + timedelta(hours=12),
    )


def _now() -> datetime:
    return datetime.now(UTC)
