"""Offers to own an account: each waits for somebody to accept."""

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models.account import Account
from accounts.models.people import User


class OwnershipOffer(models.Model):
    """The owner offers the account to a billing admin, who must accept within seven days."""

    class State(models.TextChoices):
        """Where it stands."""

        OPEN = "open", _("Open")
        ACCEPTED = "accepted", _("Accepted")
        WITHDRAWN = "withdrawn", _("Withdrawn")
        DECLINED = "declined", _("Declined")
        EXPIRED = "expired", _("Expired")

    account = models.ForeignKey(Account, models.CASCADE, related_name="ownership_offers")
    offered_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    to = models.ForeignKey(User, models.PROTECT, related_name="+")
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.OPEN)
    created_at = models.DateTimeField(_("offered at"))
    expires_at = models.DateTimeField(_("expires at"))

    account_path: ClassVar[str] = "account_id"

    class Meta:
        verbose_name = _("ownership offer")
        verbose_name_plural = _("ownership offers")
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["account"], condition=Q(state="open"), name="ownership_one_open_offer"
            ),
        ]

    def __str__(self) -> str:
        """Return to whom."""
        return f"{self.account_id} to {self.to_id}"
