"""What a test with real transactions leaves behind: nothing, in no table."""

import pytest
from django.core.cache import cache
from django.db import IntegrityError, connection, transaction

from accounts.models import User
from tests import databases, people
from tests.sweeps import world


def rows() -> dict[str, int]:
    """Return how many rows stand in each table that has any."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
        )
        tables = [name for (name,) in cursor.fetchall()]
        cursor.execute(" UNION ALL ".join(f"SELECT '{one}', count(*) FROM \"{one}\"" for one in tables))
        return {table: count for table, count in cursor.fetchall() if count}


@pytest.mark.breaks_invariants
@pytest.mark.django_db(transaction=True)
def test_nothing_is_left_of_a_whole_world() -> None:
    before = rows()
    assert before.keys() == set(databases.KEPT)
    world.make()
    cache.set("tries", 5)
    assert len(rows()) > 30
    databases.empty()
    assert rows() == before
    # And what is written next meets the triggers again.
    with pytest.raises(IntegrityError, match="owner"):
        people.account("nobodys", "Nobody’s", [])


@pytest.mark.django_db
def test_rows_that_are_written_again_keep_their_numbers_to_themselves() -> None:
    """As after a server that was killed: its sequences know nothing of what was only rolled back."""
    people.acme()
    unloaded, last = databases.unload(), User.objects.latest("pk").pk
    with transaction.atomic():
        databases.empty()
        with connection.cursor() as cursor:
            cursor.execute("SELECT setval(pg_get_serial_sequence('accounts_user', 'id'), 1)")
        databases.load(unloaded)
    assert User.objects.create(email="nina@acme.example").pk == last + 1
