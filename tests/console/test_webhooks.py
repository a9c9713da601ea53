"""Messages of the payment provider: kept once where it signed them, and nothing of them is believed.

Acme's charge of 3.45 EUR waits for the bank; Stripe (a stand-in on this machine) knows how it went.
"""

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from stripe import WebhookSignature

from accounts import clock
from accounts.models import Account, Activity
from billing import quotes, reconciliation, tasks
from billing.models import Charge, Invoice, PaymentMethod, ProviderMessage, Quote
from billing.rules.changes import AddSeats
from tests import acting, people, shop
from tests.billing.provider_benches import StripeBench

pytestmark = pytest.mark.django_db(transaction=True)
AT, BACK = datetime(2023, 7, 14, 12, tzinfo=UTC), "https://console.example/back/"
HERE = "/webhooks/stripe/"


def event(
    reference: str, kind: str = "payment_intent.succeeded", name: str = "evt_1", **subject: Any
) -> bytes:
    """Return a message that claims everything; only what it names is read."""
    about = {"id": reference, "object": "payment_intent", "status": "succeeded", "amount": 1} | subject
    return json.dumps({"id": name, "object": "event", "type": kind, "data": {"object": about}}).encode()


def send(body: bytes, *, secret: str = "whsec_of_the_tests_now", age: int = 0, **more: Any) -> Any:
    at = int(clock.now().timestamp()) - age
    header = WebhookSignature.generate_signature_header(body.decode(), secret, at)
    given = {"content_type": "application/json", "headers": {"Stripe-Signature": header}} | more
    # As a machine comes: nothing is exempt because a test says so.
    return Client(enforce_csrf_checks=True).post(HERE, body, **given)


@pytest.fixture
def charge(stripe: StripeBench) -> Iterator[Charge]:
    """Acme buys its eleventh seat; Olivia's bank wants a confirmation."""
    acme = people.acme(timezone="UTC", currency="EUR")
    shop.subscribe(acme, {"support": ("team", 10, "1.00")}, start=date(2022, 10, 27))
    method = stripe.method("asks, and the bank agrees")
    PaymentMethod.objects.create(
        subscription_id=acme.pk, kind="card", brand="Visa", last_four="3155", reference=method
    )
    olivia = people.user("olivia")
    with acting.at(AT):
        quote = quotes.draw_up(
            acme, [AddSeats("support", 11)], occasion=acting.occasion(by=olivia, on=AT.date())
        )
        quotes.confirm(quote.pk, occasion=acting.occasion(by=olivia, on=AT.date()), return_url=BACK)
        # Messages come in by the program's own clock, soon after.
        Charge.objects.update(created_at=clock.now())
        yield Charge.objects.get()


def process() -> int:
    return reconciliation.process_waiting(clock.now())


def test_a_message_lets_the_payment_be_asked_for(charge: Charge, stripe: StripeBench) -> None:
    stripe.banks_answer(agree=True)
    answer = send(event(charge.reference))
    assert (answer.status_code, answer.content) == (200, b"ok")
    assert Charge.objects.get().state == Charge.State.ACTION
    assert process() == 1
    assert Charge.objects.get().state == Charge.State.SUCCEEDED
    assert Quote.objects.get().state == Quote.State.CONFIRMED
    assert Invoice.objects.get().due.amount == Decimal(stripe.kept()) / 100
    assert process() == 0


def test_what_it_claims_is_not_believed(charge: Charge, stripe: StripeBench) -> None:
    """It says paid, and Stripe says that the customer was asked and has not answered."""
    assert send(event(charge.reference)).status_code == 200
    process()
    assert Charge.objects.get().state == Charge.State.ACTION
    assert not Invoice.objects.exists()


def test_replayed_and_out_of_order_it_changes_nothing(charge: Charge, stripe: StripeBench) -> None:
    stripe.banks_answer(agree=True)
    for kind, name in (("succeeded", "evt_2"), ("created", "evt_1"), ("payment_failed", "evt_3")):
        for _time in range(20):
            assert send(event(charge.reference, f"payment_intent.{kind}", name)).status_code == 200
    assert ProviderMessage.objects.count() == 3
    assert process() == 3
    for _time in range(2):
        send(event(charge.reference, "payment_intent.payment_failed", "evt_4"))
        process()
    assert Charge.objects.get().state == Charge.State.SUCCEEDED
    assert Invoice.objects.count() == 1
    assert Activity.objects.filter(verb="subscription_changed").count() == 1


