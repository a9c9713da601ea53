"""Sends an issued document once more: the vendor's staff say to whom of those who get them, and why."""

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum

from django.db import transaction

from accounts import activity, mail, staff
from accounts.models import Account, Membership, User
from accounts.occasion import Occasion
from accounts.rules.activity import ActivityVerb
from accounts.rules.letters import LetterKind
from billing import payment_letters
from billing.models import Invoice, InvoiceRecipient


class ResendRefusal(StrEnum):
    """Why a document is not sent again."""

    # Where no costs are shown nobody of the account gets it.
    BY_VENDOR = "by_vendor"
    # An opening item: its document is the system's before.
    NO_DOCUMENT = "no_document"
    # None of those who get the account's documents was chosen.
    NOBODY = "nobody"


class NotSentOnce(Exception):
    """The document can't be sent so; `why` says the reason."""

    def __init__(self, why: ResendRefusal) -> None:
        """Keep the reason."""
        super().__init__(why)
        self.why = why


@dataclass(frozen=True, slots=True)
class Addressee:
    """Somebody who gets an account's documents: one of its people, or a recipient who needs no login."""

    email: str
    name: str
    language: str
    person: User | None = None


def addressees(account: Account) -> list[Addressee]:
    """Return who gets an account's documents: owner and billing admins, then recipients, each once."""
    people = [member.user for member in Membership.objects.contacts(account)]
    found = [Addressee(one.email, one.name, one.language or account.language, one) for one in people]
    recipients = InvoiceRecipient.objects.filter(profile=account.pk).order_by("pk")
    found += [Addressee(one.email, one.name, one.language) for one in recipients]
    return list({one.email: one for one in reversed(found)}.values())[::-1]


@transaction.atomic
def send_again(invoice_id: int, emails: Collection[str], *, reason: str, occasion: Occasion) -> int:
    """Send an invoice or a credit note to some of those who get them; return how many letters wait.

    Raises PermissionDenied for anyone but the vendor's staff, ValueError without a reason, NotSentOnce,
    Invoice.DoesNotExist.
    """
    staff.demand(occasion.person, reason)
    account = Account.objects.lock_for(Invoice, invoice_id)
    invoice = Invoice.objects.select_related("payment").get(pk=invoice_id)
    if not account.shows_costs:
        raise NotSentOnce(ResendRefusal.BY_VENDOR)
    if invoice.reason == Invoice.Reason.BROUGHT_IN:
        raise NotSentOnce(ResendRefusal.NO_DOCUMENT)
    known = {one.email: one for one in addressees(account)}
    if not emails or not set(emails) <= set(known):
        raise NotSentOnce(ResendRefusal.NOBODY)
    entry = activity.record(
        account,
        ActivityVerb.DOCUMENT_SENT_AGAIN,
        occasion,
        subject=f"invoice:{invoice.number}",
        reason=reason.strip(),
        invoice=invoice.number,
    )
    facts = payment_letters.of_document(invoice)
    for email in dict.fromkeys(emails):
        _post(account, known[email], facts, key=f"{invoice.number}:{entry.pk}")
    return len(set(emails))


def _post(account: Account, to: Addressee, facts: dict[str, object], *, key: str) -> None:
    if to.person is not None:
        mail.post(LetterKind.INVOICE_ISSUED, account, to=[to.person], facts=facts, key=key)
        return
    mail.post_to_address(
        LetterKind.INVOICE_ISSUED,
        account,
        email=to.email,
        name=to.name,
        language=to.language,
        facts=facts,
        key=key,
    )
