"""Money that came by transfer, as the bank tells it, and what of it was booked against which invoice."""

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from billing.models.fields import AmountField
from billing.models.invoice import Invoice
from billing.models.subscription import Subscription


class BankPayment(models.Model):
    """One incoming transfer; the bank's own id makes it one, however often its file is loaded."""

    bank_id = models.CharField(_("bank’s id"), max_length=80, unique=True)
    received_on = models.DateField(_("received on"))
    amount = AmountField(_("amount"))
    reference = models.CharField(_("reference"), max_length=300, blank=True)
    payer = models.CharField(_("payer"), max_length=200, blank=True)
    # Whose it is: known once something of it was booked.
    subscription = models.ForeignKey(
        Subscription, models.PROTECT, null=True, blank=True, related_name="bank_payments"
    )
    loaded_at = models.DateTimeField(_("loaded at"))

    account_path: ClassVar[str] = "subscription_id"

    class Meta:
        verbose_name = _("bank payment")
        verbose_name_plural = _("bank payments")
        default_permissions = ()
        indexes = [models.Index("received_on", "id", name="bank_payment_by_day")]
        constraints = [models.CheckConstraint(condition=Q(amount__gt=0), name="bank_payment_positive")]

    def __str__(self) -> str:
        """Return the bank's id and the amount."""
        return f"{self.bank_id} {self.amount}"


class BankBooking(models.Model):
    """A part of a transfer that pays an invoice, or a part of it; never changed."""

    payment = models.ForeignKey(BankPayment, models.PROTECT, related_name="bookings")
    invoice = models.ForeignKey(Invoice, models.PROTECT, related_name="bank_bookings")
    amount = AmountField(_("amount"))
    # Null: booked by itself, because reference and amount left no doubt.
    booked_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    booked_by_name = models.CharField(_("booked by"), max_length=120, blank=True)
    booked_at = models.DateTimeField(_("booked at"))

    account_path: ClassVar[str] = "invoice__subscription_id"

    class Meta:
        verbose_name = _("booking")
        verbose_name_plural = _("bookings")
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["payment", "invoice"], name="bank_booking_once"),
            models.CheckConstraint(condition=Q(amount__gt=0), name="bank_booking_positive"),
        ]

    def __str__(self) -> str:
        """Return what was booked."""
        return str(self.amount)
