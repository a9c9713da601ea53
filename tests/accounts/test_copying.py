"""Rows that are copied are what inserts would have written, whatever stands in their texts."""

import pytest
from django.db import connection

from accounts import activity, copying
from accounts.models import Account, Activity, Letter
from accounts.rules.activity import ActivityVerb
from tests import acting, people

NAUGHTY = [
    *("None", r"\N", r"\.", "a\tb", "two\nlines", "a\rb", "C:\\dir\\", "é 東京 🙂", "", " \\t ", "'\"", "\\"),
]


@pytest.mark.parametrize("rows", [1, 3])
def test_texts_come_back_as_they_were(acme: Account, rows: int) -> None:
    occasion = acting.occasion(by=people.user("olivia"), on=acting.date(2026, 3, 27))
    for text in NAUGHTY:
        entries = [
            activity.NewEntry(acme, ActivityVerb.ACCOUNT_AMENDED, occasion, after={"name": text}, reason=text)
            for _row in range(rows)
        ]
        activity.record_all(entries)
        stored = Activity.objects.order_by("-pk")[:rows]
        assert [(one.reason, one.after, one.before, one.at) for one in stored] == [
            (text, {"name": text}, None, occasion.at)
        ] * rows
        assert {one.actor_name for one in stored} == {"Olivia Owens"}


def test_an_array_is_read_as_its_values(db: None) -> None:
    day = acting.date(2026, 3, 27)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT %s::text[], %s::bigint[], %s::date[], %s::bool[]",
            [
                copying.array([*NAUGHTY, "NULL", "{a,b}"]),
                *map(copying.array, ([7, None], [day], [True, False])),
            ],
        )
        assert cursor.fetchone() == ([*NAUGHTY, "NULL", "{a,b}"], [7, None], [day], [True, False])


def test_nothing_is_nothing(db: None) -> None:
    copying.copy(Activity, ("account_id",), [])
    assert copying.new_ids(Activity, 0) == []
    assert not Activity.objects.exists()


def test_ids_are_given_once_and_values_are_found(acme: Account) -> None:
    first = copying.new_ids(Letter, 3)
    assert len(set(first) | set(copying.new_ids(Letter, 2))) == 5
    made = Letter.objects.create(account=acme, kind="x", to="a@b.example", language="en", key="one:1")
    assert made.pk not in first
    assert copying.values_taken(Letter, "key", ["one:1", "two:2"]) == {"one:1"}
