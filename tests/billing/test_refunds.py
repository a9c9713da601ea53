"""The vendor's staff give money back: parts and all, by one or by two of them, once whatever is answered."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from djmoney.money import Money

from accounts.models import Account, Activity, Letter, User
from billing import account_statements, invariants, provider_checks, refunds, renewal
from billing.models import BalanceEntry, Charge, PaymentMethod, Refund, SandboxPayment
from billing.provider.base import ProviderUnreachable
from billing.provider.sandbox import Sandbox
from billing.rules.refunds import RefundRefusal
from billing.rules.statements import MovementKind
from tests import acting, people, shop

pytestmark = pytest.mark.django_db(transaction=True)
RENEWS = date(2023, 10, 27)
NOON = datetime(2023, 10, 27, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _acts_at_noon() -> Any:
    with acting.at(NOON):
        yield


def renewed(method: str = "test_approves", *, credit: str = "") -> Charge:
    """Charge Acme's renewal: 10 × 12 × 1.00 = 120.00 by Visa 4242; afterwards a credit is brought in."""
    account = people.acme(timezone="UTC")
    shop.subscribe(account, {"support": ("team", 10, "1.00")}, start=date(2022, 10, 27))
    PaymentMethod.objects.create(
        subscription_id=account.pk, kind="card", brand="Visa", last_four="4242", reference=method
    )
    renewal.renew(account.pk, occasion=acting.occasion(on=RENEWS))
    if credit:
        BalanceEntry.objects.create(
            subscription_id=account.pk, amount=Money(credit, "USD"), reason="brought_in", created_at=NOON
        )
    return Charge.objects.get()


def victor() -> User:
    """Return the second of the vendor's staff."""
    return people.person("victor@vendor.example", "Victor Vale", is_staff=True)


def give_back(
    charge: Charge,
    amount: int,
    *,
    by: User | None = None,
    may_be_owed: bool = False,
    reason: str = "Our fault",
) -> Refund:
    occasion = acting.occasion(by or people.vera(), RENEWS)
    return refunds.request(charge.pk, amount, reason=reason, occasion=occasion, may_be_owed=may_be_owed)


def refused(act: Any) -> RefundRefusal:
    with pytest.raises(refunds.NotRefunded) as no:
        act()
    return no.value.why


def balance(of: Charge) -> int:
    return refunds.refundable(of).balance


def kept() -> int:
    return sum(one.amount - one.refunded for one in SandboxPayment.objects.all())


@pytest.mark.parametrize(
    ("credit", "asked", "left", "balance_after"),
    [
        # 120.00 − 20.00 = 100.00 are left; of 50.00 credit 30.00.
        ("50.00", [(2000, False, None)], 10000, 3000),
        # 50.00 and 70.00 are all; 120.00 − 120.00 of 120.00 credit.
        ("120.00", [(5000, False, None), (7000, False, None)], 0, 0),
        ("120.00", [(12000, False, None), (1, True, RefundRefusal.TOO_MUCH)], 0, 0),
        ("50.00", [(8000, False, RefundRefusal.NO_CREDIT), (8000, True, None)], 4000, -3000),
        ("", [(12000, True, None)], 0, -12000),
        ("", [(12001, True, RefundRefusal.TOO_MUCH), (0, True, RefundRefusal.TOO_MUCH)], 12000, 0),
    ],
)
def test_parts_are_given_back_until_nothing_is_left(
    credit: str, asked: list[tuple[int, bool, RefundRefusal | None]], left: int, balance_after: int
) -> None:
    charge = renewed(credit=credit)
    before, given = balance(charge), 0
    for amount, may_be_owed, why in asked:
        if why:
            assert refused(lambda a=amount, o=may_be_owed: give_back(charge, a, may_be_owed=o)) is why
            continue
        assert give_back(charge, amount, may_be_owed=may_be_owed).state == Refund.State.SUCCEEDED
        given += amount
    of = refunds.refundable(charge)
    assert (of.left, of.balance) == (left, balance_after)
    assert kept() == 12000 - given
    # What is owed is the open invoices, of which there are none, less the balance.
    told = account_statements.read(Account.objects.get(), date(2023, 1, 1), date(2023, 12, 31))
    assert told.moved(MovementKind.REFUNDED) == given
    assert told.closing == -balance_after == given - before


