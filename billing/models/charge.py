"""What we ask the provider for: committed before it is sent, so that nothing is ever sent twice."""

import uuid
from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from billing.models.fields import AmountField
from billing.models.invoice import Invoice
from billing.models.payment_link import PaymentLink
from billing.models.quote import Quote
from billing.models.subscription import Subscription
from billing.models.write_off import WriteOff


class Charge(models.Model):
    """One intended payment; its id is the idempotency key, whatever number of tries it takes.

    created → sending → succeeded | failed | action | processing | unknown → looked up → …
    (security.md, "The shape" 5).
    """

    class State(models.TextChoices):
        """How far it got."""

        CREATED = "created", _("Not sent yet")
        SENDING = "sending", _("Being sent")
        ACTION = "action", _("Waits for the customer")
        PROCESSING = "processing", _("Being collected")
        UNKNOWN = "unknown", _("Outcome unknown")
        SUCCEEDED = "succeeded", _("Paid")
        FAILED = "failed", _("Declined")

    # States in which it may still turn out paid.
    OPEN: ClassVar[tuple[str, ...]] = ("created", "sending", "action", "processing", "unknown")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    subscription = models.ForeignKey(Subscription, models.PROTECT, related_name="charges")
    # For a change that waits for its money, or for an invoice that is issued already.
    quote = models.OneToOneField(Quote, models.PROTECT, null=True, related_name="charge")
    invoice = models.ForeignKey(Invoice, models.PROTECT, null=True, related_name="charges")
    # By which link it was begun, where nobody was signed in.
    link = models.ForeignKey(PaymentLink, models.PROTECT, null=True, related_name="charges")
    # Tried with the account's backup in the place of one that was declined for good: once for each.
    # Few are: their index is the partial one below.
    backup_of = models.ForeignKey("self", models.PROTECT, null=True, related_name="+", db_index=False)
    amount = AmountField(_("amount"))
    # Stored with the intent: a second sending uses exactly what the first used.
    method = models.CharField(_("provider's reference of the method"), max_length=120)
    # Where the provider sends the customer back to.
    return_url = models.CharField(_("return address"), max_length=500, blank=True)
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.CREATED)
    # The provider's name for the payment, and where the customer confirms it (3-D Secure).
    reference = models.CharField(_("provider's reference"), max_length=120, blank=True)
    action_url = models.CharField(_("where the customer confirms"), max_length=2000, blank=True)
    failure = models.CharField(_("reason of the decline"), max_length=40, blank=True)
    created_at = models.DateTimeField(_("created at"))
    # When the provider was last asked how it stands.
    asked_at = models.DateTimeField(_("asked at"), null=True)
    settled_at = models.DateTimeField(_("settled at"), null=True)
    # A success that could no longer be used: money to give back, and when that was done.
    refund_due = models.BooleanField(_("to be refunded"), default=False)
    refunded_at = models.DateTimeField(_("refunded at"), null=True)

    account_path: ClassVar[str] = "subscription_id"

    class Meta:
        verbose_name = _("charge")
        verbose_name_plural = _("charges")
        default_permissions = ()
        indexes = [
            models.Index(
                fields=["created_at"],
                condition=Q(state__in=["created", "sending", "action", "processing", "unknown"]),
                name="charge_open",
            ),
            models.Index(
                fields=["created_at"], condition=Q(refund_due=True, refunded_at=None), name="charge_refund"
            ),
            # The staff's lists of a state and of all, the newest first; and one that the provider names.
            models.Index(F("state"), F("created_at").desc(), F("id").desc(), name="charge_by_state"),
            models.Index(F("created_at").desc(), F("id").desc(), name="charge_by_time"),
            models.Index(fields=["reference"], condition=~Q(reference=""), name="charge_by_reference"),
        ]
        constraints = [
            # One open way to pay an invoice at a time.
            models.UniqueConstraint(
                fields=["invoice"],
                condition=Q(state__in=["created", "sending", "action", "processing", "unknown"]),
                name="charge_one_open_per_invoice",
            ),
            models.UniqueConstraint(
                fields=["invoice"],
                condition=Q(state="succeeded", refund_due=False),
                name="charge_one_success_per_invoice",
            ),
            models.UniqueConstraint(
                fields=["backup_of"], condition=Q(backup_of__isnull=False), name="charge_one_backup"
            ),
            models.CheckConstraint(
                condition=Q(quote__isnull=False) | Q(invoice__isnull=False), name="charge_is_for_something"
            ),
            models.CheckConstraint(
                condition=Q(backup_of__isnull=True)
                | Q(invoice__isnull=False, quote__isnull=True, link__isnull=True),
                name="charge_by_backup_is_for_an_invoice",
            ),
            models.CheckConstraint(condition=Q(amount__gt=0), name="charge_positive"),
            models.CheckConstraint(
                condition=Q(link__isnull=True) | Q(invoice__isnull=False, quote__isnull=True),
                name="charge_by_link_is_for_an_invoice",
            ),
        ]

    def __str__(self) -> str:
        """Return amount and state."""
        return f"{self.amount} {self.state}"


class InvoicePayment(models.Model):
    """Nothing is left to pay of an invoice: added when the money is there, or what is left was given up.

    Never changed. None needed where 0 is due.
    """

    invoice = models.OneToOneField(Invoice, models.PROTECT, primary_key=True, related_name="payment")
    charge = models.OneToOneField(Charge, models.PROTECT, null=True, related_name="payment")
    # What was left was written off.
    write_off = models.OneToOneField(WriteOff, models.PROTECT, null=True, related_name="settles")
    # What was left was set off against a credit note over it.
    from_balance = models.BooleanField(_("set off"), default=False, db_default=False)
    paid_at = models.DateTimeField(_("paid at"))

    account_path: ClassVar[str] = "invoice__subscription_id"

    class Meta:
        verbose_name = _("payment of an invoice")
        verbose_name_plural = _("payments of invoices")
        default_permissions = ()
        constraints = [
            models.CheckConstraint(
                condition=Q(charge__isnull=True) | Q(write_off__isnull=True, from_balance=False),
                name="payment_by_one_way",
            ),
        ]

    def __str__(self) -> str:
        """Return which invoice."""
        return f"payment of {self.invoice_id}"
