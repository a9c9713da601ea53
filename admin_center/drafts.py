"""Keeps what a person typed where a session that ended, a proof of identity or a refusal came between.

A form says by a signed mark who it was shown to and where; without a mark nothing is kept. What is
kept is shown to that person alone, in that account, at that address. It never confirms anything: it
fills the form in again, to be sent by hand. No secret is kept, and nothing longer than a day.
"""

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from django.core import signing
from django.http import HttpRequest, HttpResponse, QueryDict
from django.urls import NoReverseMatch, Resolver404, resolve, reverse

from accounts import clock
from accounts.models import Account, Draft, Membership, User
from accounts.rules.capabilities import AccountState

MARK = "typed_by"
SALT = "draft"
LONGEST_ADDRESS = 500
MOST_TEXT = 100_000
MOST_OF_ONE_PERSON = 20
# Proofs are given anew, and never kept; so is whatever the name of a field says is a secret.
NEVER = {MARK, "csrfmiddlewaretoken", "account_name", "mark", "seen"}
SECRETS = ("password", "secret", "token", "card", "code", "again", "otp")
# Where a person is led to show who they are.
PROOFS = ("account_login", "account_reauthenticate", "mfa_reauthenticate", "mfa_authenticate")


@dataclass(frozen=True, slots=True)
class Kept:
    """What was typed, as it would be posted; `anew` is the address of the page without it."""

    data: QueryDict
    typed_at: datetime
    anew: str

    @property
    def first(self) -> dict[str, Any]:
        """Return one text a field, as initial values."""
        return self.data.dict()


def mark(request: Any) -> str:
    """Return the mark of a form: who it is shown to, and where; a page that was posted keeps its own."""
    before = _read(request.POST.get(MARK, "")) if request.method == "POST" else None
    address = before[1] if before and before[0] == request.user.pk else request.get_full_path()
    return signing.dumps([request.user.pk, address[:LONGEST_ADDRESS]], salt=SALT)


def keep(request: HttpRequest) -> str | None:
    """Keep what was posted for who typed it; return the address of its page, None where nothing is kept."""
    read = _read(request.POST.get(MARK, ""))
    found = _account(*read) if read else None
    fields = _fields(request.POST)
    if read is None or found is None or len(json.dumps(fields)) > MOST_TEXT:
        return None
    person, address = read
    Draft.objects.update_or_create(
        person_id=person,
        account=found,
        address=address,
        defaults={"fields": fields, "typed_at": clock.now()},
    )
    older = Draft.objects.filter(person_id=person).order_by("-typed_at").values("pk")[MOST_OF_ONE_PERSON:]
    Draft.objects.filter(pk__in=[one["pk"] for one in older]).delete()
    return address


def of(request: Any) -> Kept | None:
    """Return what this person typed at this very address, None where nothing is kept."""
    address = request.get_full_path()
    found = Draft.objects.filter(
        person=request.user,
        account=request.account,
        address=address,
        typed_at__gt=clock.now() - Draft.KEPT_FOR,
    ).first()
    if found is None:
        return None
    data = QueryDict(mutable=True)
    for name, texts in found.fields.items():
        data.setlist(name, texts)
    parts = urlsplit(address)
    query = [pair for pair in parse_qsl(parts.query) if pair[0] != "start"]
    return Kept(data, found.typed_at, f"{parts.path}?{urlencode([*query, ('start', 'now')])}")


def use_up(request: Any) -> None:
    """Forget what was typed at the page whose form was taken now."""
    read = _read(request.POST.get(MARK, ""))
    if read and read[0] == request.user.pk:
        Draft.objects.filter(person=request.user, account=request.account, address=read[1]).delete()


def use_up_under(request: Any, path: str) -> None:
    """Forget all that this person typed at a page, whatever its query."""
    Draft.objects.filter(person=request.user, account=request.account, address__startswith=path).delete()


def lead_back(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    """Keep what was posted where the answer refuses it, or asks for a proof that then leads back to it."""
    if request.method != "POST" or response.status_code not in (302, 403):
        return response
    there = urlsplit(response.headers.get("Location", ""))
    proof = response.status_code == 302 and there.path in _proofs()
    if (proof or response.status_code == 403) and (address := keep(request)) and proof:
        query = dict(parse_qsl(there.query)) | {"next": address}
        response["Location"] = f"{there.path}?{urlencode(query)}"
    return response


def _read(text: str) -> tuple[int, str] | None:
    """Return person and address of a mark of ours that is not too old."""
    try:
        person, address = signing.loads(text, salt=SALT, max_age=Draft.KEPT_FOR)
    except signing.BadSignature:
        return None
    return int(person), str(address)


def _account(person: int, address: str) -> Account | None:
    """Return the account that an address lies in, if this person is a member who can come back to it."""
    try:
        slug = resolve(urlsplit(address).path).kwargs.get("slug", "")
    except Resolver404:
        return None
    if not address.startswith("/a/") or not User.objects.filter(pk=person, is_active=True).exists():
        return None
    membership = (
        Membership.objects.filter(user_id=person, account__slug=slug).select_related("account").first()
    )
    closed = membership is None or membership.account.state == AccountState.CANCELLED
    return None if closed or membership is None else membership.account


def _fields(posted: Mapping[str, Any]) -> dict[str, list[str]]:
    assert isinstance(posted, QueryDict)
    return {
        name: texts
        for name, texts in posted.lists()
        if name not in NEVER and not any(word in name.lower() for word in SECRETS)
    }


def _proofs() -> set[str]:
    found = {reverse(name) for name in PROOFS}
    with suppress(NoReverseMatch):
        found.add(reverse("openid_connect_login", args=["product"]))
    return found
