"""What must hold within one account of a file, whatever the price list and the day."""

from collections.abc import Callable, Hashable, Iterable, Iterator

from accounts.rules.capabilities import AccountState
from accounts.rules.roles import WITHOUT_SEAT, Role
from billing.imports.accounts.listing import (
    AccountFault,
    AccountRecord,
    ListedAccount,
    ListedSubscription,
    fault,
)
from billing.imports.accounts.values import shown
from billing.models import InvoiceRecipient, PaymentMethod
from billing.rules.checks import LONGEST_TEMPORARY
from billing.rules.periods import add_months, months_between, next_period


def faults(account: ListedAccount) -> list[AccountFault]:
    """Return all that is wrong with an account whose cells are right, one check after the other."""
    return [found for check in _CHECKS for found in check(account)]


def _owner(account: ListedAccount) -> Iterator[AccountFault]:
    owners = [member for member in account.members if member.role is Role.OWNER]
    if not owners:
        yield fault(account.row, "member", "no member has the role owner; an account has exactly one")
    for second in owners[1:]:
        named = f"line {owners[0].row.line} names {shown(owners[0].email)}"
        yield fault(second.row, "role", f"is a second owner; an account has exactly one, and {named}")


def _members(account: ListedAccount) -> Iterator[AccountFault]:
    yield from _twice(account.members, lambda one: one.email, "email", "is a member already")
    for member in account.members:
        if member.changes_payment and member.role is not Role.BILLING_ADMIN:
            yield fault(member.row, "changes_payment", "is for a billing_admin; the owner always may")
        if member.suspended and member.role is Role.OWNER:
            yield fault(member.row, "suspended", "the owner can't be suspended")


def _state(account: ListedAccount) -> Iterator[AccountFault]:
    row = account.row
    trial, cancelled = (account.state is one for one in (AccountState.TRIAL, AccountState.CANCELLED))
    if trial and account.trial_ends_on is None:
        yield fault(row, "trial_ends_on", "is missing; a trial has an end")
    if cancelled and account.cancelled_on is None:
        yield fault(row, "cancelled_on", "is missing; a cancelled account says since when")
    if account.cancelled_on and not cancelled:
        yield fault(row, "cancelled_on", f"is given, but the state is {account.state}")
    if trial and account.subscription:
        yield fault(
            account.subscription.row, "cycle", "a trial has bought nothing yet: no period, but trial_cycle"
        )
    if account.trial_cycle and not trial:
        yield fault(row, "trial_cycle", f"is given, but the state is {account.state}")
    for line in account.lines if trial else ():
        for column in ("unit_price", "price_ends_on", "began_on"):
            if getattr(line, column) is not None:
                yield fault(line.row, column, "is for what was bought; a trial tries at the list price")


def _subscription(account: ListedAccount) -> Iterator[AccountFault]:
    given, lines = account.subscription, account.lines
    if lines and given is None and account.state is not AccountState.TRIAL:
        yield fault(lines[0].row, "product", "there is no record “subscription”: cycle, anchor, period")
    if given is None:
        return
    if not lines:
        yield fault(given.row, "cycle", "there is a subscription without a line; add what was bought")
    yield from _period(given)
    for line in lines:
        if line.began_on is not None and line.began_on >= given.paid_end:
            yield fault(line.row, "began_on", f"{line.began_on} lies after what is paid, {given.paid_end}")


def _period(given: ListedSubscription) -> Iterator[AccountFault]:
    """Compare the period with the anchor: dates come from it and a count (domain.md 6)."""
    anchor, start = given.anchor, given.period_from
    if start < anchor:
        yield fault(given.row, "period_from", f"{start} lies before the anchor {anchor}")
        return
    follows = add_months(anchor, months_between(anchor, start))
    if follows != start:
        text = f"{start} does not follow from the anchor {anchor}; the nearest day before is {follows}"
        yield fault(given.row, "period_from", text)
        return
    period = next_period(anchor, start, given.cycle)
    if given.period_until != period.end:
        text = f"{given.period_until} does not follow from the anchor {anchor}: "
        text += f"the {given.cycle} period from {start} ends on {period.end}"
        yield fault(given.row, "period_until", text)
        return
    ends = (period.end, next_period(anchor, period.end, given.cycle).end)
    if given.paid_end not in ends:
        text = f"{given.paid_end} is neither the period's end {ends[0]} nor, once extended, {ends[1]}"
        yield fault(given.row, "paid_until", text)


def _lines(account: ListedAccount) -> Iterator[AccountFault]:
    yield from _twice(account.lines, lambda one: one.product, "product", "has a line already")


