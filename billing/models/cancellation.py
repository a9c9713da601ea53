"""Cancelled accounts, with why; and the exports of their data that owners asked for."""

from datetime import datetime, timedelta
from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Account, User


class Cancellation(models.Model):
    """One cancellation of a whole account, at once or at the period's end, until it is undone."""

    class Reason(models.TextChoices):
        """The short list of the survey."""

        TOO_EXPENSIVE = "too_expensive", _("Too expensive")
        MISSING_FEATURES = "missing_features", _("Something is missing")
        HARD_TO_USE = "hard_to_use", _("Hard to use")
        OTHER_PRODUCT = "other_product", _("We use another product")
        NOT_NEEDED = "not_needed", _("We no longer need it")
        COMPANY_CLOSED = "company_closed", _("Our company changes or closes")
        OTHER = "other", _("Another reason")

    account = models.ForeignKey(Account, models.CASCADE, related_name="cancellations")
    at_period_end = models.BooleanField(_("at the end of the period"), default=False)
    reason = models.CharField(_("reason"), max_length=20, choices=Reason.choices)
    text = models.TextField(_("in their words"), blank=True, max_length=2000)
    by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    by_name = models.CharField(_("by"), max_length=120)
    created_at = models.DateTimeField(_("decided at"))
    # What the sheet said, to the minor unit: {"forfeited": …, "owed": …, "balance": …}.
    sheet = models.JSONField(_("sheet"), default=dict)
    # Where the account stood: what a restore gives back.
    state_before = models.CharField(_("state before"), max_length=20)
    undone_at = models.DateTimeField(_("undone at"), null=True)
    erased_at = models.DateTimeField(_("erased at"), null=True)

    account_path: ClassVar[str] = "account_id"

    class Meta:
        verbose_name = _("cancellation")
        verbose_name_plural = _("cancellations")
        default_permissions = ()
        # For the figures of a period.
        indexes = [models.Index(fields=["created_at"], name="cancellation_by_time")]
        constraints = [
            models.UniqueConstraint(
                fields=["account"], condition=Q(undone_at=None), name="cancellation_one_in_force"
            ),
        ]

    def __str__(self) -> str:
        """Return the reason."""
        return self.reason


class DataExport(models.Model):
    """A ZIP of an account's own data, prepared in the background for its owner."""

    class State(models.TextChoices):
        """How far it got."""

        WAITING = "waiting", _("Waiting")
        RUNNING = "running", _("Being prepared")
        READY = "ready", _("Ready")
        FAILED = "failed", _("Failed")

    # How long it can be taken along.
    KEPT_FOR: ClassVar[timedelta] = timedelta(days=30)

    account = models.ForeignKey(Account, models.CASCADE, related_name="exports")
    requested_by = models.ForeignKey(User, models.CASCADE, related_name="+")
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.WAITING)
    # In percent.
    progress = models.PositiveSmallIntegerField(_("progress"), default=0)
    created_at = models.DateTimeField(_("asked at"))
    ready_at = models.DateTimeField(_("ready at"), null=True)
    content = models.BinaryField(_("file"), null=True)

    account_path: ClassVar[str] = "account_id"

    class Meta:
        verbose_name = _("data export")
        verbose_name_plural = _("data exports")
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["account"],
                condition=Q(state__in=["waiting", "running"]),
                name="export_one_at_a_time",
            ),
        ]

    def __str__(self) -> str:
        """Return how far it got."""
        return self.state

    @property
    def kept_until(self) -> datetime:
        """Until when it can be taken along."""
        return self.created_at + self.KEPT_FOR
