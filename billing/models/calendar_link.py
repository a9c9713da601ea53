"""Secret links by which a calendar reads what is coming: of the token only the hash is kept."""

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import Membership


class CalendarLink(models.Model):
    """One member's link to what is coming in the account; it goes with the membership."""

    membership = models.OneToOneField(Membership, models.CASCADE, related_name="calendar_link")
    # Of the token only the hash is kept: who reads the table learns no address.
    token_hash = models.CharField(max_length=64, unique=True)
    made_at = models.DateTimeField(_("made at"))
    read_at = models.DateTimeField(_("read at"), null=True)

    account_path: ClassVar[str] = "membership__account_id"

    class Meta:
        verbose_name = _("calendar link")
        verbose_name_plural = _("calendar links")
        default_permissions = ()

    def __str__(self) -> str:
        """Return whose it is."""
        return f"calendar link of {self.membership_id}"