def _seats(account: ListedAccount) -> Iterator[AccountFault]:
    members = {member.email: member for member in account.members}
    products = {line.product for line in account.lines}
    yield from _twice(account.seats, lambda one: (one.product, one.email), "email", "holds this seat already")
    for seat in account.seats:
        member = members.get(seat.email)
        if member is None:
            yield fault(seat.row, "email", f"{shown(seat.email)} is no member of this account")
        elif member.role in WITHOUT_SEAT:
            yield fault(
                seat.row,
                "email",
                f"{shown(seat.email)} is a {member.role.value.replace('_', ' ')}, who holds no seat",
            )
        if seat.product not in products:
            yield fault(seat.row, "product", f"the account has no line of {shown(seat.product)}")


def _discounts(account: ListedAccount) -> Iterator[AccountFault]:
    yield from _twice(account.discounts, lambda one: one.code, "code", "stands here already")
    for discount in account.discounts:
        row = discount.row
        if (discount.percent is None) is (discount.amount is None):
            yield fault(row, "percent", "a discount has either a percent or an amount per period")
        elif not (discount.percent if discount.amount is None else discount.amount > 0):
            column = "percent" if discount.amount is None else "amount"
            yield fault(row, column, "must be more than 0")
        if discount.periods_left == 0 and not discount.in_current_period:
            yield fault(row, "periods_left", "0 is for a discount that the current period is the last of")
        if account.subscription is None:
            yield fault(row, "code", "there is nothing bought that it could lower")


def _temporary(account: ListedAccount) -> Iterator[AccountFault]:
    products = {line.product for line in account.lines}
    for one in account.temporary:
        if account.subscription is None:
            yield fault(one.row, "product", "there is nothing bought that extra seats could be added to")
        if one.product not in products:
            yield fault(one.row, "product", f"the account has no line of {shown(one.product)}")
        days = (one.until - one.starts_on).days
        if not 1 <= days <= LONGEST_TEMPORARY:
            text = f"temporary seats are for 1 to {LONGEST_TEMPORARY} days, not for {days}"
            yield fault(one.row, "until", text)
        if one.unit_price is not None and one.unit_price < 0:
            yield fault(one.row, "unit_price", "can't be negative")


def _amounts(account: ListedAccount) -> Iterator[AccountFault]:
    for line in account.lines:
        if line.unit_price is not None and line.unit_price < 0:
            yield fault(line.row, "unit_price", "can't be negative")
        if line.price_ends_on is not None and line.unit_price is None:
            yield fault(line.row, "price_ends_on", "is for a price of their own; name it in unit_price")


def _payment(account: ListedAccount) -> Iterator[AccountFault]:
    others = account.other_payments
    methods = [*([account.payment] if account.payment else []), *others]
    for method in methods:
        if method.kind == "card":
            for column in ("brand", "last_four", "expires"):
                if not getattr(method, column):
                    yield fault(method.row, column, "is missing; a card has it")
        elif method.expires is not None:
            yield fault(method.row, "expires", f"is for a card, not for a {method.kind}")
    if others and account.payment is None:
        yield fault(others[0].row, "record", "needs a “payment” beside it, which is charged first")
    for method in [one for one in others if one.use == "backup"][1:]:
        yield fault(method.row, "use", "stands here already; an account has one backup at most")
    for method in methods[PaymentMethod.MOST : PaymentMethod.MOST + 1]:
        yield fault(
            method.row, "record", f"is one too many: an account has at most {PaymentMethod.MOST} methods"
        )
    named = [method for method in methods if method.reference]
    yield from _twice(named, lambda one: one.reference, "reference", "is the name of another one here")


def _open_invoices(account: ListedAccount) -> Iterator[AccountFault]:
    yield from _twice(account.open_invoices, lambda one: one.number, "number", "stands here already")


def _recipients(account: ListedAccount) -> Iterator[AccountFault]:
    yield from _twice(account.recipients, lambda one: one.email, "email", "gets the invoices already")
    for one in account.recipients[InvoiceRecipient.MOST : InvoiceRecipient.MOST + 1]:
        yield fault(one.row, "email", f"is one too many: at most {InvoiceRecipient.MOST} get the invoices")


def _twice(
    rows: Iterable[object], key: Callable[..., Hashable], column: str, text: str
) -> Iterator[AccountFault]:
    """Find rows whose key stood before."""
    seen: dict[Hashable, AccountRecord] = {}
    for one in rows:
        row: AccountRecord = one.row  # type: ignore[attr-defined]
        first = seen.setdefault(key(one), row)
        if first is not row:
            where = f"line {first.line}" if not first.path else first.path
            yield fault(row, column, f"{shown(row.cells[column])} {text}: {where}")


_CHECKS = (
    _owner,
    _members,
    _state,
    _subscription,
    _lines,
    _seats,
    _discounts,
    _temporary,
    _amounts,
    _payment,
    _recipients,
    _open_invoices,
)
