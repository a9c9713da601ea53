"""What may not start: a sandbox in production, known keys, hosts and addresses that are wrong.

Before the deployment was asked, all of it started, and took test cards for money.
"""

import json
from typing import Any

import pytest

from admin_center.server.deployment import Deployment, StripeSettings, refusals
from billing.provider import demand
from billing.provider.sandbox import Sandbox
from tests.console.production import PRODUCTION, start

IMPORT = "import django; django.setup()"
LAWFUL: dict[str, Any] = {
    "demo": False,
    "testing": False,
    "debug": False,
    "key": PRODUCTION["SECRET_KEY"],
    "older_keys": [],
    "hosts": ["console.vendor.example"],
    "origin": PRODUCTION["ORIGIN"],
    "vendor_host": "",
    "database_engine": "django.db.backends.postgresql",
    "provider": "shop.payments.Provider",
    "stripe": StripeSettings(key="", webhook_secrets=[], method_types=["card"], test_mode=False, api_base=""),
    "page_origins": [],
    "behind_tls_proxy": False,
    "trusted_proxies": 0,
    "environment": PRODUCTION,
}
DEMO = LAWFUL | {
    "demo": True,
    "origin": "http://localhost:8000",
    "hosts": ["localhost"],
    "key": "insecure-key-of-the-demo-and-the-tests-never-of-production",
    "provider": "billing.provider.sandbox.Sandbox",
    "environment": {},
}
TESTS = DEMO | {"demo": False, "testing": True}


STRIPE: dict[str, Any] = {
    "key": "sk_live_51AbCdEfGhIjKlMnOp",
    "webhook_secrets": ["whsec_0123456789abcdef"],
    "method_types": ["card", "sepa_debit"],
    "test_mode": False,
    "api_base": "",
}


def stripe(**changed: Any) -> dict[str, Any]:
    return LAWFUL | {
        "provider": "billing.provider.stripe.Stripe",
        "stripe": StripeSettings(**STRIPE | changed),
    }


def without(name: str) -> dict[str, Any]:
    return {"environment": {key: value for key, value in PRODUCTION.items() if key != name}}


