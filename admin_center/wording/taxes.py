"""What a tax is called, and why none is charged, in words: from billing.rules.tax."""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any, assert_never

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext

from admin_center.wording import phrases
from billing.rules.tax import AppliedTax, LineTaxes, TaxReason
from billing.rules.tax_json import from_plain
from billing.rules.taxation import TaxTreatment

TREATMENTS = {
    TaxTreatment.OWN_RATE: gettext_lazy("A rate of its own"),
    TaxTreatment.UNKNOWN: gettext_lazy("No tax is shown: the seller’s country or the customer’s isn’t known"),
    TaxTreatment.SMALL_BUSINESS: gettext_lazy("None: the seller is a small business"),
    TaxTreatment.DOMESTIC: gettext_lazy("In the seller’s country"),
    TaxTreatment.REVERSE_CHARGE: gettext_lazy("Reverse charge: the customer owes the tax"),
    TaxTreatment.REGISTERED: gettext_lazy("In a country where the seller is registered"),
    TaxTreatment.SELLERS_RATE: gettext_lazy("In the EU without a number for VAT: the seller’s rate"),
    TaxTreatment.OUTSIDE_SCOPE: gettext_lazy("Outside the scope of the seller’s tax"),
}

# How accounts are taxed that are charged by the table, or said by it to be exempt.
AT_A_RATE = frozenset({TaxTreatment.DOMESTIC, TaxTreatment.REGISTERED, TaxTreatment.SELLERS_RATE})


def label(tax: AppliedTax) -> str:
    """Return what a row of the table of taxes says: "TVA (20 %)", or why its amount is zero."""
    if tax.reason is not None:
        return _why_none(tax, tax.reason)
    if tax.name:
        return f"{tax.name} ({phrases.percent(tax.rate)})"
    return _("Tax (%(rate)s)") % {"rate": phrases.percent(tax.rate)}


def borne(plain: Iterable[Mapping[str, Any]]) -> str:
    """Return how something is charged: "with TVA (20 %)", or "without tax"."""
    charged = [label(tax) for tax in map(from_plain, plain) if tax.rate]
    return _("with %(taxes)s") % {"taxes": " + ".join(charged)} if charged else _("without tax")


def rate(percent: Decimal | None, law: str) -> str:
    """Return what a row of the table of rates says: "9.975 %", or that nothing is charged."""
    if percent is not None:
        return phrases.percent(percent)
    return _("exempt") if law else _("not taxed")


def treatment(how: TaxTreatment, borne: LineTaxes) -> str:
    """Return how an account is taxed, with what it is charged: for the vendor's staff."""
    charged = " + ".join(label(tax) for tax in borne if tax.reason is None)
    words = str(TREATMENTS[how])
    if how in AT_A_RATE and not borne:
        charged = _("no rate is loaded")
    return _("%(how)s: %(taxes)s") % {"how": words, "taxes": charged} if charged else words


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
