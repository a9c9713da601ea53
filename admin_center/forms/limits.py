"""The owner's limits for change requests, in the account's currency."""

from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from admin_center.forms.fields import Number, WholeNumber
from billing.rules.approval_limits import Limits
from billing.rules.money import exponent, to_decimal, to_minor

MOST = Decimal(999_999_999)


class LimitsForm(forms.Form):
    """What is approved automatically, and what needs two people; an empty field is off."""

    amount = Number(required=False, min_value=0, max_value=MOST)
    seats = WholeNumber(
        label=gettext_lazy("Seats approved automatically, a month"),
        required=False,
        min_value=0,
        max_value=1_000_000,
        help_text=gettext_lazy("Alone, only requests for more or fewer seats of what you have."),
    )
    two_above = Number(required=False, min_value=0, max_value=MOST)

    def __init__(self, data: Any = None, *, currency: str, limits: Limits | None = None) -> None:
        """Begin with the limits that count now."""
        self.currency = currency
        held = limits or Limits()
        super().__init__(
            data,
            initial={
                "amount": self._decimal(held.amount),
                "seats": held.seats,
                "two_above": self._decimal(held.two_above),
            },
        )
        told = {"currency": currency}
        self.fields["amount"].label = _("Approved automatically up to, a month (%(currency)s)") % told
        self.fields["amount"].help_text = _(
            "With tax, together with what was so approved this month. The renewal may not grow by more."
        )
        self.fields["two_above"].label = _("Two people approve above (%(currency)s)") % told
        self.fields["two_above"].help_text = _(
            "With tax, for what is due now or what the renewal costs more. Neither may have asked for it."
        )
        for name in ("amount", "two_above"):
            field = self.fields[name]
            assert isinstance(field, Number)
            field.decimal_places = exponent(currency)
            field.widget.attrs["step"] = str(Decimal(1).scaleb(-exponent(currency)))

    def _decimal(self, minor: int | None) -> Decimal | None:
        return None if minor is None else to_decimal(minor, self.currency)

    def clean(self) -> None:
        """Ask that amounts are whole minor units, and that what is automatic never needs two people."""
        for name in ("amount", "two_above"):
            value = self.cleaned_data.get(name)
            if value is not None and value.scaleb(exponent(self.currency)) % 1:
                told = {"currency": self.currency}
                self.add_error(name, _("%(currency)s has no such small part.") % told)
        if not self.errors and not self.limits().agree:
            self.add_error("two_above", _("This must not be below what is approved automatically."))

    def limits(self) -> Limits:
        """Return what was typed, of a form that was validated."""
        minor = {
            name: None
            if self.cleaned_data[name] is None
            else to_minor(self.cleaned_data[name], self.currency)
            for name in ("amount", "two_above")
        }
        return Limits(minor["amount"], self.cleaned_data["seats"], minor["two_above"])
