"""What stands on the Manage page: held lines, what can be bought beside them, and who may do what.

Reads the facts once; the form, the preview and the page all work from the same desk.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from accounts.rules.capabilities import AccountType, decided_by_staff, whole_catalogue
from accounts.rules.decision import Action
from admin_center.pages import AccountRequest
from admin_center.wording import phrases
from billing.rules.checks import without_price
from billing.rules.facts import (
    Availability,
    EditionFacts,
    Facts,
    LineFacts,
    ProductFacts,
    ScheduledFacts,
    ScheduledKind,
)
from billing.rules.periods import Cycle
from billing.rules.suites import Combination, combination
from billing.storage import loading

# The act that a field of the form needs, by what may be scheduled in it.
_DECIDED_BY = {
    ScheduledKind.QUANTITY: Action.REDUCE,
    ScheduledKind.EDITION: Action.REDUCE,
    ScheduledKind.REMOVAL: Action.CANCEL_PRODUCT,
    ScheduledKind.CYCLE: Action.CHANGE_CYCLE,
    ScheduledKind.CANCELLATION: Action.CANCEL_ACCOUNT,
}


@dataclass(frozen=True, slots=True)
class ManageOptions:
    """One subscription to be changed by one person on one day.

    `asking` says that this person may only ask, or chose to; then everything on sale may be asked for.
    """

    reading: loading.LoadedFacts
    on: date
    asking: bool
    may: Mapping[Action, bool]

    @property
    def facts(self) -> Facts:
        """Return what the rules see."""
        return self.reading.facts

    @property
    def first(self) -> bool:
        """Tell whether nothing has been bought yet, whatever a trial tried."""
        return not self.facts.has_bought

    @property
    def due(self) -> bool:
        """Tell whether the renewal day has come, or a line's own end, and it is not carried out yet."""
        return not self.first and self.on >= self.facts.due_on

    @property
    def last_day(self) -> date:
        """Return the last paid day: on the next one it is renewed, or a line ends, before any change."""
        return self.facts.due_on - timedelta(days=1)

    @property
    def parked(self) -> bool:
        """Tell whether the renewal is due and on hold, because the vendor checks something first."""
        return self.due and self.facts.parked

    @property
    def lines(self) -> tuple[LineFacts, ...]:
        """Return the lines that are paid for: before the first purchase none."""
        return () if self.first else self.facts.lines

    @property
    def cycle(self) -> Cycle:
        """Return the cycle that prices are shown in."""
        return self.facts.cycle or Cycle.ANNUAL

    @property
    def next_cycle(self) -> Cycle:
        """Return the cycle from the renewal on, as the form shows it."""
        return self.cycle if self.first else self.facts.next_cycle

    @property
    def cycles(self) -> tuple[Cycle, ...]:
        """Return the cycles to buy in: before the first purchase all, then the present one."""
        return tuple(Cycle) if self.first else (self.cycle,)

    @property
    def asks_staff(self) -> bool:
        """Tell whether changes are asked of the vendor's staff, who give a price where there is none."""
        return self.asking and decided_by_staff(self.facts.account_type)

    def open(self, action: Action) -> bool:
        """Tell whether an act is open here: asked for, or done at once."""
        return self.asking or self.may[action]

    def name(self, key: str) -> str:
        """Return a product's name."""
        return phrases.product(self.reading.names, key)

    def edition_name(self, product: str, edition: str) -> str:
        """Return an edition's name, empty where the product has but one."""
        return phrases.edition(self.reading.names, product, edition)

    def unit(self, key: str) -> str:
        """Return what one of a product's quantity is called; empty where a number says it all."""
        return phrases.unit_name(self.reading.names, key)

    def purpose(self, product: str, edition: str) -> str:
        """Return what an edition is for, in the language of the moment; empty where nobody said."""
        return phrases.purpose(self.reading.names, product, edition)

    def shown(self, product: ProductFacts) -> tuple[EditionFacts, ...]:
        """Return a product's editions in order, but for those that come only in a Suite."""
        return tuple(one for one in product.editions if one.availability is not Availability.INCLUDED_ONLY)

    def sold(self, product: ProductFacts) -> tuple[EditionFacts, ...]:
        """Return the editions that can be bought today, or asked for where the vendor's staff price them."""
        return tuple(one for one in self.shown(product) if self.is_sold(one))

    def is_sold(self, edition: EditionFacts) -> bool:
        """Tell whether an edition that comes not only in a Suite can be bought today, or asked for."""
        return any(edition.price(cycle, self.on) is not None for cycle in self.cycles) or (
            edition.availability is Availability.SALES_ONLY and self.asks_staff
        )

    def waits(self, kind: ScheduledKind, product: str | None = None) -> ScheduledFacts | None:
        """Return what is scheduled for the renewal and stands in the form, where this person decides it."""
        waits = self.facts.waiting(kind, product)
        if waits is None or self.first or not self.open(_DECIDED_BY[kind]):
            return None
        return waits if waits.takes_effect_on == self.facts.renews_on else None

    def choices(self, line: LineFacts) -> tuple[EditionFacts, ...]:
        """Return the editions that this person may put a line into, its own among them."""
        product = self.facts.product(line.product)
        own, sold = product.edition(line.edition), self.sold(product)
        waits = self.waits(ScheduledKind.EDITION, line.product)
        return tuple(
            one
            for one in product.editions
            if one is own
            or (waits is not None and one.key == waits.edition)
            or (one in sold and self.open(Action.UPGRADE_EDITION if one.rank > own.rank else Action.REDUCE))
        )

    def offered(self) -> tuple[ProductFacts, ...]:
        """Return what can be bought beside what is held, in the catalogue's order."""
        if not self.open(Action.BUY_PRODUCTS):
            return ()
        held = {line.product for line in self.lines}
        inside = {key for line in self.lines for key in self.facts.product(line.product).includes}
        everything = self.asking or whole_catalogue(self.facts.account_type)
        return tuple(
            product
            for product in self.facts.catalogue.values()
            if product.key not in held | inside
            and not product.withdrawn
            and (everything or product.open_to_assisted)
            and any(map(self.is_sold, self.shown(product)))
        )

    def combines(self, product: ProductFacts) -> Combination | None:
        """Return which held lines a Suite would take the place of, None where it takes none."""
        return None if self.first else combination(self.facts, product.key)

    def unpriced(self, cycle: Cycle) -> tuple[str, ...]:
        """Return the names of the lines that have no price in a cycle: why it isn't offered."""
        if self.first:
            return ()
        return tuple(self.name(line.product) for line in without_price(self.facts, cycle))

    def temporary(self) -> tuple[LineFacts, ...]:
        """Return the lines whose edition has temporary seats."""
        if not self.open(Action.BUY_TEMPORARY_SEATS):
            return ()
        return tuple(
            line for line in self.lines if self.facts.edition(line.product, line.edition).supports_temporary
        )


def of(request: AccountRequest, *, promos: Iterable[str] = (), holders: bool = False) -> ManageOptions | None:
    """Return the desk of a request, or None where the account has no subscription at all.

    `promos` are the codes that were typed, and `holders` says that changes will be priced: read here
    as the verb would, so that the preview needs no second reading.
    """
    reading = loading.read(request.account, request.today, holders=holders, promos=promos)
    if reading is None:
        return None
    may = {action: bool(request.gate.may(action)) for action in Action}
    return ManageOptions(reading, request.today, asking=_only_asks(request, may), may=may)


def _only_asks(request: AccountRequest, may: Mapping[Action, bool]) -> bool:
    """Tell whether changes are asked for: by who may not make them, or by choice where not all are open."""
    if not may[Action.CHANGE_SUBSCRIPTION]:
        return True
    chosen = (request.POST if request.method == "POST" else request.GET).get("as") == "request"
    return chosen and decided_by_staff(AccountType(request.account.type))
