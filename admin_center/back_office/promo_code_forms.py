"""What staff type to define a promo code, and to ask whether one works."""

from dataclasses import fields
from typing import TYPE_CHECKING, Any

from django import forms
from django.conf import settings
from django.core.exceptions import NON_FIELD_ERRORS
from django.utils.translation import gettext_lazy as _
from djmoney.money import Money

from accounts.models import Account
from admin_center.forms.fields import Lines, Number, SearchText, Text
from billing import promo_codes
from billing.models import Product, PromoCode

if TYPE_CHECKING:
    CodeBase = forms.ModelForm[PromoCode]
else:
    CodeBase = forms.ModelForm

LONGEST_REASON = 500
TERMS = frozenset(field.name for field in fields(promo_codes.Terms))
# Where the form asks for a condition in a way of its own.
ASKED_AS = {"amount": "off", "products": "only_on"}
LIMITS_HELP = {
    "valid_until": _("The last day on which it can be used; left empty: no end."),
    "limit_total": _("How often it may be used in all; left empty: without limit."),
    "withdrawn": _("Nobody can use it any more; who uses it keeps what it gives."),
}


class UsedPromoCodeForm(CodeBase):
    """What may still change once somebody has used the code, and why."""

    reason = Lines(
        label=_("Reason"),
        max_length=LONGEST_REASON,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("It stays in the trail of the code, which only staff read."),
    )

    class Meta:
        model = PromoCode
        fields = ("valid_until", "limit_total", "limit_per_account", "withdrawn")
        help_texts = LIMITS_HELP

    def changes(self) -> dict[str, Any]:
        """Return the conditions that were typed, by their names in Terms."""
        return {name: value for name, value in self.cleaned_data.items() if name in TERMS}

    def clean(self) -> dict[str, Any]:
        """Put what is wrong at its field, by the verb's own rules."""
        super().clean()
        if not self.errors:
            for name, words in self.faults().items():
                asked = ASKED_AS.get(name, name)
                self.add_error(asked if asked in self.fields else NON_FIELD_ERRORS, str(words))
        return self.cleaned_data

    def faults(self) -> dict[str, Any]:
        """Return what is wrong; the stored row stays locked until the page is answered."""
        return promo_codes.faults_of(promo_codes.lock(self.instance.pk), self.changes())


class PromoCodeForm(UsedPromoCodeForm):
    """All conditions of a code that nobody has used."""

    off = Number(
        label=_("Amount per period"),
        required=False,
        max_digits=18,
        decimal_places=3,
        help_text=_("Either this, with its currency, or a percentage."),
    )
    currency = forms.ChoiceField(label=_("Currency"), required=False)
    only_on = forms.ModelMultipleChoiceField(
        Product.objects.none(),
        label=_("Only on"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("None ticked: on every product."),
    )

    class Meta:
        model = PromoCode
        fields = (
            *("catalogue", "code", "percent", "first_purchase_only", "valid_from", "valid_until"),
            *("periods", "limit_total", "limit_per_account", "withdrawn"),
        )
        help_texts = LIMITS_HELP | {
            "code": _("Letters A to Z, digits and hyphens; customers may type it in any case."),
            "percent": _("Either this or an amount."),
            "periods": _(
                "How many whole periods it is given for; left empty: as long as the subscription lasts."
            ),
        }

    def __init__(self, *args: Any, **options: Any) -> None:
        """Offer the currencies, and the products of the code's price list."""
        super().__init__(*args, **options)
        held = self.instance
        currency, only_on = self.fields["currency"], self.fields["only_on"]
        assert isinstance(currency, forms.ChoiceField)
        assert isinstance(only_on, forms.ModelMultipleChoiceField)
        currency.choices = [("", "–"), *((code, code) for code in settings.CURRENCIES)]
        offered = Product.objects.select_related("catalogue").order_by("catalogue", "position", "pk")
        only_on.queryset = offered.filter(catalogue=held.catalogue_id) if held.pk else offered
        only_on.label_from_instance = _name if held.pk else _long_name  # type: ignore[method-assign,assignment]
        if held.pk:
            self.initial["only_on"] = [product.pk for product in held.products.all()]
        if held.pk and held.amount is not None:
            self.initial.update(off=held.amount.amount, currency=held.amount.currency.code)

    def clean_code(self) -> str:
        """Return the code in capitals: customers may type it in any case."""
        typed = str(self.cleaned_data["code"])
        # Others than ASCII would become other letters (ß, ı) instead of being refused.
        return typed.upper() if typed.isascii() else typed

    def clean(self) -> dict[str, Any]:
        """Ask for the currency of an amount, and for products of one price list."""
        typed = self.cleaned_data
        if typed.get("off") is not None and not typed.get("currency"):
            self.add_error("currency", _("Choose the currency of the amount."))
        catalogue = typed.get("catalogue")
        if catalogue and any(one.catalogue_id != catalogue.pk for one in typed.get("only_on", ())):
            self.add_error("only_on", _("Only products of the code’s own price list."))
        return super().clean()

    def changes(self) -> dict[str, Any]:
        """Return the conditions that were typed, by their names in Terms."""
        off, currency = self.cleaned_data.get("off"), self.cleaned_data.get("currency")
        return super().changes() | {
            "amount": None if off is None or not currency else Money(off, currency),
            "products": tuple(sorted(one.key for one in self.cleaned_data.get("only_on", ()))),
        }

    def faults(self) -> dict[str, Any]:
        """Return what is wrong with a new code, or with what a stored one would become."""
        if self.instance.pk:
            return super().faults()
        return dict(promo_codes.faults(promo_codes.Terms(**self.changes()), self.cleaned_data["catalogue"]))


class PromoCodeTrialForm(forms.Form):
    """A code and the account it is to work for."""

    code = Text(label=_("Code"), max_length=40)
    account = SearchText(
        label=_("Account"), max_length=200, help_text=_("Its address name or its whole external id.")
    )

    def clean_code(self) -> str:
        """Return the code as the console reads what a customer types."""
        return str(self.cleaned_data["code"]).strip().upper()

    def clean_account(self) -> Account:
        """Return the account that was named."""
        typed = str(self.cleaned_data["account"]).strip()
        found = Account.objects.filter(slug=typed.lower()).first()
        found = found or Account.objects.exclude(external_id="").filter(external_id=typed).first()
        if found is None:
            raise forms.ValidationError(_("There is no such account."))
        return found


def _name(product: Product) -> str:
    return product.name


def _long_name(product: Product) -> str:
    return f"{product.catalogue}: {product.name}"