LAWFUL_TOO: list[dict[str, Any]] = [
    LAWFUL,
    DEMO,
    DEMO | {"debug": True},
    DEMO | {"origin": "http://192.0.2.7:9000"},
    TESTS,
    LAWFUL | {"origin": "http://localhost:8000", "hosts": ["localhost"]},
    LAWFUL | {"origin": "http://[::1]:8000", "hosts": ["[::1]"]},
    LAWFUL | {"hosts": [".vendor.example"], "vendor_host": "staff.vendor.example"},
    LAWFUL | {"behind_tls_proxy": True, "trusted_proxies": 1},
    LAWFUL | {"environment": PRODUCTION | {"METRICS_TOKEN": "0123456789abcdef" * 2}},
    LAWFUL | {"page_origins": ["https://pay.example", "https://pay.example:8443"]},
    LAWFUL | {"older_keys": [PRODUCTION["SECRET_KEY"][::-1]]},
    stripe(),
    stripe(key="rk_live_51AbCdEfGhIjKlMnOp"),
    stripe(key="sk_test_51AbCdEfGhIjKlMnOp", test_mode=True),
    stripe(webhook_secrets=["whsec_0123456789abcdef", "whsec_fedcba9876543210"]),
]
# what is wrong, and how the one sentence about it begins
REFUSED: list[tuple[dict[str, Any], str]] = [
    (LAWFUL | {"debug": True}, "DEBUG=1 is for the demo only"),
    (LAWFUL | {"key": DEMO["key"]} | without("SECRET_KEY"), "SECRET_KEY is not set: set it"),
    (LAWFUL | {"key": ""}, "SECRET_KEY is not set: set it"),
    (LAWFUL | {"key": DEMO["key"]}, "SECRET_KEY is not set to a secret"),
    (LAWFUL | {"key": "short"}, "SECRET_KEY has fewer than 50 characters"),
    (LAWFUL | {"older_keys": [DEMO["key"]]}, "SECRET_KEY_FALLBACKS holds a key"),
    (LAWFUL | {"older_keys": ["short"]}, "SECRET_KEY_FALLBACKS holds a key"),
    (LAWFUL | {"hosts": ["console.vendor.example", "*"]}, "ALLOWED_HOSTS=* answers for any host"),
    (LAWFUL | {"hosts": ["localhost"]}, "ORIGIN names the host console.vendor.example"),
    (LAWFUL | {"vendor_host": "staff.example"}, "VENDOR_HOST names the host staff.example"),
    (LAWFUL | without("ORIGIN"), "ORIGIN is not set"),
    (LAWFUL | {"origin": "https://console.vendor.example/"}, "ORIGIN ends with a slash: set it to https://c"),
    (LAWFUL | {"origin": "https://console.vendor.example/x"}, "ORIGIN is 'https://console.vendor.example/x'"),
    (LAWFUL | {"origin": "https://console.vendor.example?x"}, "ORIGIN is 'https://console.vendor.example?x'"),
    (LAWFUL | {"origin": "https://a@console.vendor.example"}, "ORIGIN is 'https://a@console"),
    (LAWFUL | {"origin": "https://console.vendor.example:x"}, "ORIGIN is 'https://console.vendor.example:x'"),
    (LAWFUL | {"origin": "console.vendor.example"}, "ORIGIN is 'console.vendor.example'"),
    (LAWFUL | {"origin": "ftp://console.vendor.example"}, "ORIGIN is 'ftp://"),
    (LAWFUL | {"origin": "https://"}, "ORIGIN is 'https://'"),
    (LAWFUL | {"origin": "http://console.vendor.example"}, "ORIGIN is a plain http address"),
    (LAWFUL | without("EMAIL_URL"), "EMAIL_URL is not set"),
    (LAWFUL | {"provider": "billing.provider.sandbox.Sandbox"}, "PAYMENT_PROVIDER is the sandbox"),
    (stripe(key=""), "STRIPE_SECRET_KEY is no secret key"),
    (stripe(key="pk_live_51AbCdEfGhIjKlMnOp"), "STRIPE_SECRET_KEY is no secret key"),
    (stripe(key="sk_test_51AbCdEfGhIjKlMnOp"), "STRIPE_SECRET_KEY is a test key"),
    (stripe(test_mode=True), "STRIPE_TEST_MODE=1 and STRIPE_SECRET_KEY is a live key"),
    (stripe(webhook_secrets=[]), "STRIPE_WEBHOOK_SECRETS holds no signing secret"),
    (stripe(webhook_secrets=["0123456789abcdef0123"]), "STRIPE_WEBHOOK_SECRETS holds no signing secret"),
    (stripe(webhook_secrets=STRIPE["webhook_secrets"] * 3), "STRIPE_WEBHOOK_SECRETS holds no signing"),
    (stripe(method_types=["card", "klarna"]), "STRIPE_METHOD_TYPES names what isn't charged"),
    (stripe(api_base="https://elsewhere.example"), "STRIPE_API_BASE is for tests"),
    (LAWFUL | {"behind_tls_proxy": True}, "BEHIND_TLS_PROXY=1 says that a proxy stands in front"),
    (LAWFUL | {"trusted_proxies": -1}, "TRUSTED_PROXY_COUNT is no count"),
    (LAWFUL | {"environment": PRODUCTION | {"METRICS_TOKEN": "short"}}, "METRICS_TOKEN can be guessed"),
    (LAWFUL | {"environment": PRODUCTION | {"METRICS_TOKEN": "é" * 40}}, "METRICS_TOKEN can be guessed"),
    (LAWFUL | {"database_engine": "django.db.backends.mysql"}, "DATABASE_URL names no PostgreSQL"),
    (LAWFUL | {"page_origins": ["https://pay.example/x"]}, "PAYMENT_PAGE_ORIGINS holds 'https://pay.example/x'"),
    (LAWFUL | {"page_origins": ["http://pay.example"]}, "PAYMENT_PAGE_ORIGINS holds 'http://pay.example'"),
    (LAWFUL | {"page_origins": ["https://*.example"]}, "PAYMENT_PAGE_ORIGINS holds 'https://*.example'"),
    (LAWFUL | {"page_origins": ["https://a.example;script-src"]}, "PAYMENT_PAGE_ORIGINS holds"),
    (DEMO | {"origin": "https://demo.vendor.example"}, "DEMO=1 is for this machine"),
    (DEMO | {"testing": True}, "DEMO=1 and TESTING=1 exclude each other"),
    (TESTS | {"origin": "https://console.vendor.example"}, "TESTING=1 makes passwords cheap to guess"),
    (TESTS | {"debug": True}, "DEBUG=1 is for the demo only"),
]  # fmt: skip


