"""Every verb is done whole or not at all: what breaks at its last write leaves nothing of the others.

And it locks before it writes, its account and whatever else it decides by: whoever came first has
written what it reads.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, transaction

from accounts import clock, email_changes, invitations, lifecycle, resending, roles, staff, trials
from accounts.models import Account, EmailChange, Invitation, Letter, Membership, OwnershipOffer, User
from accounts.occasion import Occasion
from accounts.rules.roles import Role
from billing import cancellation, erasure, method_expiries, promised_seats, promo_codes
from billing.imports.catalogue import saving as catalogue_saving
from billing.models import AgentSeat, Invoice, InvoicePayment, KeptQuote, PaymentMethod, Subscription
from tests import acting
from tests.billing.imports.price_list import price_list
from tests.sweeps.asking import tables
from tests.sweeps.cases import Case
from tests.sweeps.staff_verbs import suspended
from tests.sweeps.test_verbs import FOR_STAFF, MIDDLE, STAFF_PERSONS, WITHOUT_A_LOCK, Sweep
from tests.sweeps.verbs import HEIR, VERBS, Verb

_WRITES = re.compile(r"\s*(INSERT|UPDATE|DELETE)\b", re.IGNORECASE)
_LOCKS = re.compile(r'\bFROM "(\w+)".*\bFOR (?:NO KEY )?UPDATE\b', re.DOTALL)
ACCOUNT, USER, SUBSCRIPTION = "accounts_account", "accounts_user", "billing_subscription"
# What a verb locks beside its account: renewals and payments that are on their way hold it too.
LOCKS_TOO = {
    "accounts.resending.send_again": "accounts_letter",
    "billing.bank_payments.book": "billing_bankpayment",
    "billing.cancellation.cancel_at_period_end": SUBSCRIPTION,
    "billing.quotes.confirm": f"billing_quote {SUBSCRIPTION}",
    "billing.quotes.undo": SUBSCRIPTION,
    "billing.renewal.unpark": SUBSCRIPTION,
    "billing.taxation.end_own_rate": SUBSCRIPTION,
}
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
    """Keep each table locked and each write, in their order; raise Broken after a write, counted from one."""
    seen: list[str] = []

    def execute(do: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        done = do(sql, params, many, context)
        if locked := _LOCKS.search(sql):
            seen.append(locked[1])
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


def problems(name: str, act: Callable[[], object], *locks: str, whole: bool) -> Iterator[str]:
    seen, left = run(act)
    writes = seen.count("write")
    if not writes or not left:
        yield f"{name}: proves nothing, it wrote nothing"
        return
    if unlocked := set(locks) - set(seen[: seen.index("write")]):
        yield f"{name}: writes before it locks {sorted(unlocked)}"
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
    "billing.own_clocks.start": lambda c: Account.objects.filter(pk=c.account.pk).update(is_sandbox=True),
    "billing.kept_quotes.revoke_link": lambda c: KeptQuote.objects.filter(
        subscription_id=c.account.pk
    ).update(token_hash="0" * 64, readable_until=clock.now() + timedelta(days=30)),
    "billing.renewal.unpark": lambda c: Subscription.objects.update(parked_at=clock.now()),
    "billing.seats.assign": lambda c: AgentSeat.objects.filter(subscription_id=c.account.pk).delete(),
    "billing.suspensions.end": suspended,
    "billing.taxation.end_own_rate": lambda c: Subscription.objects.update(tax_percent=20),
}
# They speak to the provider, outside of any transaction, or need a request that staff alone can answer.
NOT_HERE = {
    "billing.own_clocks.move",
    "billing.staff_changes.confirm",
    "billing.staff_changes.draw_up",
    "billing.payments.pay",
    "billing.payment_methods.begin",
    "billing.provider_checks.ask_now",
    "billing.refunds.request",
    "billing.refunds.approve",
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
                locks = {ACCOUNT, *LOCKS_TOO.get(name, "").split()}
                wrong += problems(name, act, *locks, whole=name not in SEVERAL_TRANSACTIONS)
            except Exception as refused:
                wrong.append(f"{name}: proves nothing, it can't be done: {refused!r}")
        transaction.savepoint_rollback(undo)
    assert not wrong, "\n".join(wrong)


def _token(kind: str) -> str:
    return str(Letter.objects.filter(kind=kind).latest("pk").facts["token"])


@pytest.mark.breaks_invariants
def test_each_verb_of_a_person_or_a_catalogue_is_too(db: None, tmp_path: Path) -> None:
    """And what no person asks for: trials that end, letters that go out, accounts that come in."""
    place, now = Sweep().place, clock.now()
    owner, admin, vera = (User.objects.get(pk=place.users[name].pk) for name in ("owner", "admin", "staff"))
    victor = staff.appoint("second@vendor.example", "Second")
    firm, gone = (Account.objects.get(pk=place.accounts[at].pk) for at in (MIDDLE, ("S", "C")))

    def by(person: User) -> Occasion:
        return Occasion(person, place.today, now, by_staff=person.is_staff)

    asked = email_changes.ask("new-owner@people.example", occasion=by(owner))
    letter = Letter.objects.filter(account=None, kind="email_change_new").latest("pk")
    Letter.objects.filter(pk=letter.pk).update(failed_at=now)
    proposed = email_changes.propose(
        admin.pk, "new-admin@people.example", reason="Typed wrongly", occasion=by(vera)
    )
    invitations.invite(firm, "nina@people.example", "Nina", Role.AGENT, occasion=by(owner), seat="guide")
    open_one = Invitation.objects.latest("pk")
    sold = Subscription.objects.get(pk=firm.pk).catalogue
    terms = promo_codes.Terms("AUTUMN", Decimal(10))
    promo = promo_codes.create(sold, terms, occasion=by(vera), reason="Campaign")
    long_ago = now - timedelta(days=100)
    Account.objects.filter(pk=gone.pk).update(cancelled_at=long_ago)
    listed = price_list(tmp_path)
    catalogue_saving.load(listed)
    trying = Account.objects.get(pk=place.accounts["S", "T"].pk)
    Account.objects.filter(pk=trying.pk).update(trial_ends_on=place.today - timedelta(days=1))
    card = PaymentMethod.objects.get(subscription_id=firm.pk, use="default")
    PaymentMethod.objects.filter(pk=card.pk).update(expires_month=6, expires_year=place.today.year + 1)
    Account.objects.filter(pk=firm.pk).update(collection_method="charge_automatically")
    a_week_before = Occasion(None, date(place.today.year + 1, 6, 23), now)
    several = Account(slug="several", name="Several", type="self_service", currency="EUR", timezone="UTC")
    nora = lifecycle.NewMember("nora@several.example", "Nora Nord", Role.OWNER)
    joining: Any = {"occasion": by(owner).by_itself(), "password": "dusty Harbour 48"}
    acts: dict[str, tuple[str, Callable[[], object]]] = {
        "email_changes.ask": (
            USER,
            lambda: email_changes.ask("other@people.example", occasion=by(owner)),
        ),
        "email_changes.withdraw": (USER, lambda: email_changes.withdraw(asked.pk, occasion=by(owner))),
        "email_changes.confirm": (
            f"{ACCOUNT} {USER}",
            lambda: email_changes.confirm(_token("email_change_old"), occasion_of=lambda _account: by(owner)),
        ),
        "email_changes.propose": (
            USER,
            lambda: email_changes.propose(
                owner.pk, "fresh@people.example", reason="Typed wrongly", occasion=by(vera)
            ),
        ),
        "email_changes.approve": (USER, lambda: email_changes.approve(proposed.pk, occasion=by(victor))),
        "email_changes.reject": (USER, lambda: email_changes.reject(proposed.pk, occasion=by(victor))),
        "resending.send_again, a letter of a person's own": (
            f"{ACCOUNT} accounts_letter",
            lambda: resending.send_again(letter.pk, reason="Mended.", occasion_of=lambda _account: by(vera)),
        ),
        "staff.appoint": (USER, lambda: staff.appoint(owner.email)),
        "staff.dismiss": (USER, lambda: staff.dismiss("second@vendor.example")),
        "invitations.accept": (ACCOUNT, lambda: invitations.accept(_token("invited"), **joining)),
        "promised_seats.join": (ACCOUNT, lambda: promised_seats.join(_token("invited"), **joining)),
        "promised_seats.expire": (ACCOUNT, lambda: promised_seats.expire(open_one.pk, open_one.expires_at)),
        "trials.tell": (ACCOUNT, lambda: trials.tell(trying.pk, occasion=by(owner).by_itself())),
        "method_expiries.warn": (ACCOUNT, lambda: method_expiries.warn(card.pk, occasion=a_week_before)),
        "lifecycle.open_accounts": (
            "",
            lambda: lifecycle.open_accounts([lifecycle.NewAccount(several, (nora,), now)]),
        ),
        "roles.enrol_all": (
            "",
            lambda: roles.enrol_all([Membership(account=firm, user=victor, role=Role.ADMIN)]),
        ),
        "promo_codes.create": (
            "billing_catalogue",
            lambda: promo_codes.create(
                sold, replace(terms, code="WINTER"), occasion=by(vera), reason="Campaign"
            ),
        ),
        "promo_codes.amend": (
            "billing_promocode",
            lambda: promo_codes.amend(promo.pk, {"periods": 2}, occasion=by(vera), reason="Campaign"),
        ),
        "erasure.erase": (ACCOUNT, lambda: erasure.erase(gone.pk, now)),
        "catalogue.saving.load": (
            "billing_catalogue",
            lambda: catalogue_saving.load(replace(listed, name="Renamed")),
        ),
    }
    wrong = [
        problem
        for name, (locks, act) in acts.items()
        for problem in problems(name, act, *locks.split(), whole=True)
    ]
    assert not wrong, "\n".join(wrong)
    _seen, left = run(lambda: staff.appoint("third@vendor.example", "Third"), break_at=2)
    assert not left, "somebody new is made with their address, or not at all"
    assert EmailChange.objects.filter(pk=asked.pk, state="open").exists()
