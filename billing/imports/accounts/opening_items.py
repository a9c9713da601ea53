"""Invoices of the system before that are still to be paid: owed here under the numbers that they have."""

import re
from collections.abc import Iterator
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from django.conf import settings

from accounts.models import Account
from accounts.rules.capabilities import CollectionMethod
from billing.imports.accounts.listing import AccountFault, ListedAccount, ListedOpenInvoice, fault
from billing.imports.accounts.values import shown
from billing.models import BillingProfile, Invoice
from billing.rules import parties
from billing.rules.documents import PaymentMeans, PaymentTerms, payment_to_plain
from billing.rules.money import to_money
from billing.storage.statements import OUR_NUMBERS


def faults(account: ListedAccount) -> Iterator[AccountFault]:
    """Find what can't be owed, whatever the day."""
    for one in account.open_invoices:
        if re.fullmatch(OUR_NUMBERS, one.number, re.IGNORECASE):
            text = f"{shown(one.number)} is a number such as invoices get here; write what tells it apart, "
            yield fault(one.row, "number", text + f"such as OLD-{one.number}")
        if one.amount <= 0:
            yield fault(one.row, "amount", "must be more than 0; what the vendor owes is a balance")
        if one.due_on is not None and one.due_on < one.issued_on:
            yield fault(one.row, "due_on", f"{one.due_on} lies before the day of issue, {one.issued_on}")


def faults_on(account: ListedAccount, on: date) -> Iterator[AccountFault]:
    """Find what was not issued yet on a day of the account."""
    for one in account.open_invoices:
        if one.issued_on > on:
            yield fault(one.row, "issued_on", f"{one.issued_on} has not come yet; today is {on}")


def invoice_of(
    account: Account, one: ListedOpenInvoice, profile: BillingProfile, *, email: str, at: datetime
) -> Invoice:
    """Return an open invoice as it stands here: without lines, with all of its amount due.

    The parties are those of the day on which it is brought in: who pays whom. Where the account has ended,
    it was open by then.
    """
    currency = account.currency
    issued_at = datetime.combine(one.issued_on, time(), ZoneInfo(account.timezone))
    by_transfer = account.collects is CollectionMethod.SEND_INVOICE
    amount, nothing = to_money(one.amount, currency), to_money(0, currency)
    return Invoice(
        number=one.number,
        subscription_id=account.pk,
        kind=Invoice.Kind.INVOICE,
        reason=Invoice.Reason.BROUGHT_IN,
        issued_on=one.issued_on,
        issued_at=min(issued_at, account.cancelled_at or at),
        due_on=one.due_on or one.issued_on,
        currency=currency,
        language=account.language,
        account_name=account.name,
        vendor_name=settings.VENDOR_NAME,
        seller=parties.to_plain(settings.SELLER),
        buyer=parties.to_plain(profile.as_buyer(account.name, email)),
        payment_terms=payment_to_plain(
            PaymentTerms(PaymentMeans.TRANSFER if by_transfer else PaymentMeans.OPEN)
        ),
        purchase_order=one.purchase_order,
        subtotal=amount,
        tax=nothing,
        total=amount,
        prepaid=nothing,
        carried_over=nothing,
        due=amount,
    )
