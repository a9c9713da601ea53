"""The script that takes guards out finds them, takes them out of a program that runs, and nothing else."""

import importlib.util
from collections import Counter
from pathlib import Path
from types import ModuleType

import pytest
from django.utils.functional import SimpleLazyObject

from admin_center.server.database import ROOT
from tests.guards.__main__ import reasons
from tests.guards.apart import APART
from tests.guards.finding import Guard, guards, modules
from tests.guards.removing import take_out

# How a verb is written here. `withdraw` closes over what only its guard uses.
SOURCE = """
from contextlib import ContextDecorator

class Gate:
    def demand(self, who):
        if who == "stranger":
            raise PermissionError

def _demand_open(state) -> None:
    if state != "open":
        raise LookupError

def pay(who, state):
    Gate().demand(who)
    _demand_open(state)
    if who == "nobody":
        reason = "empty"
        raise ValueError(reason)
    return "paid"

def verb(limit):
    def withdraw(amount):
        if amount > limit:
            raise ValueError(limit)
        return amount
    return withdraw

class Atomic(ContextDecorator):
    entered = 0
    def _recreate_cm(self):
        return self
    def __enter__(self):
        Atomic.entered += 1
    def __exit__(self, *failure):
        return False

class transaction:
    atomic = Atomic()

@transaction.atomic
def cancel():
    with transaction.atomic:
        return "cancelled"

class Rows:
    locked = read = 0
    def select_for_update(self):
        Rows.locked += 1
    def all(self):
        Rows.read += 1

def twice():
    rows = Rows()
    rows.select_for_update()
    rows.select_for_update()
    return rows
"""


@pytest.fixture
def verbs(tmp_path: Path) -> ModuleType:
    """Return the module of these verbs, freshly loaded."""
    path = tmp_path / "verbs.py"
    path.write_text(SOURCE)
    spec = importlib.util.spec_from_file_location("verbs", path)
    assert spec is not None
    assert spec.loader is not None
    loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    return loaded


def guard(of: ModuleType, text: str, kind: str) -> Guard:
    """Return the one guard of a kind whose text begins so."""
    assert of.__file__ is not None
    found = [one for one in guards(Path(of.__file__)) if one.text.startswith(text) and one.kind == kind]
    assert len(found) == 1, found
    return found[0]


def test_what_asks_is_taken_out_and_the_rest_stays(verbs: ModuleType) -> None:
    with pytest.raises(PermissionError):
        verbs.pay("stranger", "open")
    take_out(guard(verbs, "Gate().demand", "asks"))
    assert verbs.pay("stranger", "open") == "paid"
    with pytest.raises(LookupError):
        verbs.pay("stranger", "closed")
    take_out(guard(verbs, "_demand_open(state)", "asks"))
    # Each is taken out of the module as it is written: a process takes out one.
    with pytest.raises(PermissionError):
        verbs.pay("stranger", "closed")
    assert verbs.pay("olivia", "closed") == "paid"


def test_what_refuses_is_taken_out_of_functions_that_others_hold(verbs: ModuleType) -> None:
    take_out(guard(verbs, "if who == 'nobody'", "refuses"))
    assert verbs.pay("nobody", "open") == "paid"
    withdraw = verbs.verb(5)
    with pytest.raises(ValueError, match="5"):
        withdraw(6)
    take_out(guard(verbs, "if amount > limit", "refuses"))
    assert withdraw(6) == 6


def test_what_another_test_left_lying_about_is_not_woken(verbs: ModuleType) -> None:
    """Whoever asks a lazy object for its class wakes it: a request's person, whose database is gone."""
    left = SimpleLazyObject(lambda: pytest.fail("woken"))
    take_out(guard(verbs, "if who == 'nobody'", "refuses"))
    take_out(guard(verbs, "@transaction.atomic", "all or nothing"))
    assert verbs.pay("nobody", "open") == "paid"
    del left


def test_a_transaction_is_taken_off_what_it_decorates_and_out_of_a_block(verbs: ModuleType) -> None:
    verbs.cancel()
    assert verbs.Atomic.entered == 2
    take_out(guard(verbs, "@transaction.atomic", "all or nothing"))
    verbs.cancel()
    assert verbs.Atomic.entered == 3
    assert guard(verbs, "transaction.atomic", "all or nothing").function == "cancel"


def test_a_lock_is_read_without_it_and_a_second_of_the_same_words_has_another_name(
    verbs: ModuleType,
) -> None:
    assert (verbs.twice().locked, verbs.Rows.read) == (2, 0)
    take_out(guard(verbs, "rows.select_for_update() (again)", "locks"))
    verbs.Rows.locked = 0
    assert (verbs.twice().locked, verbs.Rows.read) == (1, 1)


def test_every_file_that_asks_locks_or_refuses_has_guards() -> None:
    marks = (
        "staff.demand(",
        ".demand(Action",
        "Account.objects.lock",
        "select_for_update(",
        "@transaction.atomic",
    )
    without = [
        path.name
        for path in modules()
        if any(mark in path.read_text() for mark in marks) and not any(True for _one in guards(path))
    ]
    assert without == []


def test_each_guard_has_a_name_of_its_own() -> None:
    """What is missed with a reason is found by it, and excuses no other."""
    names = Counter(one.name for path in modules() for one in guards(path))
    assert [name for name, count in names.items() if count > 1] == []


def test_what_stands_apart_has_guards_and_tests() -> None:
    for file, tests in APART.items():
        assert any(True for _one in guards(ROOT / file)), file
        assert (ROOT / tests).exists(), tests


def test_every_guard_that_may_be_missed_is_there_and_says_why() -> None:
    known = {one.name for path in modules() for one in guards(path)}
    assert [name for name, why in reasons().items() if name not in known or len(why) < 20] == []
