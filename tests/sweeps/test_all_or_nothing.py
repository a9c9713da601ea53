"""Every verb is done whole or not at all: what breaks at its last write leaves nothing of the others.

And it locks before it writes: whoever came first has written what it reads.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import connection, transaction

from accounts import clock, email_changes, staff
from accounts.models import Account, EmailChange, Membership, OwnershipOffer, User
from accounts.occasion import Occasion
from accounts.rules.roles import Role
from billing import cancellation
from billing.models import AgentSeat, Invoice, InvoicePayment, Subscription
from tests import acting
from tests.sweeps.asking import tables
from tests.sweeps.test_verbs import FOR_STAFF, MIDDLE, STAFF_PERSONS, WITHOUT_A_LOCK, Sweep
from tests.sweeps.verbs import HEIR, VERBS, Case, Verb

_WRITES = re.compile(r"\s*(INSERT|UPDATE|DELETE)\b", re.IGNORECASE)
_LOCKS = re.compile(r"\bFOR (NO KEY )?UPDATE\b")
# They commit what they intend before they ask the provider, or renew first: tests/billing/test_kills.py.
SEVERAL_TRANSACTIONS = {
    "billing.payments.pay",
    "billing.quotes.confirm",
    "billing.quotes.draw_up",
    "billing.quotes.withdraw",
    "billing.change_requests.submit",
    "billing.change_requests.draw_up",
    "billing.change_requests.accept_as_staff",
    "billing.payment_methods.begin",
    "billing.payment_methods.entered",
    "billing.payment_methods.finish",
}


class Broken(Exception):
    """What breaks a verb right after one of its writes."""


@contextmanager
def watched(break_at: int = 0) -> Iterator[list[str]]:
    """Keep each lock and write, in their order; raise Broken after a write, counted from one (0: never)."""
    seen: list[str] = []

    def execute(do: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        done = do(sql, params, many, context)
        if _LOCKS.search(sql):
            seen.append("lock")
        elif _WRITES.match(sql):
            seen.append("write")
            if seen.count("write") == break_at:
                raise Broken
        return done

    with connection.execute_wrapper(execute):
        yield seen


def state() -> dict[str, Any]:
    """Return how many rows each table has, and a sum over all that stands in them."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT oid::regclass::text FROM unnest(ARRAY[{tables()}]::oid[]) AS oid")
        names = [name for (name,) in cursor.fetchall()]
        parts = (
            f"SELECT '{name}', count(*), coalesce(sum(hashtextextended(t::text, 0)), 0) FROM {name} t"
            for name in names
        )
        cursor.execute(" UNION ALL ".join(parts))
        return {name: (count, total) for name, count, total in cursor.fetchall()}


def run(act: Callable[[], object], break_at: int = 0) -> tuple[list[str], bool]:
    """Do something and undo it; return its locks and writes, and whether anything was left of it."""
    undo = transaction.savepoint()
    try:
        before = state()
        with watched(break_at) as seen:
            try:
                act()
            except Broken:
                return seen, state() != before
        return seen, state() != before
    finally:
        transaction.savepoint_rollback(undo)


def problems(name: str, act: Callable[[], object], *, whole: bool) -> Iterator[str]:
    seen, left = run(act)
    writes = seen.count("write")
    if not writes or not left:
        yield f"{name}: proves nothing, it wrote nothing"
        return
    if "lock" not in seen[: seen.index("write")]:
        yield f"{name}: writes before it locks"
    if whole:
        _seen, left = run(act, break_at=writes)
        if left:
            yield f"{name}: broken after the last of its {writes} writes it left something"


def _cancelled(case: Case) -> None:
    owner = Membership.objects.get(account=case.account, role=Role.OWNER).user
    sheet = cancellation.consequences(case.account, case.on)
    cancellation.cancel_now(
        case.account,
        mark=sheet.mark,
        reason="too_expensive",
        text="",
        occasion=acting.occasion(owner, case.on),
    )


def _owing(case: Case) -> None:
    for invoice in Invoice.objects.filter(subscription_id=case.account.pk, payment=None, due__gt=0):
        InvoicePayment.objects.create(invoice=invoice, paid_at=clock.now())
    Account.objects.filter(pk=case.account.pk).update(state="past_due")


