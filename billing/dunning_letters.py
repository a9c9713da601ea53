"""Tells of unpaid invoices: that one could not be collected, is reminded of, or stops its account.

Owner and billing admins are told. Where costs are not shown they read neither amount nor invoice, and whom to
ask in the place of a link.
"""

from collections.abc import Mapping
from datetime import date
from typing import assert_never

from accounts import mail
from accounts.models import Account, Membership
from accounts.rules.letters import LetterKind
from billing import charge_letters
from billing.models import Invoice
from billing.rules.dunning import DunningDay, DunningStep, steps_to_come, suspends_on
from billing.storage import dunning
from billing.storage.dunning import DunningReading


def not_collected(
    account: Account, invoice: Invoice, facts: Mapping[str, object], *, key: str, on: date
) -> None:
    """Tell why an invoice could not be collected, when the next try comes, and what stops when."""
    if not account.shows_costs:
        return
    reading = dunning.read_one(invoice)
    made = reading.unpaid.done if reading else {}
    kind = _kind(max(made, key=list(DunningStep).index, default=DunningStep.FIRST_TRY))
    _tell(kind, account, {**facts, **_coming(reading, on)}, key=key)


def _kind(step: DunningStep) -> LetterKind:
    """Return which letter tells of a step."""
    match step:
        case DunningStep.FIRST_TRY:
            return LetterKind.PAYMENT_FAILED
        case DunningStep.SECOND_TRY | DunningStep.THIRD_TRY:
            return LetterKind.PAYMENT_FAILED_AGAIN
        case DunningStep.FIRST_REMINDER | DunningStep.SECOND_REMINDER | DunningStep.THIRD_REMINDER:
            return LetterKind.PAYMENT_REMINDER
        case DunningStep.LAST_TRY | DunningStep.LAST_REMINDER:
            return LetterKind.SUSPENSION_WARNING
        case DunningStep.SUSPENSION:
            return LetterKind.ACCOUNT_SUSPENDED
        case _:
            assert_never(step)


def reminded(reading: DunningReading, step: DunningStep, *, on: date) -> None:
    """Remind of an invoice that is paid by transfer, or tell that one stops its account."""
    method = {"method": {"kind": "transfer"}} if reading.unpaid.by_transfer else {}
    facts = {**method, **_of_invoice(reading), **_coming(reading, on)}
    _tell(_kind(step), reading.account, facts, key=f"{reading.invoice.pk}:{step}")


def without_method(reading: DunningReading, step: DunningStep, *, on: date) -> None:
    """Tell that an invoice can't be collected, because no method is on file."""
    facts = {**_of_invoice(reading), **_coming(reading, on), "failure": "no_method", "method": {}}
    _tell(_kind(step), reading.account, facts, key=f"{reading.invoice.pk}:{step}")


def written_off(account: Account, invoice: Invoice, left: int) -> None:
    """Tell that what was left to pay of an invoice is no longer owed; nobody where costs are not shown."""
    if not account.shows_costs:
        return
    facts = {"invoice": invoice.number, "amount": left, "currency": invoice.currency}
    _tell(LetterKind.INVOICE_WRITTEN_OFF, account, facts, key=invoice.number)


def restored(account: Account, *, key: str) -> None:
    """Tell that everything is open again, because all is paid."""
    _tell(LetterKind.ACCOUNT_RESTORED, account, {}, key=key)


def _of_invoice(reading: DunningReading) -> dict[str, object]:
    """Return what letters say of an invoice; nothing where costs are not shown."""
    invoice = reading.invoice
    if not reading.account.shows_costs:
        return {}
    return {
        "invoice": invoice.number,
        "amount": reading.left,
        "currency": invoice.currency,
        "due_on": invoice.due_on.isoformat() if invoice.due_on else "",
        **(charge_letters.bank_of(invoice.seller) if reading.unpaid.by_transfer else {}),
    }


def _coming(reading: DunningReading | None, on: date) -> dict[str, object]:
    """Return the days of the next try and of the suspension, empty where there are none."""
    coming = steps_to_come(reading.unpaid, on) if reading else ()
    stops = suspends_on(coming)
    return {"next_on": _next_try(coming), "suspends_on": stops.isoformat() if stops else ""}


def _next_try(coming: tuple[DunningDay, ...]) -> str:
    tries = (DunningStep.FIRST_TRY, DunningStep.SECOND_TRY, DunningStep.THIRD_TRY, DunningStep.LAST_TRY)
    return next((one.on.isoformat() for one in coming if one.step in tries), "")


def _tell(kind: LetterKind, account: Account, facts: Mapping[str, object], *, key: str) -> None:
    people = [member.user for member in Membership.objects.contacts(account)]
    told = facts if account.shows_costs else {**facts, "contact": _contact(account)}
    mail.post(kind, account, to=people, facts=told, key=key)


def _contact(account: Account) -> dict[str, str]:
    """Return whom to ask at the vendor, where nobody of the account sees its invoices."""
    return {"name": account.vendor_contact_name, "email": account.vendor_contact_email}