@pytest.mark.parametrize("given", LAWFUL_TOO)
def test_what_may_start(given: dict[str, Any]) -> None:
    assert refusals(Deployment(**given)) == []


@pytest.mark.parametrize(("given", "why"), REFUSED, ids=[why for _given, why in REFUSED])
def test_what_may_not_start_is_told_in_one_sentence_with_its_cure(given: dict[str, Any], why: str) -> None:
    [told] = refusals(Deployment(**given))
    assert told.startswith(why)
    assert "\n" not in told
    assert ": " in told


def test_production_passes_djangos_own_check() -> None:
    checked = start("", arguments=("check", "--deploy", "--fail-level", "WARNING"), **PRODUCTION)
    assert checked.returncode == 0, checked.stderr


@pytest.mark.parametrize("arguments", [("serve",), ("work",), ("billing_tick",), ("check", "--deploy")])
def test_nothing_starts_on_the_sandbox_without_demo_or_tests(arguments: tuple[str, ...]) -> None:
    given = {name: value for name, value in PRODUCTION.items() if name != "PAYMENT_PROVIDER"}
    refused = start("", arguments=arguments, **given)
    # One sentence, no traceback.
    assert refused.stderr == (
        "PAYMENT_PROVIDER is the sandbox, where any customer pays with test cards: set "
        "it to the class of your "
        "payment provider, or DEMO=1 for the demo.\n"
    )
    assert refused.returncode == 1
    assert "the sandbox" in start("import admin_center.wsgi", **given).stderr


STRIPE_SET_UP = {
    "PAYMENT_PROVIDER": "billing.provider.stripe.Stripe",
    "STRIPE_SECRET_KEY": "sk_live_51AbCdEfGhIjKlMnOp",
    "STRIPE_WEBHOOK_SECRETS": "whsec_0123456789abcdef,whsec_fedcba9876543210",
    "STRIPE_METHOD_TYPES": "card,sepa_debit",
}


def test_stripe_starts_with_its_secrets_and_leads_to_its_pages() -> None:
    checked = start(
        "", arguments=("check", "--deploy", "--fail-level", "WARNING"), **PRODUCTION | STRIPE_SET_UP
    )
    assert checked.returncode == 0, checked.stderr
    code = (
        f"{IMPORT}; from django.conf import settings; "
        "print(settings.CONTENT_SECURITY_POLICY['DIRECTIVES']['form-action'])"
    )
    assert (
        start(code, **PRODUCTION | STRIPE_SET_UP).stdout
        == "[\"'self'\", 'https://checkout.stripe.com', 'https://hooks.stripe.com']\n"
    )


def test_stripe_without_its_secrets_does_not_start() -> None:
    refused = start(
        "",
        arguments=("check", "--deploy"),
        **PRODUCTION | {"PAYMENT_PROVIDER": STRIPE_SET_UP["PAYMENT_PROVIDER"]},
    )
    assert refused.returncode == 1
    told = [line.split(" ")[0] for line in refused.stderr.splitlines()]
    assert told == ["STRIPE_SECRET_KEY", "STRIPE_WEBHOOK_SECRETS"]


