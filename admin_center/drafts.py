"""Keeps what a person typed where a session that ended, a proof of identity or a refusal came between.

A form says by a signed mark who it was shown to and where; without a mark nothing is kept. What is
kept is shown to that person alone, in that account, at that address: a page of an account, of the
back office (for staff), or of the person's own. It never confirms anything: it fills the form in
again, to be sent by hand. No secret is kept, and nothing longer than a day. Once the form was taken
it is forgotten.
"""

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from django.core import signing
from django.forms import BaseForm
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
# Proofs are given anew, and never kept; nor is a search, a button that was pressed, or whatever the
# name of a field says is a secret.
NEVER = {MARK, "csrfmiddlewaretoken", "account_name", "mark", "seen", "next", "renew", "act"}
SECRETS = ("password", "secret", "token", "card", "code", "again", "otp")
# Names of ours that only seem to be secrets: what follows is the key of a product ("seats-postcard"),
# and the code of a promotion is there to be given away.
BY_PRODUCT = ("seats-", "edition-", "remove-", "leave-", "combine-", "answer-", "price-")
_CODES_OF_PLACES = {f"{use}_{part}_code" for use in ("sold_to", "bill_to") for part in ("postal", "sorting")}
PUBLIC = {
    "vendor:billing_promocode_add": {"code"},
    "vendor:billing_promocode_change": {"code"},
    "profile": _CODES_OF_PLACES,
    "vendor:accounts_account_profile": _CODES_OF_PLACES,
}
# Where a person is led to show who they are, or to be able to.
PROOFS = (
    *("account_login", "account_reauthenticate", "mfa_reauthenticate", "mfa_authenticate"),
    "mfa_activate_totp",
)
# Pages of the person's own, outside of accounts.
OWN = ("email_change",)


@dataclass(frozen=True, slots=True)
class FormDraft:
    """What was typed, as it would be posted; `anew` is the address of the page without it."""

    data: QueryDict
    typed_at: datetime
    anew: str

    @property
    def first(self) -> dict[str, Any]:
        """Return one text a field, as initial values."""
        return self.data.dict()


class NoPlaceError(Exception):
    """An address to which this person can't come back, or at which nothing is kept."""


def mark(request: Any) -> str:
    """Return the mark of a form: who it is shown to, and where; a page that was posted keeps its own."""
    before = _read(request.POST.get(MARK, "")) if request.method == "POST" else None
    address = before[1] if before and before[0] == request.user.pk else request.get_full_path()
    return signing.dumps([request.user.pk, address[:LONGEST_ADDRESS]], salt=SALT)


def keep(request: HttpRequest) -> str | None:
    """Keep what was posted for who typed it; return the address of its page, None where nothing is kept."""
    read = _read(request.POST.get(MARK, ""))
    if read is None:
        return None
    person, address = read
    try:
        account = _account(person, address)
    except NoPlaceError:
        return None
    fields = _fields(request.POST, PUBLIC.get(resolve(urlsplit(address).path).view_name, set()))
    if len(json.dumps(fields)) > MOST_TEXT:
        return None
    Draft.objects.update_or_create(
        person_id=person,
        account=account,
        address=address,
        defaults={"fields": fields, "typed_at": clock.now()},
    )
    older = Draft.objects.filter(person_id=person).order_by("-typed_at").values("pk")[MOST_OF_ONE_PERSON:]
    Draft.objects.filter(pk__in=[one["pk"] for one in older]).delete()
    # The answer may lead elsewhere without the form having been taken.
    request.typed_is_kept = True  # type: ignore[attr-defined]
    return address


def of(request: Any) -> FormDraft | None:
    """Return what this person typed at this very address, None where nothing is kept."""
    address = request.get_full_path()
    found = Draft.objects.filter(
        person=request.user,
        account=getattr(request, "account", None),
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
    return FormDraft(data, found.typed_at, f"{parts.path}?{urlencode([*query, ('start', 'now')])}")


def refill(request: Any, form: BaseForm) -> FormDraft | None:
    """Let a form that is opened begin with what this person typed at this address; return what that is."""
    kept = of(request) if form.fields and not form.is_bound else None
    if kept is None:
        return None
    for name, field in form.fields.items():
        posted = form.add_prefix(name)
        if not field.widget.value_omitted_from_data(kept.data, {}, posted):
            form.initial[name] = field.widget.value_from_datadict(kept.data, {}, posted)
    return kept


def use_up(request: HttpRequest) -> None:
    """Forget what was typed at the page whose form was taken now."""
    read, person = _read(request.POST.get(MARK, "")), getattr(request, "user", None)
    if read and person and read[0] == person.pk:
        Draft.objects.filter(person_id=read[0], address=read[1]).delete()


def use_up_under(request: Any, path: str) -> None:
    """Forget all that this person typed at a page, whatever its query."""
    Draft.objects.filter(person=request.user, account=request.account, address__startswith=path).delete()


def lead_back(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    """Keep what was posted where the answer refuses it, or asks for a proof that then leads back to it.

    An answer that leads on took the form, unless the page kept what was typed itself.
    """
    if request.method != "POST" or response.status_code not in (302, 403):
        return response
    there = urlsplit(response.headers.get("Location", ""))
    proof = response.status_code == 302 and there.path in _proofs()
    if (proof or response.status_code == 403) and (address := keep(request)) and proof:
        query = dict(parse_qsl(there.query)) | {"next": address}
        response["Location"] = f"{there.path}?{urlencode(query)}"
    elif response.status_code == 302 and not proof and not hasattr(request, "typed_is_kept"):
        use_up(request)
    return response


def _read(text: str) -> tuple[int, str] | None:
    """Return person and address of a mark of ours that is not too old."""
    try:
        person, address = signing.loads(text, salt=SALT, max_age=Draft.KEPT_FOR)
    except signing.BadSignature:
        return None
    return int(person), str(address)


def _account(person: int, address: str) -> Account | None:
    """Return the account that an address lies in, None outside of accounts.

    Raise NoPlaceError where this person can't come back to it, or nothing is kept.
    """
    try:
        found = resolve(urlsplit(address).path)
    except Resolver404:
        raise NoPlaceError from None
    someone = User.objects.filter(pk=person, is_active=True).first()
    if someone is None:
        raise NoPlaceError
    if found.view_name in OWN or (found.namespace == "vendor" and someone.is_staff):
        return None
    memberships = Membership.objects.filter(user=someone, account__slug=found.kwargs.get("slug", ""))
    membership = memberships.select_related("account").first()
    if membership is None or membership.account.state == AccountState.CANCELLED:
        raise NoPlaceError
    return membership.account


def _fields(posted: Mapping[str, Any], public: set[str]) -> dict[str, list[str]]:
    """Return what was posted, without what is never kept; `public` are names that hold no secret here."""
    assert isinstance(posted, QueryDict)
    return {
        name: texts
        for name, texts in posted.lists()
        if name not in NEVER and (name in public or not _is_secret(name))
    }


def _is_secret(name: str) -> bool:
    plain = name.lower()
    return not plain.startswith(BY_PRODUCT) and any(word in plain for word in SECRETS)


def _proofs() -> set[str]:
    found = {reverse(name) for name in PROOFS}
    with suppress(NoReverseMatch):
        found.add(reverse("openid_connect_login", args=["product"]))
    return found
