"""The documents that hang on letters: an invoice as its PDF, with the e-invoice inside where it can be."""

from collections.abc import Iterator

from accounts.mail import ATTACHED, Attachment
from accounts.models import Letter
from accounts.rules.letters import LetterKind
from admin_center.documents import einvoice, pdf
from admin_center.presenters import documents as document_presenter
from billing import documents
from billing.models import Invoice
from billing.rules import e_invoices

KINDS = (
    LetterKind.CHANGE_CONFIRMED,
    LetterKind.SUBSCRIPTION_RENEWED,
    LetterKind.INVOICE_ISSUED,
    LetterKind.PAYMENT_RECEIVED,
)


def invoice_of(letter: Letter) -> Iterator[Attachment]:
    """Yield the document that a letter is about; none where it has none, or costs are not shown."""
    number = letter.facts.get("invoice")
    if not number or letter.account is None or not letter.account.shows_costs:
        return
    found = Invoice.objects.of_ours().filter(number=number, subscription_id=letter.account_id).first()
    if found is None:
        return
    document = documents.read(found)
    told = document_presenter.told(document)
    content = pdf.write(document, told)
    if e_invoices.missing(document) is None:
        content = einvoice.factur_x(document, content, told, list(document_presenter.notes(document)))
    yield f"{found.number}.pdf", content, "application/pdf"


def register() -> None:
    """Hang the documents on the letters that are about one."""
    ATTACHED.update({kind.value: invoice_of for kind in KINDS})
