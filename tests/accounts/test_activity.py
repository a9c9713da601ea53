"""The trail only grows: nothing in the program, and no statement typed by hand, changes an entry."""

from datetime import UTC, date, datetime

import pytest
from django.db import DatabaseError, connection, transaction

from accounts import activity
from accounts.models import Account, Activity
from accounts.occasion import Occasion
from accounts.rules.activity import ActivityVerb
from tests import acting, people

AT = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)


@pytest.fixture
def entry(acme: Account) -> Activity:
    with acting.at(AT, address="203.0.113.7"):
        return activity.record(
            acme,
            ActivityVerb.ROLE_CHANGED,
            acting.occasion(by=people.user("olivia")),
            subject="member:2",
            before={"role": "admin"},
            after={"role": "billing_admin"},
        )


def test_an_entry_says_who_when_what_and_from_where(entry: Activity) -> None:
    found = Activity.objects.get()
    assert (found.at, found.actor_name, str(found.address)) == (AT, "Olivia Owens", "203.0.113.7")
    assert (found.verb, found.before, found.after) == (
        ActivityVerb.ROLE_CHANGED,
        {"role": "admin"},
        {"role": "billing_admin"},
    )
    assert not found.by_staff


@pytest.mark.parametrize("side", ["before", "after"])
@pytest.mark.parametrize("facts", [{"mood": "good"}, {"role": 5}])
def test_what_no_field_of_the_trail_holds_is_not_recorded(
    acme: Account, side: str, facts: dict[str, object]
) -> None:
    by = acting.occasion(by=people.user("olivia"), at=AT)
    with pytest.raises(ValueError, match="role_changed can't be recorded"):
        activity.record(acme, ActivityVerb.ROLE_CHANGED, by, **{side: facts})
    assert not Activity.objects.exists()


def change_one(entry: Activity) -> None:
    entry.verb = "nothing_happened"
    entry.save()


def change_in_bulk(entry: Activity) -> None:
    entry.actor_name = "Somebody else"
    Activity.objects.bulk_update([entry], ["actor_name"])


def change_by_statement(entry: Activity) -> None:
    with connection.cursor() as cursor:
        cursor.execute("UPDATE accounts_activity SET after = NULL WHERE id = %s", [entry.pk])


def delete_by_statement(entry: Activity) -> None:
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM accounts_activity WHERE id = %s", [entry.pk])


@pytest.mark.parametrize(
    "attempt",
    [
        change_one,
        change_in_bulk,
        change_by_statement,
        delete_by_statement,
        lambda entry: entry.delete(),
        lambda entry: Activity.objects.all().delete(),
        lambda entry: Activity.objects.update(at=datetime(2020, 1, 1, tzinfo=UTC)),
        lambda entry: Activity.objects.bulk_create(
            [Activity(pk=entry.pk, account=entry.account, at=AT, verb="x")],
            update_conflicts=True,
            unique_fields=["id"],
            update_fields=["verb"],
        ),
    ],
)
def test_an_entry_cannot_be_changed_or_removed(entry: Activity, attempt: object) -> None:
    before = Activity.objects.values().get()
    with pytest.raises(DatabaseError, match="Cannot update or delete"), transaction.atomic():
        attempt(entry)  # type: ignore[operator]
    assert Activity.objects.values().get() == before


def test_staff_is_marked_and_what_happens_by_itself_names_nobody(acme: Account) -> None:
    with acting.at(AT, by_staff=True):
        assert activity.record(acme, ActivityVerb.CHARGE_REFUNDED, acting.occasion()).by_staff
    with acting.at(AT):
        by_vera = activity.record(
            acme, ActivityVerb.REQUEST_PRICED_BY_STAFF, acting.occasion(by=people.vera())
        )
        renewal = activity.record(acme, ActivityVerb.SUBSCRIPTION_RENEWED, acting.occasion())
    assert by_vera.by_staff
    assert (renewal.actor, renewal.actor_name, renewal.by_staff) == (None, "", False)


def test_what_happens_by_itself_is_done_by_no_person(acme: Account) -> None:
    occasion = Occasion.of(acme, AT, by=people.user("olivia"), address="203.0.113.7")
    assert occasion.person == people.user("olivia")
    alone = occasion.by_itself()
    assert (alone.by, alone.on, alone.at, alone.address) == (None, AT.date(), AT, "203.0.113.7")
    with pytest.raises(LookupError, match="by itself"):
        alone.person  # noqa: B018 - it is asked for


def test_the_day_is_the_accounts_own() -> None:
    """At half past nine in the evening (UTC) it is the next day in Auckland."""
    evening = datetime(2026, 11, 23, 21, 30, tzinfo=UTC)
    assert Occasion.of(Account(timezone="Pacific/Auckland"), evening).on == date(2026, 11, 24)
    assert Occasion.of(Account(timezone="America/New_York"), evening).on == date(2026, 11, 23)
    assert Occasion.of(None, evening).on == date(2026, 11, 23)
