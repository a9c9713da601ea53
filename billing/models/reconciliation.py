"""What a payment provider said by itself: up to when it was listed, and which messages came."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class ReconciliationPoint(models.Model):
    """Up to when the payments of a provider were compared with ours."""

    provider = models.CharField(_("provider"), max_length=200, primary_key=True)
    listed_until = models.DateTimeField(_("listed until"))

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        """Return which provider."""
        return self.provider


class ProviderMessage(models.Model):
    """A signed message of a provider, once: its name for it and for the payment, and nothing else of it."""

    id = models.CharField(_("provider's name for it"), max_length=120, primary_key=True)
    reference = models.CharField(_("provider's reference"), max_length=120)
    received_at = models.DateTimeField(_("received at"))
    processed_at = models.DateTimeField(_("processed at"), null=True)

    class Meta:
        default_permissions = ()
        indexes = [
            models.Index(
                fields=["received_at"], condition=models.Q(processed_at=None), name="provider_message_waiting"
            ),
        ]

    def __str__(self) -> str:
        """Return the provider's name for it."""
        return self.id
