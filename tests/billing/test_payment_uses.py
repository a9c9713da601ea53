"""Which payment method is charged, which is the backup, and which may be taken off the account."""

from datetime import date

import pytest
from django.db import IntegrityError, transaction

from accounts.models import Account, Activity
from accounts.rules.decision import NotAllowed
from billing import payment_methods, payment_uses, quotes, renewal
from billing.models import Charge, PaymentMethod, PaymentSetup, SandboxSetup, ScheduledChange
from billing.payment_uses import MethodKept
from billing.rules.changes import AddSeats
from billing.rules.kept_methods import KeptReason
from tests import acting, people, shop

pytestmark = pytest.mark.django_db
TODAY, RENEWS = date(2023, 7, 14), date(2023, 10, 27)


@pytest.fixture
def acme() -> Account:
    """Acme pays 10 seats by Visa 4242, and has Mastercard 7726 and SEPA 3000 on file."""
    account = people.acme(timezone="UTC")
    shop.subscribe(account, {"support": ("team", 10, "1.00")}, start=date(2022, 10, 27))
    for use, reference, kind, brand, last_four in (
        ("default", "test_approves", "card", "Visa", "4242"),
        ("backup", "test_times_out_paid", "card", "Mastercard", "7726"),
        ("spare", "test_debit_approves", "direct_debit", "SEPA", "3000"),
    ):
        PaymentMethod.objects.create(
            subscription_id=account.pk,
            use=use,
            kind=kind,
            brand=brand,
            last_four=last_four,
            reference=reference,
        )
    return account


def uses() -> dict[str, str]:
    return dict(PaymentMethod.objects.values_list("last_four", "use"))


def put(last_four: str, use: str, by: str = "olivia") -> None:
    method = PaymentMethod.objects.get(last_four=last_four)
    payment_uses.put_to_use(method.pk, use, occasion=acting.occasion(people.user(by), TODAY))


def remove(last_four: str) -> None:
    method = PaymentMethod.objects.get(last_four=last_four)
    payment_uses.remove(method.pk, occasion=acting.occasion(people.user("olivia"), TODAY))


@pytest.mark.parametrize(
    ("last_four", "use", "after"),
    [
        # The backup and the default change places; a spare one sends the default to the spare ones.
        ("7726", "default", {"4242": "backup", "7726": "default", "3000": "spare"}),
        ("3000", "default", {"4242": "spare", "7726": "backup", "3000": "default"}),
        ("3000", "backup", {"4242": "default", "7726": "spare", "3000": "backup"}),
        ("7726", "spare", {"4242": "default", "7726": "spare", "3000": "spare"}),
        ("4242", "default", {"4242": "default", "7726": "backup", "3000": "spare"}),
    ],
)
def test_a_method_takes_its_place_and_the_one_before_makes_room(
    acme: Account, last_four: str, use: str, after: dict[str, str]
) -> None:
    before = uses()
    put(last_four, use)
    assert uses() == after
    assert Activity.objects.filter(verb="payment_method_use_changed").count() == (0 if after == before else 1)


def test_the_activity_says_which_is_charged_now_and_which_is_tried_then(acme: Account) -> None:
    put("3000", "default")
    entry = Activity.objects.get(verb="payment_method_use_changed")
    assert entry.before == {"default_method": "Visa 4242", "backup_method": "Mastercard 7726"}
    assert entry.after == {"default_method": "SEPA 3000", "backup_method": "Mastercard 7726"}


@pytest.mark.parametrize("use", ["backup", "spare"])
def test_one_is_always_charged_first(acme: Account, use: str) -> None:
    with pytest.raises(MethodKept) as refused:
        put("4242", use)
    assert refused.value.why is KeptReason.DEFAULT
    assert uses()["4242"] == "default"


def test_who_may_not_change_payment_changes_nothing(acme: Account) -> None:
    with pytest.raises(NotAllowed):
        put("7726", "default", by="bilal")


@pytest.mark.parametrize("again", ["default", "backup"])
def test_the_database_keeps_one_default_and_one_backup(acme: Account, again: str) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        PaymentMethod.objects.create(subscription_id=acme.pk, use=again, kind="card")


def test_the_database_keeps_a_card_once(acme: Account) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        PaymentMethod.objects.create(
            subscription_id=acme.pk, use="spare", kind="card", reference="test_approves"
        )


def test_a_set_up_replaces_no_method_of_another_account(acme: Account) -> None:
    globex = people.globex()
    shop.subscribe(globex, {"support": ("team", 3, "1.00")}, start=date(2022, 10, 27))
    with pytest.raises(IntegrityError), transaction.atomic():
        PaymentSetup.objects.create(
            subscription_id=globex.pk,
            person=people.user("olivia"),
            replaces=PaymentMethod.objects.get(last_four="4242"),
            state_hash="x",
            reference="x",
            created_at=acting.occasion(on=TODAY).at,
            expires_at=acting.occasion(on=TODAY).at,
        )


def test_backup_and_spare_go_and_the_default_stays(acme: Account) -> None:
    with pytest.raises(MethodKept) as refused:
        remove("4242")
    assert refused.value.why is KeptReason.DEFAULT
    remove("7726")
    remove("3000")
    assert uses() == {"4242": "default"}
    with pytest.raises(MethodKept) as refused:
        remove("4242")
    assert refused.value.why is KeptReason.RENEWAL
    told = Activity.objects.filter(verb="payment_method_removed").order_by("pk").first()
    assert told is not None
    assert told.before == {"kind": "card", "brand": "Mastercard", "last_four": "7726"}


