"""Gives up what is left to pay of an open invoice: the vendor's staff say why, and it is no longer owed."""

from enum import StrEnum

from django.db import transaction

from accounts import activity, staff
from accounts.models import Account
from accounts.occasion import Occasion
from accounts.rules.activity import ActivityVerb
from billing import bank_payments, debts, dunning_letters, payments
from billing.models import Charge, Invoice, InvoicePayment, WriteOff
from billing.rules.money import to_money


class WriteOffRefusal(StrEnum):
    """Why an invoice is not written off."""

    NOTHING_OPEN = "nothing_open"
    # A payment of it may still come in.
    UNDER_WAY = "under_way"


class NotWrittenOff(Exception):
    """Nothing can be written off of the invoice; `why` says the reason."""

    def __init__(self, why: WriteOffRefusal) -> None:
        """Keep the reason."""
        super().__init__(why)
        self.why = why


def write_off(invoice_id: int, *, reason: str, occasion: Occasion) -> WriteOff:
    """Write off what is left to pay of an open invoice; an account that owes nothing else is open again.

    A payment of it that is under way is asked for first. Raises PermissionDenied for anyone but the vendor's
    staff, ValueError without a reason, NotWrittenOff, Invoice.DoesNotExist.
    """
    staff.demand(occasion.person, reason)
    payments.settle_open(Invoice.objects.filter(pk=invoice_id).first(), occasion=occasion.by_itself())
    with transaction.atomic():
        account = Account.objects.lock_for(Invoice, invoice_id)
        invoice = Invoice.objects.get(pk=invoice_id)
        if not bank_payments.open_ones().filter(pk=invoice_id).exists():
            raise NotWrittenOff(WriteOffRefusal.NOTHING_OPEN)
        if invoice.charges.filter(state__in=Charge.OPEN).exists():
            raise NotWrittenOff(WriteOffRefusal.UNDER_WAY)
        left = bank_payments.left_of(invoice)
        made = WriteOff.objects.create(
            invoice=invoice,
            amount=to_money(left, invoice.currency),
            reason=reason.strip(),
            written_off_by=occasion.person,
            written_off_by_name=occasion.person.name,
            written_off_at=occasion.at,
        )
        InvoicePayment.objects.create(invoice=invoice, write_off=made, paid_at=occasion.at)
        activity.record(
            account,
            ActivityVerb.INVOICE_WRITTEN_OFF,
            occasion,
            subject=f"invoice:{invoice.number}",
            after={"amount": {"minor": left, "currency": invoice.currency}},
            reason=reason.strip(),
            invoice=invoice.number,
        )
        dunning_letters.written_off(account, invoice, left)
        if debts.are_settled(account, occasion.on):
            debts.reopen(account, occasion=occasion, reason="written_off")
    return made
