"""What a test with real transactions leaves behind: nothing, in no table."""

import pytest
from django.core.cache import cache
from django.db import IntegrityError, connection

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
