"""Letters waiting to be sent: written in the same transaction as the act they tell of."""

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models.account import Account
from accounts.models.people import User
from accounts.rules.letters import LetterKind


class Letter(models.Model):
    """One letter to one recipient, in that person's language."""

    account = models.ForeignKey(Account, models.PROTECT, null=True, related_name="letters")
    kind = models.CharField(_("kind"), max_length=60)
    user = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    to = models.EmailField(_("to"))
    language = models.CharField(_("language"), max_length=2)
    # All that the template needs, frozen when the act was committed.
    facts = models.JSONField(_("facts"), default=dict)
    # One act sends one letter of a kind to one recipient, however often the act is repeated.
    key = models.CharField(_("key"), max_length=120, unique=True)
    created_at = models.DateTimeField(_("created at"), db_default=models.functions.Now())
    sent_at = models.DateTimeField(_("sent at"), null=True, blank=True)
    # When it is tried again; None is at once.
    next_try_at = models.DateTimeField(_("next try"), null=True, blank=True)
    # Since when nobody tries any more: it was refused for good, or tried for three days.
    failed_at = models.DateTimeField(_("failed at"), null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    error = models.TextField(_("last error"), blank=True)

    account_path: ClassVar[str] = "account_id"

    class Meta:
        verbose_name = _("letter")
        verbose_name_plural = _("letters")
        default_permissions = ()
        indexes = [
            models.Index(
                fields=["id"],
                condition=Q(sent_at__isnull=True, failed_at__isnull=True),
                name="letter_waiting",
            ),
            models.Index(fields=["id"], condition=Q(failed_at__isnull=False), name="letter_failed"),
            models.Index(fields=["kind", "id"], name="letter_by_kind"),
        ]

    def __str__(self) -> str:
        """Return what it is and for whom."""
        return f"{self.kind} → {self.to}"

    @property
    def known_kind(self) -> LetterKind | None:
        """Its kind; None where letters of its kind are written no more."""
        return LetterKind(self.kind) if self.kind in set(LetterKind) else None
