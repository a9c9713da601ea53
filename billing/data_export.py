"""Puts an account's own data into a ZIP of CSV and JSON, in the background, for its owner."""

import csv
import io
import json
import zipfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, date, datetime

from django.db import transaction
from procrastinate.contrib.django import app
from procrastinate.exceptions import AlreadyEnqueued

from accounts import activity, queues
from accounts.gate import Gate
from accounts.models import Account, Activity, Membership
from accounts.occasion import Occasion
from accounts.rules.activity import COST_FREE, ActivityVerb
from accounts.rules.decision import Action
from accounts.spreadsheet import defused
from billing import addresses
from billing.models import (
    AgentSeat,
    BillingProfile,
    DataExport,
    Invoice,
    InvoiceLine,
    PaymentMethod,
    Refund,
    WriteOff,
)
from billing.rules.tax import AppliedTax
from billing.rules.tax_json import from_plain
from billing.storage import loading
from billing.subscription_state import state_of

Row = Mapping[str, object]


@transaction.atomic
def ask(account: Account, *, occasion: Occasion) -> DataExport:
    """Ask for an export; one that is being prepared is returned as it stands. Raises NotAllowed."""
    account = Account.objects.lock(account.pk)
    Gate(occasion.person, account, on=occasion.on).demand(Action.EXPORT_DATA)
    waiting = DataExport.objects.filter(
        account=account, state__in=[DataExport.State.WAITING, DataExport.State.RUNNING]
    ).first()
    if waiting is not None:
        return waiting
    made = DataExport.objects.create(account=account, requested_by=occasion.person, created_at=occasion.at)
    activity.record(account, ActivityVerb.DATA_EXPORT_ASKED, occasion, subject=f"export:{made.pk}")
    transaction.on_commit(_wake_worker, robust=True)
    return made


def _wake_worker() -> None:
    """Wake a worker; where that is lost, the next sweep prepares what waits."""
    with suppress(AlreadyEnqueued):
        app.configure_task("billing.prepare_exports", queueing_lock="exports").defer()


def prepare_waiting(at: datetime) -> int:
    """Prepare every export that waits, or that a killed worker left; return how many.

    Of cancelled accounts none. One that fails says so on its page, and stops neither the others nor
    what a worker does next.
    """
    ids = DataExport.objects.filter(
        state__in=[DataExport.State.WAITING, DataExport.State.RUNNING],
        account__cancelled_at=None,
    ).values_list("pk", "account_id")
    rows = list(ids)
    queues.each("exports", rows, lambda export_id: _prepare_or_fail(export_id, at), at=at)
    return len(rows)


def _prepare_or_fail(export_id: int, at: datetime) -> None:
    """Prepare one; what it raises is told by its own row, and to whoever runs the queue."""
    try:
        prepare(export_id, at)
    except Exception:
        DataExport.objects.filter(pk=export_id).update(state=DataExport.State.FAILED)
        raise


def prepare(export_id: int, at: datetime) -> None:
    """Write the ZIP part by part, as of a moment's day in UTC, saying how far it got. Again begins anew."""
    export = DataExport.objects.select_related("account").get(pk=export_id)
    target, on = io.BytesIO(), at.astimezone(UTC).date()
    parts = list(_PARTS.items())
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for done, (name, part) in enumerate(parts, 1):
            rows = list(part(export.account, on))
            archive.writestr(f"{name}.json", json.dumps(rows, default=str, ensure_ascii=False, indent=1))
            archive.writestr(f"{name}.csv", _csv(rows))
            DataExport.objects.filter(pk=export_id).update(
                state=DataExport.State.RUNNING, progress=done * 100 // (len(parts) + 1)
            )
    DataExport.objects.filter(pk=export_id).update(
        state=DataExport.State.READY,
        progress=100,
        content=target.getvalue(),
        ready_at=at,
    )


def _csv(rows: Sequence[Row]) -> str:
    out = io.StringIO()
    writer = csv.writer(out)
    if rows:
        writer.writerow(rows[0].keys())
        writer.writerows([_cell(value) for value in row.values()] for row in rows)
    return out.getvalue()


def _cell(value: object) -> str:
    """Return a cell; what is a list or has parts stands in it as JSON."""
    plain = json.dumps(value, ensure_ascii=False) if isinstance(value, list | dict) else value
    return defused(plain)


def _members(account: Account, on: date) -> Iterable[Row]:
    seats: dict[int, list[str]] = {}
    for member_id, product in AgentSeat.objects.filter(subscription_id=account.pk).values_list(
        "membership_id", "line__product__name"
    ):
        seats.setdefault(member_id, []).append(product)
    for member in Membership.objects.filter(account=account).select_related("user").order_by("pk"):
        yield {
            "name": member.user.name,
            "email": member.user.email,
            "role": member.role,
            "suspended": member.suspended_at is not None,
            "joined_at": member.joined_at,
            "last_sign_in": member.user.last_login,
            "seats": ", ".join(sorted(seats.get(member.pk, []))),
        }


def _subscription(account: Account, on: date) -> Iterable[Row]:
    reading = loading.read(account, on)
    if reading is not None:
        yield state_of(reading.facts)


