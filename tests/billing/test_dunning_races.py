"""Unpaid invoices while others act and things break: one try, one success, nobody else stopped."""

import threading
from datetime import date, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connections, transaction

from accounts.models import Account
from billing import dunning, payments, tasks
from billing.models import Charge, DunningEntry, Invoice, SandboxPayment
from tests import acting, people, shop
from tests.billing.dunned import debtor, noon, pays_by, run, run_days, state
from tests.providers import Unreachable

pytestmark = pytest.mark.django_db(transaction=True)


def at_once(*acts: Any) -> list[Any]:
    """Do all at the same moment, each on a connection of its own; return answers or exceptions."""
    start, answers = threading.Barrier(len(acts)), [None] * len(acts)

    def go(number: int, act: Any) -> None:
        start.wait()
        try:
            answers[number] = act()
        except Exception as raised:
            answers[number] = raised
        finally:
            connections.close_all()

    threads = [threading.Thread(target=go, args=one) for one in enumerate(acts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    return answers


def test_of_eight_workers_one_tries() -> None:
    """Seen to fail with the account's lock taken out: IntegrityError of dunning_step_once."""
    acme = debtor("test_declines_funds")
    run_days(acme, 0)
    invoice, at = Invoice.objects.get(), noon(2)
    occasion = acting.occasion(on=at.date(), at=at)
    answers = at_once(*[lambda: dunning.take_step(invoice.pk, occasion=occasion)] * 8)
    assert sorted(map(str, answers)) == ["None"] * 7 + ["second_try"]
    assert Charge.objects.count() == SandboxPayment.objects.count() == 2


def test_olivia_pays_while_it_is_tried_again() -> None:
    """Whoever comes second finds the payment of the first: one success, never two."""
    acme = debtor("test_declines_funds")
    run_days(acme, 0)
    pays_by(acme, "test_approves")
    invoice, at, olivia = Invoice.objects.get(), noon(2), people.user("olivia")
    by_itself, by_her = acting.occasion(on=at.date(), at=at), acting.occasion(olivia, at.date(), at)
    answers = at_once(
        lambda: dunning.take_step(invoice.pk, occasion=by_itself),
        lambda: payments.pay(invoice.number, acme, occasion=by_her),
    )
    assert not any(
        isinstance(one, Exception) and not isinstance(one, payments.AlreadyPaid) for one in answers
    )
    assert SandboxPayment.objects.filter(status="succeeded").count() == 1
    assert state(acme) == "active"


def test_a_step_is_made_once_by_the_database() -> None:
    acme = debtor("test_declines_funds")
    run_days(acme, 0, 2)
    made = DunningEntry.objects.get()
    with pytest.raises(IntegrityError, match="dunning_step_once"), transaction.atomic():
        DunningEntry.objects.create(invoice=made.invoice, step=made.step, on=made.on, at=made.at)


def test_the_provider_is_down_for_a_day(settings: Any) -> None:
    """The try of +2 is neither sent twice nor taken for declined: it is asked for, and made afterwards."""
    acme = debtor("test_declines_funds")
    run_days(acme, 0)
    pays_by(acme, "test_approves")
    there = settings.PAYMENT_PROVIDER
    settings.PAYMENT_PROVIDER = f"{Unreachable.__module__}.{Unreachable.__qualname__}"
    for hours in range(0, 24, 3):
        run(acme, noon(2) + timedelta(hours=hours))
    assert Charge.objects.count() == 2
    assert Charge.objects.latest("created_at").state == "unknown"
    assert state(acme) == "past_due"
    settings.PAYMENT_PROVIDER = there
    run(acme, noon(2) + timedelta(hours=23))
    assert state(acme) == "active"
    assert SandboxPayment.objects.filter(status="succeeded").count() == 1


def test_one_that_raises_stops_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    acme = debtor("test_declines_funds")
    globex = people.globex(timezone="UTC", is_sandbox=True, clock=noon(0))
    shop.subscribe(globex, {"support": ("team", 1, "12.00")}, start=date(2026, 2, 1), cycle="monthly")
    pays_by(globex, "test_declines_funds")
    run(acme, noon(0))
    real, poisoned = dunning.dunning.read_one, Invoice.objects.earliest("pk")

    def read(invoice: Invoice) -> Any:
        if invoice.pk == poisoned.pk:
            raise ValueError("a row that can't be read")
        return real(invoice)

    monkeypatch.setattr("billing.storage.dunning.read_one", read)
    Account.objects.update(clock=noon(2))
    assert tasks._dunning(noon(2)) == {"dunning": 1}
    assert [one.invoice_id == poisoned.pk for one in DunningEntry.objects.all()] == [False]
