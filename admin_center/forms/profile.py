"""Whom documents are made out to: fields, labels and rules of the country that was chosen."""

from collections.abc import Iterator, Mapping
from typing import Any

from babel.core import get_global
from django import forms
from django.conf import settings
from django.forms import BoundField
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from admin_center.forms.fields import Lines, SearchText, Text
from admin_center.wording import addresses as words
from admin_center.wording import countries
from admin_center.wording.bidi import isolated
from billing import addresses, tax_numbers
from billing.addresses import AddressFormat
from billing.profile import ProfileValues
from billing.rules.parties import Address, TaxId, TaxIdKind

USES = ("sold_to", "bill_to")
_AUTOCOMPLETE = {
    "city": "address-level2",
    "district": "address-level3",
    "region": "address-level1",
    "postal_code": "postal-code",
    "sorting_code": "off",
}


def country_of_zone(zone: str) -> str:
    """Return the country in which a time zone lies, "" where it is none or not known."""
    found: str = get_global("zone_territories").get(zone, "")
    return found if found in addresses.countries() else ""


class ProfileForm(forms.Form):
    """A billing profile. A country that is chosen anew brings its own fields, what was typed stays.

    `typed` is what was typed without being sent for good: it fills the form in and is not judged.
    """

    use_required_attribute = False

    legal_name = Text(
        label=gettext_lazy("Legal name"),
        max_length=200,
        help_text=gettext_lazy("As in the register of companies. It appears on every invoice."),
        widget=forms.TextInput(attrs={"autocomplete": "organization"}),
    )
    same = forms.BooleanField(label=gettext_lazy("Invoices go to the same address"), required=False)
    tax_type = forms.ChoiceField(label=gettext_lazy("Kind of tax number"), required=False)
    # Longer than any, so that what is wrong with it can be said.
    tax_number = SearchText(label=gettext_lazy("Tax number"), required=False, max_length=100)
    purchase_order = Text(
        label=gettext_lazy("Purchase order number"),
        required=False,
        max_length=60,
        help_text=gettext_lazy("Appears on every invoice, unless an order has one of its own."),
    )

    def __init__(
        self,
        data: Mapping[str, Any] | None = None,
        *,
        values: ProfileValues,
        country: str,
        here: str = "",
        typed: Mapping[str, Any] | None = None,
    ) -> None:
        """Ask for what the chosen countries ask for.

        `country` is proposed where none is stored; `here` is the address that brings another's fields.
        """
        told = data if data is not None else typed
        super().__init__(data, initial=_initial(values) | {name: told[name] for name in told or () if told})
        if told is not None:
            # A box that isn't ticked isn't sent.
            self.initial["same"] = bool(told.get("same"))
        stored = {"sold_to": values.sold_to, "bill_to": values.bill_to}
        self.formats: dict[str, AddressFormat] = {}
        proposed = country or (settings.SELLER.address.country if settings.SELLER.address else "FR")
        for use in USES:
            kept = stored[use]
            chosen = (told or {}).get(f"{use}_country") or (kept.country if kept else "") or proposed
            self.formats[use] = addresses.format_of(chosen if chosen in addresses.countries() else proposed)
            self.initial.setdefault(f"{use}_country", self.formats[use].country)
            proposed = self.formats["sold_to"].country
            self._ask_for_address(use, here)
        self._ask_for_tax_number()
        sold, bill = ([name for name in self.fields if name.startswith(use)] for use in USES)
        self.order_fields(["legal_name", *sold, "same", *bill, "tax_type", "tax_number", "purchase_order"])

    def _ask_for_address(self, use: str, here: str) -> None:
        """Add the fields of an address of the chosen country, in the order in which it is written there."""
        form = self.formats[use]
        self.fields[f"{use}_country"] = forms.ChoiceField(
            label=_("Country"),
            choices=countries.choices(),
            widget=forms.Select(attrs=_reloads(here) | {"autocomplete": f"{_section(use)} country"}),
        )
        for part in form.parts:
            self.fields[f"{use}_{part}"] = _field(form, use, part)

    def _ask_for_tax_number(self) -> None:
        """Offer the numbers of the company's country first, then those for VAT elsewhere."""
        country = self.formats["sold_to"].country
        own = tax_numbers.types_of(country)
        elsewhere = [
            (f"{one.kind}:{one.country}", f"{countries.country(one.country)} – {one.name}")
            for one in tax_numbers.TYPES.values()
            if one.kind is TaxIdKind.VAT and one.country != country
        ]
        field = self.fields["tax_type"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [
            *((f"{one.kind}:{one.country}", words.tax_id_name(one)) for one in own),
            (_("Registered for VAT in another country"), sorted(elsewhere, key=lambda one: one[1])),
        ]
        known = {f"{one.kind}:{one.country}" for one in own} | {code for code, _name in elsewhere}
        if self.initial.get("tax_type") not in known:
            self.initial["tax_type"] = f"{own[0].kind}:{own[0].country}"
        self.fields["tax_number"].help_text = " · ".join(
            _("%(number)s: %(example)s") % {"number": isolated(one.name), "example": one.example}
            for one in own
            if one.example
        )

    def of(self, use: str) -> Iterator[BoundField]:
        """Yield the fields of one of the two addresses but its country."""
        for part in self.formats[use].parts:
            yield self[f"{use}_{part}"]

    @property
    def sold_to(self) -> Iterator[BoundField]:
        """The fields of the company's address."""
        return self.of("sold_to")

    @property
    def bill_to(self) -> Iterator[BoundField]:
        """The fields of the address for invoices."""
        return self.of("bill_to")

    def clean(self) -> None:
        """Let each address and the tax number be judged by the rules of their country."""
        self.cleaned_data["sold_to"] = self._address("sold_to")
        self.cleaned_data["bill_to"] = None if self.cleaned_data.get("same") else self._address("bill_to")
        self.cleaned_data["tax_id"] = self._tax_id()
        if self.cleaned_data.get("same"):
            # What stands in fields that are not shown is not asked for.
            for name in [name for name in self.errors if name.startswith("bill_to_")]:
                del self.errors[name]

    def _address(self, use: str) -> Address | None:
        told = {part: self.cleaned_data.get(f"{use}_{part}", "") for part in self.formats[use].parts}
        country = self.cleaned_data.get(f"{use}_country", "")
        told["lines"] = tuple(told.get("lines", "").splitlines())
        try:
            return addresses.checked(Address(country, **told))
        except addresses.BadAddress as bad:
            for part, fault in bad.faults.items():
                name = f"{use}_{part}"
                if name not in self.errors:
                    self.add_error(name, words.fault(self.formats[use], part, fault))
            return None

    def _tax_id(self) -> TaxId | None:
        number, chosen = self.cleaned_data.get("tax_number", ""), self.cleaned_data.get("tax_type", "")
        if not number or not chosen:
            return None
        kind, _colon, country = chosen.partition(":")
        try:
            return tax_numbers.checked(TaxIdKind(kind), country, number)
        except tax_numbers.BadTaxNumber as bad:
            found = next(one for one in tax_numbers.types_of(country) if one.kind == kind)
            self.add_error("tax_number", words.tax_number_fault(found, bad))
            return None

    def values(self) -> ProfileValues:
        """Return what a valid form says."""
        given = self.cleaned_data
        return ProfileValues(
            legal_name=given["legal_name"],
            sold_to=given["sold_to"],
            bill_to=given["bill_to"],
            tax_id=given["tax_id"],
            purchase_order=given["purchase_order"],
        )


def _initial(values: ProfileValues) -> dict[str, Any]:
    """Return what is stored as the fields say it."""
    initial: dict[str, Any] = {
        "legal_name": values.legal_name,
        "same": values.bill_to is None,
        "purchase_order": values.purchase_order,
    }
    for use, address in (("sold_to", values.sold_to), ("bill_to", values.bill_to)):
        if address is not None:
            initial |= {
                f"{use}_{part}": getattr(address, part)
                for part in ("country", "city", "district", "region", "postal_code", "sorting_code")
            }
            initial[f"{use}_lines"] = "\n".join(address.lines)
    if values.tax_id:
        initial["tax_type"] = f"{values.tax_id.kind}:{values.tax_id.country}"
        initial["tax_number"] = values.tax_id.written
    return initial


def _section(use: str) -> str:
    return {"sold_to": "section-sold", "bill_to": "section-bill billing"}[use]


def _reloads(here: str) -> dict[str, str]:
    """Return what lets the choice of a country bring its fields at once, where script runs."""
    if not here:
        return {}
    return {
        "hx-post": here,
        # Whoever types "France" passes Falkland and Faroe: not before they rest.
        "hx-trigger": "change delay:700ms",
        "hx-sync": "this:replace",
        "hx-target": "#profile",
        "hx-select": "#profile",
        "hx-swap": "outerHTML",
        "hx-vals": '{"act": "country"}',
    }


def _field(form: AddressFormat, use: str, part: str) -> forms.Field:
    """Return the field of one part, named as its country names it."""
    label = words.label(form, part)
    if part not in form.required:
        label = _("%(field)s (optional)") % {"field": label}
    if part == "lines":
        rows = {"rows": 2, "autocomplete": f"{_section(use)} street-address"}
        help_text = _("Street and number; building or floor on lines of their own.")
        return Lines(
            label=label,
            required=False,
            max_length=1000,
            widget=forms.Textarea(attrs=rows),
            help_text=help_text,
        )
    attrs = {"autocomplete": f"{_section(use)} {_AUTOCOMPLETE[part]}"}
    if part == "region" and form.regions:
        choices = [("", "—"), *((one.key, words.region(one)) for one in form.regions)]
        # What is typed elsewhere as a name is understood too: the rules know all of a region's names.
        return forms.ChoiceField(
            label=label, required=False, choices=choices, widget=forms.Select(attrs=attrs)
        )
    return Text(label=label, required=False, max_length=300, widget=forms.TextInput(attrs=attrs))


class RecipientForm(forms.Form):
    """Somebody who gets the invoices by mail."""

    prefix = "recipient"

    email = forms.EmailField(label=gettext_lazy("E-mail address"), max_length=254)
    name = Text(label=gettext_lazy("Name"), max_length=120, required=False)
    language = forms.ChoiceField(label=gettext_lazy("Language"), choices=settings.LANGUAGES)
