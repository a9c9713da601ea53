"""Who holds which seat, and the extra seats of a stretch of time."""

from typing import ClassVar

import pgtrigger
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Membership, User
from billing.models.fields import AmountField
from billing.models.subscription import Line, Subscription


def _counting(name: str, operation: pgtrigger.Operation, rows: str, sign: str) -> pgtrigger.Trigger:
    """Keep a line's number of seats in use, by statement: 100,000 seats at once are one more update."""
    return pgtrigger.Trigger(
        name=name,
        operation=operation,
        when=pgtrigger.After,
        level=pgtrigger.Statement,
        referencing=pgtrigger.Referencing(**{rows: "seats"}),  # type: ignore[no-untyped-call]
        func=f"""
            UPDATE billing_line l SET in_use = l.in_use {sign} s.number
            FROM (SELECT line_id, count(*) AS number FROM seats GROUP BY line_id) s WHERE l.id = s.line_id;
            RETURN NULL;
        """,  # noqa: S608 - constants
    )


class AgentSeat(models.Model):
    """One member holding one seat of a line."""

    subscription = models.ForeignKey(Subscription, models.CASCADE, related_name="seats")
    line = models.ForeignKey(Line, models.CASCADE, related_name="seats")
    # Protected: a member who leaves is first freed of seats, by a verb that says so.
    membership = models.ForeignKey(Membership, models.PROTECT, related_name="seats")
    assigned_at = models.DateTimeField(_("assigned at"), db_default=models.functions.Now())

    account_path: ClassVar[str] = "subscription_id"

    class Meta:
        verbose_name = _("agent seat")
        verbose_name_plural = _("agent seats")
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["line", "membership"], name="seat_once")]
        triggers: ClassVar[list[pgtrigger.Trigger]] = [
            _counting("seats_given", pgtrigger.Insert, "new", "+"),
            _counting("seats_freed", pgtrigger.Delete, "old", "-"),
        ]

    def __str__(self) -> str:
        """Return who holds it."""
        return f"{self.membership_id} on {self.line_id}"


class TemporarySeats(models.Model):
    """Extra seats of a line from one day until another (exclusive)."""

    subscription = models.ForeignKey(Subscription, models.CASCADE, related_name="temporary")
    line = models.ForeignKey(Line, models.CASCADE, related_name="temporary")
    quantity = models.PositiveIntegerField(_("quantity"))
    starts_on = models.DateField(_("starts on"))
    ends_on = models.DateField(_("ends on"))
    charged = AmountField(_("charged"))
    created_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(_("created at"), db_default=models.functions.Now())
    # What was told of their days, so that each thing is told once.
    start_told = models.BooleanField(_("told of the start"), default=False, db_default=False)
    end_warned = models.PositiveSmallIntegerField(_("warned of the end, days before"), null=True)
    # Their end was looked at: whoever held a seat too many is set back.
    is_over = models.BooleanField(_("over"), default=False, db_default=False)

    account_path: ClassVar[str] = "subscription_id"

    class Meta:
        verbose_name = _("temporary subscription")
        verbose_name_plural = _("temporary subscriptions")
        default_permissions = ()
        indexes = [models.Index(fields=["ends_on"], condition=Q(is_over=False), name="temporary_waiting")]
        constraints = [
            models.CheckConstraint(condition=Q(quantity__gte=1), name="temporary_quantity_at_least_one"),
            models.CheckConstraint(condition=Q(ends_on__gt=F("starts_on")), name="temporary_dates_in_order"),
            models.CheckConstraint(condition=Q(charged__gte=0), name="temporary_charge_not_negative"),
        ]

    def __str__(self) -> str:
        """Return how many and when."""
        return f"{self.quantity} [{self.starts_on}, {self.ends_on})"
