"""What was told of a coming renewal, so that nothing is told twice and a changed amount is."""

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from billing.models.fields import AmountField
from billing.models.subscription import Subscription


class RenewalReminder(models.Model):
    """One coming renewal of a subscription, with the last that was said of it."""

    subscription = models.ForeignKey(Subscription, models.CASCADE, related_name="reminders")
    renews_on = models.DateField(_("renews on"))
    # The nearest of its days that was told, or noted where there was nothing to tell; null: none yet.
    days_before = models.PositiveSmallIntegerField(_("days before"), null=True)
    # With tax, as it was told; zero where the account ends.
    amount = AmountField(_("amount"))
    # When a letter went last; null: none was written.
    told_on = models.DateField(_("told on"), null=True)
    # Each renewal is looked at once a day.
    looked_on = models.DateField(_("looked at on"))

    account_path: ClassVar[str] = "subscription_id"

    class Meta:
        verbose_name = _("renewal reminder")
        verbose_name_plural = _("renewal reminders")
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["subscription", "renews_on"], name="reminder_of_a_renewal"),
        ]

    def __str__(self) -> str:
        """Return which renewal it is about."""
        return f"{self.subscription_id} renews on {self.renews_on}"
