"""Every verb refuses who may not, behind its lock: what a page asked before counts for nothing.

Between the page's question and the verb's lock an account can be cancelled and a role taken. So each verb
is called directly, by every person who may not, on every type and standing; and by who may, on an
account that is cancelled while it waits for the lock. It refuses, and writes nothing.
"""

import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.core.exceptions import ObjectDoesNotExist
from django.db import connection, transaction

import accounts
import billing
from accounts import clock, invitations
from accounts.models import Account, Letter, Membership, User
from accounts.rules.roles import Role
from billing import promised_seats
from billing.models import AgentSeat
from tests import acting, shop
from tests.sweeps import world
from tests.sweeps.asked_elsewhere import ASKED_ELSEWHERE
from tests.sweeps.asking import rows_written
from tests.sweeps.cases import Case
from tests.sweeps.test_decisions import ROWS
from tests.sweeps.verbs import HEIR, STAFF, VERBS, Verb
from tests.sweeps.world import PERSONS, World

STAFF_PERSONS = ("staff", "superuser")
ACCOUNTS = [(kind, standing) for kind in world.TYPES for standing in world.STATES]
# In the middle of what is refused: where most verbs are open to somebody.
MIDDLE = ("S", "A")
# When an account is cancelled by somebody else: just before a verb, or while it waits for the lock.
BEFORE, MEANWHILE = "before", "meanwhile"
# How a function is told by whom it is done.
WHO = {"occasion", "occasion_of", "by"}


def public_verbs() -> Iterator[str]:
    """Yield every function of the two rooms, outside of rules and models, that says by whom it is done."""
    for room in (accounts, billing):
        for found in pkgutil.iter_modules(room.__path__, f"{room.__name__}."):
            if found.name.rpartition(".")[2] in ("rules", "models", "migrations", "management", "provider"):
                continue
            module = importlib.import_module(found.name)
            for name, value in vars(module).items():
                if (
                    name.startswith("_")
                    or not inspect.isfunction(value)
                    or value.__module__ != module.__name__
                ):
                    continue
                if WHO & inspect.signature(value).parameters.keys():
                    yield f"{module.__name__}.{name}"


def test_every_verb_has_a_row() -> None:
    found, rows = set(public_verbs()), {*VERBS, *ASKED_ELSEWHERE}
    assert not (missing := sorted(found - rows)), (
        f"{missing}: give each a row in tests/sweeps/verbs.py: which action opens it, and how it is called"
    )
    assert not (gone := sorted(rows - found)), f"no longer there, take out of tests/sweeps/verbs.py: {gone}"


def may(verb: Verb, person: str, kind: str, standing: str) -> bool:
    """Say by the table of decisions, which is written from the domain, whether a person may."""
    if person in STAFF_PERSONS and (verb.staff == "always" or (verb.staff == "deciding" and kind in "AM")):
        return True
    letter = PERSONS[person]
    if verb.actions[0] == HEIR:
        return letter in ("B", "P") and standing != "C"
    if not letter or verb.actions[0] == STAFF:
        return False
    return all(
        letter in ROWS[action][0] and kind in ROWS[action][1] and standing in ROWS[action][2]
        for action in verb.actions
    )


class Sweep:
    """Calls verbs on the accounts of a world, and undoes what they did."""

    def __init__(self) -> None:
        """Make the world."""
        self.place: World = world.make()
        for standing in self.place.accounts.values():
            ready(standing)

    def call(
        self, name: str, person: str, at: tuple[str, str], *, cancelled: str = ""
    ) -> tuple[Exception | None, bool]:
        """Return what a verb raised, and whether it wrote; LookupError where it has nothing to act on.

        `cancelled` meanwhile, the account is by somebody else while the verb waits for the lock; before, just
        before the verb is called.
        """
        verb = VERBS[name]
        case = Case(
            Account.objects.get(pk=self.place.accounts[at].pk),
            User.objects.get(pk=self.place.users[person].pk),
            self.place.today,
        )
        undo = transaction.savepoint()
        try:
            with acting.at(clock.now(), address="203.0.113.7", by_staff=person in STAFF_PERSONS):
                try:
                    made = verb.make(case)
                except ObjectDoesNotExist as missing:
                    raise LookupError from missing
                if cancelled == BEFORE:
                    cancel(case.account)
                with meanwhile_cancelled(case.account) if cancelled == MEANWHILE else nullcontext():
                    before = rows_written()
                    try:
                        verb.call(case, made)
                    except LookupError:
                        raise
                    except Exception as raised:
                        return raised, rows_written() != before and not verb.undoes
                    return None, rows_written() != before
        finally:
            transaction.savepoint_rollback(undo)


def ready(account: Account) -> None:
    """Let the agent hold a seat, and the first billing admin have a verified address."""
    if account.state in ("trial", "cancelled"):
        return
    agent = Membership.objects.get(account=account, user__name="Person Agent")
    AgentSeat.objects.create(
        subscription_id=account.pk,
        line=shop.line(account, "guide"),
        membership=agent,
        assigned_at=clock.now(),
    )
    for admin in Membership.objects.filter(account=account, role=Role.BILLING_ADMIN):
        EmailAddress.objects.get_or_create(
            user=admin.user, email=admin.user.email, defaults={"verified": True, "primary": True}
        )