def _billing_profile(account: Account, on: date) -> Iterable[Row]:
    """Return whom invoices are made out to, and who gets them."""
    profile = BillingProfile.objects.of(account.pk)
    if profile is None:
        return
    said = profile.as_buyer(account.name)
    yield {
        "legal_name": profile.legal_name,
        "sold_to": addresses.one_line(said.sold_to) if said.sold_to else "",
        "bill_to": addresses.one_line(said.bill_to) if said.bill_to else "",
        "tax_number": said.tax_id.written if said.tax_id else "",
        "purchase_order": profile.purchase_order,
        "recipients": ", ".join(one.email for one in profile.recipients.all()),
    }


def _payment_methods(account: Account, on: date) -> Iterable[Row]:
    """Return how the account pays, as its pages show it; none where the vendor keeps that."""
    if not account.shows_costs:
        return
    for method in PaymentMethod.objects.filter(subscription_id=account.pk).order_by("pk"):
        yield {
            "use": method.use,
            "kind": method.kind,
            "brand": method.brand,
            "last_four": method.last_four,
            "expires_on": method.last_day,
        }


def _invoices(account: Account, on: date) -> Iterable[Row]:
    """Return the lines of all invoices; none where costs are not shown."""
    if not account.shows_costs:
        return
    old = Invoice.objects.filter(subscription_id=account.pk, reason=Invoice.Reason.BROUGHT_IN)
    for invoice in old.order_by("issued_on", "pk"):
        yield _brought_in(invoice)
    lines = InvoiceLine.objects.filter(invoice__subscription_id=account.pk).select_related("invoice")
    for line in lines.order_by("invoice__issued_at", "invoice_id", "position"):
        yield {
            "number": line.invoice.number,
            "issued_on": line.invoice.issued_on,
            "product": line.product_name,
            "edition": line.edition_name,
            "from": line.covers_from,
            "until": line.covers_until,
            "quantity": line.quantity,
            "amount": line.amount.amount,
            "taxes": " + ".join(_tax(from_plain(tax)) for tax in line.taxes),
            "currency": line.invoice.currency,
            "tax_of_invoice": line.invoice.tax.amount,
            "total_of_invoice": line.invoice.total.amount,
        }


def _brought_in(invoice: Invoice) -> Row:
    """Return an invoice of the system before: what is known of it here is what was left to pay."""
    return {
        "number": invoice.number,
        "issued_on": invoice.issued_on,
        "product": "",
        "edition": "",
        "from": "",
        "until": "",
        "quantity": "",
        "amount": invoice.total.amount,
        "taxes": "",
        "currency": invoice.currency,
        "tax_of_invoice": "",
        "total_of_invoice": invoice.total.amount,
    }


def _refunds(account: Account, on: date) -> Iterable[Row]:
    """Return what was given back; none where costs are not shown."""
    if not account.shows_costs:
        return
    made = Refund.objects.filter(subscription_id=account.pk, state__in=Refund.COUNTED)
    for refund in made.select_related("charge__invoice").order_by("created_at", "pk"):
        yield {
            "invoice": str(refund.charge.invoice or ""),
            "asked_at": refund.created_at,
            "made_at": refund.settled_at,
            "state": refund.state,
            "amount": refund.amount.amount,
            "currency": refund.amount.currency.code,
            "reason": refund.reason,
        }


def _write_offs(account: Account, on: date) -> Iterable[Row]:
    """Return what the vendor gave up of invoices; none where costs are not shown."""
    if not account.shows_costs:
        return
    made = WriteOff.objects.filter(invoice__subscription_id=account.pk).select_related("invoice")
    for one in made.order_by("written_off_at", "pk"):
        yield {
            "invoice": one.invoice.number,
            "at": one.written_off_at,
            "amount": one.amount.amount,
            "currency": one.invoice.currency,
            "reason": one.reason,
        }


def _tax(tax: AppliedTax) -> str:
    """Return a tax as a file names it: "QST 9.975", or the code of why there is none."""
    return tax.reason.value if tax.reason else f"{tax.name} {tax.rate.normalize():f}".strip()


def _activity(account: Account, on: date) -> Iterable[Row]:
    """Return the trail; where costs are not shown, without what could hold an amount."""
    shown = account.shows_costs

    def kept(stored: object) -> dict[str, object]:
        facts = stored if isinstance(stored, dict) else {}
        return {name: fact for name, fact in facts.items() if shown or name in COST_FREE}

    for entry in Activity.objects.filter(account=account).order_by("pk").iterator():
        yield {
            "at": entry.at,
            "who": entry.actor_name,
            "what": entry.verb,
            "subject": entry.subject,
            "before": kept(entry.before),
            "after": kept(entry.after),
            "reason": entry.reason if shown else "",
        }


_PARTS: dict[str, Callable[[Account, date], Iterable[Row]]] = {
    "members": _members,
    "subscription": _subscription,
    "billing_profile": _billing_profile,
    "payment_methods": _payment_methods,
    "invoices": _invoices,
    "refunds": _refunds,
    "write_offs": _write_offs,
    "activity": _activity,
}
