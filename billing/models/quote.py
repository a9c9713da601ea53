"""Priced changes as they were shown: what a confirmation must match exactly."""

import uuid
from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from billing.models.change_request import ChangeRequest
from billing.models.subscription import Subscription


class Quote(models.Model):
    """A change priced for one person: used at most once, by them, at the version it names."""

    class State(models.TextChoices):
        """Where it stands."""

        OPEN = "open", _("Open")
        # Waits for its payment (3-D Secure, unknown outcome): applied only when that succeeds.
        HELD = "held", _("Waiting for payment")
        CONFIRMED = "confirmed", _("Confirmed")
        WITHDRAWN = "withdrawn", _("Withdrawn")
        FAILED = "failed", _("Payment failed")
        # Another was drawn up in its place, or the account was closed.
        CLOSED = "closed", _("Closed")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    subscription = models.ForeignKey(Subscription, models.CASCADE, related_name="quotes")
    # Whom it was drawn up for: nobody else may confirm it.
    person = models.ForeignKey(User, models.PROTECT, related_name="+")
    request = models.ForeignKey(ChangeRequest, models.SET_NULL, null=True, blank=True, related_name="quotes")
    # As billing.rules.change_json writes them.
    changes = models.JSONField(_("changes"))
    # Unit prices that the vendor's staff gave, minor units by product: {"support": 900}.
    prices = models.JSONField(_("prices given by staff"), default=dict)
    # The whole quote as it was shown, as billing.quote_json writes it.
    document = models.JSONField(_("document"))
    # What it was computed from (domain.md 5): the subscription's version and the account's day.
    version = models.PositiveIntegerField(_("version"))
    on = models.DateField(_("day"))
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.OPEN)
    created_at = models.DateTimeField(_("created at"))
    expires_at = models.DateTimeField(_("expires at"))
    confirmed_at = models.DateTimeField(_("confirmed at"), null=True)
    # A plain reason code where the payment failed.
    failure = models.CharField(_("failure"), max_length=40, blank=True)

    # Typed on Review for this order: stands on its invoice in the place of the profile's.
    purchase_order = models.CharField(
        _("purchase order number"), max_length=60, blank=True, default="", db_default=""
    )
    # The version of the seller's terms of service that was accepted with it.
    terms_version = models.CharField(
        _("version of the terms"), max_length=40, blank=True, default="", db_default=""
    )
    terms_url = models.CharField(
        _("address of the terms"), max_length=500, blank=True, default="", db_default=""
    )

    account_path: ClassVar[str] = "subscription_id"

    class Meta:
        verbose_name = _("quote")
        verbose_name_plural = _("quotes")
        default_permissions = ()
        indexes = [models.Index("subscription", "created_at", name="quote_by_time")]
        constraints = [
            models.UniqueConstraint(
                fields=["subscription"], condition=Q(state="held"), name="quote_one_held"
            ),
            models.CheckConstraint(
                condition=Q(state="confirmed", confirmed_at__isnull=False)
                | (~Q(state="confirmed") & Q(confirmed_at__isnull=True)),
                name="quote_confirmed_says_when",
            ),
            models.UniqueConstraint(fields=["id", "subscription"], name="quote_with_subscription"),
        ]

    def __str__(self) -> str:
        """Return its id."""
        return str(self.id)
