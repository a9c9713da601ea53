"""Puts letters into the outbox, in the transaction of the act that they tell of."""

from collections.abc import Iterable, Mapping

from accounts.models import Account, Letter, User


def post(kind: str, account: Account, *, to: Iterable[User], facts: Mapping[str, object], key: str) -> None:
    """Write a letter for each person, in that person's language, to be sent after the commit.

    `key` names the act: repeating it posts nothing new. `facts` is all that the letter says; it is
    frozen now, so that a letter sent late still tells of the act as it was.
    """
    Letter.objects.bulk_create(
        [
            Letter(
                account=account,
                kind=kind,
                user=person,
                to=person.email,
                language=person.language or account.language,
                facts=dict(facts),
                key=f"{kind}:{key}:{person.pk}",
            )
            for person in {one.pk: one for one in to}.values()
            if person.is_active
        ],
        ignore_conflicts=True,
    )
