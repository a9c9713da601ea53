"""One row that raises stops neither its queue nor the next step."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core.management import call_command

from accounts import clock, queues
from accounts.models import Account
from billing import data_export, erasure, reconciliation, renewal_run, tasks
from tests import people

pytestmark = pytest.mark.django_db(transaction=True)


def test_two_cancelled_accounts_one_named_as_the_other_will_be_are_both_erased() -> None:
    acme, globex = people.acme(), people.globex()
    long_ago = clock.now() - timedelta(days=200)
    Account.objects.filter(pk=globex.pk).update(slug=f"erased-{acme.pk}")
    Account.objects.update(state="cancelled", cancelled_at=long_ago)
    call_command("erase_cancelled_accounts")
    assert Account.objects.filter(erased_at=None).count() == 0
    assert Account.objects.values("slug").distinct().count() == 2


def test_an_account_that_cannot_be_erased_keeps_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    people.acme(), people.globex()
    Account.objects.update(state="cancelled", cancelled_at=clock.now() - timedelta(days=200))
    names = iter([RuntimeError("broken")])

    def free(name: str, taken: Any) -> str:
        for error in names:
            raise error
        return name

    monkeypatch.setattr(erasure, "_free", free)
    assert erasure.erase_due(clock.now()) == (1, 1)


def test_rows_that_fail_are_counted_in_their_step_and_end_a_run_with_an_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Of three rows the middle one raises: two are done, one is counted, cron is told."""

    def act(_at: datetime) -> dict[str, int]:
        return {"letters": queues.each("letters", [(1, None), (0, None), (2, None)], lambda key: 1 // key)[0]}

    monkeypatch.setitem(tasks._STEPS, "letters", act)
    done = tasks.work()
    # 1 // 2 is nothing that counts.
    assert (done["letters"], done["letters_rows_failed"]) == (1, 1)
    with pytest.raises(SystemExit):
        call_command("billing_tick")


@pytest.mark.parametrize(
    ("module", "name", "step"),
    [
        (reconciliation, "reconcile", "charges"),
        (data_export, "prepare_waiting", "exports"),
        (renewal_run, "renew_due", "renewals"),
    ],
)
def test_a_step_that_fails_stops_no_other(
    monkeypatch: pytest.MonkeyPatch, module: Any, name: str, step: str
) -> None:
    def broken(*_args: object) -> None:
        raise RuntimeError("broken")

    monkeypatch.setattr(module, name, broken)
    done = tasks.work()
    assert done[f"{step}_failed"] == 1
    assert "letters" in done
    with pytest.raises(SystemExit):
        call_command("billing_tick")
