"""Tells of money: what came in, what did not, what waits for a bank's question, what was given back.

Where costs are not shown nobody of the account is told: its invoices are the vendor's staff's (domain.md 3).
"""

from collections.abc import Iterator, Mapping
from datetime import date, datetime
from typing import Any

from accounts import mail
from accounts.models import Account, Membership
from accounts.rules.letters import LetterKind
from billing import approvals, charge_letters, documents, dunning_letters
from billing.models import Charge, Invoice, PaymentMethod, Refund
from billing.rules.documents import InvoiceDocument, InvoiceState, PaymentMeans, payment_to_plain
from billing.rules.money import to_minor
from billing.rules.parties import to_plain
from billing.storage.contacts import AccountContacts


def received(account: Account, charge: Charge, *, at: datetime) -> None:
    """Send the receipt of an invoice that was paid after it was issued, with its document."""
    assert charge.invoice is not None
    facts = {**_facts(charge), **_paid(charge.invoice, at)}
    _post(LetterKind.PAYMENT_RECEIVED, account, facts, key=str(charge.pk))


def transferred(account: Account, invoice: Invoice, *, on: date) -> None:
    """Send the receipt of an invoice of which nothing is left to pay, by transfer: the last came on a day."""
    facts = {
        "invoice": invoice.number,
        "amount": to_minor(invoice.due.amount, invoice.currency),
        "currency": invoice.currency,
        "method": {"kind": "transfer"},
        **_paid(invoice, on),
    }
    _post(LetterKind.PAYMENT_RECEIVED, account, facts, key=invoice.number)


def failed(account: Account, charge: Charge, *, on: date) -> None:
    """Tell why a payment failed that nobody was there for, and the one way that mends it.

    Of an invoice: as the step of its timeline that it was.
    """
    if charge.invoice is None:
        _tell(LetterKind.PAYMENT_FAILED, account, charge)
    else:
        dunning_letters.not_collected(account, charge.invoice, _facts(charge), key=str(charge.pk), on=on)


def needs_confirmation(account: Account, charge: Charge) -> None:
    """Tell that the bank wants a payment confirmed that nobody was there for."""
    automatic = charge.quote is not None and approvals.is_automatic(charge.quote)
    if charge.return_url or charge.link_id is not None or automatic:
        return
    _tell(LetterKind.PAYMENT_ACTION, account, charge)


def refunded(account: Account, charge: Charge) -> None:
    """Tell that money which could not be used was given back."""
    _tell(LetterKind.REFUND_MADE, account, charge)


def given_back(account: Account, refund: Refund) -> None:
    """Tell that the vendor's staff gave money back, why, and what of it is owed again."""
    currency = refund.amount.currency.code
    facts = {
        **_facts(refund.charge),
        "amount": to_minor(refund.amount.amount, currency),
        "owed_again": to_minor(refund.owed_again.amount, currency),
        "reason": refund.reason,
    }
    _post(LetterKind.REFUND_MADE, account, facts, key=str(refund.pk))


def issued(account: Account, to_whom: AccountContacts, document: InvoiceDocument) -> Iterator[mail.NewLetter]:
    """Yield a document's letters to those who get the account's invoices, each in their language.

    Owner and billing admins read of it in the letter about what caused it, which has the document too.
    """
    if not account.shows_costs:
        return
    people = {one.email for one in to_whom.people}
    facts = _of_document(document)
    for one in to_whom.recipients:
        if one.email not in people:
            kind = LetterKind.INVOICE_ISSUED
            # Whom it greets, where that is known.
            told = facts | ({"addressee": one.name} if one.name else {})
            key = f"{kind}:{document.number}:{one.email}"[:120]
            yield mail.NewLetter(kind, account.pk, None, one.email, one.language, told, key)


def credited(account: Account, note: Invoice, reason: str) -> None:
    """Send a credit note of the staff to owner and billing admins, with its reason."""
    facts = {**_of_invoice(note), "reason": reason}
    _post(LetterKind.INVOICE_ISSUED, account, facts, key=note.number)


def of_document(invoice: Invoice) -> dict[str, Any]:
    """Return what a letter says that sends a document once more, as it stands by now."""
    return {**_of_invoice(invoice), "settled": invoice.state is not InvoiceState.OPEN}


def terms(payment: Mapping[str, Any], due_on: date | None) -> dict[str, Any]:
    """Return how a document is settled, for a letter: its plain terms of payment, and by when."""
    return {"payment": payment, "due_on": due_on.isoformat() if due_on else ""}


def _tell(kind: LetterKind, account: Account, charge: Charge) -> None:
    _post(kind, account, _facts(charge), key=str(charge.pk))


def _post(kind: LetterKind, account: Account, facts: Mapping[str, object], *, key: str) -> None:
    """Tell owner and billing admins; nobody where costs are not shown."""
    if account.shows_costs:
        people = [member.user for member in Membership.objects.contacts(account)]
        mail.post(kind, account, to=people, facts=facts, key=key)


def _paid(invoice: Invoice, when: date) -> dict[str, Any]:
    """Return what a receipt says beside the payment: when it came, and the invoice's lines and sums."""
    return {
        **charge_letters.of_document(documents.read(invoice)),
        "paid_at": when.isoformat(),
    }


def _facts(charge: Charge) -> dict[str, Any]:
    """Return what letters say of a charge: the amount in minor units, how it was to be paid, why not."""
    currency = charge.amount.currency.code
    first = charge.backup_of
    return {
        "invoice": charge.invoice.number if charge.invoice else "",
        "amount": to_minor(charge.amount.amount, currency),
        "currency": currency,
        "method": _shown(charge),
        "failure": charge.failure,
        "quote": str(charge.quote_id or ""),
        **({"declined": {"method": _shown(first), "failure": first.failure}} if first else {}),
    }


def _shown(charge: Charge) -> dict[str, str]:
    """Return what may be said of the method of a charge; nothing where it is no longer on file."""
    method = PaymentMethod.objects.known_as(charge.subscription_id, charge.method)
    return {"kind": method.kind, "brand": method.brand, "last_four": method.last_four} if method else {}


def _of_document(document: InvoiceDocument) -> dict[str, Any]:
    return {
        "invoice": document.number,
        "credit": document.is_credit_note,
        "amount": abs(document.total),
        "due": document.due,
        "currency": document.currency,
        **terms(payment_to_plain(document.payment), document.due_on),
        **_bank(document.payment.means, to_plain(document.seller) if document.seller else {}),
        "corrects": [one.number for one in document.corrects],
        "purchase_order": document.purchase_order,
    }


def _of_invoice(invoice: Invoice) -> dict[str, Any]:
    return {
        "invoice": invoice.number,
        "credit": invoice.kind == Invoice.Kind.CREDIT_NOTE,
        "amount": to_minor(abs(invoice.total.amount), invoice.currency),
        "due": to_minor(invoice.due.amount, invoice.currency),
        "currency": invoice.currency,
        **terms(invoice.payment_terms, invoice.due_on),
        **_bank(invoice.payment_terms.get("means", ""), invoice.seller),
        "corrects": [one["number"] for one in invoice.corrects],
        "purchase_order": invoice.purchase_order,
    }


def _bank(means: str, seller: Mapping[str, Any]) -> dict[str, Any]:
    """Return where a transfer goes, of what is paid by one."""
    return charge_letters.bank_of(seller) if means == PaymentMeans.TRANSFER else {}