def cancel(account: Account) -> None:
    """Cancel an account past all verbs."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE accounts_account SET state = 'cancelled', cancelled_at = now() WHERE id = %s",
            [account.pk],
        )


class NeverLocked(Exception):
    """The verb did not lock the account that it acts on."""


@contextmanager
def meanwhile_cancelled(account: Account) -> Iterator[None]:
    """Cancel the account just before its row is locked, as one that came first does; fail if it never is."""
    locks = 0

    def first(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        nonlocal locks
        if "FOR NO KEY UPDATE" in sql and 'FROM "accounts_account"' in sql:
            locks += 1
            if locks == 1:
                cancel(account)
        return execute(sql, params, many, context)

    with connection.execute_wrapper(first):
        yield
    if not locks:
        raise NeverLocked


def problems(sweep: Sweep, name: str, person: str, at: tuple[str, str]) -> Iterator[str]:
    verb = VERBS[name]
    where = f"{name} as {person} on type {at[0]}, standing {at[1]}"
    try:
        raised, wrote = sweep.call(name, person, at)
    except LookupError:
        return
    refused = isinstance(raised, verb.refusal)
    if may(verb, person, *at):
        if refused:
            yield f"{where}: refused: {raised!r}"
    elif not refused:
        yield f"{where}: not refused: {raised!r}"
    elif wrote:
        yield f"{where}: refused, and wrote"


@pytest.mark.breaks_invariants
def test_who_may_not_is_refused_by_the_verb_itself(db: None) -> None:
    """Everybody on an account where most is open, and three who hold the most on every account."""
    sweep = Sweep()
    people = [name for name in PERSONS if name != "anonymous"]
    cells = [(name, person, MIDDLE) for name in VERBS for person in people]
    cells += [(name, who, at) for name in VERBS for who in ("owner", "delegated", "staff") for at in ACCOUNTS]
    wrong = [problem for cell in cells for problem in problems(sweep, *cell)]
    assert not wrong, f"{len(wrong)} of {len(cells)} cells:\n" + "\n".join(wrong[:40])


@pytest.mark.soak
@pytest.mark.breaks_invariants
def test_every_cell(db: None) -> None:
    sweep = Sweep()
    people = [name for name in PERSONS if name != "anonymous"]
    cells = [(name, person, at) for name in VERBS for person in people for at in ACCOUNTS]
    wrong = [problem for cell in cells for problem in problems(sweep, *cell)]
    assert not wrong, f"{len(wrong)} of {len(cells)} cells:\n" + "\n".join(wrong[:40])


# They are for an account that is cancelled, or leave it to the state whether there is anything to do.
FOR_STAFF = {name for name, verb in VERBS.items() if verb.actions == (STAFF,)}
# They read, or speak to the provider and write nothing.
WITHOUT_A_LOCK = {
    "billing.quotes.price",
    "billing.payment_methods.entered",
    "billing.kept_quotes.compare",
}


@pytest.mark.breaks_invariants
def test_an_account_cancelled_meanwhile_is_left_alone(db: None) -> None:
    """Who may asked in time, and somebody else had the lock: nothing is done, nothing charged."""
    sweep, wrong = Sweep(), []
    for name in sorted(set(VERBS) - FOR_STAFF - WITHOUT_A_LOCK):
        verb = VERBS[name]
        person = "billing_admin" if verb.actions == (HEIR,) else "owner"
        raised, _wrote = sweep.call(name, person, MIDDLE)
        if raised is not None and not isinstance(raised, (*verb.beyond, RuntimeError)):
            wrong.append(f"{name}: proves nothing, it can't be done at all: {raised!r}")
        try:
            raised, _wrote = sweep.call(name, person, MIDDLE, cancelled=MEANWHILE)
        except NeverLocked:
            wrong.append(f"{name}: never locks the account")
            continue
        if not isinstance(raised, verb.refusal):
            wrong.append(f"{name}: done on a cancelled account: {raised!r}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.breaks_invariants
def test_what_staff_do_reads_the_account_behind_the_lock(db: None) -> None:
    """An account that is cancelled meanwhile is to them as one that was before."""
    sweep, wrong = Sweep(), []
    for name in sorted(FOR_STAFF):
        at = ("M", "A") if VERBS[name].staff == "deciding" else MIDDLE
        try:
            before, _wrote = sweep.call(name, "staff", at, cancelled=BEFORE)
            meanwhile, _wrote = sweep.call(name, "staff", at, cancelled=MEANWHILE)
        except LookupError:
            wrong.append(f"{name}: proves nothing, it has nothing to act on")
        except NeverLocked:
            wrong.append(f"{name}: never locks the account")
        else:
            if repr(before) != repr(meanwhile):
                wrong.append(f"{name}: {before!r} on one cancelled before, {meanwhile!r} meanwhile")
    assert not wrong, "\n".join(wrong)


@pytest.mark.breaks_invariants
def test_nobody_joins_an_account_that_is_cancelled_meanwhile(db: None) -> None:
    place = world.make()
    firm, owner = place.accounts[MIDDLE], place.users["owner"]
    with acting.at(clock.now()):
        invitations.invite(
            firm, "nina@people.example", "Nina", Role.AGENT, occasion=acting.occasion(owner, place.today)
        )
        token = str(Letter.objects.filter(kind="invited").latest("pk").facts["token"])
        with meanwhile_cancelled(firm), pytest.raises(invitations.InvitationOver):
            promised_seats.join(token, occasion=acting.occasion(on=place.today))
    assert not User.objects.filter(email="nina@people.example").exists()
