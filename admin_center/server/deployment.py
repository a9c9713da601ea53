"""What a deployment may not be: every refusal is one sentence that names the cure.

Settings ask this before anything starts, so that `serve`, `work`, every other command and any WSGI
server refuse alike, and `check --deploy` says the same. Imports nothing of Django's that needs settings.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

# Written in this project for everybody to read.
KNOWN_KEYS = (
    "insecure-key-of-the-demo-and-the-tests-never-of-production",
    "only-read-by-check-and-never-by-a-server-0123456789",
)
SHORTEST_KEY = 50
SHORTEST_WEBHOOK_SECRET = 20
SHORTEST_TOKEN = 32
HOST = re.compile(r"[a-z0-9._-]+|[0-9a-f:.]+")
SANDBOX = "billing.provider.sandbox.Sandbox"
STRIPE = "billing.provider.stripe.Stripe"
# Its hosted pages: where a method is entered, and from where a customer is led to their bank.
STRIPE_PAGES = ["https://checkout.stripe.com", "https://hooks.stripe.com"]
STRIPE_METHOD_TYPES = ("card", "sepa_debit")


def pages_of(provider: str) -> list[str]:
    """Return where the pages of a provider are that we know; of another one the settings say it."""
    return STRIPE_PAGES if provider == STRIPE else []


@dataclass(frozen=True, slots=True, kw_only=True)
class StripeSettings:
    """What the environment says of Stripe; read only where it is the provider."""

    key: str
    webhook_secrets: Sequence[str]
    method_types: Sequence[str]
    test_mode: bool
    api_base: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployment:
    """What the environment says, as far as it can be wrong."""

    demo: bool
    testing: bool
    debug: bool
    key: str
    older_keys: Sequence[str]
    hosts: Sequence[str]
    origin: str
    vendor_host: str
    database_engine: str
    provider: str
    stripe: StripeSettings
    page_origins: Sequence[str]
    behind_tls_proxy: bool
    trusted_proxies: int
    environment: Mapping[str, str]

    @property
    def production(self) -> bool:
        """Whether it is neither the demo nor the tests."""
        return not (self.demo or self.testing)


def refusals(given: Deployment) -> list[str]:
    """Return why this deployment may not start, each with its cure; empty where it may."""
    found = [*_anywhere(given)]
    if given.production:
        found += _in_production(given)
    return found


def _anywhere(given: Deployment) -> Iterator[str]:
    if given.debug and not given.demo:
        yield "DEBUG=1 is for the demo only: set DEMO=1 with it, or leave DEBUG out."
    if given.demo and given.testing:
        yield "DEMO=1 and TESTING=1 exclude each other: leave one of them out."
    yield from _origin(given.origin)
    if given.origin.lower().startswith("https:"):
        if given.demo:
            yield (
                "DEMO=1 is for this machine, with a key and a password that everybody knows, and "
                "ORIGIN is an "
                "https address: leave DEMO out and set up production, or leave ORIGIN out."
            )
        if given.testing:
            yield (
                "TESTING=1 makes passwords cheap to guess, and ORIGIN is an https address: leave "
                "TESTING out, "
                "or leave ORIGIN out."
            )
    if given.database_engine != "django.db.backends.postgresql":
        yield "DATABASE_URL names no PostgreSQL: write it as in postgres://user:password@host:5432/name."
    for one in given.page_origins:
        if not _is_origin(one) or not one.startswith("https://"):
            yield (
                f"PAYMENT_PAGE_ORIGINS holds {one!r}, which is no https origin: write scheme and host alone, "
                "as in https://pay.example."
            )
    token = given.environment.get("METRICS_TOKEN", "")
    if token and (len(token) < SHORTEST_TOKEN or not token.isascii() or not token.isprintable()):
        yield (
            f"METRICS_TOKEN can be guessed or not be sent: set at least {SHORTEST_TOKEN} random letters and "
            "digits, or leave it out."
        )
    if given.trusted_proxies < 0:
        yield "TRUSTED_PROXY_COUNT is no count: set it to how many proxies stand in front, 0 for none."
    if given.behind_tls_proxy and given.trusted_proxies < 1:
        yield (
            "BEHIND_TLS_PROXY=1 says that a proxy stands in front, and TRUSTED_PROXY_COUNT says none: set it "
            "to how many there are, for example 1. Otherwise all people seem to come from one address."
        )


def _in_production(given: Deployment) -> Iterator[str]:
    yield from _keys(given)
    if "*" in given.hosts:
        yield "ALLOWED_HOSTS=* answers for any host: name the hosts of this console, separated by commas."
    for name, host in (("ORIGIN", _parts(given.origin).hostname or ""), ("VENDOR_HOST", given.vendor_host)):
        if host and not any(_holds(allowed, host) for allowed in given.hosts):
            yield f"{name} names the host {host}, which ALLOWED_HOSTS does not hold: add it there."
    if "ORIGIN" not in given.environment:
        yield (
            "ORIGIN is not set, and links in letters would lead nowhere: set it, as in "
            "https://console.example."
        )
    elif given.origin.startswith("http://") and not _is_local(_parts(given.origin).hostname or ""):
        yield (
            "ORIGIN is a plain http address, over which passwords can be read: serve the "
            "console with TLS and "
            "set ORIGIN to its https address."
        )
    if not given.environment.get("EMAIL_URL"):
        yield (
            "EMAIL_URL is not set, and letters would only be printed: set it, as in "
            "smtp+tls://user:password@mail.example:587."
        )
    if given.provider == STRIPE:
        yield from _stripe(given.stripe)
    if given.provider == SANDBOX:
        yield (
            "PAYMENT_PROVIDER is the sandbox, where any customer pays with test cards: set "
            "it to the class of "
            "your payment provider, or DEMO=1 for the demo."
        )


def _stripe(given: StripeSettings) -> Iterator[str]:
    if not given.key.startswith(("sk_", "rk_")):
        yield (
            "STRIPE_SECRET_KEY is no secret key of Stripe: set it to one that begins with sk_live_ or "
            "rk_live_ (Stripe's dashboard, Developers, API keys)."
        )
    elif given.key.startswith(("sk_test_", "rk_test_")) and not given.test_mode:
        yield (
            "STRIPE_SECRET_KEY is a test key, with which any customer pays with test cards: set it to a live "
            "key, or STRIPE_TEST_MODE=1 where nobody buys."
        )
    elif given.test_mode and not given.key.startswith(("sk_test_", "rk_test_")):
        yield "STRIPE_TEST_MODE=1 and STRIPE_SECRET_KEY is a live key: leave one of them out."
    if not 1 <= len(given.webhook_secrets) <= 2 or not all(
        one.startswith("whsec_") and len(one) >= SHORTEST_WEBHOOK_SECRET for one in given.webhook_secrets
    ):
        yield (
            "STRIPE_WEBHOOK_SECRETS holds no signing secret of Stripe's messages: set it to the one of the "
            "endpoint /webhooks/stripe/ (whsec_…), or to two, separated by a comma, while one follows the "
            "other."
        )
    if not given.method_types or not set(given.method_types) <= set(STRIPE_METHOD_TYPES):
        yield f"STRIPE_METHOD_TYPES names what isn't charged: name some of {', '.join(STRIPE_METHOD_TYPES)}."
    if given.api_base:
        yield "STRIPE_API_BASE is for tests, and leads payments past Stripe: leave it out."


def _keys(given: Deployment) -> Iterator[str]:
    if not given.key or (given.key in KNOWN_KEYS and "SECRET_KEY" not in given.environment):
        yield "SECRET_KEY is not set: set it to a long random text, or DEMO=1 for the demo."
    elif given.key in KNOWN_KEYS:
        yield (
            "SECRET_KEY is not set to a secret but to a text that this project publishes: set it to a long "
            "random one."
        )
    elif len(given.key) < SHORTEST_KEY:
        yield (
            f"SECRET_KEY has fewer than {SHORTEST_KEY} characters and can be guessed: set a "
            "longer random text."
        )
    if any(one in KNOWN_KEYS or len(one) < SHORTEST_KEY for one in given.older_keys):
        yield (
            "SECRET_KEY_FALLBACKS holds a key that everybody knows or could guess: leave "
            "only keys there that "
            "were secret."
        )


def _origin(origin: str) -> Iterator[str]:
    if origin.endswith("/") and _is_origin(origin.rstrip("/")):
        yield f"ORIGIN ends with a slash: set it to {origin.rstrip('/')}."
    elif not _is_origin(origin):
        yield (
            f"ORIGIN is {origin!r}, which is no origin: write scheme and host, with a port "
            "where it has one, and "
            "nothing after, as in https://console.example."
        )


def _is_origin(text: str) -> bool:
    """Return whether a text is a scheme with a host, perhaps a port, and nothing else, in lower case."""
    parts = _parts(text)
    try:
        port = parts.port
    except ValueError:
        return False
    host = parts.hostname or ""
    plain = f"{parts.scheme}://[{host}]" if ":" in host else f"{parts.scheme}://{host}"
    return (
        parts.scheme in ("http", "https")
        and HOST.fullmatch(host) is not None
        and text == plain + (f":{port}" if port is not None else "")
    )


def _parts(text: str) -> SplitResult:
    try:
        return urlsplit(text)
    except ValueError:
        return urlsplit("")


def _is_local(host: str) -> bool:
    return host in ("localhost", "::1") or host.endswith(".localhost") or host.startswith("127.")


def _holds(allowed: str, host: str) -> bool:
    """Return whether an entry of ALLOWED_HOSTS answers for a host, as Django reads it."""
    allowed, host = allowed.lower(), host.lower()
    if allowed.startswith("."):
        return host == allowed[1:] or host.endswith(allowed)
    return allowed in ("*", host, f"[{host}]")
