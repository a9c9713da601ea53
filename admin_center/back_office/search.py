"""Finds accounts, people and invoices by how something begins, each way by its own index."""

from typing import Any

from django.db.models import BooleanField, Func, Q, QuerySet, Value
from django.db.models.functions import Collate

from accounts.models import Account, User
from accounts.models.people import folded_field
from accounts.rules.folding import folded, words
from billing.models import Invoice

# A term that finds more is too short to be useful; the newest of each way would be arbitrary.
MOST_FOUND = 50
# Longer than any name.
LONGEST_TERM = 200


def _named(rows: QuerySet[Any], term: str) -> QuerySet[Any]:
    """Return the rows whose name begins with a term, in the order of the index that serves it."""
    found: QuerySet[Any] = (
        rows.annotate(indexed_name=Collate(folded_field("name"), "C"))
        .filter(indexed_name__startswith=folded(term))
        .order_by("indexed_name", "pk")
    )
    return found


def _in_any_order(rows: QuerySet[Any], term: str) -> QuerySet[Any]:
    """Return the rows with words that begin as those of a term do, in whatever order."""
    asked = words(term[:LONGEST_TERM])
    wanted = " & ".join(f"'{_quoted(word)}':*" for word in asked)
    if not wanted or len(term) > LONGEST_TERM:
        return rows.none()
    found: QuerySet[Any] = rows.filter(
        Func(
            Func("name", function="accounts_words"),
            Value(wanted),
            template="(%(expressions)s::tsquery)",
            arg_joiner=" @@ ",
            output_field=BooleanField(),
        )
    )
    return found


def _quoted(word: str) -> str:
    return word.replace("\\", "\\\\").replace("'", "''")


def people(term: str) -> list[int]:
    """Return the ids of people by how e-mail address, name or words of it begin, at most 50 each."""
    named = _ids(_named(User.objects.all(), term)) + _ids(_in_any_order(User.objects.all(), term))
    return list(dict.fromkeys(_people_by_email(term) + named))


def accounts(term: str) -> list[int]:
    """Return the ids of accounts.

    By how address name, name, words of it or a member's e-mail address begin, at most 50 each, or by the
    whole external id.
    """
    rows = Account.objects.all()
    # Unsorted: the index that serves "begins with" need not be in the server's own order.
    return [
        *_ids(rows.filter(slug__startswith=term.lower())),
        *_ids(_named(rows, term)),
        *_ids(_in_any_order(rows, term)),
        # As the index over external ids says it: only those that are one.
        *_ids(rows.filter(~Q(external_id=""), external_id=term)),
        *(_ids(rows.filter(memberships__user__in=_people_by_email(term))) if "@" in term else ()),
    ]


def one_account(term: str) -> list[int]:
    """Return the ids of accounts for a list that hangs from them: the very one if there is one."""
    exact = _ids(Account.objects.filter(slug=term.lower()))
    return exact or accounts(term)


def invoices(term: str) -> QuerySet[Invoice]:
    """Return the invoices by how the number begins, the newest first."""
    rows = Invoice.objects.filter(number__startswith=term.upper()).order_by("-number")
    return rows if len(term) <= LONGEST_TERM else rows.none()


def _people_by_email(term: str) -> list[int]:
    return _ids(User.objects.filter(email__startswith=term.lower()))


def _ids(rows: QuerySet[Any]) -> list[int]:
    return list(rows.values_list("pk", flat=True)[:MOST_FOUND])
