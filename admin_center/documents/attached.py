"""The documents that hang on letters: an invoice as its PDF, with the e-invoice inside where it can be."""

from collections.abc import Iterator
from typing import assert_never

from accounts.mail import ATTACHED, Attachment
from accounts.models import Letter
from accounts.rules.letters import LetterKind
from admin_center.documents import einvoice, pdf
from admin_center.presenters import bill
from admin_center.presenters import documents as document_presenter
from billing import documents
from billing.models import Invoice
from billing.rules import e_invoices


def _brings_its_document(kind: LetterKind) -> bool:
    """Return whether the document that a letter of a kind is about hangs on it."""
    match kind:
        case (
            LetterKind.CHANGE_CONFIRMED
            | LetterKind.INVOICE_ISSUED
            | LetterKind.PAYMENT_RECEIVED
            | LetterKind.SUBSCRIPTION_RENEWED
        ):
            return True
        case (
            LetterKind.ACCOUNT_CANCELLED
            | LetterKind.ACCOUNT_ENDED
            | LetterKind.ACCOUNT_RESTORED
            | LetterKind.ACCOUNT_SUSPENDED
            | LetterKind.CANCELLATION_SCHEDULED
            | LetterKind.EMAIL_CHANGE_ANNOUNCED
            | LetterKind.EMAIL_CHANGE_EXPIRED
            | LetterKind.EMAIL_CHANGE_NEW
            | LetterKind.EMAIL_CHANGE_OLD
            | LetterKind.EMAIL_CHANGE_TAKEN
            | LetterKind.EMAIL_CHANGED
            | LetterKind.INVITATION_EXPIRED
            | LetterKind.INVITED
            | LetterKind.INVOICE_PAYABLE
            | LetterKind.INVOICE_WRITTEN_OFF
            | LetterKind.LAST_SEAT_USED
            | LetterKind.METHOD_EXPIRING
            | LetterKind.NEWCOMER_WITHOUT_SEAT
            | LetterKind.OLD_DEBT_SETTLED
            | LetterKind.OWNERSHIP_ACCEPTED
            | LetterKind.OWNERSHIP_EXPIRED
            | LetterKind.OWNERSHIP_OFFERED
            | LetterKind.PAYMENT_ACTION
            | LetterKind.PAYMENT_FAILED
            | LetterKind.PAYMENT_FAILED_AGAIN
            | LetterKind.PAYMENT_REMINDER
            | LetterKind.PRICE_ENDING
            | LetterKind.PRICE_STAYS
            | LetterKind.PRODUCT_ENDED
            | LetterKind.REFUND_MADE
            | LetterKind.RENEWAL_COMING
            | LetterKind.REQUEST_APPROVED_FIRST
            | LetterKind.REQUEST_COMMENTED
            | LetterKind.REQUEST_DECIDED
            | LetterKind.REQUEST_EXPIRED
            | LetterKind.REQUEST_REMINDER
            | LetterKind.REQUEST_SUBMITTED
            | LetterKind.ROLE_GIVEN
            | LetterKind.ROLE_TAKEN
            | LetterKind.SEAT_ENDED
            | LetterKind.SEAT_NOT_GIVEN
            | LetterKind.SUSPENDED_BY_VENDOR
            | LetterKind.SUSPENSION_ENDED
            | LetterKind.SUSPENSION_WARNING
            | LetterKind.TEMPORARY_ENDED
            | LetterKind.TEMPORARY_ENDING
            | LetterKind.TEMPORARY_STARTING
            | LetterKind.TRIAL_ENDED
            | LetterKind.TRIAL_ENDING
        ):
            return False
        case _:
            assert_never(kind)


def invoice_of(letter: Letter) -> Iterator[Attachment]:
    """Yield the document that a letter is about; none where it has none, or costs are not shown."""
    number = letter.facts.get("invoice")
    if not number or letter.account is None or not letter.account.shows_costs:
        return
    found = Invoice.objects.of_ours().filter(number=number, subscription_id=letter.account_id).first()
    if found is None:
        return
    document = documents.read(found)
    told = document_presenter.told(document, bill.sentence(found, document))
    content = pdf.write(document, told)
    if e_invoices.missing(document) is None:
        content = einvoice.factur_x(document, content, told, list(document_presenter.notes(document)))
    yield f"{found.number}.pdf", content, "application/pdf"


def register() -> None:
    """Hang the documents on the letters that are about one."""
    ATTACHED.update({kind: invoice_of for kind in LetterKind if _brings_its_document(kind)})
