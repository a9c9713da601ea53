"""Nothing of one account reaches people of another: watched in every test of the whole suite.

Every answer that the program gives and every letter that it sends during a test is kept. At the end of
the test the texts that belong to one account alone (its names, addresses, notes, codes, numbers: all
text columns of all tables that hang from an account) are searched for in what went to somebody who is
not of that account. Where costs are not shown, every answer is also searched for amounts.

A column that is new must be put into TEXTS or CODES below: `test_every_text_column_is_watched`.
"""

import re
import zlib
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import pytest
from django.apps import apps
from django.contrib.postgres.fields import ArrayField
from django.core import mail
from django.core.handlers.base import BaseHandler
from django.db import connection, models

from accounts.models import Account, Letter, Membership, User
from tests.documents.reading import text_of

# Columns whose words belong to one account alone.
TEXTS = {
    "accounts.Account": {
        *("slug", "name", "external_id", "vendor_contact_name", "vendor_contact_email", "suspension_reason"),
    },
    "accounts.Activity": {"reason"},
    "billing.Discount": {"code"},
    "billing.ChangeRequest": {"note", "reason"},
    "billing.RequestComment": {"text"},
    "billing.PlannedInvitation": {"email", "name"},
    "billing.BillingProfile": {"legal_name", "tax_id_number", "purchase_order"},
    "billing.InvoiceRecipient": {"email", "name"},
    "billing.PostalAddress": {"lines"},
    "billing.Quote": {"id", "purchase_order"},
    "billing.Invoice": {"number", "account_name", "purchase_order"},
    "accounts.Invitation": {"email", "name"},
    "billing.Cancellation": {"text"},
    "billing.Charge": {"id", "reference", "method"},
    "billing.PaymentMethod": {"reference"},
    "billing.BankPayment": {"bank_id", "reference", "payer"},
    "billing.PaymentLink": {"sent_to"},
    "billing.KeptQuote": {"id", "name", "purchase_order"},
    "billing.AgreedPrice": {"reason"},
    "billing.Refund": {"id", "reason", "reference"},
    "billing.WriteOff": {"reason"},
}
# Columns that hold a word of a fixed list, of the catalogue, or of a person (people are watched by
# their names and addresses), and so say nothing of an account.
CODES = {
    "accounts.Account": {
        *("type", "collection_method", "state", "currency", "timezone", "language", "vendor_contact_phone"),
        "state_beneath",
    },
    "accounts.Activity": {"actor_name", "verb", "subject", "quote", "invoice"},
    "accounts.Draft": {"address"},
    "accounts.Invitation": {"role", "seat", "seat_outcome", "token_hash"},
    "billing.Cancellation": {"by_name", "reason", "state_before"},
    "billing.DataExport": {"state"},
    "accounts.OwnershipOffer": {"state"},
    "accounts.Letter": {"kind", "to", "language", "key", "error"},
    "accounts.Membership": {"role", "listed_as"},
    "accounts.RowFailure": {"queue", "row", "error"},
    "billing.CalendarLink": {"token_hash"},
    "billing.Charge": {"amount_currency", "state", "failure", "action_url", "return_url"},
    "billing.ClockMove": set(),
    "billing.DunningEntry": {"step"},
    "billing.RequestComment": {"author_name"},
    "billing.PlannedInvitation": {"role", "seat", "refusal"},
    "billing.FirstApproval": {"person_name"},
    "billing.ChangeRequest": {"requester_name", "decided_by_name", "state", "not_automatic"},
    "billing.Discount": {"kind", "source", "amount_currency"},
    "billing.Invoice": {"kind", "reason", "currency", "language", "vendor_name", "caused_by", "requested_by",
                        "content_hash",
                        "subtotal_currency", "tax_currency", "total_currency", "prepaid_currency",
                        "carried_over_currency", "due_currency"},
    "billing.InvoiceLine": {"kind", "product", "edition", "product_name", "edition_name", "cycle",
                            "unit_price_currency", "gross_currency", "amount_currency", "because",
                            "price_version"},
    "billing.Line": {"unit_price_currency"},
    "accounts.EmailChange": {"state", "old_token_hash", "new_token_hash"},
    "billing.PaidSegment": {"unit_price_currency", "cycle", "charged_currency", "credited_currency"},
    "billing.PaymentMethod": {"use", "kind", "brand", "last_four"},
    "billing.PaymentLink": {"token_hash"},
    "billing.KeptQuote": {"kept_by_name", "token_hash"},
    "billing.AgreedPrice": {"amount_currency", "cycle", "given_by_name"},
    "billing.PaymentSetup": {"state_hash", "reference"},
    # Towns and codes are of many.
    "billing.PostalAddress": {"country", "city", "district", "region", "postal_code", "sorting_code"},
    "billing.BillingProfile": {"tax_id_kind", "tax_id_country"},
    "billing.InvoiceRecipient": {"language"},
    "billing.Quote": {"state", "failure", "terms_version", "terms_url"},
    "billing.Refund": {"amount_currency", "left_then_currency", "owed_again_currency", "state", "failure",
                       "decision", "decided_by_name", "requested_by_name"},
    "billing.RenewalReminder": {"amount_currency"},
    "billing.WriteOff": {"amount_currency", "written_off_by_name"},
    "billing.ScheduledChange": {"kind", "cycle"},
    "billing.Subscription": {"parked_because", "currency", "cycle"},
    "billing.TemporarySeats": {"charged_currency"},
    "billing.BankPayment": {"amount_currency"},
    "billing.BankBooking": {"amount_currency", "booked_by_name"},
    "billing.BalanceEntry": {"amount_currency", "reason"},
}  # fmt: skip
# Who holds the link that was mailed reads the address it was mailed to, or which account invites: that
# is what it is for. The provider's own pages are the provider's, who knows all payments.
SHOWN_BY_LINK = {
    "calendar",
    "account_confirm_email",
    "account_reset_password_from_key",
    "join",
    "email_change_confirm",
    "sandbox_method",
    "sandbox_pay",
}
# Shorter ones occur in ordinary words.
SHORTEST = 4
AMOUNT = re.compile(
    r"(?:[$€£¥]|\b(?:USD|EUR|GBP|JPY|BHD|CHF|CAD)\b)[\s\u00a0\u202f]?-?\d"
    r"|\d[\s\u00a0\u202f]?(?:[$€£¥]|(?:USD|EUR|GBP|JPY|BHD|CHF|CAD)\b)"
)