def test_all_that_is_wrong_is_told_at_once() -> None:
    told = start("", arguments=("check", "--deploy")).stderr.splitlines()
    assert [line.split(" ")[0] for line in told] == ["SECRET_KEY", "ORIGIN", "EMAIL_URL", "PAYMENT_PROVIDER"]


def test_tests_serve_nobody_with_the_key_that_everybody_knows() -> None:
    for refused in (
        start("import admin_center.wsgi", TESTING="1"),
        start("", arguments=("serve",), TESTING="1"),
    ):
        assert refused.returncode != 0
        assert "TESTING=1 without a SECRET_KEY" in refused.stderr
    for name in ("TESTING", "DEMO"):
        refused = start("", arguments=("check", "--deploy"), **{name: "1"})
        assert refused.returncode != 0
        assert f"{name}=1 is nothing to deploy" in refused.stderr


class LikeTheSandbox(Sandbox):
    """Is refused as the sandbox is."""


class NoProvider:
    """Can't give money back."""

    def charge(self) -> None: ...


class NeedsMore:
    """Can't be made without a word."""

    def __init__(self, key: str) -> None:
        """Take a key."""


@pytest.mark.parametrize(
    ("named", "why"),
    [
        ("shop.payments.Provider", "can't be imported and made (No module named 'shop')"),
        ("billing.provider.sandbox.Nobody", "can't be imported and made"),
        ("nothing", "can't be imported and made"),
        (f"{__name__}.NeedsMore", "can't be imported and made"),
        (
            f"{__name__}.NoProvider",
            "no payment provider: give it what billing.provider.base.Provider asks for",
        ),
        (f"{__name__}.start", "can't be imported and made"),
        ("tests.console.test_deployment.LikeTheSandbox", "the sandbox under another name"),
    ],
)
def test_a_class_that_is_no_provider_is_refused(settings: Any, named: str, why: str) -> None:
    settings.PAYMENT_PROVIDER, settings.TESTING = named, False
    with pytest.raises(Exception, match="PAYMENT_PROVIDER names") as refusal:
        demand()
    assert why in str(refusal.value)


def test_a_class_that_is_no_provider_starts_nothing() -> None:
    refused = start("", arguments=("check", "--deploy"), **PRODUCTION | {"PAYMENT_PROVIDER": "a.b"})
    assert (refused.returncode, refused.stderr.splitlines()[0][:35]) == (
        1,
        "PAYMENT_PROVIDER names 'a.b', which",
    )


def test_what_libpq_is_told_by_the_databases_address_reaches_it() -> None:
    code = f"""{IMPORT}
import json
from django.db import connection
from procrastinate.contrib.django import utils
both = connection.get_connection_params(), utils.connector_params()
print(json.dumps([{{name: str(value) for name, value in one.items()}} for one in both]))
"""
    address = (
        "postgres://u:p@db.example:6432/console?sslmode=verify-full&sslrootcert=/etc/ca.pem&connect_timeout=3"
        "&options=-c%20work_mem%3D8MB&server_side_binding=false"
    )
    for asked in json.loads(start(code, **PRODUCTION, DATABASE_URL=address).stdout):
        assert (asked["host"], asked["port"], asked["dbname"]) == ("db.example", "6432", "console")
        assert (asked["sslmode"], asked["sslrootcert"]) == ("verify-full", "/etc/ca.pem")
        assert asked["connect_timeout"] == "3"
        # Ours stand before, and are not lost.
        assert asked["options"].startswith("-c lock_timeout=3s ")
        assert asked["options"].endswith(" -c work_mem=8MB")


def test_a_page_of_the_providers_may_be_led_to_by_our_forms() -> None:
    code = (
        f"{IMPORT}; from django.conf import settings; "
        "print(settings.CONTENT_SECURITY_POLICY['DIRECTIVES']['form-action'])"
    )
    named = {"PAYMENT_PAGE_ORIGINS": "https://pay.example,https://3ds.example"}
    assert (
        start(code, **PRODUCTION, **named).stdout
        == "[\"'self'\", 'https://pay.example', 'https://3ds.example']\n"
    )
