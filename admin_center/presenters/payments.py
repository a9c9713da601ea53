"""How an invoice was settled, or is being: what its page and the receipt of a change say after the fact."""

from collections.abc import Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from admin_center.wording import phrases
from billing.models import Charge, Invoice, PaymentMethod


@dataclass(frozen=True, slots=True)
class SettledView:
    """Where the money of an invoice is: the sentence is empty while it is only to be paid."""

    sentence: str = ""
    paid: bool = False
    collecting: bool = False
    by_transfer: bool = False


def settled(invoice: Invoice, charges: Sequence[Charge], *, transferred: bool, zone: str) -> SettledView:
    """Return how the money of an invoice came or is coming; `transferred` where some of it was booked."""
    if not invoice.due.amount:
        return SettledView()
    collected = next((one for one in charges if one.state == Charge.State.PROCESSING), None)
    if collected is not None:
        named = _named(collected)
        text = _("It is being collected by %(method)s: the bank takes some days.") % {"method": named}
        return SettledView(
            text if named else _("It is being collected: the bank takes some days."), collecting=True
        )
    payment = getattr(invoice, "payment", None)
    if payment is None:
        return SettledView()
    told = {"day": phrases.day(payment.paid_at.astimezone(ZoneInfo(zone)).date())}
    charge = next((one for one in charges if one.pk == payment.charge_id), None)
    if payment.write_off_id is not None:
        text = _("What was left was written off on %(day)s.")
    elif payment.from_balance:
        text = _("What was left was set off against a credit note on %(day)s.")
    elif charge is None:
        text = _("Paid by transfer on %(day)s.") if transferred else _("Paid on %(day)s.")
    elif charge.link_id is not None:
        text = _("Paid by the link in an e-mail on %(day)s.")
    elif named := _named(charge):
        text, told["method"] = _("Paid by %(method)s on %(day)s."), named
    else:
        text = _("Paid on %(day)s.")
    came = payment.write_off_id is None and not payment.from_balance
    return SettledView(text % told, paid=came, by_transfer=came and charge is None)


def _named(charge: Charge) -> str:
    """Return the method of a charge, "Visa 4242"; empty where it is no longer on file."""
    method = PaymentMethod.objects.known_as(charge.subscription_id, charge.method)
    return " ".join(filter(None, (method.brand, method.last_four))) if method else ""
