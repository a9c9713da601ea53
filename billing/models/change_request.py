"""What an admin asked for, what is said of it, until someone decides it."""

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from billing.models.subscription import Subscription


class ChangeRequest(models.Model):
    """A change drafted by an admin, decided by the owner or a billing admin (domain.md 7)."""

    class State(models.TextChoices):
        """Where it stands."""

        OPEN = "open", _("Open")
        APPROVED = "approved", _("Approved")
        REJECTED = "rejected", _("Rejected")
        WITHDRAWN = "withdrawn", _("Withdrawn")
        EXPIRED = "expired", _("Expired")
        CLOSED = "closed", _("Closed")

    subscription = models.ForeignKey(Subscription, models.CASCADE, related_name="requests")
    requester = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    requester_name = models.CharField(_("requester"), max_length=120)
    # As billing.rules.changes writes them.
    changes = models.JSONField(_("changes"), default=list)
    # What stood when it was asked, as billing.quote_json writes it: from what to what, and what the
    # answers of its author were about. Null for requests from before this was kept.
    base = models.JSONField(_("base"), null=True)
    # The quote as it was on the day it was asked, as billing.quote_json writes it; null where it could
    # not be priced.
    document = models.JSONField(_("quote of the day it was asked"), null=True)
    note = models.TextField(_("note"), blank=True, max_length=2000)
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.OPEN)
    created_at = models.DateTimeField(_("created at"))
    expires_at = models.DateTimeField(_("expires at"))
    # The reminder that was written last, in days after it was asked; 0: none yet.
    reminded_after = models.PositiveSmallIntegerField(_("reminded after days"), default=0, db_default=0)
    decided_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    decided_by_name = models.CharField(_("decided by"), max_length=120, blank=True)
    decided_at = models.DateTimeField(_("decided at"), null=True)
    # What was approved, edited or not, and what it was approved on; null as long as it is not.
    approved_changes = models.JSONField(_("changes approved"), null=True)
    approved_base = models.JSONField(_("base of what was approved"), null=True)
    # Where the owner's limits approve it: the day whose month it counts in, what is charged after tax in
    # minor units, and the seats that it adds. Null where people decide.
    automatic_on = models.DateField(_("approved automatically on"), null=True)
    automatic_amount = models.BigIntegerField(_("amount approved automatically"), null=True)
    automatic_seats = models.PositiveIntegerField(_("seats approved automatically"), null=True)
    # Why people decide it, as billing.rules.approval_limits names it; empty for those of before.
    not_automatic = models.CharField(
        _("why not automatically"), max_length=20, blank=True, default="", db_default=""
    )
    # In words of who rejected it, or the code by which it closed by itself.
    reason = models.TextField(_("reason"), blank=True, max_length=2000)

    account_path: ClassVar[str] = "subscription_id"

    class Meta:
        verbose_name = _("change request")
        verbose_name_plural = _("change requests")
        default_permissions = ()
        constraints = [
            # Decided once, and never by who asked.
            models.CheckConstraint(
                condition=Q(state="open", decided_at=None) | (~Q(state="open") & Q(decided_at__isnull=False)),
                name="request_decided_says_when",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["approved", "rejected"])
                | Q(decided_by__isnull=True)
                | Q(requester__isnull=True)
                | ~Q(decided_by=models.F("requester")),
                name="request_not_decided_by_who_asked",
            ),
            models.CheckConstraint(
                condition=Q(automatic_on=None, automatic_amount=None, automatic_seats=None)
                | Q(
                    automatic_on__isnull=False,
                    automatic_amount__isnull=False,
                    automatic_seats__isnull=False,
                ),
                name="request_automatic_says_what",
            ),
        ]
        indexes = [
            models.Index("subscription", "id", condition=Q(state="open"), name="request_open"),
        ]

    def __str__(self) -> str:
        """Return who asked."""
        return f"request of {self.requester_name}"


class RequestComment(models.Model):
    """What somebody of either side says about a change request."""

    request = models.ForeignKey(ChangeRequest, models.CASCADE, related_name="comments")
    author = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    author_name = models.CharField(_("author"), max_length=120, blank=True)
    by_staff = models.BooleanField(_("by the vendor's staff"), default=False)
    text = models.TextField(_("comment"), max_length=2000, blank=True)
    written_at = models.DateTimeField(_("written at"))

    account_path: ClassVar[str] = "request__subscription_id"

    class Meta:
        verbose_name = _("comment on a change request")
        verbose_name_plural = _("comments on change requests")
        default_permissions = ()

    def __str__(self) -> str:
        """Return who said it."""
        return f"comment of {self.author_name}"
