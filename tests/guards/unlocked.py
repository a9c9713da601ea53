"""What stands in the place of a lock that was taken out: the same row, read without it."""

from django.db import models

from accounts.models import Account


def lock(pk: int) -> Account:
    """Return the account."""
    return Account.objects.get(pk=pk)


def lock_for(model: type[models.Model], pk: object) -> Account:
    """Return the account that a row belongs to."""
    path: str = model.account_path  # type: ignore[attr-defined]
    return Account.objects.get(pk=model._default_manager.values_list(path, flat=True).get(pk=pk))
