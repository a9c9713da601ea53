"""Many accounts with one poisoned row of each kind: all others are done, and each poisoned one says why."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from django.core import mail as outbox

from accounts import clock, mail, row_failures
from accounts.models import Account, Letter, RowFailure
from accounts.occasion import Occasion
from accounts.rules.capabilities import AccountState
from accounts.rules.roles import Role
from billing import renewal_run, tasks
from billing.models import Charge, DataExport, Invoice, PaidSegment, PaymentMethod, SandboxPayment
from billing.provider.base import PaymentOutcome, PaymentReference
from billing.provider.sandbox import Sandbox
from tests import people, shop

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.breaks_invariants]
Kind = Callable[[str], Account]


def today() -> date:
    return clock.now().date()


def company(name: str, **fields: Any) -> Account:
    owner = people.person(f"owner@{name}.example", f"Owner of {name}")
    return people.account(name, name, [(owner, Role.OWNER)], timezone="UTC", **fields)


def subscribed(name: str) -> Account:
    """Make a company whose year was over some days ago: 10 seats at 1.00 for 12 months, 120.00."""
    made = company(name)
    shop.subscribe(made, {"support": ("team", 10, "1.00")}, start=today() - timedelta(days=370))
    PaymentMethod.objects.create(
        subscription_id=made.pk, kind="card", brand="Visa", last_four="4242", reference="test_approves"
    )
    return made


def with_letter(name: str) -> Account:
    made = company(name)
    facts = {"by": "Olivia Owens", "role": "admin"}
    mail.post_to_address("role_given", made, email=f"letter@{name}.example", facts=facts, key=name)
    return made


def to_be_erased(name: str) -> Account:
    return company(
        name, state=AccountState.CANCELLED, cancelled_at=clock.now() - timedelta(days=200)
    )  # fmt: skip


def with_export(name: str) -> Account:
    made = subscribed(name)
    owner = people.User.objects.get(email=f"owner@{name}.example")
    DataExport.objects.create(account=made, requested_by=owner, created_at=clock.now())
    return made


def charged(accounts: list[Account]) -> None:
    """Renew without sending the charges, as a process that was killed before it sent them."""
    for _count in renewal_run.renew_due(
        clock.now() - timedelta(minutes=2),
        lambda one: Occasion.of(one, clock.now() - timedelta(minutes=2)),
        collect=lambda _charges: None,
    ):
        pass
    assert Charge.objects.filter(state="created").count() == len(accounts)


def poison_provider(monkeypatch: pytest.MonkeyPatch, account: Account) -> None:
    """Let the provider answer what nobody can read, of the payment of one account alone."""
    key, real = str(Charge.objects.get(subscription_id=account.pk).pk), Sandbox.look_up

    def look_up(self: Sandbox, payment: PaymentReference) -> PaymentOutcome | None:
        if payment.key == key:
            raise ValueError("a payment of -1 cents")
        return real(self, payment)

    monkeypatch.setattr(Sandbox, "look_up", look_up)


def poison_template(monkeypatch: pytest.MonkeyPatch, account: Account) -> None:
    """Let no letter of one account be built."""
    real = mail.render_to_string

    def render(template: str, context: dict[str, Any]) -> str:
        if context["account"] == account:
            raise LookupError("no such product")
        return real(template, context)

    monkeypatch.setattr(mail, "render_to_string", render)


@pytest.mark.parametrize("size", [60, pytest.param(10_000, marks=pytest.mark.soak)])
def test_one_poisoned_row_of_each_kind_stops_no_other(size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    each = size // 5
    to_charge = [subscribed(f"charge{number}") for number in range(each)]
    charged(to_charge)
    letters = [with_letter(f"letter{number}") for number in range(each)]
    erasures = [to_be_erased(f"erasure{number}") for number in range(each)]
    exports = [with_export(f"export{number}") for number in range(each)]
    renewals = [subscribed(f"renewal{number}") for number in range(each)]
    middle = each // 2
    poisoned = {
        "charges": to_charge[middle],
        "erasures": erasures[middle],
        "exports": exports[middle],
        "renewals": renewals[middle],
    }
    poison_provider(monkeypatch, poisoned["charges"])
    poison_template(monkeypatch, letters[middle])
    monkeypatch.setattr(
        "billing.erasure._free", failing_for(f"erased-{poisoned['erasures'].pk}", "the name is locked")
    )
    # Of a tax of which no number can be made; of an export's account it can't be renewed either.
    PaidSegment.objects.filter(
        subscription_id__in=[poisoned["renewals"].pk, poisoned["exports"].pk]
    ).update(taxes=[{"rate": "a fifth"}])  # fmt: skip

    done = tasks.clean_up() | tasks.work()

    assert (done["charges"], done["charges_rows_failed"]) == (each, 1)
    assert (done["erased"], done["erased_failed"]) == (each - 1, 1)
    assert (done["exports"], done["exports_rows_failed"]) == (each, 1)
    # Those with an export renew too.
    assert (done["renewals"], done["renewals_failed"]) == (2 * each - 2, 2)
    # Charges: one paid and one paid late each; renewals pay at once.
    paid = SandboxPayment.objects.filter(status="succeeded").count()
    assert paid == (each - 1) + (2 * each - 2)
    assert Charge.objects.filter(state="created").count() == 1
    numbers = sorted(Invoice.objects.values_list("number", flat=True))
    assert numbers == [f"INV-{number:06d}" for number in range(1, 3 * each - 1)]
    assert DataExport.objects.filter(state="ready").count() == each - 1
    assert Account.objects.exclude(erased_at=None).count() == each - 1
    assert Letter.objects.filter(kind="role_given").exclude(sent_at=None).count() == each - 1
    assert not Letter.objects.filter(sent_at=None, attempts=0).exists()

    # Each poisoned one says why.
    letter = Letter.objects.get(kind="role_given", sent_at=None)
    assert (letter.account, letter.error) == (letters[middle], "LookupError: no such product")
    why = {(one.queue, one.account): one.error for one in RowFailure.objects.select_related("account")}
    unreadable = "InvalidOperation: [<class 'decimal.ConversionSyntax'>]"
    assert why == {
        ("charges", poisoned["charges"]): "ValueError: a payment of -1 cents",
        ("erasures", poisoned["erasures"]): "RuntimeError: the name is locked",
        ("exports", poisoned["exports"]): unreadable,
        ("renewals", poisoned["renewals"]): unreadable,
        ("renewals", poisoned["exports"]): unreadable,
    }

    # Nothing more is done at once. Mended, all of it is, and nothing speaks of it any more.
    sent = len(outbox.outbox)
    assert not any(tasks.work()[step] for step in ("exports", "renewals", "letters"))
    assert len(outbox.outbox) == sent
    monkeypatch.undo()
    PaidSegment.objects.filter(taxes=[{"rate": "a fifth"}]).update(taxes=[])
    for queue in ("charges", "erasures", "renewals"):
        row_failures.try_again(queue)
    mail.send_again(letter)
    # What was asked a moment ago is asked again after a tenth of its age.
    Charge.objects.filter(state="created").update(asked_at=None)
    done = tasks.clean_up() | tasks.work()
    assert (done["renewals"], done["charges"], done["erased"]) == (2, 1, 1)
    assert done["letters"] >= 1
    assert set(RowFailure.objects.values_list("queue", flat=True)) == {"exports"}
    assert Account.objects.exclude(erased_at=None).count() == each
    assert not Charge.objects.exclude(state="succeeded").exists()


def failing_for(name: str, why: str) -> Callable[[str, Any], str]:
    def free(wanted: str, _taken: Any) -> str:
        if wanted == name:
            raise RuntimeError(why)
        return wanted

    return free
