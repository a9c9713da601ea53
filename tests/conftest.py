"""Fixtures that every test may use."""

import asyncio
import gc
from collections.abc import Generator, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from django.template import Context, RequestContext, Template
from django.test import Client
from django.test.signals import template_rendered
from django.utils import translation

from accounts.models import Account, User
from admin_center.server import database
from tests import databases, people, unordered
from tests.billing import stripe_stand_in
from tests.canary import nothing_foreign_is_seen  # noqa: F401 - watches every test


def pytest_collection_finish() -> None:
    """Let the collector of garbage pass by what stays until the end: all modules, and all tests."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)


@pytest.fixture(scope="session", autouse=True)
def only_whole_pages_are_kept(django_test_environment: None) -> Iterator[None]:
    """Let `response.context` be the page’s own: not also a copy for each of the 200 templates in it."""

    def render(template: Template, context: Context) -> Any:
        if isinstance(context, RequestContext) and context.template is template:
            template_rendered.send(sender=template, template=template, context=context)
        return template.nodelist.render(context)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Template, "_render", render)
        yield


@pytest.fixture(scope="session", autouse=True)
def what_has_no_order_comes_in_none() -> Iterator[None]:
    """Let nothing count on the order of rows that were asked for without one."""
    with unordered.rows_come_reversed():
        yield


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings_parallel_suffix: None) -> None:
    """Start the embedded PostgreSQL; pytest-django asks for this before it makes the test database.

    Tests that run side by side have a database each.
    """
    database.start()


@pytest.fixture(scope="session")
def django_db_setup(
    django_test_environment: None, django_db_blocker: Any, django_db_modify_db_settings: None
) -> Iterator[None]:
    """Give the run, or each of its workers, a database of its own."""
    with ExitStack() as stack:
        with django_db_blocker.unblock():
            stack.enter_context(databases.test_database())
        yield
        with django_db_blocker.unblock():
            stack.close()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, Any, Any]:
    """Begin each test in the language of the settings, and one without a browser without an event loop.

    The last page of the test before may have been French. Playwright leaves its loop running in this thread:
    Django would take another connection in sight of a running loop, and refuse what calls async code. It is
    hidden before the first fixture, so that a test and its transaction are on one connection.
    """
    if "playwright" in getattr(item, "fixturenames", ()):
        translation.deactivate()
        return (yield)
    loop = asyncio._get_running_loop()
    asyncio._set_running_loop(None)
    translation.deactivate()
    try:
        return (yield)
    finally:
        asyncio._set_running_loop(loop)


DATABASE_FIXTURES = {"db", "transactional_db", "live_server", "django_db_reset_sequences"}


@pytest.fixture(autouse=True)
def invariants_hold(request: pytest.FixtureRequest) -> Iterator[None]:
    """Check every invariant after each test that may have written, before its rows go."""
    uses_database = request.node.get_closest_marker("django_db") or DATABASE_FIXTURES & set(
        request.fixturenames
    )
    if not uses_database or request.node.get_closest_marker("breaks_invariants"):
        yield
        return
    request.getfixturevalue("_django_db_helper")
    yield
    from billing import invariants

    assert invariants.broken() == [], "a test that breaks one on purpose is marked breaks_invariants"


@pytest.fixture
def acme(db: None) -> Account:
    """Acme, self-service and active, with Olivia, Bilal, Adam, Agnes and Leo."""
    return people.acme()


@pytest.fixture
def globex(db: None) -> Account:
    """Globex, another company, which Stella owns."""
    return people.globex()


@pytest.fixture(scope="session")
def stand_in() -> Iterator[stripe_stand_in.StandIn]:
    """Run a Stripe on this machine for as long as the tests do."""
    with stripe_stand_in.running() as here:
        yield here


@pytest.fixture
def stripe(stand_in: stripe_stand_in.StandIn, settings: Any) -> Any:
    """Let Stripe be the provider, with empty books (provider_benches.StripeBench)."""
    settings.STRIPE_SECRET_KEY, settings.STRIPE_API_BASE = "sk_test_of_the_tests", stand_in.base
    settings.STRIPE_METHOD_TYPES = ["card", "sepa_debit"]
    settings.STRIPE_WEBHOOK_SECRETS = ["whsec_of_the_tests_now", "whsec_of_the_tests_before"]
    from tests.billing.provider_benches import StripeBench

    settings.PAYMENT_PROVIDER = StripeBench.path
    return StripeBench(stand_in)


@pytest.fixture
def sign_in() -> object:
    """Return a function that gives a browser in which a person is signed in."""

    def signed_in(user: User) -> Client:
        client = Client()
        client.force_login(user)
        return client

    return signed_in
