"""The account's balance: money that is used by itself as a prepayment (domain.md 5)."""

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from billing.models.fields import AmountField
from billing.models.invoice import Invoice
from billing.models.refund import Refund
from billing.models.subscription import Subscription


class BalanceEntry(models.Model):
    """One movement of the balance, positive in the customer's favour; the balance is their sum."""

    class Reason(models.TextChoices):
        """What moved it."""

        CREDIT_NOTE = "credit_note", _("Credit note")
        CARRIED_OVER = "carried_over", _("Small amount carried over")
        USED = "used", _("Used for an invoice")
        # By a credit note over an invoice that was not paid yet.
        SET_OFF = "set_off", _("Set off against what was left to pay")
        BROUGHT_IN = "brought_in", _("Brought in with the account")
        REFUNDED = "refunded", _("Refunded")
        REFUND_FAILED = "refund_failed", _("Refund that did not arrive")

    subscription = models.ForeignKey(Subscription, models.PROTECT, related_name="balance_entries")
    amount = AmountField(_("amount"))
    reason = models.CharField(_("reason"), max_length=14, choices=Reason.choices)
    # The invoice or credit note that moved it.
    invoice = models.ForeignKey(
        Invoice, models.PROTECT, null=True, blank=True, related_name="balance_entries"
    )
    # The refund that took from it, or did not arrive.
    refund = models.ForeignKey(Refund, models.PROTECT, null=True, blank=True, related_name="balance_entries")
    created_at = models.DateTimeField(_("created at"), db_default=models.functions.Now())

    account_path: ClassVar[str] = "subscription_id"

    class Meta:
        verbose_name = _("balance entry")
        verbose_name_plural = _("balance entries")
        default_permissions = ()

    def __str__(self) -> str:
        """Return the amount."""
        return f"{self.amount} {self.reason}"
