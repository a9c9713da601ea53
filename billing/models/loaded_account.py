"""What was brought in from a file of accounts, so that the same file again is known."""

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import Account


class LoadedAccount(models.Model):
    """An account that came from a file: the digest of each part of what the file said of it."""

    account = models.OneToOneField(Account, models.CASCADE, primary_key=True, related_name="loaded")
    # {"account": sha256, "members": …}: the subscription changes from then on, what was said does not.
    parts = models.JSONField(_("digests"), default=dict)
    loaded_at = models.DateTimeField(_("loaded at"))

    account_path: ClassVar[str] = "pk"

    class Meta:
        verbose_name = _("loaded account")
        verbose_name_plural = _("loaded accounts")
        default_permissions = ()

    def __str__(self) -> str:
        """Return which account."""
        return f"loaded {self.account_id}"
