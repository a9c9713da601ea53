"""A run over all that is due: page after page, each on its own day, and nobody spoils it for others."""

import threading
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from typing import Any

import psycopg
import pytest
from django.db import OperationalError, connection, connections, transaction

from accounts import row_failures
from accounts.models import Account, RowFailure
from accounts.occasion import Occasion
from billing import renewal, renewal_batch, renewal_run
from billing.models import Edition, Invoice, Line, PaidSegment, Quote, Subscription
from billing.rules import due
from tests import shop
from tests.billing.renewing import AT, RENEWS, START, customer, occasion_of, run, statements


def test_a_run_takes_page_after_page(db: None) -> None:
    accounts = [customer(number) for number in range(7)]
    with statements() as seen:
        assert run(size=3) == (7, 0)
    assert max(values for _sql, values in seen) < 1000
    assert Invoice.objects.values("subscription").distinct().count() == len(accounts)
    assert run(size=3) == (0, 0)


def test_what_was_missed_for_years_is_renewed_period_by_period(db: None) -> None:
    accounts = [customer(number) for number in range(3)]
    late = datetime(2026, 11, 1, 12, tzinfo=UTC)
    counts = list(
        renewal_run.renew_due(late, lambda one: Occasion.of(one, late), size=2, collect=lambda _charges: None)
    )
    # 27 October of 2023, 2024, 2025 and 2026.
    assert sum(one.renewed for one in counts) == 4 * len(accounts)
    for account in accounts:
        starts = Invoice.objects.filter(subscription_id=account.pk).order_by("period_start")
        assert [one.period_start.year for one in starts] == [2023, 2024, 2025, 2026]


def test_each_on_its_own_day(db: None) -> None:
    """At noon in London on the 26th it is the 27th in Kiritimati (+14) alone; in Niue (-11) a day later."""
    names = ("Pacific/Kiritimati", "UTC", "Pacific/Niue")
    places = {name: customer(number, timezone=name).pk for number, name in enumerate(names)}

    def renewed(day: int, hour: int) -> set[str]:
        at = datetime(2023, 10, day, hour, tzinfo=UTC)
        for _count in renewal_run.renew_due(
            at, lambda one: Occasion.of(one, at), collect=lambda _charges: None
        ):
            pass
        done = set(Invoice.objects.values_list("subscription_id", flat=True))
        return {name for name, pk in places.items() if pk in done}

    assert renewed(26, 9) == set()
    assert renewed(26, 10) == {"Pacific/Kiritimati"}
    assert renewed(27, 0) == {"Pacific/Kiritimati", "UTC"}
    assert renewed(27, 10) == {"Pacific/Kiritimati", "UTC"}
    assert renewed(27, 11) == set(names)


# --- Nobody spoils it for others ------------------------------------------------------------------


def unreadable(account: Account) -> None:
    """Of a tax of which no number can be made."""
    PaidSegment.objects.filter(subscription_id=account.pk).update(taxes=[{"rate": "a fifth"}])


def raising(account: Account) -> None:
    """Held in an edition that its product has not."""
    line = shop.line(account, "support")
    stray = Edition.objects.create(product=line.product, key="stray", rank=9)
    Line.objects.filter(pk=line.pk).update(edition=stray)
    PaidSegment.objects.filter(line=line).update(cycle="weekly")


def unwritable(account: Account) -> None:
    """With a document of the same period already."""
    renewal_batch.renew([account.pk], occasion_of)
    Subscription.objects.filter(pk=account.pk).update(
        period_start=START, period_end=RENEWS, paid_until=RENEWS, version=1
    )
    PaidSegment.objects.filter(subscription_id=account.pk, covers_from=RENEWS).delete()


