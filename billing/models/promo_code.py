"""Promo codes as the vendor's staff define them, and who used which."""

from datetime import date
from typing import ClassVar

import pgtrigger
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Upper
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from billing.models.catalogue import Catalogue, Product
from billing.models.fields import AmountField
from billing.models.quote import Quote
from billing.models.subscription import Subscription


class PromoCode(models.Model):
    """A code that customers may type: a percentage, or an amount per period in one currency."""

    catalogue = models.ForeignKey(Catalogue, models.PROTECT, related_name="promo_codes")
    # Kept in capitals; typed in any case.
    code = models.CharField(_("code"), max_length=40)
    percent = models.DecimalField(_("percent"), max_digits=5, decimal_places=2, null=True, blank=True)
    amount = AmountField(_("amount per period"), null=True, blank=True)
    products = models.ManyToManyField(Product, blank=True, related_name="+", verbose_name=_("only on"))
    first_purchase_only = models.BooleanField(_("first purchase only"), default=False)
    valid_from = models.DateField(_("valid from"), null=True, blank=True)
    # The last day on which it works.
    valid_until = models.DateField(_("valid until"), null=True, blank=True)
    periods = models.PositiveSmallIntegerField(_("number of periods"), null=True, blank=True)
    limit_total = models.PositiveIntegerField(_("limit in total"), null=True, blank=True)
    limit_per_account = models.PositiveIntegerField(_("limit per account"), default=1)
    used = models.PositiveIntegerField(_("used"), default=0)
    # Staff took it back: nobody can use it, whoever has used it keeps what it gave.
    withdrawn = models.BooleanField(_("withdrawn"), default=False)

    class Standing(models.TextChoices):
        """Whether it can be used on a day, by somebody it is meant for."""

        OPEN = "open", _("Can be used")
        WITHDRAWN = "withdrawn", _("Withdrawn")
        NOT_YET = "not_yet", _("Not yet valid")
        EXPIRED = "expired", _("Expired")
        USED_UP = "used_up", _("Used up")

    class Meta:
        verbose_name = _("promo code")
        verbose_name_plural = _("promo codes")
        default_permissions = ()
        constraints = [
            models.UniqueConstraint("catalogue", "code", name="promo_code_once"),
            models.CheckConstraint(condition=Q(code=Upper("code")), name="promo_code_in_capitals"),
            models.CheckConstraint(
                condition=Q(percent__gt=0, percent__lte=100, amount__isnull=True)
                | Q(percent__isnull=True, amount__gt=0),
                name="promo_percent_or_amount",
            ),
            # Held by the database too, for the case that twenty confirm at once.
            models.CheckConstraint(
                condition=Q(limit_total__isnull=True) | Q(used__lte=F("limit_total")),
                name="promo_used_within_limit",
            ),
        ]

    def __str__(self) -> str:
        """Return the code."""
        return self.code

    def standing(self, on: date) -> Standing:
        """Return whether it can be used on a day; asked in the order of the rules' own reasons."""
        reasons = {
            self.Standing.WITHDRAWN: self.withdrawn,
            self.Standing.NOT_YET: self.valid_from is not None and on < self.valid_from,
            self.Standing.EXPIRED: self.valid_until is not None and on > self.valid_until,
            self.Standing.USED_UP: self.limit_total is not None and self.used >= self.limit_total,
        }
        return next((name for name, holds in reasons.items() if holds), self.Standing.OPEN)


class PromoCodeEntry(models.Model):
    """One entry of a promo code's trail: what staff defined or changed, when and why."""

    promo = models.ForeignKey(PromoCode, models.PROTECT, related_name="trail")
    at = models.DateTimeField(_("when"))
    actor = models.ForeignKey(User, models.PROTECT, related_name="+")
    actor_name = models.CharField(_("who"), max_length=120)
    address = models.GenericIPAddressField(_("from address"), null=True)
    # Only what differs; null: the code was made then.
    before = models.JSONField(_("before"), null=True)
    after = models.JSONField(_("after"))
    reason = models.TextField(_("reason"))

    class Meta:
        verbose_name = _("entry of a promo code’s trail")
        verbose_name_plural = _("trail of the promo code")
        default_permissions = ()
        triggers: ClassVar[list[pgtrigger.Trigger]] = [
            pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete),
        ]

    def __str__(self) -> str:
        """Return who and why."""
        return f"{self.actor_name}: {self.reason}"


class PromoRedemption(models.Model):
    """One use of a promo code by one subscription."""

    promo = models.ForeignKey(PromoCode, models.PROTECT, related_name="redemptions")
    subscription = models.ForeignKey(Subscription, models.CASCADE, related_name="redemptions")
    quote = models.OneToOneField(Quote, models.PROTECT, related_name="redemption")
    redeemed_at = models.DateTimeField(_("redeemed at"))

    account_path: ClassVar[str] = "subscription_id"

    class Meta:
        verbose_name = _("redemption")
        verbose_name_plural = _("redemptions")
        default_permissions = ()

    def __str__(self) -> str:
        """Return which code."""
        return f"redemption of {self.promo_id}"