@dataclass
class Seen:
    """One answer: who asked, what they sent along, and what they got."""

    person: int | None
    account: Account | None
    name: str
    asked: str
    address: str
    body: bytes = zlib.compress(b"")
    parts: list[bytes] = field(default_factory=list)
    by_link: bool = False

    @property
    def text(self) -> str:
        """All that was sent back; of a file what can be read in it."""
        return zlib.decompress(self.body).decode("utf-8", "replace") + text_of(b"".join(self.parts))


@pytest.fixture(autouse=True)
def nothing_foreign_is_seen(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    """Fail a test in which somebody read a text, or an amount, that is not for them."""
    if not uses_database(request):
        yield
        return
    request.getfixturevalue("_django_db_helper")
    seen: list[Seen] = []
    answer = BaseHandler.get_response

    def watched(handler: BaseHandler, http: Any) -> Any:
        response = answer(handler, http)
        seen.append(note(http, response))
        return response

    monkeypatch.setattr(BaseHandler, "get_response", watched)
    yield
    monkeypatch.undo()
    problems = [*foreign_texts(seen), *foreign_letters(), *amounts(seen)]
    assert not problems, "\n".join(problems[:5])


def uses_database(request: pytest.FixtureRequest) -> bool:
    """Return whether a test reads or writes the database."""
    fixtures = {"db", "transactional_db", "live_server", "django_db_reset_sequences"}
    return bool(request.node.get_closest_marker("django_db") or fixtures & set(request.fixturenames))


def note(http: Any, response: Any) -> Seen:
    """Keep one answer; one that streams is kept as it is read."""
    user = getattr(http, "user", None)
    match = getattr(http, "resolver_match", None)
    one = Seen(
        person=getattr(user, "pk", None),
        # Who holds a link to pay an invoice reads of its account what the invoice says.
        account=getattr(http, "account", None) or getattr(http, "paid_for", None),
        by_link=hasattr(http, "paid_for"),
        name=(match.url_name or "") if match else "",
        asked=f"{http.get_full_path()} {posted(http)}".lower(),
        address=f"{http.method} {http.get_full_path()}",
    )
    said = "".join(f"{name}: {value}\n" for name, value in response.headers.items()).encode()
    if response.streaming:
        response.streaming_content = kept(response.streaming_content, one.parts)
    elif response.headers.get("Content-Type", "").startswith("text/"):
        said += response.content
    else:
        one.parts.append(response.content)
    # A sweep asks for thousands of pages.
    one.body = zlib.compress(said, 1)
    return one


def posted(http: Any) -> str:
    """Return what a person sent in a form, if it was one."""
    try:
        return f" {dict(http.POST)}"
    except Exception:  # it was no form
        return ""


def kept(chunks: Any, parts: list[bytes]) -> Iterator[bytes]:
    """Pass a stream on, keeping a copy."""
    for chunk in chunks:
        parts.append(chunk)
        yield chunk


# --- Whose text is it ----------------------------------------------------------------------------


def account_models() -> list[type[models.Model]]:
    """Return every model that hangs from an account."""
    return [model for model in apps.get_models() if hasattr(model, "account_path")]


def owned_texts() -> dict[str, set[int]]:
    """Return each text that belongs to accounts, with whose it is; in lower case."""
    texts: dict[str, set[int]] = defaultdict(set)
    with connection.cursor() as cursor:
        cursor.execute(all_texts())
        for account, text in cursor.fetchall():
            texts[text.lower()].add(account)
    return texts


@cache
def all_texts() -> str:
    """Return the statement that finds every text of an account, with the account: one, after each test."""
    found = []
    for model in account_models():
        path = model.account_path  # type: ignore[attr-defined]
        for column in TEXTS.get(model._meta.label, ()):
            rows = str(model._default_manager.order_by().values_list(path, column).query)
            text = "unnest(text)" if isinstance(model._meta.get_field(column), ArrayField) else "text"
            found.append(f"SELECT account, {text}::text FROM ({rows}) of_one (account, text)")
    people = Membership.objects.order_by()
    found += [str(people.values_list("account_id", f"user__{one}").query) for one in ("email", "name")]
    every = " UNION ".join(found)
    return (
        f"SELECT account, text FROM ({every}) of_all (account, text)"
        f" WHERE account IS NOT NULL AND length(text) >= {SHORTEST}"
    )


def own_accounts() -> dict[int | None, set[int]]:
    """Return which accounts each person belongs to; staff belong to none, and see all in the back office."""
    own: dict[int | None, set[int]] = defaultdict(set)
    for user, account in Membership.objects.values_list("user_id", "account_id"):
        own[user].add(account)
    return own


def not_for(allowed: set[int], texts: dict[str, set[int]]) -> list[str]:
    """Return the texts that belong to other accounts, and are no part of one that is allowed."""
    mine = [one for one, owners in texts.items() if owners & allowed]
    return [
        one
        for one, owners in texts.items()
        if not owners & allowed and not any(one in other for other in mine)
    ]


def strange(text: str, forbidden: list[str], asked: str) -> list[str]:
    """Return the forbidden texts that stand in a text as words, but for what the person typed themselves."""
    low = text.lower()
    return [
        one
        for one in forbidden
        if one in low and one not in asked and re.search(rf"(?<![\w-]){re.escape(one)}(?![\w-])", low)
    ]


def foreign_texts(seen: list[Seen]) -> Iterator[str]:
    """Say which answers held a text of an account that is not the person's."""
    if not seen or Account.objects.count() == 0:
        return
    texts, own = owned_texts(), own_accounts()
    people = {pk: (staff, f"{email} {name}".lower()) for pk, staff, email, name in _people()}
    forbidden: dict[Any, list[str]] = {}
    done: set[Any] = set()
    for one in seen:
        staff, names = people.get(one.person or 0, (False, ""))
        if one.name in SHOWN_BY_LINK or (staff and one.address.split()[1].startswith("/vendor/")):
            continue
        key = (one.person, one.account.pk if one.account else None, one.by_link)
        if key not in forbidden:
            allowed = set(own[one.person]) | ({one.account.pk} if one.account else set())
            forbidden[key] = not_for(allowed, texts)
            if one.by_link and one.account and one.account.pk not in own[one.person]:
                forbidden[key] += members_of(one.account)
        body = one.text
        if (key, hash(body)) in done:
            continue
        done.add((key, hash(body)))
        # What a person has of their own, whoever else knows them, is not foreign to them.
        for text in strange(body, forbidden[key], f"{one.asked} {names}"):
            yield f"{one.address} showed person {one.person} {text!r}, which belongs to another account"


def members_of(account: Account) -> list[str]:
    """Return what an account's people are called: who only pays an invoice of it reads none of that."""
    people = Membership.objects.filter(account=account).values_list("user__email", "user__name")
    return [text.lower() for pair in people for text in pair]


def _people() -> Any:
    return User.objects.values_list("pk", "is_staff", "email", "name")


def foreign_letters() -> Iterator[str]:
    """Say which letters held a text of an account that is not the recipient's."""
    outbox = getattr(mail, "outbox", [])
    if not outbox:
        return
    texts, own = owned_texts(), own_accounts()
    for letter in outbox:
        to = [address.lower() for address in letter.recipients()]
        allowed = set(Letter.objects.filter(to__in=to).values_list("account_id", flat=True))
        for pk, is_staff in User.objects.filter(email__in=to).values_list("pk", "is_staff"):
            allowed |= {account for owners in texts.values() for account in owners} if is_staff else own[pk]
        files = "\n".join(text_of(content) for _name, content, _kind in letter.attachments)
        body = f"{letter.subject}\n{letter.message().as_string()}\n{letter.body}\n{files}"
        for text in strange(body, not_for(allowed, texts), " ".join(to)):
            yield f"the letter {letter.subject!r} told {to} {text!r}, which belongs to another account"


def amounts(seen: list[Seen]) -> Iterator[str]:
    """Say which answers held an amount of money where the account's type shows none."""
    for one in seen:
        if one.account is None or one.account.type == "self_service":
            continue
        found = AMOUNT.search(one.text)
        if found:
            near = one.text[max(0, found.start() - 60) : found.end() + 40]
            yield f"{one.address} showed an amount on {one.account.slug}, where costs are not shown: …{near}…"
