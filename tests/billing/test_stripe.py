"""What the adapter to Stripe sends, and how it reads what comes back: beside what every provider promises."""

import json
import logging
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from stripe import WebhookSignature

from accounts import clock
from admin_center.server.database import ROOT
from billing.provider import signatures, stripe_failures
from billing.provider.base import (
    Failure,
    MessageRefused,
    MessagingProvider,
    PaymentOutcome,
    PaymentReference,
    PaymentStatus,
    ProviderUnreachable,
    RefundStatus,
)
from billing.provider.stripe import API_VERSION, TIMEOUT, Stripe, _client, _outcome
from tests.billing import stripe_stand_in
from tests.billing.provider_benches import StripeBench

NOW = datetime(2026, 11, 27, 12, tzinfo=UTC)
BACK = "https://console.example/back/?state=x"


def charge(method: str, **changed: object) -> tuple[str, PaymentOutcome]:
    key = str(uuid4())
    given = {"amount": 345, "currency": "EUR", "method": method, "return_url": BACK} | changed
    return key, Stripe().charge(key=key, **given)  # type: ignore[arg-type]


# --- Sent --------------------------------------------------------------------------------------------


def test_one_try_of_a_few_seconds_with_our_key_and_no_telemetry(stripe: StripeBench) -> None:
    key, _outcome = charge(stripe.method("approves"))
    sent = stripe.stand_in.headers[-1]
    assert (sent["Idempotency-Key"], sent["Stripe-Version"]) == (key, API_VERSION)
    assert sent["Authorization"] == "Bearer sk_test_of_the_tests"
    assert "X-Stripe-Client-Telemetry" not in sent
    assert "telemetry_id" not in sent["X-Stripe-Client-User-Agent"]
    client = _client("sk_test_of_the_tests", stripe.stand_in.base)
    assert client._requestor._options.max_network_retries == 0
    assert TIMEOUT == (2, 10)
    assert client._requestor._client._timeout == TIMEOUT  # type: ignore[union-attr]


@pytest.mark.parametrize("fault", [stripe_stand_in.LOST, stripe_stand_in.SILENT, stripe_stand_in.BROKEN])
def test_what_fails_is_not_asked_again_by_itself(stripe: StripeBench, fault: str) -> None:
    method = stripe.method("approves")
    stripe.stand_in.faults, before = [fault], len(stripe.stand_in.asked)
    with pytest.raises(ProviderUnreachable):
        charge(method)
    assert len(stripe.stand_in.asked) == before + 1


def test_an_error_of_stripes_is_found_by_the_question(stripe: StripeBench) -> None:
    """Stripe repeats an error as it repeats an answer: the payment behind it is found by listing."""
    method = stripe.method("approves")
    stripe.stand_in.faults = [stripe_stand_in.BROKEN]
    key = str(uuid4())
    with pytest.raises(ProviderUnreachable):
        Stripe().charge(key=key, amount=345, currency="EUR", method=method, return_url="")
    found = Stripe().look_up(PaymentReference(key, "", method))
    assert found is not None
    assert found.status is PaymentStatus.SUCCEEDED


def test_an_old_payment_is_found_behind_many_others(stripe: StripeBench) -> None:
    """A hundred a page: the first of 120 payments of one customer stands on the second."""
    method = stripe.method("approves")
    key, outcome = charge(method)
    customer, payment_method, _kind = method.split("/")
    for _time in range(119):
        stripe.stand_in.ask(
            "POST",
            "/v1/payment_intents",
            amount=1,
            currency="eur",
            customer=customer,
            payment_method=payment_method,
        )
    before = len(stripe.stand_in.asked)
    assert Stripe().look_up(PaymentReference(key, "", method)) == outcome
    assert len(stripe.stand_in.asked) == before + 2


