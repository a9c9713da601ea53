"""What waits for the renewal of an account that is brought in: by the rules of the console, or refused."""

from dataclasses import replace
from datetime import date
from typing import assert_never

from accounts.rules.capabilities import AccountState
from billing.imports.accounts.listing import AccountFault, ListedAccount, ListedScheduled, fault
from billing.rules import changes as new
from billing.rules.facts import Facts, ScheduledFacts, ScheduledKind
from billing.rules.quoting import UndecidedConflict, quote
from billing.rules.refusals import Refusal

# What has no renewal to wait for.
_RENEWING = (AccountState.ACTIVE, AccountState.PAST_DUE)
_NEEDED = {
    ScheduledKind.QUANTITY: ("product", "quantity"),
    ScheduledKind.EDITION: ("product", "edition"),
    ScheduledKind.REMOVAL: ("product",),
    ScheduledKind.CYCLE: ("cycle",),
}
KINDS = tuple(kind.value for kind in _NEEDED)


def with_scheduled(account: ListedAccount, bought: Facts, on: date) -> tuple[Facts, list[AccountFault]]:
    """Return the facts with what waits for the renewal, and what is wrong with it."""
    if wrong := _faults(account):
        return bought, wrong
    given = account.subscription
    if given is not None and given.cancel_at_period_end:
        end = ScheduledFacts(ScheduledKind.CANCELLATION, given.paid_end, version=bought.version)
        return replace(bought, scheduled=(end,)), []
    if not account.scheduled:
        return bought, []
    held = _in_use(account, bought)
    try:
        after = quote(held, [_change(one) for one in account.scheduled], on).after
    except UndecidedConflict:
        text = "can't wait together with what stands beside it; leave one of them out"
        return bought, [fault(account.scheduled[-1].row, "kind", text)]
    except Refusal as refusal:
        return bought, [_refused(account, refusal)]
    if len(after.scheduled) != len(account.scheduled):
        text = "would take effect at once; only what lowers something waits for the renewal"
        return bought, [fault(account.scheduled[0].row, "kind", text)]
    return replace(bought, scheduled=after.scheduled, version=after.version), []


def _faults(account: ListedAccount) -> list[AccountFault]:
    found, given = [], account.subscription
    ends = given is not None and given.cancel_at_period_end
    for one in account.scheduled:
        needed = _NEEDED[one.kind]
        for column in ("product", "quantity", "edition", "cycle"):
            value = getattr(one, column)
            if column in needed and not value:
                found.append(fault(one.row, column, f"is missing; a scheduled {one.kind} names it"))
            elif column not in needed and value:
                found.append(fault(one.row, column, f"is not for a scheduled {one.kind}"))
        if ends:
            found.append(fault(one.row, "kind", "all of it ends with the period: nothing else can wait"))
        slots = [(other.kind, other.product) for other in account.scheduled]
        if slots.count((one.kind, one.product)) > 1:
            found.append(fault(one.row, "kind", f"a {one.kind} waits already for the same"))
    waits = [*(one.row for one in account.scheduled[:1]), *((given.row,) if given and ends else ())]
    if waits and account.state not in _RENEWING:
        column = "cancel_at_period_end" if ends else "kind"
        text = f"is given, but an account whose state is {account.state} has no renewal"
        found.append(fault(waits[-1], column, text))
    return found


def _change(one: ListedScheduled) -> new.Change:
    match one.kind:
        case ScheduledKind.QUANTITY:
            return new.ReduceSeats(one.product, one.quantity)
        case ScheduledKind.EDITION:
            return new.ChangeEdition(one.product, one.edition)
        case ScheduledKind.REMOVAL:
            return new.RemoveProduct(one.product)
        case ScheduledKind.CYCLE:
            assert one.cycle is not None  # `_faults` asks for it
            return new.ChangeCycle(one.cycle)
        case ScheduledKind.CANCELLATION:
            raise AssertionError  # `cancel_at_period_end` says so, not a kind
        case _:
            assert_never(one.kind)


def _in_use(account: ListedAccount, bought: Facts) -> Facts:
    held = [seat.product for seat in account.seats]
    return replace(
        bought, lines=tuple(replace(line, seats_in_use=held.count(line.product)) for line in bought.lines)
    )


def _refused(account: ListedAccount, refusal: Refusal) -> AccountFault:
    """Return what the rules say, at the row that it is about."""
    product = refusal.data.get("product")
    row = next((one.row for one in account.scheduled if one.product == product), account.scheduled[0].row)
    why = refusal.code.replace("_", " ")
    if refusal.code == "last_product":
        why += ": cancel_at_period_end of the subscription says that all of it ends"
    return fault(row, "kind", f"can't wait for the renewal: {why}")
