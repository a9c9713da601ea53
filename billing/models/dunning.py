"""What was done of the timelines of unpaid invoices."""

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from billing.models.charge import Charge
from billing.models.invoice import Invoice


class DunningEntry(models.Model):
    """A step of an invoice's timeline that was made: added once, never changed (domain.md 9)."""

    invoice = models.ForeignKey(Invoice, models.PROTECT, related_name="dunning_entries")
    # As billing.rules.dunning names it.
    step = models.CharField(_("step"), max_length=16)
    # The account's day.
    on = models.DateField(_("on"))
    at = models.DateTimeField(_("at"))
    # What it tried to collect; null for a reminder, a suspension, and where no method could be charged.
    charge = models.OneToOneField(Charge, models.PROTECT, null=True, related_name="dunning_entry")

    account_path: ClassVar[str] = "invoice__subscription_id"

    class Meta:
        verbose_name = _("step of an unpaid invoice")
        verbose_name_plural = _("steps of unpaid invoices")
        default_permissions = ()
        constraints = [
            # A step is made once, and each try is a charge of its own.
            models.UniqueConstraint(fields=["invoice", "step"], name="dunning_step_once"),
        ]

    def __str__(self) -> str:
        """Return which step, of which invoice."""
        return f"{self.step} of {self.invoice_id}"