def test_a_method_that_stripe_no_longer_knows_is_a_decline_with_a_reason(stripe: StripeBench) -> None:
    customer = stripe.method("approves").split("/")[0]
    _key, outcome = charge(f"{customer}/pm_gone/card")
    assert (outcome.status, outcome.failure) == (PaymentStatus.FAILED, Failure.METHOD_GONE)


def test_a_method_of_another_provider_is_a_decline_too(stripe: StripeBench) -> None:
    before = len(stripe.stand_in.asked)
    key, outcome = charge("test_approves")
    assert (outcome.status, outcome.failure) == (PaymentStatus.FAILED, Failure.METHOD_GONE)
    assert Stripe().look_up(PaymentReference(key, "", "test_approves")) is None
    assert len(stripe.stand_in.asked) == before
    assert stripe.kept() == 0


def test_others_payments_of_the_same_stripe_account_are_left_out(stripe: StripeBench) -> None:
    key, _outcome = charge(stripe.method("approves"))
    customer, method, _kind = stripe.method("approves").split("/")
    given = {"amount": 1, "currency": "eur", "customer": customer, "payment_method": method}
    other = stripe.stand_in.ask("POST", "/v1/payment_intents", **given, confirm="true")
    assert [one for one, _outcome in Stripe().unasked(NOW - timedelta(days=3650))] == [key]
    assert Stripe().tell(other["id"]) is None
    assert Stripe().tell("pi_nowhere") is None
    told = Stripe().tell(stripe.stand_in.intents()[-1]["id"])
    assert told is not None
    assert told[0] == key


def test_what_no_redirect_can_confirm_is_closed(stripe: StripeBench) -> None:
    key, outcome = charge(stripe.method("asks, and the bank agrees"))
    assert outcome.status is PaymentStatus.ACTION
    stripe.stand_in.return_urls.clear()
    found = Stripe().look_up(PaymentReference(key, outcome.reference, ""))
    assert found is not None
    assert (found.status, found.failure) == (PaymentStatus.FAILED, Failure.CANCELLED)


def test_a_refund_is_sent_once(stripe: StripeBench) -> None:
    key, outcome = charge(stripe.method("approves"))
    payment = PaymentReference(key, outcome.reference, "")
    for _time in range(2):
        assert Stripe().refund(payment, key="once", amount=345).status is RefundStatus.SUCCEEDED
        assert stripe.kept() == 0
    assert stripe.stand_in.asked.count(("POST", "/v1/refunds")) == 1


# --- Methods -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("currency", "kinds"), [("EUR", ["card", "sepa_debit"]), ("USD", ["card"])])
def test_direct_debit_is_offered_where_it_can_be_charged(
    stripe: StripeBench, currency: str, kinds: list[str]
) -> None:
    page = Stripe().begin_setup(return_url=BACK, currency=currency, account="acme", replaces="")
    opened = stripe.stand_in.pages[page.reference]
    assert [opened[f"payment_method_types[{n}]"] for n in range(len(kinds))] == kinds
    assert f"payment_method_types[{len(kinds)}]" not in opened
    assert (opened["mode"], opened["success_url"], opened["cancel_url"]) == ("setup", BACK, BACK)


def test_one_customer_of_ours_is_one_customer_at_stripe(stripe: StripeBench) -> None:
    """Also where another provider's method is replaced: then it is a new one."""
    for replaces, made in (("", 1), ("test_approves", 2), ("cus_1/pm_1/card", 2)):
        Stripe().begin_setup(return_url=BACK, currency="EUR", account="acme", replaces=replaces)
        assert stripe.stand_in.asked.count(("POST", "/v1/customers")) == made


def test_a_mandate_is_kept_by_its_last_digits(stripe: StripeBench) -> None:
    page = Stripe().begin_setup(return_url=BACK, currency="EUR", account="acme", replaces="")
    stripe.stand_in.enter(page.reference, "debit")
    method = Stripe().finish_setup(page.reference)
    assert method is not None
    assert (method.kind, method.brand, method.last_four) == ("direct_debit", "SEPA", "3000")
    assert (method.expires_month, method.expires_year) == (None, None)
    assert method.reference.endswith("/sepa_debit")


