"""What every provider promises (billing.provider.base): the sandbox, Stripe, and one from outside.

Who writes another adds a bench (provider_benches.py) and reads here what each outcome means.
"""

from contextlib import suppress
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest

from billing.provider import provider
from billing.provider.base import (
    Failure,
    PaymentOutcome,
    PaymentReference,
    PaymentStatus,
    Provider,
    ProviderUnreachable,
    RefundOutcome,
    RefundStatus,
)
from tests.billing.provider_benches import MODES, REFUND_MODES, Bench

pytestmark = pytest.mark.django_db
BACK, BEFORE = "https://console.example/back/?state=x", datetime(2020, 1, 1, tzinfo=UTC)


def ask(bench: Bench, mode: str, *, there: bool = True) -> tuple[PaymentOutcome | None, PaymentReference]:
    """Ask for 3.45 euros, for a customer who is there or not; return the answer, None for silence."""
    payment = PaymentReference(str(uuid4()), "", bench.method(mode))
    try:
        outcome = provider().charge(**asked(payment) | {"return_url": BACK if there else ""})
    except ProviderUnreachable:
        return None, payment
    return outcome, PaymentReference(payment.key, outcome.reference, payment.method)


def asked(payment: PaymentReference, **changed: Any) -> dict[str, Any]:
    return {
        "key": payment.key,
        "amount": 345,
        "currency": "EUR",
        "method": payment.method,
        "return_url": BACK,
    } | changed


def test_it_is_a_provider(bench: Bench) -> None:
    assert isinstance(provider(), Provider)


def test_a_payment_that_is_made_is_found_by_our_key_and_by_its_name(bench: Bench) -> None:
    outcome, payment = ask(bench, "approves", there=False)
    assert outcome is not None
    assert (outcome.status, outcome.failure, outcome.action_url) == (PaymentStatus.SUCCEEDED, "", "")
    assert outcome.reference
    assert provider().look_up(payment) == outcome
    assert provider().look_up(PaymentReference(payment.key, "", payment.method)) == outcome
    assert (bench.kept(), bench.paid()) == (345, [payment.key])


def test_what_was_never_asked_for_is_unknown(bench: Bench) -> None:
    _outcome, payment = ask(bench, "approves")
    assert provider().look_up(PaymentReference(str(uuid4()), "", payment.method)) is None
    assert provider().abandon(PaymentReference(str(uuid4()), "", payment.method)) is None


def test_the_same_key_is_the_same_payment(bench: Bench) -> None:
    outcome, payment = ask(bench, "approves")
    assert provider().charge(**asked(payment)) == outcome
    assert bench.kept() == 345


def test_a_key_with_other_parameters_pays_nothing_more(bench: Bench) -> None:
    _outcome, payment = ask(bench, "approves")
    with pytest.raises(ProviderUnreachable):
        provider().charge(**asked(payment, amount=346))
    assert bench.kept() == 345


def test_a_decline_is_for_good_and_has_a_reason(bench: Bench) -> None:
    outcome, payment = ask(bench, "declines")
    assert outcome is not None
    assert outcome.status is PaymentStatus.FAILED
    assert Failure(outcome.failure)
    assert provider().charge(**asked(payment)).status is PaymentStatus.FAILED
    found = provider().look_up(payment)
    assert found is not None
    assert found.status is PaymentStatus.FAILED
    assert bench.kept() == 0


@pytest.mark.parametrize("agrees", [True, False])
def test_who_is_there_is_led_to_their_bank(bench: Bench, agrees: bool) -> None:
    outcome, payment = ask(bench, "asks, and the bank agrees")
    assert outcome is not None
    assert outcome.status is PaymentStatus.ACTION
    assert outcome.action_url
    assert bench.kept() == 0
    bench.banks_answer(agree=agrees)
    found = provider().look_up(payment)
    assert found is not None
    assert found.status is (PaymentStatus.SUCCEEDED if agrees else PaymentStatus.FAILED)
    assert found.failure == ("" if agrees else Failure.AUTHENTICATION)
    assert bench.kept() == (345 if agrees else 0)


def test_a_bank_that_wants_a_confirmation_of_nobody_declines_or_waits(bench: Bench) -> None:
    outcome, _payment = ask(bench, "asks, and the bank agrees", there=False)
    assert outcome is not None
    if bench.waits_for_absent:
        assert outcome.status is PaymentStatus.ACTION
    else:
        assert (outcome.status, outcome.failure) == (PaymentStatus.FAILED, Failure.AUTHENTICATION_REQUIRED)
    assert bench.kept() == 0


def test_what_waits_for_the_customer_can_be_closed(bench: Bench) -> None:
    _outcome, payment = ask(bench, "asks, and the bank agrees")
    for _time in range(2):
        closed = provider().abandon(payment)
        assert closed is not None
        assert (closed.status, closed.failure) == (PaymentStatus.FAILED, Failure.CANCELLED)
    bench.banks_answer(agree=True)
    assert bench.kept() == 0


def test_what_was_paid_can_no_longer_be_closed(bench: Bench) -> None:
    outcome, payment = ask(bench, "approves")
    assert provider().abandon(payment) == outcome
    assert bench.kept() == 345