def _members(case: Case, role: Role) -> Any:
    return Membership.objects.filter(account=case.account, role=role)


# What has to be so before there is anything for a verb to do.
PREPARED: dict[str, Callable[[Case], object]] = {
    "accounts.ownership.offer": lambda c: OwnershipOffer.objects.update(state="withdrawn"),
    "accounts.roles.delegate": lambda c: _members(c, Role.BILLING_ADMIN).update(changes_payment=False),
    "accounts.roles.resume": lambda c: _members(c, Role.AGENT).update(suspended_at=clock.now()),
    "billing.cancellation.restore": _cancelled,
    "billing.debts.settle_old": _owing,
    "billing.renewal.unpark": lambda c: Subscription.objects.update(parked_at=clock.now()),
    "billing.seats.assign": lambda c: AgentSeat.objects.filter(subscription_id=c.account.pk).delete(),
    "billing.taxation.end_own_rate": lambda c: Subscription.objects.update(tax_percent=20),
}
# They speak to the provider, outside of any transaction, or need a request that staff alone can answer.
NOT_HERE = {
    "billing.payments.pay",
    "billing.payment_methods.begin",
    "billing.change_requests.accept_as_staff",
}


@pytest.mark.breaks_invariants
def test_each_verb_of_an_account_is_whole_and_locks_first(db: None) -> None:
    sweep, wrong = Sweep(), []
    for name in sorted(set(VERBS) - WITHOUT_A_LOCK - NOT_HERE):
        verb = VERBS[name]
        person = "staff" if name in FOR_STAFF else "billing_admin" if verb.actions == (HEIR,) else "owner"
        case = Case(
            Account.objects.get(pk=sweep.place.accounts[MIDDLE].pk),
            User.objects.get(pk=sweep.place.users[person].pk),
            sweep.place.today,
        )
        undo = transaction.savepoint()
        with acting.at(clock.now(), address="203.0.113.7", by_staff=person in STAFF_PERSONS):
            PREPARED.get(name, lambda _case: None)(case)
            made = verb.make(case)

            def act(verb: Verb = verb, case: Case = case, made: object = made) -> object:
                return verb.call(case, made)

            try:
                wrong += problems(name, act, whole=name not in SEVERAL_TRANSACTIONS)
            except Exception as refused:
                wrong.append(f"{name}: proves nothing, it can't be done: {refused!r}")
        transaction.savepoint_rollback(undo)
    assert not wrong, "\n".join(wrong)


@pytest.mark.breaks_invariants
def test_each_verb_of_a_person_or_a_catalogue_is_too(db: None) -> None:
    place = Sweep().place
    people = {name: User.objects.get(pk=place.users[name].pk) for name in ("owner", "admin", "staff")}
    other = staff.appoint("second@vendor.example", "Second")
    now = clock.now()

    def by(person: User) -> Occasion:
        return Occasion(person, place.today, now, by_staff=person.is_staff)

    asked = email_changes.ask("new-owner@people.example", occasion=by(people["owner"]))
    proposed = email_changes.propose(
        people["admin"].pk, "new-admin@people.example", reason="Typed wrongly", occasion=by(people["staff"])
    )
    acts: dict[str, Callable[[], object]] = {
        "email_changes.ask": lambda: email_changes.ask("other@people.example", occasion=by(people["owner"])),
        "email_changes.withdraw": lambda: email_changes.withdraw(asked.pk, occasion=by(people["owner"])),
        "email_changes.propose": lambda: email_changes.propose(
            people["owner"].pk, "fresh@people.example", reason="Typed wrongly", occasion=by(people["staff"])
        ),
        "email_changes.approve": lambda: email_changes.approve(proposed.pk, occasion=by(other)),
        "email_changes.reject": lambda: email_changes.reject(proposed.pk, occasion=by(other)),
        "staff.dismiss": lambda: staff.dismiss("second@vendor.example"),
    }
    wrong = [problem for name, act in acts.items() for problem in problems(name, act, whole=True)]
    assert not wrong, "\n".join(wrong)
    _seen, left = run(lambda: staff.appoint("third@vendor.example", "Third"), break_at=2)
    assert not left, "somebody new is made with their address, or not at all"
    assert EmailChange.objects.filter(pk=asked.pk, state="open").exists()
