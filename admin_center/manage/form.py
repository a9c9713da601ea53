"""The Manage form: the whole wish as it is typed, field by field, strictly."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.rules.decision import Action
from admin_center.forms.fields import Day, Lines, Radios, Text, WholeNumber
from admin_center.manage import products as manage_products
from admin_center.manage.options import ManageOptions
from admin_center.wording import phrases
from billing.rules.changes import BuyTemporarySeats, Change
from billing.rules.checks import LONGEST_TEMPORARY
from billing.rules.comparing import equal_or_above
from billing.rules.facts import EditionFacts, LineFacts, ProductFacts, ScheduledKind
from billing.rules.periods import Cycle

LONGEST_NOTE = 2000
LONGEST_CODE = 40
# Temporary seats may start in the coming periods; nobody plans further than this.
LATEST_START = timedelta(days=3 * 365)
NUMBERS = {"required": gettext_lazy("Type a number."), "invalid": gettext_lazy("Type a whole number.")}


def _day(label: Any, help_text: Any = "") -> Day:
    widget = forms.DateInput(attrs={"type": "date"})
    return Day(label=label, required=False, widget=widget, help_text=help_text)


@dataclass(frozen=True, slots=True)
class Fault:
    """A field with an error: its name and label, and the id of what is focused to mend it."""

    name: str
    label: str
    anchor: str


class ManageForm(forms.Form):
    """All that may be changed at once. Fields are named by what they are for: `seats-support`.

    Of a product that is held: `seats-`, `edition-`, `remove-`, `keep-` where an extension was made
    without it, and `leave-` for what a Suite includes. Of one that can be bought: `seats-`, `edition-`,
    and `combine-` where it is a Suite that takes the place of lines. Whatever else is posted is ignored.

    What is scheduled for the renewal stands in its field, as it will be: a reduction, a lower edition, a tick
    at what is removed, the next cycle. Edited back to what holds today it is dropped. `version` is the
    subscription that the page was made of: of another one, what holds today in a field is no edit.

    Of a wide catalogue only what is held, posted or opened has fields; what has none stays as it is.
    """

    cycle = forms.ChoiceField(label=gettext_lazy("Billing cycle"), required=False, widget=Radios)
    extend = forms.BooleanField(label=gettext_lazy("Extend by one period"), required=False)
    temporary_product = forms.ChoiceField(label=gettext_lazy("Product"), required=False)
    temporary_seats = WholeNumber(
        label=gettext_lazy("Extra seats"),
        required=False,
        min_value=1,
        max_value=100_000,
        error_messages=NUMBERS,
    )
    temporary_first = _day(gettext_lazy("First day"))
    temporary_last = _day(gettext_lazy("Last day"))
    # Half a code is no try: the preview asks when it is typed, not while.
    promo = Text(
        label=gettext_lazy("Promo code"),
        required=False,
        max_length=LONGEST_CODE,
        widget=forms.TextInput(
            attrs={"data-quiet": True, "autocapitalize": "characters", "spellcheck": "false"}
        ),
    )
    on = _day(gettext_lazy("What if on another day?"))
    note = Lines(
        label=gettext_lazy("Note for the decision maker"),
        required=False,
        max_length=LONGEST_NOTE,
        widget=forms.Textarea(attrs={"rows": 3, "data-quiet": True}),
    )
    request = forms.IntegerField(required=False, widget=forms.HiddenInput)
    version = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def __init__(self, data: Any = None, *, desk: ManageOptions, looked: Any = None, **options: Any) -> None:
        """Make the fields that this person may use on this day; `looked`: the products to open."""
        super().__init__(data, **options)
        self.desk = desk
        for line in desk.lines:
            self._add_held(line)
        self.browsing = manage_products.of(desk, looked if data is None else data)
        opened = {product.key for product in self.browsing.shown}
        self.fielded = tuple(
            product
            for product in self.browsing.offered
            if product.key in opened or f"seats-{product.key}" in self.data
        )
        for product in self.fielded:
            self._add_new(product)
        self._settle_cycle()
        self._settle_temporary()
        self._settle_rest()
        if not desk.first:
            # As they stand on the page: the products come before what concerns all of them.
            self.order_fields([name for name in self.fields if "-" in name])

    # --- Fields ---------------------------------------------------------------------------------

    def _add_held(self, line: LineFacts) -> None:
        product, desk = self.desk.facts.product(line.product), self.desk
        # Bounds that were drawn tighter after it was bought don't stand in the way of other edits.
        least = min(product.minimum, line.quantity) if desk.open(Action.REDUCE) else line.quantity
        most = max(product.maximum, line.quantity) if desk.open(Action.ADD_SEATS) else line.quantity
        fewer = desk.waits(ScheduledKind.QUANTITY, line.product)
        lower = desk.waits(ScheduledKind.EDITION, line.product)
        removal = desk.waits(ScheduledKind.REMOVAL, line.product)
        leaving = removal.leaving if removal else ()
        self._number(product, least, most, initial=(fewer and fewer.quantity) or line.quantity)
        self._edition(product, desk.choices(line), initial=(lower and lower.edition) or line.edition)
        if desk.facts.ends_early(line.product) and desk.open(Action.EXTEND):
            self._check(f"keep-{line.product}", _("Keep %(name)s, and buy it for that time"), line.product)
        elif desk.asking or desk.may[Action.CANCEL_PRODUCT]:
            gone = removal is not None and not leaving
            self._check(
                f"remove-{line.product}", _("Remove %(name)s at the renewal"), line.product, ticked=gone
            )
            for key in product.includes:
                self._check(f"leave-{key}", _("Leave out %(name)s"), key, ticked=key in leaving)

    def _add_new(self, product: ProductFacts) -> None:
        combined, sold = self.desk.combines(product), self.desk.sold(product)
        tried = self.desk.facts.line(product.key) if self.desk.first else None
        if combined:
            # Proposed is the largest line, and a seat for everybody who holds any.
            proposed = min(max(product.minimum, combined.proposed), product.maximum)
            self._check(f"combine-{product.key}", _("Combine into %(name)s"), product.key)
            self._number(product, product.minimum, product.maximum, initial=proposed)
            field = self.fields[f"seats-{product.key}"]
            field.required, field.help_text = False, _("proposed: the largest line")
        else:
            self._number(product, 0, product.maximum, initial=tried.quantity if tried else 0)
            if product.minimum > 1:
                told = {"least": phrases.number(product.minimum)}
                self.fields[f"seats-{product.key}"].help_text = _("at least %(least)s") % told
        chosen = tried.edition if tried and tried.edition in [one.key for one in sold] else sold[0].key
        if combined:
            # Nobody should lose what they have by combining: the level that is held, or the next above.
            chosen = equal_or_above(self.desk.facts, combined.lines, sold).key
        self._edition(product, sold, initial=chosen)

    def _number(self, product: ProductFacts, least: int, most: int, *, initial: int) -> None:
        told = _("Choose a number from %(least)s to %(most)s.") % {
            "least": phrases.number(least),
            "most": phrases.number(most),
        }
        self.fields[f"seats-{product.key}"] = WholeNumber(
            label=_("%(units)s of %(name)s")
            % {
                "units": phrases.unit_label(self.desk.reading.names, product.key),
                "name": self.desk.name(product.key),
            },
            min_value=least,
            max_value=most,
            initial=initial,
            required=least > 0,
            disabled=least == most,
            error_messages=NUMBERS | {"min_value": told, "max_value": told},
            help_text=_range(least, most, initial) if least else "",
        )

    def _edition(self, product: ProductFacts, choices: tuple[EditionFacts, ...], *, initial: str) -> None:
        if len(choices) > 1:
            self.fields[f"edition-{product.key}"] = forms.ChoiceField(
                label=_("Edition of %(name)s") % {"name": self.desk.name(product.key)},
                choices=[(one.key, self.desk.edition_name(product.key, one.key)) for one in choices],
                initial=initial,
                required=False,
                error_messages={"invalid_choice": _("Choose one of these editions.")},
            )

    def _check(self, name: str, label: str, product: str, *, ticked: bool = False) -> None:
        told = label % {"name": self.desk.name(product)}
        self.fields[name] = forms.BooleanField(label=told, required=False, initial=ticked)

    def _settle_cycle(self) -> None:
        desk = self.desk
        offered = [
            (cycle.value, phrases.cycle(cycle))
            for cycle in Cycle
            if cycle in (desk.facts.cycle, desk.next_cycle) or not desk.unpriced(cycle)
        ]
        if len(offered) < 2 or not (desk.first or desk.open(Action.CHANGE_CYCLE)):
            del self.fields["cycle"]
            return
        field = self.fields["cycle"]
        assert isinstance(field, forms.ChoiceField)
        field.choices, field.initial = offered, desk.next_cycle.value

    def _settle_temporary(self) -> None:
        lines = self.desk.temporary()
        if not lines:
            for name in ("product", "seats", "first", "last"):
                del self.fields[f"temporary_{name}"]
            return
        field = self.fields["temporary_product"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [(line.product, self.desk.name(line.product)) for line in lines]
        field.initial = lines[0].product
        latest = self.desk.on + LATEST_START
        for name, last in (("first", latest), ("last", latest + timedelta(days=LONGEST_TEMPORARY))):
            attrs = self.fields[f"temporary_{name}"].widget.attrs
            attrs["min"], attrs["max"] = self.desk.on.isoformat(), last.isoformat()

    def _settle_rest(self) -> None:
        desk = self.desk
        self.fields["version"].initial = desk.facts.version
        if desk.first or not desk.open(Action.EXTEND):
            del self.fields["extend"]
        if not desk.may[Action.SEE_COSTS]:
            del self.fields["promo"]
        if desk.first or desk.due or not desk.may[Action.SEE_COSTS]:
            del self.fields["on"]
        else:
            attrs = self.fields["on"].widget.attrs
            attrs["min"], attrs["max"] = desk.on.isoformat(), desk.last_day.isoformat()
        if not desk.asking:
            del self.fields["note"]

    # --- What was typed -------------------------------------------------------------------------

    def clean_on(self) -> date | None:
        """Keep the day of the what-if between today and the renewal."""
        day: date | None = self.cleaned_data["on"]
        if day is not None and not self.desk.on <= day <= self.desk.last_day:
            raise ValidationError(_("Choose a day from today to the last one before the renewal."))
        return day

    def clean_temporary_first(self) -> date:
        """Begin today where no day is typed."""
        day: date = self.cleaned_data["temporary_first"] or self.desk.on
        if day > self.desk.on + LATEST_START:
            raise ValidationError(_("Choose a day in the next three years."))
        return day

    def clean(self) -> None:
        """Ask for what belongs together: all of temporary seats, enough of a new product."""
        for product in self.fielded:
            self._clean_new(product)
        if "temporary_seats" in self.fields:
            self._clean_temporary()
        for line in self.desk.lines:
            removal = self.desk.waits(ScheduledKind.REMOVAL, line.product)
            kept = (
                [key for key in removal.leaving if not self.cleaned_data.get(f"leave-{key}")]
                if removal
                else []
            )
            if removal and 0 < len(kept) < len(removal.leaving):
                self.add_error(
                    f"leave-{kept[0]}", _("They are scheduled together: leave out all of them, or none.")
                )

    def _clean_new(self, product: ProductFacts) -> None:
        name = f"seats-{product.key}"
        typed, combines = self.cleaned_data.get(name), self.cleaned_data.get(f"combine-{product.key}")
        if combines and typed is None and name not in self.errors:
            self.add_error(name, NUMBERS["required"])
        elif not combines and f"combine-{product.key}" in self.fields:
            # Not ticked: nothing typed inside counts, and its field is not to be seen.
            self.errors.pop(name, None)
        elif typed and typed < product.minimum:
            least = phrases.number(product.minimum)
            self.add_error(name, _("At least %(least)s, or none.") % {"least": least})

    def _clean_temporary(self) -> None:
        asked = self.cleaned_data
        seats, first, last = (asked.get(f"temporary_{name}") for name in ("seats", "first", "last"))
        if self.data.get("temporary_first") and not seats and not last and not self.errors:
            self.add_error("temporary_seats", NUMBERS["required"])
        elif seats and last is None and "temporary_last" not in self.errors:
            self.add_error("temporary_last", _("Choose the last day."))
        elif last and not seats and "temporary_seats" not in self.errors:
            self.add_error("temporary_seats", NUMBERS["required"])
        elif first and last and last < first:
            self.add_error("temporary_last", _("The last day lies before the first."))

    def forged(self) -> list[Action]:
        """Return the acts that were posted although they are closed to this person, and not on the page."""
        return [action for action in self._typed() if not self.desk.open(action)]

    def _typed(self) -> Iterator[Action]:
        """Yield the acts that what was posted takes, whether they are open or not."""
        typed = {name for name, value in self.data.items() if value not in ("", None)}
        if any(name == "extend" or name.startswith("keep-") for name in typed):
            yield Action.EXTEND
        cycles = (self.desk.cycle, self.desk.next_cycle)
        if "cycle" in typed and not self.desk.first and self.data["cycle"] not in cycles:
            yield Action.CHANGE_CYCLE
        if "temporary_seats" in typed:
            yield Action.BUY_TEMPORARY_SEATS
        if any(name.startswith(("remove-", "leave-")) and name not in self.ticked for name in typed):
            yield Action.CANCEL_PRODUCT
        for line in self.desk.lines:
            number = str(self.data.get(f"seats-{line.product}", ""))
            waits = self.desk.waits(ScheduledKind.QUANTITY, line.product)
            shown = (line.quantity, waits.quantity if waits else None)
            if number.isdecimal() and len(number) < 10 and int(number) not in shown:
                yield Action.REDUCE if int(number) < line.quantity else Action.ADD_SEATS

    @property
    def fresh(self) -> bool:
        """Tell whether it was sent from a page that shows what is scheduled now."""
        return str(self.data.get("version")) == str(self.desk.facts.version)

    @property
    def ticked(self) -> frozenset[str]:
        """Return the boxes that are ticked before anybody edits them: what is scheduled to go."""
        return frozenset(
            name
            for name, field in self.fields.items()
            if name.startswith(("remove-", "leave-")) and field.initial
        )

    # --- Its places on the page -----------------------------------------------------------------

    @property
    def noted(self) -> tuple[forms.BoundField, ...]:
        """Return the fields that have a place for notes beside them."""
        return tuple(field for field in self.visible_fields() if not field.html_name.startswith("combine-"))

    @property
    def faults(self) -> tuple[Fault, ...]:
        """Return the fields that have errors, in their order on the page."""
        return tuple(
            Fault(field.html_name, str(field.label), field.id_for_label or f"{field.auto_id}_0")
            for field in self.noted
            if field.errors
        )

    @property
    def places(self) -> tuple[str, ...]:
        """Return where questions may stand: at each product, and at what concerns all of them."""
        products = [line.product for line in self.desk.lines] + [one.key for one in self.fielded]
        parts = {"cycle": "cycle", "extend": "extend", "temporary": "temporary_seats"}
        return (*products, *(place for place, name in parts.items() if name in self.fields))

    def purpose(self, product: str) -> str:
        """Return what the edition is for that is chosen of a product; empty where there is no choice."""
        name = f"edition-{product}"
        return self.desk.purpose(product, str(self[name].value() or "")) if name in self.fields else ""

    @property
    def purposes(self) -> tuple[tuple[str, str], ...]:
        """Return what each chosen edition is for, by its product."""
        chosen = (name.removeprefix("edition-") for name in self.fields if name.startswith("edition-"))
        return tuple((product, self.purpose(product)) for product in chosen)

    def field_of(self, code: str, product: str, wanted: Iterable[Change]) -> str:
        """Return the field that a refusal of what was wanted concerns, empty where it concerns them all."""
        by_code = {
            "promo_not_valid": "promo",
            "extension_ahead": "extend",
            "temporary_length": "temporary_last",
            "temporary_not_supported": "temporary_product",
            "start_in_past": "temporary_first",
            "no_price_in_cycle": "cycle",
        }
        kinds = {type(one) for one in wanted if getattr(one, "product", None) == product}
        name = by_code.get(code) or (
            "temporary_seats" if kinds == {BuyTemporarySeats} else f"seats-{product}"
        )
        if code == "last_product":
            name = next((one for one in self.fields if one.startswith("remove-") and self[one].value()), "")
        return name if name in self.fields else ""


def _range(least: int, most: int, now: int) -> str:
    """Return "5 to 40" where a bound is near or above one, or that it stays as it is here; else nothing."""
    if least == most:
        return _("can’t be changed here")
    if least <= 1 and now * 2 < most:
        return ""
    return _("%(least)s to %(most)s") % {"least": phrases.number(least), "most": phrases.number(most)}