@pytest.mark.parametrize("mode", ["debit, later paid", "debit, later declined"])
def test_a_direct_debit_is_on_its_way_and_comes_to_an_end(bench: Bench, mode: str) -> None:
    outcome, payment = ask(bench, mode, there=False)
    assert outcome is not None
    assert outcome.status is PaymentStatus.PROCESSING
    bench.banks_answer(agree=True)
    found = provider().look_up(payment)
    assert found is not None
    assert found.status is (PaymentStatus.SUCCEEDED if MODES[mode].paid else PaymentStatus.FAILED)
    assert bench.kept() == (345 if MODES[mode].paid else 0)


@pytest.mark.parametrize("mode", ["silent, later paid", "silent, later declined", "rubbish"])
def test_silence_is_no_answer_and_the_payment_is_found(bench: Bench, mode: str) -> None:
    outcome, payment = ask(bench, mode)
    assert outcome is None
    found = provider().look_up(payment)
    assert found is not None
    assert found.status is (PaymentStatus.SUCCEEDED if MODES[mode].paid else PaymentStatus.FAILED)


def test_what_never_arrived_is_unknown_and_can_be_sent_again(bench: Bench) -> None:
    outcome, payment = ask(bench, "never arrived")
    assert (outcome, provider().look_up(payment)) == (None, None)
    assert provider().charge(**asked(payment)).status is PaymentStatus.SUCCEEDED
    assert bench.kept() == 345


def refund(payment: PaymentReference, key: str, amount: int = 345) -> RefundOutcome | None:
    """Ask for a refund; return the answer, None for silence."""
    try:
        return provider().refund(payment, key=key, amount=amount)
    except ProviderUnreachable:
        return None


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ([("a", 345, True)], 0),
        ([("a", 345, True), ("a", 345, True)], 0),
        ([("a", 100, True), ("a", 100, True)], 345 - 100),
        ([("a", 100, True), ("b", 245, True)], 345 - 100 - 245),
        # 245 are left: 246 are refused, and then 245 under another key are not.
        ([("a", 100, True), ("b", 246, False), ("c", 245, True)], 0),
        ([("a", 346, False)], 345),
        ([("a", 345, True), ("b", 1, False)], 0),
    ],
)
def test_refunds_give_back_what_was_paid_each_key_once(
    bench: Bench, given: list[tuple[str, int, bool]], kept: int
) -> None:
    _outcome, payment = ask(bench, "approves")
    for key, amount, made in given:
        told = refund(payment, f"{payment.key} {key}", amount)
        assert told is not None
        assert told.status is (RefundStatus.SUCCEEDED if made else RefundStatus.FAILED)
        assert bool(told.failure) is not made
    assert bench.kept() == kept


def test_a_key_with_another_amount_gives_nothing_more_back(bench: Bench) -> None:
    _outcome, payment = ask(bench, "approves")
    first = refund(payment, "one", 100)
    assert refund(payment, "one", 200) in (None, first)
    assert bench.kept() == 245


@pytest.mark.parametrize("mode", REFUND_MODES)
def test_how_a_refund_goes_is_found_by_its_key(bench: Bench, mode: str) -> None:
    payment = PaymentReference(str(uuid4()), "", bench.method_refunded(mode))
    outcome = provider().charge(**asked(payment))
    payment = PaymentReference(payment.key, outcome.reference, payment.method)
    assert provider().look_up_refund(payment, key="one") is None
    told = refund(payment, "one", 100)
    found = provider().look_up_refund(payment, key="one")
    match mode:
        case "made":
            assert told == found
        case "refused":
            assert told is not None
            assert (told.status, bool(told.failure)) == (RefundStatus.FAILED, True)
            assert found is None or found.status is RefundStatus.FAILED
        case "silent, made":
            assert told is None
        case "never arrived":
            assert (told, found) == (None, None)
            refund(payment, "one", 100)
        case "later":
            assert told is not None
            assert told.status is RefundStatus.PROCESSING
            bench.refunds_end()
    found = provider().look_up_refund(payment, key="one")
    made = REFUND_MODES[mode].made
    assert (found is not None and found.status is RefundStatus.SUCCEEDED) is made
    assert bench.kept() == (245 if made else 345)


def test_what_was_not_paid_is_not_given_back(bench: Bench) -> None:
    _outcome, declined = ask(bench, "declines")
    for payment in (declined, PaymentReference(str(uuid4()), "", declined.method)):
        told = refund(payment, f"{payment.key} one")
        assert told is not None
        assert told.status is RefundStatus.FAILED
    assert bench.kept() == 0


def test_it_says_by_itself_what_was_paid(bench: Bench) -> None:
    _outcome, payment = ask(bench, "answers twice")
    said = dict(provider().unasked(BEFORE))
    assert said[payment.key].status is PaymentStatus.SUCCEEDED


def test_a_method_is_entered_on_its_page_and_pays(bench: Bench) -> None:
    page = provider().begin_setup(return_url=BACK, currency="EUR", account="acme", replaces="")
    assert page.address
    assert provider().finish_setup(page.reference) is None
    bench.enter(page, "approves")
    method = provider().finish_setup(page.reference)
    assert method is not None
    assert (method.kind, len(method.last_four)) == ("card", 4)
    assert provider().finish_setup(page.reference) == method
    payment = PaymentReference(str(uuid4()), "", method.reference)
    assert provider().charge(**asked(payment)).status is PaymentStatus.SUCCEEDED
    # The next is entered in its place.
    second = provider().begin_setup(
        return_url=BACK, currency="EUR", account="acme", replaces=method.reference
    )
    assert second.reference != page.reference


def test_a_page_that_is_none_holds_no_method(bench: Bench) -> None:
    with suppress(ProviderUnreachable):
        assert provider().finish_setup("cs_nowhere") is None
