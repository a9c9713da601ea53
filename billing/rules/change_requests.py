"""What may be asked of the vendor's staff, and when who decides is reminded of a request."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from accounts.rules.capabilities import AccountType, whole_catalogue
from billing.rules.changes import Change, ChangeEdition, bought
from billing.rules.facts import Availability, EditionFacts, Facts, PriceFacts
from billing.rules.periods import Cycle

# After how many days who decides is reminded of a request that is still open.
REMIND_AFTER = (3, 7)


def reminder(asked_at: datetime, reminded_after: int, at: datetime) -> int | None:
    """Return the reminder that is due at a moment, in days after it was asked; None where there is none.

    Of two that were missed it is the later: the earlier would say the same.
    """
    last = max((days for days in REMIND_AFTER if days <= (at - asked_at).days), default=0)
    return last if last > reminded_after else None


def open_to_asking(facts: Facts) -> Facts:
    """Return the facts for a request: where the vendor's staff decide, every product and edition is open.

    Editions that are sold by talking stand at nothing until staff give a price; such accounts are
    shown no costs, and nothing is charged from these facts.
    """
    if whole_catalogue(facts.account_type):
        return facts
    catalogue = {
        key: replace(product, editions=tuple(_priced(edition) for edition in product.editions))
        for key, product in facts.catalogue.items()
    }
    return replace(facts, account_type=AccountType.SELF_SERVICE, catalogue=catalogue)


def needs_a_price(facts: Facts, changes: Iterable[Change]) -> bool:
    """Tell whether changes name an edition that has no list price, because it is sold by talking."""
    named = {
        (one.product, one.edition)
        for change in changes
        for one in ((change,) if isinstance(change, ChangeEdition) else bought(change))
    }
    return any(
        (product.key, edition.key) in named and edition.availability is Availability.SALES_ONLY
        for product in facts.catalogue.values()
        for edition in product.editions
    )


def _priced(edition: EditionFacts) -> EditionFacts:
    if edition.availability is not Availability.SALES_ONLY:
        return edition
    prices = tuple(PriceFacts(cycle, 0) for cycle in Cycle)
    return replace(edition, availability=Availability.PRICED, prices=prices)
