"""Invitations to join an account: each waits for somebody to accept."""

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models.account import Account
from accounts.models.people import User
from accounts.rules.roles import Role


class Invitation(models.Model):
    """Somebody is asked to join an account, by a link that only their mailbox gets."""

    class SeatOutcome(models.TextChoices):
        """What became of a promised seat when they joined."""

        GIVEN = "given", _("Given")
        NO_SEAT_LEFT = "no_seat_left", _("Every seat was held")
        REDUCTION_WAITS = "reduction_waits", _("A reduction of the seats waited")
        PRODUCT_GONE = "product_gone", _("The product had left the subscription")
        HOLDS_NO_SEAT = "holds_no_seat", _("Light agents hold no seat")

    account = models.ForeignKey(Account, models.CASCADE, related_name="invitations")
    email = models.EmailField(_("e-mail address"))
    name = models.CharField(_("name"), max_length=120)
    role = models.CharField(_("role"), max_length=20)
    # The key of the product whose seat was promised; given by billing when they join, if one is left.
    seat = models.CharField(_("seat"), max_length=60, blank=True)
    seat_outcome = models.CharField(
        _("outcome of the seat"), max_length=20, choices=SeatOutcome.choices, blank=True
    )
    # Of the token only the hash is kept: who reads the table cannot join.
    token_hash = models.CharField(max_length=64, unique=True)
    invited_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(_("invited at"))
    expires_at = models.DateTimeField(_("expires at"))
    accepted_at = models.DateTimeField(_("accepted at"), null=True)
    accepted_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    revoked_at = models.DateTimeField(_("revoked at"), null=True)
    # When who invited was told that nobody had accepted in time.
    expiry_told_at = models.DateTimeField(_("expiry told at"), null=True)

    account_path: ClassVar[str] = "account_id"

    class Meta:
        verbose_name = _("invitation")
        verbose_name_plural = _("invitations")
        default_permissions = ()
        indexes = [
            models.Index(
                fields=["expires_at"],
                condition=Q(accepted_at=None, revoked_at=None, expiry_told_at=None),
                name="invitation_to_expire",
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["account", "email"],
                condition=Q(accepted_at=None, revoked_at=None),
                name="invitation_one_open_per_address",
            ),
            models.CheckConstraint(
                condition=Q(role__in=[role.value for role in Role if role is not Role.OWNER]),
                name="invitation_never_to_own",
            ),
        ]

    def __str__(self) -> str:
        """Return who is invited."""
        return self.email
