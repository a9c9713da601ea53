"""Links by which an invoice is paid without signing in: a letter carries one, and here is only its hash."""

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from billing.models.invoice import Invoice


class PaymentLink(models.Model):
    """One link to pay one invoice, for whoever holds it: until it is paid, too old, or revoked."""

    invoice = models.ForeignKey(Invoice, models.PROTECT, related_name="payment_links")
    # Of the token only the hash is kept: who reads the table learns no address.
    token_hash = models.CharField(max_length=64, unique=True)
    # To whom its letter went; "" for those of before it was kept, and once the account is erased.
    sent_to = models.EmailField(_("sent to"), blank=True, default="")
    created_at = models.DateTimeField(_("sent at"))
    expires_at = models.DateTimeField(_("expires at"))
    revoked_at = models.DateTimeField(_("revoked at"), null=True)

    account_path: ClassVar[str] = "invoice__subscription_id"

    class Meta:
        verbose_name = _("payment link")
        verbose_name_plural = _("payment links")
        default_permissions = ()
        # A charge names both: what came by a link pays that link's invoice and no other.
        constraints = [models.UniqueConstraint(fields=["id", "invoice"], name="payment_link_of_invoice")]

    def __str__(self) -> str:
        """Return which invoice it pays."""
        return f"link to pay {self.invoice}"