# --- Read --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "failure"),
    [
        ("insufficient_funds", Failure.FUNDS),
        ("expired_card", Failure.EXPIRED),
        ("incorrect_cvc", Failure.DETAILS),
        ("authentication_required", Failure.AUTHENTICATION_REQUIRED),
        ("debit_not_authorized", Failure.MANDATE),
        ("account_closed", Failure.ACCOUNT_CLOSED),
        # A bank asks not to tell.
        ("stolen_card", Failure.DECLINED),
        ("a_code_of_tomorrow", Failure.DECLINED),
        (["a", "list"], Failure.DECLINED),
    ],
)
def test_a_decline_is_told_in_our_words(code: object, failure: Failure) -> None:
    assert stripe_failures.failure_of({"code": "card_declined", "decline_code": code}) is failure
    assert stripe_failures.failure_of({"code": code}) is failure


def test_a_decline_without_a_reason_is_one() -> None:
    assert stripe_failures.failure_of(None) is Failure.DECLINED


@pytest.mark.parametrize("status", ["requires_capture", "requires_confirmation", "of_tomorrow"])
def test_a_state_that_we_do_not_know_is_asked_again(status: str) -> None:
    assert _outcome({"id": "pi_1", "status": status}).status is PaymentStatus.UNKNOWN


# --- Signed messages ----------------------------------------------------------------------------------


def message(kind: str = "payment_intent.succeeded", **subject: object) -> bytes:
    about = {"id": "pi_1", "object": "payment_intent"} | subject
    return json.dumps({"id": "evt_1", "object": "event", "type": kind, "data": {"object": about}}).encode()


def signed(body: bytes, at: datetime = NOW, secret: str = "whsec_of_the_tests_now") -> dict[str, str]:
    """Sign as Stripe's own package does for tests."""
    header = WebhookSignature.generate_signature_header(body.decode(), secret, int(at.timestamp()))
    return {"Stripe-Signature": header}


def test_it_sends_messages(stripe: StripeBench) -> None:
    assert isinstance(Stripe(), MessagingProvider)


@pytest.mark.parametrize("secret", ["whsec_of_the_tests_now", "whsec_of_the_tests_before"])
@pytest.mark.parametrize("age", [-60, 0, 300])
def test_a_signed_message_names_an_event_and_a_payment(stripe: StripeBench, secret: str, age: int) -> None:
    body = message()
    found = Stripe().read_message(body, signed(body, NOW - timedelta(seconds=age), secret), at=NOW)
    assert found is not None
    assert (found.id, found.reference) == ("evt_1", "pi_1")


def test_a_charge_names_its_payment(stripe: StripeBench) -> None:
    body = message("charge.refunded", id="ch_1", object="charge", payment_intent="pi_2")
    found = Stripe().read_message(body, signed(body), at=NOW)
    assert found is not None
    assert found.reference == "pi_2"


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({}, "no signature"),
        ({"Stripe-Signature": ""}, "no signature"),
        ({"Stripe-Signature": "t=1,v1="}, "another's signature"),
        ({"Stripe-Signature": "t=x,v1=ab"}, "no signature"),
        ({"Stripe-Signature": "t=²,v1=ab"}, "no signature"),
        ({"Stripe-Signature": f"t={9 * 10**30},v1=ab"}, "no signature"),
        ({"Stripe-Signature": "v1=ab"}, "no signature"),
        ({"Stripe-Signature": "t=1,t=2,v1=ab"}, "no signature"),
        (signed(message(), NOW - timedelta(seconds=301)), "too old"),
        (signed(message(), NOW + timedelta(seconds=61)), "from the future"),
        (signed(message(), secret="whsec_of_somebody_else"), "another's signature"),
        (signed(message("payment_intent.canceled")), "another's signature"),
        # The test scheme is none that counts.
        ({"Stripe-Signature": signed(message())["Stripe-Signature"].replace("v1=", "v0=")}, "no signature"),
    ],
)
def test_what_stripe_did_not_just_sign_is_refused(
    stripe: StripeBench, given: dict[str, str], why: str
) -> None:
    with pytest.raises(MessageRefused, match=why):
        Stripe().read_message(message(), given, at=NOW)


