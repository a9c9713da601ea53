"""Quotes that were kept with a name: to be signed, compared with later days, and taken up again."""

import uuid
from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from billing.models.subscription import Subscription


class KeptQuote(models.Model):
    """A quote as it was shown on one day; it promises no price, and is never charged from."""

    # More than a company decides on at a time.
    MOST: ClassVar[int] = 50

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    subscription = models.ForeignKey(Subscription, models.CASCADE, related_name="kept_quotes")
    name = models.CharField(_("name"), max_length=120)
    purchase_order = models.CharField(_("purchase order number"), max_length=60, blank=True)
    # As billing.rules.change_json writes them.
    changes = models.JSONField(_("changes"))
    # The whole quote as it was shown, as billing.quote_json writes it.
    document = models.JSONField(_("document"))
    on = models.DateField(_("day"))
    kept_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    kept_by_name = models.CharField(_("kept by"), max_length=120)
    kept_at = models.DateTimeField(_("kept at"))
    # Of the link to read it only the hash is kept, and until when it works; "" where there is none.
    token_hash = models.CharField(max_length=64, blank=True, default="")
    readable_until = models.DateTimeField(_("readable until"), null=True)

    account_path: ClassVar[str] = "subscription_id"

    class Meta:
        verbose_name = _("kept quote")
        verbose_name_plural = _("kept quotes")
        default_permissions = ()
        indexes = [models.Index("subscription", "kept_at", name="kept_quote_by_time")]
        constraints = [
            models.UniqueConstraint(
                fields=["token_hash"], condition=~Q(token_hash=""), name="kept_quote_by_token"
            ),
            models.CheckConstraint(
                condition=Q(token_hash="", readable_until__isnull=True)
                | (~Q(token_hash="") & Q(readable_until__isnull=False)),
                name="kept_quote_link_ends",
            ),
        ]

    def __str__(self) -> str:
        """Return its name."""
        return self.name
