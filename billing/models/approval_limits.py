"""What an account's owner lets be approved automatically, and the first of two approvals."""

from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Account, User
from billing.models.change_request import ChangeRequest
from billing.rules.approval_limits import Limits


class ApprovalLimits(models.Model):
    """The limits of one account; no row, and each that is null: off."""

    account = models.OneToOneField(Account, models.CASCADE, primary_key=True, related_name="approval_limits")
    # Amounts in minor units of the account's currency, after tax.
    amount = models.PositiveBigIntegerField(_("approved automatically up to, a month"), null=True)
    seats = models.PositiveIntegerField(_("seats approved automatically, a month"), null=True)
    two_above = models.PositiveBigIntegerField(_("two people approve above"), null=True)
    set_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    set_at = models.DateTimeField(_("set at"))

    account_path: ClassVar[str] = "pk"

    class Meta:
        verbose_name = _("approval limits")
        verbose_name_plural = _("approval limits")
        default_permissions = ()
        constraints = [
            models.CheckConstraint(
                condition=Q(amount=None) | Q(two_above=None) | Q(amount__lte=F("two_above")),
                name="approval_limits_agree",
            ),
        ]

    def __str__(self) -> str:
        """Return whose they are."""
        return f"limits of {self.account_id}"

    def as_rules(self) -> Limits:
        """Return them as the rules know them."""
        return Limits(self.amount, self.seats, self.two_above)


class FirstApproval(models.Model):
    """What the first of two people approved of a request, until the second did or it was changed."""

    request = models.OneToOneField(
        ChangeRequest, models.CASCADE, primary_key=True, related_name="first_approval"
    )
    person = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    person_name = models.CharField(_("approved by"), max_length=120, blank=True)
    given_at = models.DateTimeField(_("approved at"))
    # As billing.rules.change_json writes them, on this version of the subscription.
    changes = models.JSONField(_("changes approved"))
    version = models.PositiveIntegerField(_("version"))
    # Minor units of the account's currency: charged now, and at the renewal, after tax.
    amount = models.BigIntegerField(_("amount approved"))
    renewal = models.BigIntegerField(_("renewal approved"))

    account_path: ClassVar[str] = "request__subscription_id"

    class Meta:
        verbose_name = _("first approval")
        verbose_name_plural = _("first approvals")
        default_permissions = ()

    def __str__(self) -> str:
        """Return who gave it."""
        return f"first approval of {self.person_name}"