def test_without_a_secret_nothing_is_signed() -> None:
    body = message()
    for secrets in ([], [""]):
        with pytest.raises(MessageRefused):
            signatures.demand_signed(body, signed(body, secret="")["Stripe-Signature"], secrets, at=NOW)


@pytest.mark.parametrize("body", [b"", b"[]", b"x", b"{}", b'{"type": 1, "id": 2, "data": {"object": 3}}'])
def test_what_is_signed_and_no_event_is_refused(stripe: StripeBench, body: bytes) -> None:
    with pytest.raises(MessageRefused, match="not an event"):
        Stripe().read_message(body, signed(body), at=NOW)


@pytest.mark.parametrize(
    "body",
    [
        message("customer.created", id="cus_1", object="customer"),
        message(id="cus_1"),
        message(id=None),
        message(id="pi_" + "x" * 200),
        message("charge.succeeded", id="ch_1", object="charge"),
    ],
)
def test_a_message_of_nothing_that_concerns_us_is_left_alone(stripe: StripeBench, body: bytes) -> None:
    assert Stripe().read_message(body, signed(body), at=NOW) is None


def test_a_message_that_somebody_else_signs_as_stripe_does_is_believed(stripe: StripeBench) -> None:
    """Localstripe signs by code that nobody here wrote; of a customer it says nothing that concerns us."""
    here = stripe.stand_in
    secret = "whsec_of_the_tests_now"
    here.ask("POST", "/_config/webhooks/one", url=f"{here.base}/hears", secret=secret)
    here.ask("POST", "/v1/customers")
    for _time in range(60):
        if here.heard:
            break
        time.sleep(0.05)
    header, body = here.heard[0]
    signatures.demand_signed(body, header, [secret], at=clock.now())
    with pytest.raises(MessageRefused, match="another's signature"):
        signatures.demand_signed(body + b" ", header, [secret], at=clock.now())


# --- Secrets -----------------------------------------------------------------------------------------


def test_no_secret_is_logged(stripe: StripeBench, caplog: pytest.LogCaptureFixture) -> None:
    """Whatever goes wrong, and however much is logged: neither our key nor what opens a payment."""
    caplog.set_level(logging.DEBUG)
    method = stripe.method("asks, and the bank agrees")
    charge(method)
    charge(f"{method.split('/')[0]}/pm_gone/card")
    for fault in (stripe_stand_in.RUBBISH, stripe_stand_in.BROKEN, stripe_stand_in.SILENT):
        stripe.stand_in.faults = [fault]
        with pytest.raises(ProviderUnreachable) as raised:
            charge(method)
        assert raised.value.__suppress_context__
    assert "stripe_failed" in caplog.text
    told = caplog.text + str([one.__dict__ for one in caplog.records])
    assert "sk_test_of_the_tests" not in told
    assert "_secret_" not in told


def test_without_its_package_the_settings_say_what_to_install() -> None:
    code = (
        "import sys; sys.modules['stripe'] = None\n"
        "from django.conf import settings; settings.configure()\n"
        "import billing.provider.stripe"
    )
    failed = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (
        "ImproperlyConfigured: PAYMENT_PROVIDER names Stripe, whose package is not installed" in failed.stderr
    )


def test_without_its_key_it_is_not_made(stripe: StripeBench, settings: object) -> None:
    settings.STRIPE_SECRET_KEY = ""
    with pytest.raises(Exception, match="STRIPE_SECRET_KEY is not set"):
        Stripe()