def test_of_a_known_success_nobody_is_asked(charge: Charge, stripe: StripeBench) -> None:
    stripe.banks_answer(agree=True)
    send(event(charge.reference))
    process()
    before = len(stripe.stand_in.asked)
    send(
        event(charge.reference, "charge.succeeded", "evt_2", object="charge", payment_intent=charge.reference)
    )
    assert (process(), len(stripe.stand_in.asked)) == (1, before)


def test_where_stripe_does_not_answer_the_message_waits(
    charge: Charge,
    stripe: StripeBench,
    settings: Any,
) -> None:
    stripe.banks_answer(agree=True)
    send(event(charge.reference))
    settings.STRIPE_API_BASE = "http://127.0.0.1:9"
    assert process() == 0
    assert ProviderMessage.objects.get().processed_at is None
    settings.STRIPE_API_BASE = stripe.stand_in.base
    assert process() == 1
    assert Charge.objects.get().state == Charge.State.SUCCEEDED


def test_a_payment_that_is_not_ours_is_ignored(charge: Charge, stripe: StripeBench) -> None:
    """Another program's in the same account of Stripe's, one that nobody knows, another subject, rubbish."""
    customer, method, _kind = stripe.method("approves").split("/")
    given = {"amount": 1, "currency": "eur", "customer": customer, "payment_method": method}
    other = stripe.stand_in.ask("POST", "/v1/payment_intents", **given, confirm="true")
    alien = stripe.stand_in.ask("POST", "/v1/payment_intents", **given, **{"metadata[charge]": str(uuid4())})
    for number, reference in enumerate((other["id"], alien["id"], "pi_nowhere")):
        assert send(event(reference, name=f"evt_{number}")).status_code == 200
    assert send(event("cus_1", "customer.created", object="customer")).status_code == 200
    assert process() == 3
    assert Charge.objects.get().state == Charge.State.ACTION


@pytest.mark.parametrize(
    "given",
    [
        {"secret": "whsec_of_somebody_else"},
        {"age": 301},
        {"age": -62},
        {"headers": {}},
        {"headers": {"X": "y"}},
    ],
)
def test_what_stripe_did_not_sign_is_refused_and_keeps_nothing(charge: Charge, given: dict[str, Any]) -> None:
    answer = send(event(charge.reference), **given)
    assert (answer.status_code, answer.content) == (400, b"refused")
    assert not ProviderMessage.objects.exists()


def test_the_secret_of_before_still_counts(charge: Charge) -> None:
    assert send(event(charge.reference), secret="whsec_of_the_tests_before", age=299).status_code == 200


def test_a_body_that_is_too_large_or_a_forms_is_refused(charge: Charge) -> None:
    large = send(event(charge.reference, more="x" * 300_000))
    assert (large.status_code, large.content) == (413, b"too large")
    form = send(b"a=b", content_type="application/x-www-form-urlencoded")
    assert form.status_code == 400
    assert send(b"\x00".decode().encode()).status_code == 400
    assert not ProviderMessage.objects.exists()


def test_the_answer_says_nothing_of_the_account(charge: Charge) -> None:
    """The same for a payment of ours, a stranger's and one that is none: nothing can be told apart."""
    answers = {(send(event(one)).content, send(event(one)).status_code) for one in (charge.reference, "pi_x")}
    assert answers == {(b"ok", 200)}


@pytest.mark.parametrize("provider", ["billing.provider.sandbox.Sandbox", "tests.providers.Unreachable"])
def test_messages_of_a_provider_that_is_not_ours_are_for_nobody(
    db: None, settings: Any, provider: str
) -> None:
    settings.PAYMENT_PROVIDER = provider
    assert send(event("pi_1")).status_code == 404
    assert Client().get(HERE).status_code == 405


def test_old_messages_go(acme: Account) -> None:
    at = clock.now()
    for name, days in (("evt_old", 31), ("evt_young", 29)):
        ProviderMessage.objects.create(id=name, reference="pi_1", received_at=at - timedelta(days=days))
    assert tasks.clean_up()["messages"] == 1
    assert ProviderMessage.objects.get().pk == "evt_young"
