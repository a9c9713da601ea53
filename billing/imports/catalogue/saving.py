"""Brings the stored catalogue in line with a price list: what it reports is exactly what it wrote.

A dry run is the same run, rolled back. Nothing is deleted and no price is edited: what left the
list is withdrawn, and stays with whoever has it.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date

from django.db import transaction
from django.db.models import F
from djmoney.money import Money

from billing.imports.catalogue.listing import ListedEdition, ListedPrice, ListedProduct, PriceList
from billing.imports.toml_tables import BadTomlFile, TomlFault
from billing.models import Catalogue, Edition, Price, Product
from billing.rules.facts import Availability
from billing.rules.money import to_decimal
from billing.rules.names import counted_to_plain

# Ranks are unique within a product at every moment: they are moved out of the way first.
_ASIDE = 10_000

_MARKS = {
    Availability.PRICED: "has a price",
    Availability.SALES_ONLY: "sales only",
    Availability.INCLUDED_ONLY: "included only",
    Availability.WITHDRAWN: "no longer sold",
}


@transaction.atomic
def load(listed: PriceList, *, dry_run: bool = False) -> tuple[str, ...]:
    """Write a price list, and return what differed from what was stored, one line each.

    Raises BadTomlFile, and writes nothing, where the list edits a loaded price or a product's
    kind, or no longer mentions a price. `dry_run` rolls everything back at the end.
    """
    loading = _CatalogueLoad(listed)
    loading.run()
    if loading.faults:
        raise BadTomlFile(listed.file, loading.faults)
    if dry_run:
        transaction.set_rollback(True)
    return tuple(loading.notes)


class _CatalogueLoad:
    """One load: what was noted and found wrong on the way."""

    def __init__(self, listed: PriceList) -> None:
        self.listed = listed
        self.notes: list[str] = []
        self.faults: list[TomlFault] = []
        self.prices: list[Price] = []

    def run(self) -> None:
        """Lock the catalogue, then write products, editions and prices, and last what refers to products."""
        self.catalogue = self._catalogue()
        stored = {
            product.key: product for product in self.catalogue.products.prefetch_related("editions__prices")
        }
        keys = [product.key for product in self.listed.products]
        self._note_order("products", stored, keys)
        for position, listed in enumerate(self.listed.products):
            stored[listed.key] = self._product(stored.get(listed.key), listed, position)
        for key, product in stored.items():
            if key not in keys and not product.withdrawn:
                self.notes.append(f"{product}: no longer sold")
                product.withdrawn = True
                product.save(update_fields=["withdrawn"])
        for listed in self.listed.products:
            self._refer(stored, listed, "includes", listed.includes)
            self._refer(stored, listed, "requires", listed.requires)
        Price.objects.bulk_create(self.prices)

    def _catalogue(self) -> Catalogue:
        listed = self.listed
        values = {
            "vendor": listed.vendor,
            "name": listed.name,
            "labels": {key: dict(words) for key, words in listed.labels.items()},
        }
        _row, made = Catalogue.objects.get_or_create(slug=listed.key, defaults=values)
        # One load at a time: a second one sees what the first has written.
        catalogue = Catalogue.objects.select_for_update(no_key=True).get(slug=listed.key)
        if made:
            self.notes.append(f"new price list {listed.name} ({listed.key}) of {listed.vendor}")
        elif self._changed(catalogue, f"price list {listed.key}", values):
            catalogue.save(update_fields=values)
        return catalogue

    def _product(self, stored: Product | None, listed: ListedProduct, position: int) -> Product:
        values = {
            "name": listed.name,
            "open_to_assisted": listed.open_to_assisted,
            "minimum": listed.minimum,
            "maximum": listed.maximum,
            "tax_category": listed.tax_category,
            "counted_in": counted_to_plain(listed.counted_in),
            "url": listed.url,
        }
        if stored is None:
            self.notes.append(f"{listed.name}: new {_kind(listed.kind)} ({listed.key})")
            product = Product.objects.create(
                catalogue=self.catalogue, key=listed.key, kind=listed.kind, position=position, **values
            )
            self._editions(product, listed, [])
            return product
        if stored.kind != listed.kind:
            text = f"“{listed.key}” is loaded as {_kind(stored.kind)}, which never changes: give it a new key"
            self.faults.append(TomlFault(listed.line, "product.kind", text))
        if stored.withdrawn:
            self.notes.append(f"{listed.name}: sold again")
        changed = self._changed(stored, stored.name, values)
        if changed or stored.withdrawn or stored.position != position:
            stored.withdrawn, stored.position = False, position
            stored.save(update_fields=[*values, "withdrawn", "position"])
        self._editions(stored, listed, list(stored.editions.all()))
        return stored

    def _editions(self, product: Product, listed: ListedProduct, editions: Sequence[Edition]) -> None:
        stored = {edition.key: edition for edition in editions}
        keys = [edition.key for edition in listed.editions]
        self._note_order(f"{product.name}: editions", stored, keys)
        ranks = {key: rank for rank, key in enumerate(_merged(keys, list(stored)))}
        if any(edition.rank != ranks[key] for key, edition in stored.items()):
            product.editions.update(rank=F("rank") + _ASIDE)
            for key, edition in stored.items():
                edition.rank = ranks[key]
                edition.save(update_fields=["rank"])
        for one in listed.editions:
            self._edition(product, stored.get(one.key), one, ranks[one.key])
        for key, edition in stored.items():
            if key not in keys:
                self._changed(edition, str(edition), {"availability": Availability.WITHDRAWN.value})
                edition.save(update_fields=["availability"])

    def _edition(self, product: Product, stored: Edition | None, listed: ListedEdition, rank: int) -> None:
        values = {
            "name": listed.name,
            "availability": listed.availability.value,
            "supports_temporary": listed.supports_temporary,
            "allowances": dict(listed.allowances),
            "purpose": dict(listed.purpose),
        }
        if stored is None:
            edition = Edition.objects.create(product=product, key=listed.key, rank=rank, **values)
            mark = "" if listed.availability is Availability.PRICED else f", {_MARKS[listed.availability]}"
            self.notes.append(f"{edition}: new edition ({listed.key}){mark}")
            self._prices(edition, listed, [])
            return
        if self._changed(stored, str(stored), values):
            stored.save(update_fields=values)
        self._prices(stored, listed, stored.prices.all())

    def _prices(self, edition: Edition, listed: ListedEdition, prices: Iterable[Price]) -> None:
        stored = {_version(price): price for price in prices}
        for one in sorted(listed.prices, key=lambda price: price.in_force_from):
            known = stored.get((one.cycle.value, one.currency, one.in_force_from))
            if known is None:
                self._new_price(edition, one)
            elif known.amount != _money(one):
                self._fault_edited(known, one)
        if listed.availability is Availability.PRICED:
            self._fault_unmentioned(edition, listed, stored.values())

    def _new_price(self, edition: Edition, listed: ListedPrice) -> None:
        what = f"{listed.cycle.value} from {listed.in_force_from}"
        if listed.unit is None:
            self.notes.append(f"{edition}: no longer offered in {listed.currency} {what}")
        else:
            self.notes.append(f"{edition}: new price {_amount(listed)} {what}")
        self.prices.append(
            Price(
                edition=edition,
                cycle=listed.cycle.value,
                amount=_money(listed),
                amount_currency=listed.currency,
                in_force_from=listed.in_force_from,
            )
        )

    def _fault_edited(self, stored: Price, listed: ListedPrice) -> None:
        was = "not offered" if stored.amount is None else f"{stored.amount.amount.normalize():f}"
        text = (
            f"{_amount(listed)} differs from what is loaded from {listed.in_force_from}: {was}; "
            "a price is never edited: leave it, and add the new one with a new date"
        )
        key = f"product.edition.price.{listed.cycle.value}.{listed.currency}"
        self.faults.append(TomlFault(listed.line, key, text))

    def _fault_unmentioned(self, edition: Edition, listed: ListedEdition, stored: Collection[Price]) -> None:
        """Note every loaded price on offer that the file is silent about."""
        mentioned = {(price.cycle.value, price.currency) for price in listed.prices}
        newest: dict[tuple[str, str], Price] = {}
        for price in sorted(stored, key=lambda one: one.in_force_from):
            newest[price.cycle, price.currency] = price
        for (cycle, currency), price in newest.items():
            if price.amount is not None and (cycle, currency) not in mentioned:
                text = (
                    f"no longer mentions {cycle} {currency} of {edition}; repeat the loaded price "
                    f'from {price.in_force_from}, or end it: {cycle} = {{ {currency} = "not_offered" }}'
                )
                self.faults.append(TomlFault(listed.line, "product.edition.price", text))

    def _refer(
        self, products: dict[str, Product], listed: ListedProduct, field: str, keys: Collection[str]
    ) -> None:
        related = getattr(products[listed.key], field)
        stored = {product.key: product for product in related.all()}
        for key in keys:
            if key not in stored:
                self.notes.append(f"{listed.name}: {field} {products[key].name}")
        for key, product in stored.items():
            if key not in keys:
                self.notes.append(f"{listed.name}: no longer {field} {product.name}")
        if set(keys) != set(stored):
            related.set([products[key] for key in keys])

    def _changed(self, row: Catalogue | Product | Edition, name: str, values: Mapping[str, object]) -> bool:
        """Set the values that differ and note each; tell whether any did."""
        changed = False
        for field, value in values.items():
            was = getattr(row, field)
            if was != value:
                changed = True
                setattr(row, field, value)
                self.notes.append(f"{name}: {_difference(field, was, value)}")
        return changed

    def _note_order(self, what: str, stored: Collection[str], listed: Sequence[str]) -> None:
        before = [key for key in stored if key in listed]
        after = [key for key in listed if key in stored]
        if before != after:
            self.notes.append(f"{what} in another order: {', '.join(listed)}")


def _difference(field: str, was: object, value: object) -> str:
    if field == "name":
        return f"renamed from “{was}” to “{value}”"
    if field == "availability":
        return f"{_MARKS[Availability(str(was))]} → {_MARKS[Availability(str(value))]}"
    return f"{field.replace('_', ' ')} {_plain(was)} → {_plain(value)}"


def _plain(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key} {_plain(one)}" for key, one in value.items()) or "none"
    if isinstance(value, list):
        return " / ".join(map(str, value))
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value) or "none"


def _kind(kind: str) -> str:
    return str(Product.Kind(kind).label).lower()


def _merged(listed: Sequence[str], stored: Sequence[str]) -> list[str]:
    """Return the listed keys in order, each that left the list behind the one it stood behind."""
    merged = list(listed)
    before = None
    for key in stored:
        if key not in merged:
            merged.insert(0 if before is None else merged.index(before) + 1, key)
        before = key
    return merged


def _version(price: Price) -> tuple[str, str, date]:
    return price.cycle, price.currency, price.in_force_from


def _money(listed: ListedPrice) -> Money | None:
    return None if listed.unit is None else Money(to_decimal(listed.unit, listed.currency), listed.currency)


def _amount(listed: ListedPrice) -> str:
    if listed.unit is None:
        return "not offered"
    return f"{to_decimal(listed.unit, listed.currency):f} {listed.currency}"
