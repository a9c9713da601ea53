"""Random lives: after every step the database is what the pure rules say, and the money agrees.

The model is the rules' own `after`; the real thing goes through the verbs, the provider and the tables.
"""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from django.test import override_settings
from djmoney.money import Money
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import Account
from billing import invariants, quote_json, quotes, renewal
from billing.models import BalanceEntry, Charge, Invoice, Quote, SandboxPayment, TaxRate
from billing.rules import quoting
from billing.rules.changes import (
    AddProduct,
    AddSeats,
    Answer,
    BuyTemporarySeats,
    ChangeCycle,
    ChangeEdition,
    Choice,
    Extend,
    GiveBackSeats,
    KeepProduct,
    ReduceSeats,
    RemoveProduct,
)
from billing.rules.ending import ending
from billing.rules.facts import Facts, ScheduledKind
from billing.rules.money import to_minor
from billing.rules.periods import Cycle
from billing.rules.quoting import UndecidedConflict
from billing.rules.refusals import Refusal
from billing.rules.tax_json import from_plain
from tests import acting, people, taxed
from tests.stories.telling import noon, open_account, stored

pytestmark = pytest.mark.django_db(transaction=True)

LET_END = Extend((Answer(ScheduledKind.REMOVAL, "guide", Choice.END),))
STEP = st.one_of(
    st.builds(AddSeats, st.sampled_from(["support", "guide"]), st.integers(1, 14)),
    st.builds(GiveBackSeats, st.sampled_from(["support", "guide"]), st.integers(1, 13)),
    st.builds(ReduceSeats, st.sampled_from(["support", "guide"]), st.integers(1, 9)),
    st.builds(ChangeEdition, st.just("support"), st.sampled_from(["team", "professional"])),
    st.builds(AddProduct, st.just("guide"), st.just("team"), st.integers(1, 5)),
    st.builds(ChangeCycle, st.sampled_from(list(Cycle))),
    st.builds(
        BuyTemporarySeats,
        st.just("support"),
        st.integers(1, 3),
        st.just(date(2023, 12, 1)),
        st.integers(1, 90),
    ),
    st.just(Extend()),
    st.just(RemoveProduct("guide")),
    st.just(LET_END),
    st.just(KeepProduct("guide")),
    st.integers(1, 200),
)

# Taxed not at all, at a rate that rises meanwhile, by two taxes at once, or owing the tax itself.
TAXED = {
    "nowhere": None,
    "france": (taxed.FRENCH, ("FR", "")),
    "quebec": (taxed.QUEBECOIS, ("CA", "QC")),
    "germany": (taxed.FRENCH, ("DE", "")),
}
HOW = st.sampled_from(list(TAXED))


def bare(held: Facts) -> Any:
    """Return what must agree: all but ids, past segments and what the catalogue holds."""
    lines = sorted(
        (
            line.product, line.edition, line.quantity, line.unit,
            tuple(sorted(
                (s.covers, s.term, s.unit, s.quantity, s.charged, s.credited, s.discounts, s.taxes,
                 s.added)
                for s in line.segments
                if held.period is None or s.covers.end > held.period.start
            )),
        )
        for line in held.lines
    )  # fmt: skip
    waiting = sorted(
        (replace(one, id=None, version=0) for one in held.scheduled), key=lambda one: str(one.slot)
    )
    return lines, waiting, held.cycle, held.period, held.paid_until, held.balance


def live(account: Account, steps: list[Any]) -> None:
    """Take every step both ways, and compare."""
    on, olivia = date(2023, 7, 14), people.user("olivia")
    for step in steps:
        before = stored(account, on)
        with acting.at(noon(on)):
            if isinstance(step, int):
                on += timedelta(days=step)
                model = before
                while model.due_on <= on:
                    coming = ending(model) or quoting.renewal(model, model.renews_on)
                    assert coming is not None
                    model = coming.after
                renewal.renew(account.pk, occasion=acting.occasion(on=on, at=noon(on)))
            else:
                try:
                    model = quoting.quote(before, [step], on).after
                except (Refusal, UndecidedConflict) as refused:
                    with pytest.raises(type(refused)):
                        quotes.draw_up(account, [step], occasion=acting.occasion(by=olivia, on=on))
                    continue
                quote = quotes.draw_up(account, [step], occasion=acting.occasion(by=olivia, on=on))
                assert (
                    quotes.confirm(quote.pk, occasion=acting.occasion(by=olivia, on=on)).state == "confirmed"
                )
                lines_agree(quote)
        assert bare(stored(account, on)) == bare(model), step
    money_agrees(account)


def cents(amount: Money) -> int:
    return to_minor(amount.amount, amount.currency.code)


