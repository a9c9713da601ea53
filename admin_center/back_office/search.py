"""Finds accounts and people by how something begins, each way by its own index."""

from typing import Any

from django.db.models import Q, QuerySet
from django.db.models.functions import Collate, Lower

from accounts.models import Account, User

# A term that finds more is too short to be useful; the newest of each way would be arbitrary.
MOST_FOUND = 50


def _named(rows: QuerySet[Any], term: str) -> QuerySet[Any]:
    """Return the rows whose name begins with a term, in the order of the index that serves it."""
    found: QuerySet[Any] = (
        rows.annotate(indexed_name=Collate(Lower("name"), "C"))
        .filter(indexed_name__startswith=term.lower())
        .order_by("indexed_name", "pk")
    )
    return found


def people(term: str) -> list[int]:
    """Return the ids of people by the beginning of the e-mail address or the name, at most 50 each."""
    return _people_by_email(term) + _ids(_named(User.objects.all(), term))


def accounts(term: str) -> list[int]:
    """Return the ids of accounts.

    By the beginning of address name, name or a member's e-mail address, at most 50 each, or by the
    whole external id.
    """
    rows = Account.objects.all()
    # Unsorted: the index that serves "begins with" need not be in the server's own order.
    return [
        *_ids(rows.filter(slug__startswith=term.lower())),
        *_ids(_named(rows, term)),
        # As the index over external ids says it: only those that are one.
        *_ids(rows.filter(~Q(external_id=""), external_id=term)),
        *(_ids(rows.filter(memberships__user__in=_people_by_email(term))) if "@" in term else ()),
    ]


def one_account(term: str) -> list[int]:
    """Return the ids of accounts for a list that hangs from them: the very one if there is one."""
    exact = _ids(Account.objects.filter(slug=term.lower()))
    return exact or accounts(term)


def _people_by_email(term: str) -> list[int]:
    return _ids(User.objects.filter(email__startswith=term.lower()))


def _ids(rows: QuerySet[Any]) -> list[int]:
    return list(rows.values_list("pk", flat=True)[:MOST_FOUND])