def test_what_is_given_back_is_told_with_its_reason() -> None:
    """80.00 of which 50.00 are credit: 30.00 are owed again."""
    charge = renewed(credit="50.00")
    give_back(charge, 8000, may_be_owed=True, reason="Two weeks of outages")
    letters = Letter.objects.filter(kind="refund_made").order_by("pk")
    assert letters.count() == 2
    facts = letters[0].facts
    assert (facts["amount"], facts["owed_again"], facts["reason"]) == (8000, 3000, "Two weeks of outages")
    ordered, made = Activity.objects.filter(subject__startswith="refund:").order_by("pk")
    assert (ordered.verb, ordered.by_staff, ordered.reason) == (
        "refund_ordered",
        True,
        "Two weeks of outages",
    )
    assert (made.verb, made.actor, made.invoice) == ("charge_refunded", None, "INV-000001")
    assert made.after == {"amount": {"minor": 8000, "currency": "USD"}}


# method: how it stands at once, after it was asked for, whether the money went, and the balance of 50.00
MODES = {
    "test_approves": ("succeeded", "succeeded", True),
    "test_refund_fails": ("failed", "failed", False),
    "test_refund_later": ("processing", "succeeded", True),
    "test_refund_silent": ("unknown", "succeeded", True),
    "test_refund_lost_once": ("unknown", "succeeded", True),
}


@pytest.mark.parametrize("method", MODES)
def test_an_unknown_outcome_is_asked_for_before_anything_else_is_tried(method: str) -> None:
    """20.00 of 120.00, of a credit of 50.00: 30.00 of it are left, or all where it did not arrive."""
    charge = renewed(method, credit="50.00")
    at_once, at_last, made = MODES[method]
    refund = give_back(charge, 2000)
    assert refund.state == at_once
    if at_once in Refund.OPEN:
        # It is not the balance's any more, and no second one goes beside it.
        assert balance(charge) == 3000
        assert refused(lambda: give_back(charge, 1000)) is RefundRefusal.UNDER_WAY
    for _time in range(2):
        refunds.reconcile(NOON + timedelta(minutes=1))
    refund.refresh_from_db()
    assert (refund.state, bool(refund.failure)) == (at_last, not made)
    assert kept() == (10000 if made else 12000)
    assert balance(charge) == (3000 if made else 5000)
    assert Letter.objects.filter(kind="refund_made").count() == (2 if made else 0)
    assert Activity.objects.filter(verb="refund_failed").count() == (0 if made else 1)
    told = account_statements.read(Account.objects.get(), date(2023, 1, 1), date(2023, 12, 31))
    assert told.closing == -balance(charge)
    # What failed for good may be tried anew, under another key.
    assert refused(lambda: give_back(charge, 12001, may_be_owed=True)) is RefundRefusal.TOO_MUCH


class Deaf(Sandbox):
    """Hears of no refund, and knows of none."""

    def refund(self, payment: Any, *, key: str, amount: int) -> Any:
        raise ProviderUnreachable


def test_what_the_provider_never_heard_of_is_given_up_after_a_day(settings: Any) -> None:
    settings.PAYMENT_PROVIDER = f"{__name__}.Deaf"
    charge = renewed(credit="50.00")
    refund = give_back(charge, 2000)
    refunds.reconcile(NOON + timedelta(hours=23))
    refund.refresh_from_db()
    assert (refund.state, balance(charge)) == ("unknown", 3000)
    refunds.reconcile(NOON + timedelta(hours=25))
    refund.refresh_from_db()
    assert (refund.state, refund.failure, balance(charge)) == ("failed", "not_received", 5000)
    assert kept() == 12000


# --- Two people --------------------------------------------------------------------------------------


@pytest.fixture
def requested(settings: Any) -> Refund:
    """Vera asks for 80.00 of 120.00 where one alone gives back 50.00; 100.00 are credit."""
    settings.REFUND_LIMITS = {"USD": 5000}
    refund = give_back(renewed(credit="100.00"), 8000)
    assert (refund.state, balance(refund.charge), kept()) == ("requested", 10000, 12000)
    return refund


def decide(refund: Refund, by: User, *, approve: bool = True) -> Refund:
    act = refunds.approve if approve else refunds.reject
    return act(refund.pk, reason="I looked at it", occasion=acting.occasion(by, RENEWS))


def test_above_the_limit_a_second_person_approves(requested: Refund) -> None:
    assert refused(lambda: decide(requested, people.vera())) is RefundRefusal.OWN
    assert refused(lambda: decide(requested, people.vera(), approve=False)) is RefundRefusal.OWN
    made = decide(requested, victor())
    assert (made.state, made.decided_by_name, made.decision) == ("succeeded", "Victor Vale", "I looked at it")
    assert (kept(), balance(made.charge)) == (4000, 2000)
    verbs = list(
        Activity.objects.filter(subject__startswith="refund:").order_by("pk").values_list("verb", flat=True)
    )
    assert verbs == ["refund_requested", "refund_approved", "charge_refunded"]
    assert refused(lambda: decide(requested, victor())) is RefundRefusal.OVER


