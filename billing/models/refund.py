"""Money that the vendor's staff give back: committed before it is sent, so that nothing goes twice."""

import uuid
from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.models import User
from billing.models.charge import Charge
from billing.models.fields import AmountField
from billing.models.invoice import Invoice
from billing.models.subscription import Subscription


class Refund(models.Model):
    """One intended refund of a charge; its id is the key by which the provider knows it.

    requested → created → sending → succeeded | failed | processing | unknown → looked up → …; what waits for
    a second person is approved, rejected, or lapses because the charge changed (domain.md 9).
    """

    class State(models.TextChoices):
        """How far it got."""

        REQUESTED = "requested", _("Waits for a second person")
        REJECTED = "rejected", pgettext_lazy("refund", "Rejected")
        LAPSED = "lapsed", _("Lapsed: something changed meanwhile")
        CREATED = "created", _("Not sent yet")
        SENDING = "sending", _("Being sent")
        PROCESSING = "processing", _("On its way")
        UNKNOWN = "unknown", _("Outcome unknown")
        SUCCEEDED = "succeeded", _("Given back")
        FAILED = "failed", pgettext_lazy("refund", "Failed")

    # States in which it may still turn out made.
    OPEN: ClassVar[tuple[str, ...]] = ("created", "sending", "processing", "unknown")
    # States in which its amount has left the balance.
    COUNTED: ClassVar[tuple[str, ...]] = (*OPEN, "succeeded")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    subscription = models.ForeignKey(Subscription, models.PROTECT, related_name="refunds")
    charge = models.ForeignKey(Charge, models.PROTECT, related_name="refunds", verbose_name=_("charge"))
    # The credit note whose amount it gives back, where it does.
    credit_note = models.ForeignKey(
        Invoice, models.PROTECT, null=True, blank=True, related_name="refunds", verbose_name=_("credit note")
    )
    amount = AmountField(_("amount"))
    # What of the charge could be given back when it was asked for: where that changed, it lapses.
    left_then = AmountField(_("left when it was asked for"))
    # Whether more than the credit balance may be given back; what that is, is owed again.
    may_be_owed = models.BooleanField(_("may be owed again"), default=False)
    owed_again = AmountField(_("owed again"))
    reason = models.CharField(_("reason"), max_length=500)
    state = models.CharField(_("state"), max_length=10, choices=State.choices)
    reference = models.CharField(_("provider’s reference"), max_length=120, blank=True)
    failure = models.CharField(_("reason of the failure"), max_length=40, blank=True)
    requested_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    requested_by_name = models.CharField(_("requested by"), max_length=120)
    created_at = models.DateTimeField(_("created at"))
    decided_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    decided_by_name = models.CharField(_("decided by"), max_length=120, blank=True)
    decided_at = models.DateTimeField(_("decided at"), null=True)
    decision = models.CharField(_("reason of the decision"), max_length=500, blank=True)
    # When it may first have been sent, and when the provider was last asked how it stands.
    sent_at = models.DateTimeField(_("sent at"), null=True)
    asked_at = models.DateTimeField(_("asked at"), null=True)
    settled_at = models.DateTimeField(_("settled at"), null=True)

    account_path: ClassVar[str] = "subscription_id"

    class Meta:
        verbose_name = _("refund")
        verbose_name_plural = _("refunds")
        default_permissions = ()
        indexes = [
            models.Index(
                fields=["created_at"],
                condition=Q(state__in=["requested", "created", "sending", "processing", "unknown"]),
                name="refund_not_at_an_end",
            ),
        ]
        constraints = [
            # One that is under way, and one that waits for a second person.
            models.UniqueConstraint(
                fields=["charge"],
                condition=Q(state__in=["created", "sending", "processing", "unknown"]),
                name="refund_one_open_per_charge",
            ),
            models.UniqueConstraint(
                fields=["charge"], condition=Q(state="requested"), name="refund_one_requested_per_charge"
            ),
            models.CheckConstraint(
                condition=Q(amount__gt=0, amount__lte=F("left_then"), owed_again__gte=0)
                & Q(owed_again__lte=F("amount")),
                name="refund_within_its_charge",
            ),
            models.CheckConstraint(
                condition=Q(decided_by__isnull=True) | ~Q(decided_by=F("requested_by")),
                name="refund_decided_by_another",
            ),
        ]

    def __str__(self) -> str:
        """Return amount and state."""
        return f"{self.amount} {self.state}"