def _ends_with_its_period(account: Account) -> None:
    ScheduledChange.objects.create(
        subscription_id=account.pk, kind="cancellation", takes_effect_on=RENEWS, created_at=acting.now()
    )


def _bought_nothing(account: Account) -> None:
    shop.line(account, "support").delete()


def _pays_by_invoice(account: Account) -> None:
    Account.objects.filter(pk=account.pk).update(collection_method="send_invoice")


# What money may fall due, and whether the only method may go.
ONLY_ONE = {
    "it renews": (lambda account: None, KeptReason.RENEWAL),
    "it ends with its period": (_ends_with_its_period, None),
    "nothing was bought": (_bought_nothing, None),
    "it pays by transfer": (_pays_by_invoice, None),
}


@pytest.mark.breaks_invariants
@pytest.mark.usefixtures("acting")
@pytest.mark.parametrize("case", ONLY_ONE)
def test_the_only_method_stays_while_money_may_fall_due(acme: Account, case: str) -> None:
    PaymentMethod.objects.exclude(use="default").delete()
    prepare, why = ONLY_ONE[case]
    prepare(acme)
    acme.refresh_from_db()
    assert payment_uses.may_fall_due(acme) is why
    if why is None:
        remove("4242")
        assert uses() == {}
    else:
        with pytest.raises(MethodKept):
            remove("4242")


@pytest.mark.django_db(transaction=True)
def test_it_stays_for_an_open_invoice_and_for_a_payment_under_way(acme: Account) -> None:
    PaymentMethod.objects.exclude(use="default").delete()
    PaymentMethod.objects.update(reference="test_asks_3ds")
    olivia = acting.occasion(people.user("olivia"), TODAY)
    quotes.confirm(quotes.draw_up(acme, [AddSeats("support", 11)], occasion=olivia).pk, occasion=olivia)
    assert Charge.objects.get().state == "action"
    with pytest.raises(MethodKept) as refused:
        remove("4242")
    assert refused.value.why is KeptReason.PAYMENT_OPEN
    quotes.withdraw(Charge.objects.get().quote_id, occasion=olivia)  # type: ignore[arg-type]
    PaymentMethod.objects.update(reference="test_declines")
    renewal.renew(acme.pk, occasion=acting.occasion(on=RENEWS))
    with pytest.raises(MethodKept) as refused:
        remove("4242")
    assert refused.value.why is KeptReason.INVOICE_OPEN


# --- Entered beside others -------------------------------------------------------------------------


def enter(account: Account, reference: str, use: str = "default", replaces: str = "") -> PaymentMethod | None:
    olivia = acting.occasion(people.user("olivia"), TODAY)
    replaced = PaymentMethod.objects.get(last_four=replaces).pk if replaces else None
    begun = payment_methods.begin(account, occasion=olivia, return_url="/back/", replaces=replaced)
    SandboxSetup.objects.filter(method="").update(method=reference)
    return payment_methods.finish(account, begun.state, occasion=olivia, use=use)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("use", "after"),
    [
        ("default", {"4242": "spare", "7726": "backup", "3000": "spare", "0002": "default"}),
        ("backup", {"4242": "default", "7726": "spare", "3000": "spare", "0002": "backup"}),
        ("spare", {"4242": "default", "7726": "backup", "3000": "spare", "0002": "spare"}),
    ],
)
def test_what_is_added_is_used_as_was_chosen(acme: Account, use: str, after: dict[str, str]) -> None:
    enter(acme, "test_declines", use)
    assert uses() == after
    assert Activity.objects.get(verb="payment_method_added").after == {
        "kind": "card", "brand": "Visa", "last_four": "0002",
    }  # fmt: skip


@pytest.mark.django_db(transaction=True)
def test_what_replaces_a_method_takes_its_place(acme: Account) -> None:
    enter(acme, "test_declines", replaces="7726")
    assert uses() == {"4242": "default", "0002": "backup", "3000": "spare"}
    assert Activity.objects.get(verb="payment_method_replaced").before["last_four"] == "7726"


@pytest.mark.django_db(transaction=True)
def test_the_first_is_charged_whatever_was_chosen(acme: Account) -> None:
    PaymentMethod.objects.all().delete()
    enter(acme, "test_declines", "spare")
    assert uses() == {"0002": "default"}


@pytest.mark.django_db(transaction=True)
def test_the_same_card_is_not_taken_in_twice(acme: Account) -> None:
    with pytest.raises(payment_methods.MethodOnFile):
        enter(acme, "test_debit_approves")
    # In its own place it may: its expiry may be another one now.
    enter(acme, "test_debit_approves", replaces="3000")
    assert len(uses()) == 3


@pytest.mark.django_db(transaction=True)
def test_there_are_five_at_most(acme: Account) -> None:
    enter(acme, "test_declines", "spare")
    enter(acme, "test_declines_funds", "spare")
    with pytest.raises(payment_methods.TooManyMethods):
        enter(acme, "test_declines_expired")
    enter(acme, "test_declines_expired", replaces="0002")
    assert len(uses()) == 5