def test_a_second_person_rejects(requested: Refund) -> None:
    assert decide(requested, victor(), approve=False).state == "rejected"
    assert (kept(), balance(requested.charge)) == (12000, 10000)
    assert refused(lambda: decide(requested, victor())) is RefundRefusal.OVER
    assert Activity.objects.get(verb="refund_rejected").reason == "I looked at it"


def test_it_lapses_when_the_charge_changed_meanwhile(requested: Refund) -> None:
    """10.00 are given back beside it: of 120.00 no longer 120.00 are left, and the 80.00 are not given."""
    give_back(requested.charge, 1000, by=victor())
    assert refused(lambda: decide(requested, victor())) is RefundRefusal.CHANGED
    requested.refresh_from_db()
    assert (requested.state, kept()) == ("lapsed", 11000)
    assert Activity.objects.get(verb="refund_lapsed").actor_name == "Victor Vale"


def test_it_lapses_when_the_credit_was_used_meanwhile(requested: Refund) -> None:
    BalanceEntry.objects.create(
        subscription_id=requested.subscription_id,
        amount=Money("-30", "USD"),
        reason="brought_in",
        created_at=NOON,
    )
    assert refused(lambda: decide(requested, victor())) is RefundRefusal.NO_CREDIT
    requested.refresh_from_db()
    assert (requested.state, kept()) == ("lapsed", 12000)


def test_parts_do_not_slip_below_the_limit(settings: Any) -> None:
    """30.00 and 20.00 are 50.00, which one may; 0.01 more of the same charge is decided by two."""
    settings.REFUND_LIMITS = {"USD": 5000}
    charge = renewed(credit="100.00")
    states = [give_back(charge, amount).state for amount in (3000, 2000, 1)]
    assert states == ["succeeded", "succeeded", "requested"]
    assert refused(lambda: give_back(charge, 1)) is RefundRefusal.REQUESTED


# --- Who, and what of --------------------------------------------------------------------------------


def test_only_staff_with_a_reason_and_only_what_was_paid(settings: Any) -> None:
    charge = renewed(credit="50.00")
    with pytest.raises(PermissionDenied):
        give_back(charge, 1000, by=people.user("olivia"))
    with pytest.raises(ValueError, match="say why"):
        give_back(charge, 1000, reason=" ")
    settings.REFUND_LIMITS = {"USD": 0}
    waits = give_back(charge, 1000)
    for approve in (True, False):
        with pytest.raises(PermissionDenied):
            decide(waits, people.user("olivia"), approve=approve)
    assert kept() == 12000


@pytest.mark.breaks_invariants
@pytest.mark.parametrize(
    "how", [{"state": "failed"}, {"state": "processing"}, {"refund_due": True}, {"state": "unknown"}]
)
def test_what_did_not_come_is_not_given_back(how: dict[str, Any]) -> None:
    charge = renewed(credit="50.00")
    Charge.objects.update(**how)
    assert refused(lambda: give_back(charge, 1000)) is RefundRefusal.NOT_PAID


def test_staff_ask_the_provider_and_what_it_says_is_taken_in() -> None:
    """The debit of 120.00 is on its way, then there; the refund's answer was lost, then it is known."""
    charge = renewed("test_debit_later", credit="50.00")
    assert charge.state == "processing"
    ask = {"reason": "The customer called", "occasion": acting.occasion(people.vera(), RENEWS)}
    assert provider_checks.ask_now(charge.pk, **ask).state == "succeeded"
    SandboxPayment.objects.update(method="test_refund_silent")
    assert give_back(charge, 2000).state == "unknown"
    provider_checks.ask_now(charge.pk, **ask)
    assert Refund.objects.get().state == "succeeded"
    entry = Activity.objects.filter(verb="charge_checked").latest("pk")
    assert (entry.actor_name, entry.reason, entry.invoice) == (
        "Vera Vance",
        "The customer called",
        "INV-000001",
    )
    # What follows from an answer is done by nobody.
    assert Activity.objects.get(verb="charge_refunded").actor is None
    with pytest.raises(PermissionDenied):
        provider_checks.ask_now(
            charge.pk, reason="x", occasion=acting.occasion(people.user("olivia"), RENEWS)
        )


def test_the_books_bark(requested: Refund) -> None:
    """A refund that took nothing from the balance, and one beyond its charge, are found."""
    Refund.objects.update(state="succeeded")
    assert [one.name for one in invariants.broken()] == [
        "a refund took from the balance what it gives back, and put back what did not arrive"
    ]
    Refund.objects.update(amount=Money("121", "USD"), left_then=Money("121", "USD"))
    names = {one.name for one in invariants.broken()}
    assert "no more of a charge is refunded than was charged, and nothing of what paid for nothing" in names
    Refund.objects.all().delete()
