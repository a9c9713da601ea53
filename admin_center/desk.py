"""What stands on the Manage page: held lines, what can be bought beside them, and who may do what.

Reads the facts once; the form, the preview and the page all work from the same desk.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from accounts.rules.decision import Action
from admin_center import consequences, sentences
from admin_center.pages import AccountRequest
from billing import facts
from billing.rules.checks import without_price
from billing.rules.facts import Availability, EditionFacts, Facts, LineFacts, ProductFacts, ProductKind
from billing.rules.periods import Cycle

SUITABLE = (ProductKind.PRODUCT, ProductKind.SUITE)


@dataclass(frozen=True, slots=True)
class Choice:
    """One edition to choose: `unit` in minor units per seat and month, None where it has no price."""

    key: str
    name: str
    unit: int | None
    sales_only: bool
    allowances: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Desk:
    """One subscription to be changed by one person on one day.

    `asking` says that this person may only ask; then everything on sale may be asked for.
    """

    reading: facts.Reading
    on: date
    asking: bool
    may: Mapping[Action, bool]

    @property
    def facts(self) -> Facts:
        """Return what the rules see."""
        return self.reading.facts

    @property
    def first(self) -> bool:
        """Tell whether nothing has been bought yet."""
        return not self.facts.lines

    @property
    def cycle(self) -> Cycle:
        """Return the cycle that prices are shown in."""
        return self.facts.cycle or Cycle.ANNUAL

    def open(self, action: Action) -> bool:
        """Tell whether an act is open here: asked for, or done at once."""
        return self.asking or self.may[action]

    def name(self, key: str) -> str:
        """Return a product's name."""
        return sentences.product(self.reading.names, key)

    def editions(self, product: ProductFacts, cycle: Cycle | None = None) -> tuple[Choice, ...]:
        """Return a product's editions in order, but for those that come only in a Suite."""
        return tuple(
            Choice(
                key=edition.key,
                name=sentences.edition(self.reading.names, product.key, edition.key),
                unit=edition.price(cycle or self.cycle, self.on),
                sales_only=edition.availability is Availability.SALES_ONLY,
                allowances=self.allowances(edition),
            )
            for edition in product.editions
            if edition.availability is not Availability.INCLUDED_ONLY
        )

    def allowances(self, edition: EditionFacts) -> tuple[str, ...]:
        """Return what comes with an edition, in words."""
        return tuple(
            consequences.allowance(self.reading.labels, key, value)
            for key, value in edition.allowances.items()
        )

    def choices(self, line: LineFacts) -> tuple[Choice, ...]:
        """Return the editions a line may be put into, its own first among equals."""
        product = self.facts.product(line.product)
        own = product.edition(line.edition).rank
        ranks = {edition.key: edition.rank for edition in product.editions}
        return tuple(
            choice
            for choice in self.editions(product)
            if choice.key == line.edition
            or (
                choice.unit is not None
                and self.open(Action.UPGRADE_EDITION if ranks[choice.key] > own else Action.REDUCE)
            )
        )

    def offered(self) -> tuple[ProductFacts, ...]:
        """Return what can be bought beside what is held, in the catalogue's order."""
        if not self.open(Action.BUY_PRODUCTS):
            return ()
        held = {line.product for line in self.facts.lines}
        inside = {key for line in self.facts.lines for key in self.facts.product(line.product).includes}
        cycles = list(Cycle) if self.first else [self.cycle]
        return tuple(
            product
            for product in self.facts.catalogue.values()
            if product.key not in held | inside
            and not product.withdrawn
            and (self.asking or self.facts.account_type == "self_service" or product.open_to_assisted)
            and any(choice.unit is not None for cycle in cycles for choice in self.editions(product, cycle))
        )

    def combines(self, product: ProductFacts) -> tuple[str, ...]:
        """Return the held lines that a Suite would take the place of."""
        return tuple(line.product for line in self.facts.lines if line.product in product.includes)

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
            line
            for line in self.facts.lines
            if self.facts.edition(line.product, line.edition).supports_temporary
        )


def of(request: AccountRequest) -> Desk | None:
    """Return the desk of a request, or None where the account has no subscription at all."""
    typed = request.method == "POST"
    promo = request.POST.get("promo", "").strip().upper()
    # Read as the verb would: then the preview needs no second reading.
    reading = facts.read(
        request.account, request.today, holders=typed, promos=[promo] if promo and "\x00" not in promo else []
    )
    if reading is None:
        return None
    may = {action: bool(request.gate.may(action)) for action in Action}
    return Desk(reading, request.today, asking=not may[Action.CHANGE_SUBSCRIPTION], may=may)
