"""Closed things are closed: an enum or union that grows makes mypy, or this, name every place."""

import ast
import importlib
from collections.abc import Iterator
from enum import Enum
from pathlib import Path

from django.apps import apps

from accounts.rules.capabilities import AccountState, AccountType, Standing
from accounts.rules.letters import LetterKind
from admin_center.server.database import ROOT
from tests.sweeps import world
from tests.sweeps.test_decisions import STANDINGS, TYPES

ROOMS = ("accounts", "billing", "admin_center")
# What somebody sent or stored, or a library's own, which may be anything: module and function of the match.
OPEN = {
    "admin_center/constant_folding.py: _pieces",
    "admin_center/constant_folding.py: _quicken",
    "admin_center/presenters/activity.py: _about",
    "admin_center/presenters/activity.py: _word",
    "admin_center/presenters/activity_gist.py: of_line",
    "admin_center/presenters/activity_prose.py: _scheduled",
    "admin_center/views/payment_links.py: _by_state",
    "billing/provider/stripe.py: _outcome",
}
LETTERS = {one.value for one in LetterKind}
# Tables that leave members out on purpose, with the reason.
PARTIAL = {
    # `_brings_its_document` in admin_center/documents/attached.py says it of each kind.
    "accounts/mail.py: ATTACHED": LETTERS
    - {"change_confirmed", "invoice_issued", "payment_received", "subscription_renewed"},
    # Those whose template has a token in it: tests/console/test_back_office_resending.py asks for each.
    "accounts/resending.py: LINKS": LETTERS
    - {"invited", "email_change_old", "email_change_new", "invoice_payable"},
    # By no person: what the provider answers, a day brings, or a link's holder begins.
    "admin_center/wording/activity.py: ACTS": {
        *(
            "account_erased",
            "backup_method_tried",
            "balance_brought_in",
            "change_not_paid",
            "charge_refunded",
        ),
        *("invitation_expired", "invoice_not_tried", "invoice_reminded", "invoice_tried_again"),
        *("ownership_expired", "payment_by_link_started", "product_ended", "promised_seat_not_given"),
        *("refund_failed", "refund_lapsed", "request_approved_by_limit", "request_closed", "request_expired"),
        *("subscription_parked", "subscription_renewed", "trial_ended"),
    },
    # How a request ends without being approved.
    "billing/change_request_closing.py: _VERBS": {"open", "approved"},
    # Not waited for by a row of its own: `cancel_at_period_end` says it.
    "billing/imports/accounts/scheduled_changes.py: _NEEDED": {"cancellation"},
    # Of a line alone; the others are of the whole quote.
    "billing/rules/differences.py: _COMPARED": {
        *("subscription_changed", "day_passed", "balance_changed", "tax_changed", "schedule_changed"),
        *("product_added", "product_gone", "amount_changed"),
    },
}
# Fields whose values are only some of those of another enum, with the reason.
SOME = {
    # What the account has on file; a document may also be paid by transfer, or not at all.
    "PaymentMethod.kind",
}


def modules() -> Iterator[tuple[str, Path]]:
    for room in ROOMS:
        for path in sorted(Path(ROOT, room).rglob("*.py")):
            if "migrations" not in path.parts:
                yield str(path.relative_to(ROOT)), path


def open_matches(source: str) -> set[str]:
    """Return the functions with a match that does not end with `case _: assert_never(…)`.

    A last case that hands what is left to a function, whose parameter mypy checks, is as good.
    """
    return {
        function.name
        for function in ast.walk(ast.parse(source))
        if isinstance(function, ast.FunctionDef)
        for node in ast.walk(function)
        if isinstance(node, ast.Match) and not _closed(node)
    }


def _closed(node: ast.Match) -> bool:
    last = node.cases[-1]
    call = last.body[0].value if isinstance(last.body[0], ast.Expr | ast.Return) else None
    if ast.unparse(last.pattern) != "_" or last.guard or not isinstance(call, ast.Call):
        return False
    subject = node.subject.target if isinstance(node.subject, ast.NamedExpr) else node.subject
    return ast.unparse(subject) in {ast.unparse(one) for one in call.args}


def test_every_match_is_closed() -> None:
    found = {f"{name}: {function}" for name, path in modules() for function in open_matches(path.read_text())}
    assert found == OPEN, "end with `case _: assert_never(…)`; what may be anything stands in OPEN"


def test_the_search_finds_open_matches() -> None:
    closed = "def f(x):\n match x:\n  case 1:\n   return 2\n  case _:\n   {}"
    assert open_matches(closed.format("assert_never(x)")) == set()
    assert open_matches(closed.format("return _rest(x)")) == set()
    for last in ("return ''", "pass", "return None", "return other(y)"):
        assert open_matches(closed.format(last)) == {"f"}, last
    assert open_matches("def f(x):\n match x:\n  case 1:\n   return 2") == {"f"}


def tables() -> Iterator[tuple[str, dict[Enum, object]]]:
    """Yield the tables by members of one enum, wherever they stand."""
    for name, path in modules():
        source = ast.parse(path.read_text())
        named = [
            target.id
            for node in source.body
            if isinstance(node, ast.Assign | ast.AnnAssign) and isinstance(node.value, ast.Dict)
            for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
            if isinstance(target, ast.Name)
        ]
        if not named:
            continue
        module = importlib.import_module(name.removesuffix(".py").replace("/", "."))
        for one in named:
            table = getattr(module, one)
            kinds = {type(key) for key in table}
            if len(kinds) == 1 and issubclass(kinds.pop(), Enum):
                yield f"{name}: {one}", table


def test_every_table_names_every_member() -> None:
    missing = {
        name: left
        for name, table in tables()
        if (left := {one.value for one in set(type(next(iter(table)))) - set(table)})
    }
    assert missing == PARTIAL, "name each member; what is left out on purpose stands in PARTIAL"


def test_the_choices_of_a_field_name_every_member() -> None:
    """A field whose values are those of an enum has a word for each of them."""
    enums = {
        one
        for name, _path in modules()
        for one in vars(importlib.import_module(name.removesuffix(".py").replace("/", "."))).values()
        if isinstance(one, type) and issubclass(one, Enum) and one.__module__.split(".")[0] in ROOMS
    }
    values = [{member.value for member in one} for one in enums]
    missing = {
        f"{model.__name__}.{field.name}"
        for room in ROOMS
        for model in apps.get_app_config(room).get_models()
        for field in model._meta.concrete_fields
        if field.choices
        and (chosen := {key for key, _word in field.flatchoices}) not in values
        and any(chosen < one for one in values)
    }
    assert missing == SOME


def test_the_sweeps_make_accounts_of_every_type_and_state() -> None:
    assert sorted(world.TYPES.values()) == sorted(one.value for one in AccountType)
    assert set(TYPES.values()) == set(AccountType)
    assert set(world.STATES.values()) == {one.value for one in AccountState}
    assert set(STANDINGS.values()) == set(Standing)
