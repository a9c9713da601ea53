"""The timelines of unpaid invoices as pages show them: what was tried, why it failed, what comes when."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import assert_never

from django.utils.translation import gettext as _

from accounts.models import Account
from accounts.rules.capabilities import AccountState
from admin_center.wording import dunning as words
from admin_center.wording import phrases
from billing import payments
from billing.models import Charge, DunningEntry, Invoice, PaymentMethod
from billing.rules.dunning import DunningDay, DunningStep, steps_to_come, suspends_on
from billing.rules.money import to_minor
from billing.storage import dunning
from billing.storage.dunning import DunningReading


@dataclass(frozen=True, slots=True)
class TimelineRow:
    """One thing that happened, at a moment, or will, on a day. `failure` is the code of a decline."""

    when: date | datetime
    tone: str
    words: str
    failure: str = ""
    action_url: str = ""


@dataclass(frozen=True, slots=True)
class Timeline:
    """An unpaid invoice with what is left of it, all that was tried, and what comes on which day.

    `left` is minor units and currency; `payable` tells whether a method can pay it now. `coming` is empty
    where nothing is collected because the account is suspended, and while a first payment is on its way.
    """

    invoice: Invoice
    left: tuple[int, str]
    payable: bool
    by_transfer: bool
    suspended: bool
    pending: Charge | None
    rows: tuple[TimelineRow, ...]
    coming: tuple[DunningDay, ...]

    @property
    def collecting(self) -> bool:
        """Whether its direct debit is on its way."""
        return self.pending is not None and self.pending.state == Charge.State.PROCESSING

    @property
    def waits_for_confirmation(self) -> bool:
        """Whether the bank waits for somebody to confirm a payment."""
        return self.pending is not None and self.pending.state == Charge.State.ACTION

    @property
    def outlook(self) -> str:
        """Return in sentences what comes next, and what stops when."""
        return " ".join(self._sentences())

    def _sentences(self) -> Iterator[str]:
        following = self.coming[0] if self.coming else None
        if self.waits_for_confirmation:
            yield _("The bank waits for the payment to be confirmed.")
        elif self.by_transfer and self.invoice.due_on:
            yield _("To be paid by transfer by %(day)s.") % {"day": phrases.day(self.invoice.due_on)}
        elif following and not self.by_transfer and following.step is not DunningStep.SUSPENSION:
            yield _("We try again on %(day)s.") % {"day": phrases.day(following.on)}
        if self.suspended and self.pending is None:
            yield _("Everything opens again as soon as it is paid.")
        stops = suspends_on(self.coming)
        # Before its first reminder a transfer is not late.
        if stops and not (following and following.step is DunningStep.FIRST_REMINDER):
            told = {"day": phrases.day(stops)}
            yield _("If it is still unpaid on %(day)s, the account is suspended.") % told


def of_account(account: Account, method: PaymentMethod | None, on: date) -> list[Timeline]:
    """Return the timeline of each invoice of an account that is still to be paid, the oldest first."""
    return [_timeline(one, method, on) for one in dunning.of_account(account.pk)]


def of_invoice(invoice: Invoice, method: PaymentMethod | None, on: date) -> Timeline | None:
    """Return the timeline of one invoice, None where it is not to be paid any more."""
    reading = dunning.of_invoice(invoice)
    return _timeline(reading, method, on) if reading else None


def past(charges: Iterable[Charge], entries: Iterable[DunningEntry] = ()) -> list[TimelineRow]:
    """Return what happened, in its order: payments that were tried, and steps that tried none."""
    tried = [
        TimelineRow(
            one.created_at,
            *_told(one),
            one.failure,
            one.action_url if one.state == Charge.State.ACTION else "",
        )
        for one in charges
    ]
    others = [
        TimelineRow(
            one.at,
            "danger" if one.step == DunningStep.SUSPENSION else "warning",
            words.made(DunningStep(one.step)),
        )
        for one in entries
        if one.charge_id is None
    ]
    return sorted([*tried, *others], key=lambda row: row.when.isoformat())


def _told(charge: Charge) -> tuple[str, str]:
    """Return the tone and the words of how far a payment got, and whether it was the backup's."""
    tone, words_of_state = _state(charge)
    if charge.backup_of_id is None:
        return tone, words_of_state
    return tone, _("Backup: %(state)s") % {"state": words_of_state}


def _state(charge: Charge) -> tuple[str, str]:
    match state := Charge.State(charge.state):
        case Charge.State.SUCCEEDED:
            return "success", str(charge.get_state_display())
        case Charge.State.FAILED:
            return "danger", str(charge.get_state_display())
        case Charge.State.ACTION:
            return "warning", _("Waits to be confirmed with the bank")
        case Charge.State.CREATED | Charge.State.SENDING | Charge.State.PROCESSING | Charge.State.UNKNOWN:
            return "warning", str(charge.get_state_display())
        case _:
            assert_never(state)


def _timeline(reading: DunningReading, method: PaymentMethod | None, on: date) -> Timeline:
    invoice, due = reading.invoice, reading.invoice.due
    pending = next((one for one in reading.charges if one.state in Charge.OPEN), None)
    # One try, perhaps with its backup.
    tries = [one for one in reading.charges if one.backup_of_id is None]
    on_its_way = len(tries) == 1 and pending is not None and pending.state != Charge.State.ACTION
    coming = steps_to_come(reading.unpaid, on) if reading.is_collected and not on_its_way else ()
    named = str(method) if method is not None else ""
    future = [TimelineRow(one.on, "next", words.to_come(one.step, named)) for one in coming]
    # A card is charged all or nothing.
    whole = reading.left == to_minor(due.amount, invoice.currency)
    return Timeline(
        invoice,
        (reading.left, invoice.currency),
        payable=whole and pending is None and payments.is_charged(reading.account),
        by_transfer=reading.unpaid.by_transfer,
        suspended=reading.account.own_state is AccountState.SUSPENDED,
        pending=pending,
        rows=(*past(reading.charges, reading.entries), *future),
        coming=coming,
    )
