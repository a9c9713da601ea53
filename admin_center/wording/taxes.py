"""What a tax is called, and why none is charged, in words: from billing.rules.tax."""

from typing import assert_never

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from admin_center.wording import phrases
from billing.rules.tax import AppliedTax, TaxReason


def label(tax: AppliedTax) -> str:
    """Return what a row of the table of taxes says: "TVA (20 %)", or why its amount is zero."""
    if tax.reason is not None:
        return _why_none(tax, tax.reason)
    if tax.name:
        return f"{tax.name} ({phrases.percent(tax.rate)})"
    return _("Tax (%(rate)s)") % {"rate": phrases.percent(tax.rate)}


def name(tax: AppliedTax) -> str:
    """Return what a tax is called inside a sentence."""
    return tax.name or pgettext("inside a sentence", "tax")


def _why_none(tax: AppliedTax, reason: TaxReason) -> str:
    match reason:
        case TaxReason.REVERSE_CHARGE:
            return _("VAT due by you (reverse charge, Art. 196 of Directive 2006/112/EC)")
        case TaxReason.OUTSIDE_EU:
            return _("No VAT: your company is outside the EU (Art. 44 of Directive 2006/112/EC)")
        case TaxReason.ABROAD:
            return _("No tax: your company is in another country than the seller")
        case TaxReason.SMALL_BUSINESS:
            law = tax.law or _("small business")
            return _("VAT not applicable (%(law)s)") % {"law": law}
        case TaxReason.EXEMPT:
            return _("%(tax)s: exempt (%(law)s)") % {"tax": name(tax), "law": tax.law}
        case TaxReason.NOT_TAXED:
            return _("No tax is charged in your country")
        case _:
            assert_never(reason)
