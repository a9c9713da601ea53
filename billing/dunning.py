"""Makes the steps of the timelines of unpaid invoices: tries again, reminds, suspends (domain.md 9).

Each step is made once, whoever asks and however often: under the account's lock, with an entry that the
database takes once, and only where no payment of the invoice goes on. What pays the invoice ends its timeline
and opens the account again at once (`debts.reopen`).
"""

from typing import assert_never
from uuid import UUID

from django.db import transaction

from accounts import activity, lifecycle
from accounts.models import Account
from accounts.occasion import Occasion
from accounts.rules.activity import ActivityVerb
from accounts.rules.capabilities import AccountState
from billing import dunning_letters, payment_uses, payments
from billing.models import DunningEntry, Invoice
from billing.rules.dunning import DunningStep, due_step
from billing.storage import dunning
from billing.storage.dunning import DunningReading


def take_step(invoice_id: int, *, occasion: Occasion) -> DunningStep | None:
    """Make the one step of an unpaid invoice that is due on a day of its account, if one is; return it.

    A try is committed before it is sent. Raises Invoice.DoesNotExist.
    """
    payments.outside_a_transaction()
    occasion = occasion.by_itself()
    with transaction.atomic():
        account = Account.objects.lock_for(Invoice, invoice_id)
        reading = dunning.read_one(Invoice.objects.get(pk=invoice_id))
        step = due_step(reading.unpaid, occasion.on) if reading else None
        if reading is None or step is None:
            return None
        charge_id = _make(account, reading.after(step, occasion.on), step, occasion)
    if charge_id is not None:
        payments.collect(charge_id, occasion=occasion)
    return step


def _make(account: Account, reading: DunningReading, step: DunningStep, occasion: Occasion) -> UUID | None:
    """Make a step under the lock; return the charge to send, where it is a try."""
    entry = DunningEntry.objects.create(invoice=reading.invoice, step=step, on=occasion.on, at=occasion.at)
    match step:
        case DunningStep.FIRST_TRY | DunningStep.SECOND_TRY | DunningStep.THIRD_TRY | DunningStep.LAST_TRY:
            return _try(account, reading, entry, occasion)
        case (
            DunningStep.FIRST_REMINDER
            | DunningStep.SECOND_REMINDER
            | DunningStep.THIRD_REMINDER
            | DunningStep.LAST_REMINDER
        ):
            _remind(account, reading.invoice, occasion)
        case DunningStep.SUSPENSION:
            number = reading.invoice.number
            lifecycle.move(
                account, AccountState.SUSPENDED, occasion=occasion, reason="invoice_unpaid", invoice=number
            )
        case _:
            assert_never(step)
    dunning_letters.reminded(reading, step, on=occasion.on)
    return None


def _try(account: Account, reading: DunningReading, entry: DunningEntry, occasion: Occasion) -> UUID | None:
    """Intend a charge of the method on file as it is now; where there is none, say so."""
    invoice, method = reading.invoice, payment_uses.method_of(account)
    if method is None:
        _record(account, ActivityVerb.INVOICE_NOT_TRIED, invoice, occasion, reason="no_method")
        dunning_letters.without_method(reading, DunningStep(entry.step), on=occasion.on)
        return None
    entry.charge = payments.intend(account, invoice.due, method, occasion.at, invoice=invoice)
    entry.save(update_fields=["charge"])
    _record(account, ActivityVerb.INVOICE_TRIED_AGAIN, invoice, occasion)
    return entry.charge.pk


def _remind(account: Account, invoice: Invoice, occasion: Occasion) -> None:
    """Remind of an invoice; past the day by which it was to be paid, its account is past due."""
    if account.state == AccountState.ACTIVE and (invoice.due_on is None or occasion.on > invoice.due_on):
        lifecycle.move(
            account,
            AccountState.PAST_DUE,
            occasion=occasion,
            reason="invoice_overdue",
            invoice=invoice.number,
        )
    _record(account, ActivityVerb.INVOICE_REMINDED, invoice, occasion)


def _record(
    account: Account, verb: ActivityVerb, invoice: Invoice, occasion: Occasion, *, reason: str = ""
) -> None:
    activity.record(account, verb, occasion, subject="invoice", reason=reason, invoice=invoice.number)
