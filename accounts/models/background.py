"""What the background work did, and which rows it could not do."""

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models.account import Account


class TaskRun(models.Model):
    """One run of one step of the background work."""

    step = models.CharField(_("step"), max_length=40)
    # The machine and the process on it.
    machine = models.CharField(_("machine"), max_length=80)
    began_at = models.DateTimeField(_("began at"))
    # None while it runs, or where its process was killed.
    ended_at = models.DateTimeField(_("ended at"), null=True, blank=True)
    # How many of each it did.
    done = models.JSONField(_("done"), default=dict)
    rows_failed = models.PositiveIntegerField(_("rows that failed"), default=0)
    # What ended it before its rows were done.
    error = models.TextField(_("error"), blank=True)
    # Nothing was due: of such runs the last of each step is kept.
    idle = models.BooleanField(_("nothing was due"), default=False)

    class Meta:
        verbose_name = _("run of the background work")
        verbose_name_plural = _("runs of the background work")
        default_permissions = ()
        indexes = [
            models.Index(fields=["step", "id"], name="task_run_by_step"),
            models.Index(
                fields=["id"], condition=Q(rows_failed__gt=0) | ~Q(error=""), name="task_run_failed"
            ),
        ]

    def __str__(self) -> str:
        """Return which step, and when."""
        return f"{self.step} {self.began_at:%Y-%m-%d %H:%M:%S}"


class RowFailure(models.Model):
    """A row of a queue that raised when it was last tried, with the account that it belongs to."""

    queue = models.CharField(_("queue"), max_length=40)
    # The row's own key in its table.
    row = models.CharField(_("row"), max_length=80)
    account = models.ForeignKey(
        Account, models.PROTECT, null=True, related_name="row_failures", verbose_name=_("account")
    )
    error = models.TextField(_("error"))
    tries = models.PositiveIntegerField(_("tries"), default=1)
    failed_at = models.DateTimeField(_("failed first"))
    tried_at = models.DateTimeField(_("tried last"))
    # Not before this moment is it tried again; None is at once.
    next_try_at = models.DateTimeField(_("next try"), null=True, blank=True)

    account_path: ClassVar[str] = "account_id"

    class Meta:
        verbose_name = _("failed row")
        verbose_name_plural = _("failed rows")
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["queue", "row"], name="row_failure_once")]

    def __str__(self) -> str:
        """Return which row of which queue."""
        return f"{self.queue} {self.row}"
