"""What the vendor gave up of an invoice: no longer owed, and never changed."""

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from billing.models.fields import AmountField
from billing.models.invoice import Invoice


class WriteOff(models.Model):
    """What was left to pay of an invoice and was given up, with the reason that the owner reads."""

    invoice = models.OneToOneField(Invoice, models.PROTECT, primary_key=True, related_name="write_off")
    amount = AmountField(_("amount"))
    reason = models.CharField(_("reason"), max_length=500, blank=True)
    written_off_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    written_off_by_name = models.CharField(_("written off by"), max_length=120)
    written_off_at = models.DateTimeField(_("written off at"))

    account_path: ClassVar[str] = "invoice__subscription_id"

    class Meta:
        verbose_name = _("write-off")
        verbose_name_plural = _("write-offs")
        default_permissions = ()
        constraints = [models.CheckConstraint(condition=Q(amount__gt=0), name="write_off_positive")]

    def __str__(self) -> str:
        """Return what was given up."""
        return str(self.amount)
