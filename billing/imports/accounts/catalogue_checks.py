"""What of an account in a file does not fit the price list, or the day on which it is loaded."""

from collections.abc import Iterator
from datetime import date

from accounts.rules.capabilities import AccountState
from billing.imports.accounts.facts import Offer, temporary_unit
from billing.imports.accounts.listing import AccountFault, ListedAccount, ListedLine, fault
from billing.imports.accounts.values import shown
from billing.rules.facts import Availability, EditionFacts, ProductKind
from billing.rules.periods import Cycle

SEATED = (ProductKind.PRODUCT, ProductKind.SUITE)
# Renews by itself, so that a period long over would be charged at once.
RENEWING = (AccountState.ACTIVE, AccountState.PAST_DUE)


def faults(account: ListedAccount, offer: Offer, on: date) -> list[AccountFault]:
    """Return all that does not fit, one check after the other.

    `offer` is the catalogue in the account's currency, `on` today in its zone.
    """
    if not any(edition.prices for product in offer.values() for edition in product.editions):
        text = f"the catalogue {account.catalogue} has no prices in {account.currency}"
        return [fault(account.row, "currency", text)]
    # What is not in the price list can't be compared with it further.
    unknown = [*_unknown(account, offer)]
    return unknown or [one for check in _CHECKS for one in check(account, offer, on)]


def _unknown(account: ListedAccount, offer: Offer) -> Iterator[AccountFault]:
    for line in account.lines:
        product = offer.get(line.product)
        if product is None:
            text = f"{shown(line.product)} is not in the catalogue {account.catalogue}"
            yield fault(line.row, "product", text)
        elif line.edition not in (edition.key for edition in product.editions):
            has = ", ".join(edition.key for edition in product.editions)
            yield fault(line.row, "edition", f"{shown(line.edition)} is no edition of {line.product}: {has}")
    for discount in account.discounts:
        for key in discount.products:
            if key not in offer:
                text = f"{shown(key)} is not in the catalogue {account.catalogue}"
                yield fault(discount.row, "products", text)


def _prices(account: ListedAccount, offer: Offer, on: date) -> Iterator[AccountFault]:
    given = account.subscription
    for line in account.lines:
        edition = offer[line.product].edition(line.edition)
        if edition.availability is Availability.INCLUDED_ONLY:
            yield fault(line.row, "edition", f"{line.edition} of {line.product} comes only in a Suite")
        elif given is None and edition.price(account.trial_cycle or Cycle.MONTHLY, on) is None:
            cycle = account.trial_cycle or Cycle.MONTHLY
            text = f"{line.edition} of {line.product} has no {cycle} price in {account.currency} on {on}"
            yield fault(line.row, "edition", f"{text}; a trial names its cycle in trial_cycle")
        elif given and line.unit_price is None and edition.price(given.cycle, on) is None:
            yield fault(line.row, "unit_price", _why_needed(line, edition, account, on))


def _why_needed(line: ListedLine, edition: EditionFacts, account: ListedAccount, on: date) -> str:
    assert account.subscription is not None  # there are lines
    what = f"{line.edition} of {line.product}"
    if edition.availability is Availability.SALES_ONLY:
        why = f"{what} is sold by talking"
    elif edition.availability is Availability.WITHDRAWN:
        why = f"{what} is no longer sold"
    else:
        why = f"{what} has no {account.subscription.cycle} price in {account.currency} on {on}"
    return f"is missing: {why}, so that the price this customer pays must be named"


def _quantities(account: ListedAccount, offer: Offer, on: date) -> Iterator[AccountFault]:
    for line in account.lines:
        product = offer[line.product]
        if not product.minimum <= line.quantity <= product.maximum:
            text = f"{line.quantity} is not between {product.minimum} and {product.maximum}, "
            yield fault(line.row, "quantity", text + f"which the price list allows for {line.product}")


def _together(account: ListedAccount, offer: Offer, on: date) -> Iterator[AccountFault]:
    """Compare the lines with each other: nothing twice, and no add-on alone."""
    included = {key: line.product for line in account.lines for key in offer[line.product].includes}
    had = {line.product for line in account.lines} | set(included)
    for line in account.lines:
        if line.product in included:
            text = f"{line.product} is included in {included[line.product]}, which the account has too"
            yield fault(line.row, "product", text)
        requires = offer[line.product].requires
        if requires and not had.intersection(requires):
            text = f"{line.product} needs one of {', '.join(requires)}"
            yield fault(line.row, "product", text)


def _seats(account: ListedAccount, offer: Offer, on: date) -> Iterator[AccountFault]:
    lines = {line.product: line for line in account.lines}
    for seat in account.seats:
        if offer[seat.product].kind not in SEATED:
            yield fault(seat.row, "product", f"{seat.product} is not held by people: it has no seats")
    for line in account.lines:
        held = [seat for seat in account.seats if seat.product == line.product]
        extra = sum(
            one.quantity
            for one in account.temporary
            if one.product == line.product and one.starts_on <= on < one.until
        )
        if len(held) > lines[line.product].quantity + extra:
            text = f"{line.quantity} is less than the {len(held)} seats that members hold"
            text += f", with {extra} temporary ones" if extra else ""
            yield fault(line.row, "quantity", text)


def _temporary(account: ListedAccount, offer: Offer, on: date) -> Iterator[AccountFault]:
    editions = {line.product: offer[line.product].edition(line.edition) for line in account.lines}
    for one in account.temporary:
        edition, given = editions[one.product], account.subscription
        if not edition.supports_temporary:
            text = f"{one.product} has no temporary seats in the edition {edition.key}"
            yield fault(one.row, "product", text)
        elif given and temporary_unit(one, edition, given.cycle) is None:
            text = f"is missing: {one.product} had no list price on {one.starts_on}"
            yield fault(one.row, "unit_price", text)


def _days(account: ListedAccount, offer: Offer, on: date) -> Iterator[AccountFault]:
    """Compare with today: what has begun, what is over."""
    given = account.subscription
    if account.cancelled_on and account.cancelled_on > on:
        yield fault(account.row, "cancelled_on", f"{account.cancelled_on} has not come yet; today is {on}")
    if given is None:
        return
    if given.period_from > on:
        text = f"{given.period_from} has not come yet: the period must be the current one; today is {on}"
        yield fault(given.row, "period_from", text)
    elif given.paid_end <= on and account.state in RENEWING:
        column = "paid_until" if given.paid_until else "period_until"
        text = f"{given.paid_end} is over: the period must be the current one; today is {on}"
        yield fault(given.row, column, text)
    for line in account.lines:
        if line.began_on and line.began_on > on:
            yield fault(line.row, "began_on", f"{line.began_on} has not come yet; today is {on}")


_CHECKS = (_prices, _quantities, _together, _seats, _temporary, _days)