@pytest.mark.breaks_invariants
@pytest.mark.parametrize("poison", [unreadable, raising, unwritable])
def test_a_row_that_raises_fails_alone(
    db: None, poison: Callable[[Account], None], caplog: pytest.LogCaptureFixture
) -> None:
    accounts = [customer(number) for number in range(9)]
    poison(accounts[4])
    first = Invoice.objects.count()
    assert run() == (8, 1)
    renewed = Subscription.objects.filter(paid_until=date(2024, 10, 27)).values_list("pk", flat=True)
    assert set(renewed) == {account.pk for account in accounts} - {accounts[4].pk}
    numbers = sorted(Invoice.objects.values_list("number", flat=True))
    assert numbers == [f"INV-{number:06d}" for number in range(1, first + 9)]
    assert f"'account': {accounts[4].pk}" in caplog.text
    failure = RowFailure.objects.get()
    assert (failure.queue, failure.account, failure.tries) == ("renewals", accounts[4], 1)
    # At the same moment again it waits for its next try; a minute later it is tried alone.
    assert run() == (0, 0)
    row_failures.try_again("renewals")
    assert run() == (0, 1)
    assert RowFailure.objects.get().tries == 2


def test_what_failed_and_is_mended_is_renewed_with_the_others_and_forgotten(
    db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, _other = customer(0), customer(1)
    with monkeypatch.context() as broken:
        real = renewal_batch._letters

        def letters(due: renewal_batch.DueRenewal, *parts: Any) -> Any:
            if due.account == one:
                raise RuntimeError("no words for it")
            return real(due, *parts)

        broken.setattr(renewal_batch, "_letters", letters)
        assert run() == (1, 1)
    assert RowFailure.objects.get().error == "RuntimeError: no words for it"
    row_failures.try_again("renewals", str(one.pk))
    assert run() == (1, 0)
    assert not RowFailure.objects.exists()


def test_who_is_locked_by_somebody_else_is_left_to_them(transactional_db: None) -> None:
    accounts = [customer(number) for number in range(3)]
    done: list[tuple[int, int]] = []

    def other() -> None:
        try:
            done.append(run())
        finally:
            connections.close_all()

    with transaction.atomic():
        Account.objects.lock(accounts[1].pk)
        thread = threading.Thread(target=other)
        thread.start()
        thread.join(timeout=60)
    assert done == [(2, 0)]
    assert run() == (1, 0)
    assert Invoice.objects.count() == 3


def test_a_held_change_is_settled_first(db: None) -> None:
    """Together it is set aside; the verb for one settles it (tests/billing/test_quotes.py)."""
    accounts = [customer(number) for number in range(3)]
    asker = accounts[1].memberships.order_by("pk")[0].user
    Quote.objects.create(
        subscription_id=accounts[1].pk, person=asker, changes=[], document={},
        version=1, on=START, created_at=AT, expires_at=AT, state=Quote.State.HELD,
    )  # fmt: skip
    batch = renewal_batch.renew([account.pk for account in accounts], occasion_of)
    assert (batch.renewed, batch.aside) == (2, [accounts[1].pk])
    Quote.objects.all().delete()
    assert renewal.due(RENEWS)


def test_what_raises_for_one_alone_is_told(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Among others it is set aside; alone there is nobody to set it aside for."""
    account = customer(1)

    def happens(*_facts: object, **_how: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(due, "happens", happens)
    assert renewal_batch.renew([account.pk], occasion_of).aside == [account.pk]
    with pytest.raises(ZeroDivisionError):
        renewal.renew(account.pk, occasion=occasion_of(account))


def test_a_run_without_its_connection_ends(transactional_db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is not divided: each half would fail as well."""
    accounts = [customer(number) for number in range(4)]
    asked: list[int] = []

    def renew(ids: Sequence[int], _occasion_of: object, **_how: object) -> None:
        asked.append(len(ids))
        here = connection.settings_dict
        where = {"host": here["HOST"], "port": here["PORT"], "user": here["USER"], "dbname": here["NAME"]}
        connection.ensure_connection()
        with psycopg.connect(**where) as other:
            other.execute("SELECT pg_terminate_backend(%s)", [connection.connection.info.backend_pid])
        Account.objects.exists()

    monkeypatch.setattr(renewal_batch, "renew", renew)
    with pytest.raises(OperationalError):
        run(size=10)
    assert asked == [len(accounts)]
