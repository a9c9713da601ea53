"""How the own clocks of sandbox accounts were moved, and what happened on the way."""

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import Account, Activity


class ClockMove(models.Model):
    """One move of an account's own clock; who did it, and why, stands in the trail."""

    account = models.ForeignKey(Account, models.PROTECT, related_name="clock_moves")
    entry = models.OneToOneField(Activity, models.PROTECT, related_name="+")
    began_at = models.DateTimeField(_("from"))
    # How far it came.
    ended_at = models.DateTimeField(_("until"))
    # The moments at which something happened, in their order: [{"at": moment, "activity": the last entry by
    # then, "letter": the last letter by then, "failed": steps that did not go through}]; the first is the
    # beginning, when nothing had happened.
    stops = models.JSONField(_("moments"), default=list)

    account_path: ClassVar[str] = "account_id"

    class Meta:
        verbose_name = _("move of a clock")
        verbose_name_plural = _("moves of clocks")
        default_permissions = ()
        indexes = [models.Index(fields=["account", "-id"], name="clock_move_latest")]

    def __str__(self) -> str:
        """Return from when to when."""
        return f"{self.began_at:%Y-%m-%d} → {self.ended_at:%Y-%m-%d}"
