"""Why an invoice comes to more or less than the one before it, in words; no amounts."""

from typing import assert_never

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from admin_center.wording import phrases, taxes
from admin_center.wording.bidi import isolated
from billing.rules.bill_comparison import BillCause, BillPart
from billing.rules.documents import DocumentLine
from billing.rules.lines import LineKind


def part(one: BillPart) -> str:
    """Return the cause of a part of the difference."""
    if one.cause is BillCause.TAX:
        return taxes.label(one.tax) if one.tax else ""
    if one.cause is BillCause.DISCOUNT:
        return _("Discount %(code)s") % {"code": isolated(one.code)}
    was, now = one.before or one.now, one.now or one.before
    if was is None or now is None:
        return ""
    told = {"product": isolated(now.product_name)}
    match one.cause:
        case BillCause.QUANTITY:
            return _from_to(told, phrases.number(was.quantity), phrases.counted(now.quantity, now.unit_words))
        case BillCause.EDITION:
            return _from_to(told, isolated(was.edition_name), isolated(now.edition_name))
        case BillCause.PRICE if now.unit_words is not None:
            return _("%(product)s: another price") % told
        case BillCause.PRICE:
            return _("%(product)s: another price per seat and month") % told
        case BillCause.LENGTH:
            return _from_to(told, _length(was), _length(now))
        case BillCause.ADDED:
            return _("%(line)s: added") % {"line": _line(now)}
        case BillCause.ENDED:
            return _("%(line)s: no longer charged") % {"line": _line(was)}
        case BillCause.ONCE_NOW if now.kind is LineKind.TEMPORARY:
            return _("%(product)s: temporary seats, only on this invoice") % told
        case BillCause.ONCE_BEFORE if was.kind is LineKind.TEMPORARY:
            return _("%(product)s: temporary seats, only on the invoice before") % told
        case BillCause.ONCE_NOW:
            return _("%(product)s: change within a period, only on this invoice") % told
        case BillCause.ONCE_BEFORE:
            return _("%(product)s: change within a period, only on the invoice before") % told
        case _:
            assert_never(one.cause)


def _from_to(told: dict[str, str], old: str, new: str) -> str:
    return _("%(product)s: from %(old)s to %(new)s") % {**told, "old": old, "new": new}


def _length(line: DocumentLine) -> str:
    """Return how long a line pays for: months of a whole period, else days."""
    if line.covers == line.term:
        months = line.cycle.months
        return ngettext("%(count)s month", "%(count)s months", months) % {"count": phrases.number(months)}
    return ngettext("%(count)s day", "%(count)s days", line.covers.days) % {
        "count": phrases.number(line.covers.days)
    }


def _line(line: DocumentLine) -> str:
    return f"{isolated(line.name)} × {phrases.number(line.quantity)}"
