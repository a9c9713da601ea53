"""Who is invited once the seats that are missing for them are bought."""

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Invitation
from accounts.rules.roles import Role
from billing.models.quote import Quote


class PlannedInvitation(models.Model):
    """Somebody whose invitation goes out, with its seat, in the transaction that applies a quote."""

    quote = models.ForeignKey(Quote, models.CASCADE, related_name="planned_invitations")
    email = models.EmailField(_("e-mail address"))
    name = models.CharField(_("name"), max_length=120, blank=True)
    role = models.CharField(_("role"), max_length=20)
    # The key of the product whose seat goes with it.
    seat = models.CharField(_("seat"), max_length=60)
    # What was sent; or why nobody was invited, as `accounts.invitations.NotInvited` names it.
    invitation = models.OneToOneField(Invitation, models.SET_NULL, null=True, related_name="+")
    refusal = models.CharField(_("why not invited"), max_length=20, blank=True, default="")

    account_path: ClassVar[str] = "quote__subscription_id"

    class Meta:
        verbose_name = _("planned invitation")
        verbose_name_plural = _("planned invitations")
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["quote", "email"], name="planned_invitation_once"),
            models.CheckConstraint(
                condition=Q(role__in=[role.value for role in Role if role is not Role.OWNER]),
                name="planned_invitation_never_to_own",
            ),
        ]

    def __str__(self) -> str:
        """Return who is to be invited."""
        return self.email
