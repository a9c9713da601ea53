"""The Manage form: the whole wish as it is typed, and the changes of the rules that it comes to."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.rules.decision import Action
from admin_center import sentences
from admin_center.desk import Choice, Desk
from billing.rules import changes
from billing.rules.changes import Answer, Change
from billing.rules.facts import LineFacts, ProductFacts, ProductKind, ScheduledKind
from billing.rules.periods import Cycle

LONGEST_TEMPORARY = 365
LONGEST_NOTE = 2000


@dataclass(frozen=True, slots=True)
class HeldRow:
    """A line that is held, with its fields."""

    line: LineFacts
    product: ProductFacts
    name: str
    choices: tuple[Choice, ...]
    compare: tuple[Choice, ...]
    edition: forms.BoundField | None
    seats: forms.BoundField
    remove: forms.BoundField | None
    leaving: tuple[forms.BoundField, ...]
    includes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class NewRow:
    """A product that can be bought, with its fields; `combines` names lines it takes the place of."""

    product: ProductFacts
    name: str
    choices: tuple[Choice, ...]
    edition: forms.BoundField | None
    seats: forms.BoundField
    includes: tuple[str, ...]
    combines: tuple[str, ...]


class ManageForm(forms.Form):
    """All that may be changed at once. Fields are named by what they are for: `seats-support`."""

    cycle = forms.ChoiceField(label=gettext_lazy("Billing cycle"), required=False, widget=forms.RadioSelect)
    extend = forms.BooleanField(
        label=gettext_lazy("Extend: buy the next period now, with the seats of today"), required=False
    )
    temporary_product = forms.ChoiceField(label=gettext_lazy("Product"), required=False)
    temporary_seats = forms.IntegerField(
        label=gettext_lazy("Extra seats"), required=False, min_value=1, max_value=100_000
    )
    temporary_start = forms.DateField(
        label=gettext_lazy("First day"), required=False, widget=forms.DateInput(attrs={"type": "date"})
    )
    temporary_days = forms.IntegerField(
        label=gettext_lazy("Number of days"), required=False, min_value=1, max_value=LONGEST_TEMPORARY
    )
    # Half a code is no try: the preview asks when it is typed, not while.
    promo = forms.CharField(
        label=gettext_lazy("Code"),
        required=False,
        max_length=40,
        widget=forms.TextInput(attrs={"data-quiet": True, "autocomplete": "off", "spellcheck": "false"}),
    )
    on = forms.DateField(
        label=gettext_lazy("What if on another day"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}),
    )
    note = forms.CharField(
        label=gettext_lazy("Note for who decides"),
        required=False,
        max_length=LONGEST_NOTE,
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    request = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def __init__(self, data: Any = None, *, desk: Desk, **options: Any) -> None:
        """Make the fields that this person may use on this day."""
        super().__init__(data, **options)
        self.desk = desk
        for line in desk.facts.lines:
            self._add_held(line)
        for product in desk.offered():
            self._add_new(product)
        self._settle_cycle()
        self._settle_rest()

    # --- Fields ---------------------------------------------------------------------------------

    def _add_held(self, line: LineFacts) -> None:
        product, desk = self.desk.facts.product(line.product), self.desk
        least = product.minimum if desk.open(Action.REDUCE) else line.quantity
        most = product.maximum if desk.open(Action.ADD_SEATS) else line.quantity
        self._number(f"seats-{line.product}", desk.name(line.product), least, most, initial=line.quantity)
        self._edition(line.product, desk.choices(line), initial=line.edition)
        if desk.asking or desk.may[Action.CANCEL_PRODUCT]:
            self.fields[f"remove-{line.product}"] = forms.BooleanField(
                label=_("Remove at the renewal"), required=False
            )
            for key in product.includes:
                self.fields[f"leave-{key}"] = forms.BooleanField(label=desk.name(key), required=False)

    def _add_new(self, product: ProductFacts) -> None:
        cycles = list(Cycle) if self.desk.first else [self.desk.cycle]
        choices = tuple(
            choice
            for choice in self.desk.editions(product)
            if any(product.edition(choice.key).price(cycle, self.desk.on) is not None for cycle in cycles)
        )
        self._number(f"seats-{product.key}", self.desk.name(product.key), 0, product.maximum, initial=0)
        self._edition(product.key, choices, initial=choices[0].key)

    def _number(self, name: str, label: str, least: int, most: int, *, initial: int) -> None:
        self.fields[name] = forms.IntegerField(
            label=_("Seats of %(name)s") % {"name": label},
            min_value=least,
            max_value=most,
            initial=initial,
            required=least > 0,
            disabled=least == most,
            error_messages={"required": _("Type a number."), "invalid": _("Type a whole number.")},
        )

    def _edition(self, key: str, choices: tuple[Choice, ...], *, initial: str) -> None:
        if len(choices) > 1:
            self.fields[f"edition-{key}"] = forms.ChoiceField(
                label=_("Edition of %(name)s") % {"name": self.desk.name(key)},
                choices=[(choice.key, choice.name) for choice in choices],
                initial=initial,
                required=False,
            )

    def _settle_cycle(self) -> None:
        desk = self.desk
        offered = [
            (cycle.value, sentences.cycle(cycle))
            for cycle in Cycle
            if cycle is desk.facts.cycle or not desk.unpriced(cycle)
        ]
        if len(offered) < 2 or not (desk.first or desk.open(Action.CHANGE_CYCLE)):
            del self.fields["cycle"]
            return
        field = self.fields["cycle"]
        assert isinstance(field, forms.ChoiceField)
        field.choices, field.initial = offered, desk.cycle.value

    def _settle_rest(self) -> None:
        desk = self.desk
        lines = desk.temporary()
        if not lines:
            for name in ("product", "seats", "start", "days"):
                del self.fields[f"temporary_{name}"]
        else:
            field = self.fields["temporary_product"]
            assert isinstance(field, forms.ChoiceField)
            field.choices = [(line.product, desk.name(line.product)) for line in lines]
            self.fields["temporary_start"].widget.attrs["min"] = desk.on.isoformat()
        if desk.first or not desk.open(Action.EXTEND):
            del self.fields["extend"]
        if not desk.may[Action.SEE_COSTS]:
            del self.fields["promo"]
        if desk.first:
            del self.fields["on"]
        else:
            attrs = self.fields["on"].widget.attrs
            attrs["min"], attrs["max"] = desk.on.isoformat(), desk.facts.renews_on.isoformat()
        if not desk.asking:
            del self.fields["note"]

    # --- Rows for the page ----------------------------------------------------------------------

    @property
    def held(self) -> Iterator[HeldRow]:
        """Yield the lines that are held, with their fields."""
        for line in self.desk.facts.lines:
            product = self.desk.facts.product(line.product)
            yield HeldRow(
                line=line,
                product=product,
                name=self.desk.name(line.product),
                choices=self.desk.choices(line),
                compare=self.desk.editions(product),
                edition=self._bound(f"edition-{line.product}"),
                seats=self[f"seats-{line.product}"],
                remove=self._bound(f"remove-{line.product}"),
                leaving=tuple(b for key in product.includes if (b := self._bound(f"leave-{key}"))),
                includes=tuple(self.desk.name(key) for key in product.includes),
            )

    @property
    def new(self) -> Iterator[NewRow]:
        """Yield what can be bought, with its fields."""
        for product in self.desk.offered():
            yield NewRow(
                product=product,
                name=self.desk.name(product.key),
                choices=self.desk.editions(product),
                edition=self._bound(f"edition-{product.key}"),
                seats=self[f"seats-{product.key}"],
                includes=tuple(self.desk.name(key) for key in product.includes),
                combines=tuple(self.desk.name(key) for key in self.desk.combines(product)),
            )

    def _bound(self, name: str) -> forms.BoundField | None:
        return self[name] if name in self.fields else None

    # --- What it comes to -----------------------------------------------------------------------

    def clean_on(self) -> Any:
        """Keep the day of the what-if between today and the renewal."""
        day = self.cleaned_data["on"]
        if day is not None and not self.desk.on <= day <= self.desk.facts.renews_on:
            raise ValidationError(_("Choose a day from today to the renewal."))
        return day

    def clean_temporary_start(self) -> Any:
        """Begin today where no day is typed."""
        return self.cleaned_data["temporary_start"] or self.desk.on

    def changes(self) -> tuple[Change, ...]:
        """Return what the wish comes to, with the answers to what it meets; only of a valid form."""
        if self.desk.first:
            return tuple(self._first_purchase())
        made = [*self._of_lines(), *self._of_products(), *self._of_subscription()]
        answers = self._answers()
        return tuple(replace(change, answers=answers) for change in made)

    def _first_purchase(self) -> Iterator[Change]:
        items = tuple(
            changes.Item(product.key, self._chosen(product), quantity)
            for product in self.desk.offered()
            if (quantity := self.cleaned_data.get(f"seats-{product.key}") or 0) > 0
        )
        if items:
            yield changes.FirstPurchase(Cycle(self.cleaned_data.get("cycle") or self.desk.cycle), items)
            yield from self._promo()

    def _of_lines(self) -> Iterator[Change]:
        asked = self.cleaned_data
        for line in self.desk.facts.lines:
            if asked.get(f"remove-{line.product}"):
                yield changes.RemoveProduct(line.product)
                continue
            edition = asked.get(f"edition-{line.product}") or line.edition
            quantity = asked[f"seats-{line.product}"]
            yield from changes.for_line(self.desk.facts, line.product, edition=edition, quantity=quantity)
            for key in self.desk.facts.product(line.product).includes:
                if asked.get(f"leave-{key}"):
                    yield changes.RemoveProduct(key)

    def _of_products(self) -> Iterator[Change]:
        for product in self.desk.offered():
            quantity = self.cleaned_data.get(f"seats-{product.key}") or 0
            if not quantity:
                continue
            edition = self._chosen(product)
            if self.desk.combines(product):
                yield changes.CombineIntoSuite(product.key, edition, quantity)
            elif product.kind in (ProductKind.ADDON, ProductKind.FLAT):
                yield changes.AddOn(product.key, edition, quantity)
            else:
                yield changes.AddProduct(product.key, edition, quantity)

    def _of_subscription(self) -> Iterator[Change]:
        asked = self.cleaned_data
        cycle = asked.get("cycle")
        if cycle and Cycle(cycle) is not self.desk.facts.paid_cycle:
            yield changes.ChangeCycle(Cycle(cycle))
        if asked.get("extend"):
            yield changes.Extend()
        if asked.get("temporary_seats"):
            yield changes.BuyTemporarySeats(
                asked["temporary_product"] or self.desk.temporary()[0].product,
                asked["temporary_seats"],
                asked["temporary_start"],
                asked.get("temporary_days") or 1,
            )
        yield from self._promo()

    def _promo(self) -> Iterator[Change]:
        if code := (self.cleaned_data.get("promo") or "").strip().upper():
            yield changes.UsePromoCode(code)

    def _chosen(self, product: ProductFacts) -> str:
        return self.cleaned_data.get(f"edition-{product.key}") or next(
            choice.key for choice in self.desk.editions(product) if choice.unit is not None
        )

    def _answers(self) -> tuple[Answer, ...]:
        """Return the choices about what waits; what is no choice is as if nothing was chosen."""
        found = []
        for name, value in self.data.items():
            if not name.startswith("answer-"):
                continue
            kind, _dash, product = name.removeprefix("answer-").partition("-")
            if kind in list(ScheduledKind) and value in list(changes.Choice):
                found.append(Answer(ScheduledKind(kind), product or None, changes.Choice(value)))
        return tuple(found)

    # --- Refusals stand at their field ----------------------------------------------------------

    def field_of(self, code: str, product: str | None) -> str | None:
        """Return the field that a refusal of the rules concerns, None where it concerns them all."""
        by_code = {
            "promo_not_valid": "promo",
            "extension_ahead": "extend",
            "temporary_length": "temporary_days",
            "temporary_not_supported": "temporary_product",
            "start_in_past": "temporary_start",
            "no_price_in_cycle": "cycle",
        }
        name = by_code.get(code, f"seats-{product}")
        return name if name in self.fields else None


def prefilled(asked: tuple[Change, ...]) -> dict[str, Any]:
    """Return the form's initial values for changes that somebody asked for."""
    initial: dict[str, Any] = {}
    for change in asked:
        match change:
            case changes.AddSeats() | changes.ReduceSeats():
                initial[f"seats-{change.product}"] = change.quantity
            case changes.ChangeEdition():
                initial[f"edition-{change.product}"] = change.edition
            case changes.AddProduct() | changes.AddOn() | changes.CombineIntoSuite():
                initial[f"seats-{change.product}"] = change.quantity
                initial[f"edition-{change.product}"] = change.edition
            case changes.RemoveProduct():
                initial[f"remove-{change.product}"] = initial[f"leave-{change.product}"] = True
            case changes.ChangeCycle():
                initial["cycle"] = change.cycle.value
            case changes.Extend():
                initial["extend"] = True
            case changes.BuyTemporarySeats():
                initial |= {
                    "temporary_product": change.product,
                    "temporary_seats": change.quantity,
                    "temporary_start": change.start,
                    "temporary_days": change.days,
                }
            case changes.UsePromoCode():
                initial["promo"] = change.promo
            case changes.FirstPurchase():
                initial["cycle"] = change.cycle.value
                for item in change.items:
                    initial[f"seats-{item.product}"] = item.quantity
                    initial[f"edition-{item.product}"] = item.edition
    return initial