def lines_agree(quote: Quote) -> None:
    """Compare the lines that were shown with those that were invoiced, one by one, in minor units."""
    shown = [
        (
            *(one.kind.value, one.product, one.quantity, one.covers.start, one.covers.end, one.amount),
            one.taxes,
        )
        for one in quote_json.load(quote.document).lines
    ]
    invoice = Invoice.objects.filter(quote=quote).first()
    assert (invoice is not None) == bool(shown)
    if invoice is not None:
        assert shown == [
            (
                one.kind,
                one.product,
                one.quantity,
                one.covers_from,
                one.covers_until,
                cents(one.amount),
                tuple(map(from_plain, one.taxes)),
            )
            for one in invoice.lines.order_by("position")
        ]


def money_agrees(account: Account) -> None:
    """Compare payments, invoices, credit notes and the balance of one account, in cents."""
    taken = sum(
        Charge.objects.filter(subscription=account.pk, state="succeeded").values_list("amount", flat=True)
    )
    billed = sum(Invoice.objects.filter(subscription=account.pk).values_list("total", flat=True))
    balance = sum(BalanceEntry.objects.filter(subscription=account.pk).values_list("amount", flat=True))
    # payments = invoices − credit notes + change of the balance
    assert taken == billed + balance
    keys = [str(pk) for pk in Charge.objects.filter(subscription=account.pk).values_list("pk", flat=True)]
    theirs = SandboxPayment.objects.filter(key__in=keys, status="succeeded").values_list("amount", flat=True)
    assert sum(theirs) == taken * 100


SOME = {"deadline": None, "suppress_health_check": list(HealthCheck), "print_blob": True}


@pytest.mark.parametrize("cycle", ["annual", "monthly"])
@settings(max_examples=8, **SOME)
@given(steps=st.lists(STEP, min_size=3, max_size=6), how=HOW)
def test_every_life_is_what_the_rules_say(cycle: str, steps: list[Any], how: str) -> None:
    _live_once(cycle, steps, how)


@pytest.mark.parametrize("cycle", ["annual", "monthly"])
@settings(max_examples=4, **SOME)
@given(steps=st.lists(STEP, min_size=2, max_size=4))
def test_a_life_goes_on_beside_a_line_that_is_not_extended(cycle: str, steps: list[Any]) -> None:
    _live_once(cycle, [AddProduct("guide", "team", 3), RemoveProduct("guide"), LET_END, *steps, 40])


@pytest.mark.parametrize("cycle", ["annual", "monthly"])
@settings(max_examples=6, **SOME)
@given(
    more=st.integers(11, 14),
    days=st.integers(1, 8),
    left=st.integers(9, 13),
    steps=st.lists(STEP, min_size=1, max_size=3),
    how=HOW,
)
def test_a_life_with_regret_in_it_is_what_the_rules_say(
    cycle: str, more: int, days: int, left: int, steps: list[Any], how: str
) -> None:
    """Seats are bought, and some days later given back, or refused: rows, lines and money agree."""
    back = GiveBackSeats("support", left)
    _live_once(cycle, [AddSeats("support", more), days, back, back, *steps, 40], how)


@pytest.mark.soak
@pytest.mark.parametrize("cycle", ["annual", "monthly"])
@settings(max_examples=300, **SOME)
@given(steps=st.lists(STEP, min_size=3, max_size=20), how=HOW)
def test_many_long_lives_are_what_the_rules_say(cycle: str, steps: list[Any], how: str) -> None:
    _live_once(cycle, steps, how)


def _live_once(cycle: str, steps: list[Any], how: str = "nowhere") -> None:
    if not TaxRate.objects.exists():
        taxed.rates()
        taxed.rise("20.6", date(2023, 9, 1))
        taxed.rise("22", date(2024, 3, 1))
    vendor, where = TAXED[how] or (taxed.FRENCH, None)
    with override_settings(SELLER=vendor):
        _live_there(cycle, steps, where, number="136695976" if how == "germany" else "")


def _live_there(cycle: str, steps: list[Any], where: tuple[str, str] | None, *, number: str) -> None:
    Account.objects.filter(slug="acme").update(slug=f"acme-{Account.objects.count()}")
    account = open_account({"support": ("team", 10, "11.00")}, start=date(2023, 1, 31), cycle=cycle)
    if where is not None:
        taxed.place(account, *where, number=number)
    with acting.at(noon(date(2023, 7, 14))):
        renewal.renew(account.pk, occasion=acting.occasion(on=date(2023, 7, 14), at=noon(date(2023, 7, 14))))
    live(account, steps)
    assert invariants.broken() == []
