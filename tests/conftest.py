"""Fixtures that every test may use."""

import pytest
from django.test import Client

from accounts.models import Account, User
from admin_center import database
from tests import people


@pytest.fixture(scope="session")
def django_db_modify_db_settings() -> None:
    """Start the embedded PostgreSQL; pytest-django asks for this before it makes the test database."""
    database.start()


@pytest.fixture
def acme(db: None) -> Account:
    """Acme, self-service and active, with Olivia, Bilal, Adam, Agnes and Leo."""
    return people.acme()


@pytest.fixture
def globex(db: None) -> Account:
    """Globex, another company, which Stella owns."""
    return people.globex()


@pytest.fixture
def sign_in() -> object:
    """Return a function that gives a browser in which a person is signed in."""

    def signed_in(user: User) -> Client:
        client = Client()
        client.force_login(user)
        return client

    return signed_in
