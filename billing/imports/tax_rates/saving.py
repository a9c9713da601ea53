"""Brings the stored table of rates in line with a file: what it reports is exactly what it wrote.

A dry run is the same run, rolled back. A rate in force is never edited and never deleted: invoices bear it.
"""

from collections.abc import Iterator
from dataclasses import asdict
from datetime import date

from django.db import transaction

from billing.imports.tax_rates.listing import ListedTaxRate, TaxRateList
from billing.imports.tax_rates.reading import identity, place
from billing.imports.toml_tables import BadTomlFile, TomlFault
from billing.models import TaxRate
from billing.rules.taxation import TaxRateFacts, TaxScope
from billing.storage import statements


@transaction.atomic
def load(listed: TaxRateList, *, on: date, dry_run: bool = False) -> tuple[str, ...]:
    """Write a table of rates, and return what differed from what was stored, one line each.

    Only the countries that the file names are touched. `on` is today: a rate from a later day may be changed
    or taken back. Raises BadTomlFile, and writes nothing, where a rate in force is edited or no longer named.
    """
    statements.lock_tax_rates()
    loading = _TaxRateLoad(listed, on)
    loading.run()
    if loading.faults:
        raise BadTomlFile(listed.file, loading.faults)
    TaxRate.objects.filter(pk__in=loading.gone).delete()
    TaxRate.objects.bulk_create(TaxRate(**_values(one)) for one in loading.new)
    if dry_run:
        transaction.set_rollback(True)
    return tuple(loading.notes)


class _TaxRateLoad:
    """One load: what was noted and found wrong on the way."""

    def __init__(self, listed: TaxRateList, on: date) -> None:
        self.listed, self.on = listed, on
        self.notes: list[str] = []
        self.faults: list[TomlFault] = []
        self.new: list[TaxRateFacts] = []
        self.gone: list[int] = []

    def run(self) -> None:
        """Compare each rate of the file with what is stored, then what is stored with the file."""
        countries = {one.rate.country for one in self.listed.rates}
        rows = {row.pk: row for row in TaxRate.objects.filter(country__in=countries)}
        self.stored = {identity(facts): (pk, facts) for pk, row in rows.items() if (facts := facts_of(row))}
        for one in self.listed.rates:
            known = self.stored.get(identity(one.rate))
            if known is None:
                self._add(one)
            elif known[1] != one.rate:
                self._change(one, *known)
        self._miss()

    def _add(self, one: ListedTaxRate) -> None:
        rate = one.rate
        begun = {place(known) for _pk, known in self.stored.values() if known.in_force_from <= self.on}
        late = rate.in_force_from <= self.on and place(rate) in begun
        mark = "; in force already: invoices issued since then keep what they charged" if late else ""
        self.notes.append(f"{place(rate)}: {amount(rate)} from {rate.in_force_from}{mark}")
        self.new.append(rate)

    def _change(self, one: ListedTaxRate, pk: int, known: TaxRateFacts) -> None:
        if known.in_force_from <= self.on:
            text = (
                f"{amount(one.rate)} differs from {amount(known)}, loaded from {known.in_force_from}; a rate "
                "in force is never edited: leave it, and add another with its own day"
            )
            self.faults.append(TomlFault(one.line, "rate", f"{place(known)}: {text}"))
            return
        self.notes.append(f"{place(known)}: {amount(known)} → {amount(one.rate)} from {known.in_force_from}")
        self.gone.append(pk)
        self.new.append(one.rate)

    def _miss(self) -> None:
        """Take back what has not begun and is no longer named; refuse silence about what is in force."""
        named = {identity(one.rate) for one in self.listed.rates}
        in_force = set(self._in_force())
        for key, (pk, known) in self.stored.items():
            if key in named:
                continue
            if known.in_force_from > self.on:
                self.notes.append(f"{place(known)}: {amount(known)} from {known.in_force_from} is taken back")
                self.gone.append(pk)
            elif key in in_force:
                line = next(one.line for one in self.listed.rates if one.rate.country == known.country)
                text = (
                    f"no longer names {place(known)}, {amount(known)} from {known.in_force_from}; repeat it, "
                    "or end it by one with a later day and none = true"
                )
                self.faults.append(TomlFault(line, "rate", text))

    def _in_force(self) -> Iterator[tuple[str, str, str, str, date]]:
        """Yield the newest stored rate of each tax that has begun."""
        newest: dict[str, TaxRateFacts] = {}
        begun = (known for _pk, known in self.stored.values() if known.in_force_from <= self.on)
        for known in sorted(begun, key=lambda one: one.in_force_from):
            newest[place(known)] = known
        return (identity(known) for known in newest.values())


def facts_of(row: TaxRate) -> TaxRateFacts:
    """Return a stored rate as the rules know it."""
    return TaxRateFacts(
        country=row.country,
        name=row.name,
        percent=row.percent,
        in_force_from=row.in_force_from,
        region=row.region,
        category=row.category,
        scope=TaxScope(row.scope),
        law=row.law,
        code=row.code,
    )


def amount(rate: TaxRateFacts) -> str:
    """Return what a rate says: "9.975 %", "exempt (art. 261 CGI)" or "not taxed"."""
    scope = "" if rate.scope is TaxScope.ANYWHERE else f" ({rate.scope.value.replace('_', ' ')})"
    if rate.percent is not None:
        return f"{rate.percent.normalize():f} %{scope}"
    return (f"exempt ({rate.law})" if rate.law else "not taxed") + scope


def _values(rate: TaxRateFacts) -> dict[str, object]:
    return {**asdict(rate), "scope": rate.scope.value}
