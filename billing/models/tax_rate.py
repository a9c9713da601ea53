"""The table of tax rates by country, region and day."""

from typing import ClassVar

import pgtrigger
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class TaxRate(models.Model):
    """One tax of a country, or of a region in the place of its country's, from a day on.

    Written by billing/imports/tax_rates/saving.py from a file. Several with different names stand beside each
    other on a line. A rate in force is never edited: another one is a new row with its own day.
    """

    class Scope(models.TextChoices):
        """Between whom it is charged."""

        ANYWHERE = "anywhere", _("Anywhere")
        SAME_REGION = "same_region", _("Inside one region")
        OTHER_REGION = "other_region", _("Between regions")

    country = models.CharField(_("country"), max_length=2)
    # By the key that addresses have ("QC"). Empty: of the whole country, where a region has none of its own.
    region = models.CharField(_("region"), max_length=60, blank=True)
    # As Product.tax_category names it.
    category = models.SlugField(_("tax category"), max_length=60, default="standard")
    name = models.CharField(_("name"), max_length=20, blank=True)
    scope = models.CharField(_("scope"), max_length=12, choices=Scope.choices, default=Scope.ANYWHERE)
    # Null: exempt by a law, or (without one) not taxed.
    percent = models.DecimalField(_("percent"), max_digits=6, decimal_places=3, null=True)
    law = models.CharField(_("exempt by"), max_length=120, blank=True)
    # Of an exemption in an e-invoice: VATEX.
    code = models.CharField(_("code of the exemption"), max_length=40, blank=True)
    in_force_from = models.DateField(_("in force from"))

    class Meta:
        verbose_name = _("tax rate")
        verbose_name_plural = _("tax rates")
        default_permissions = ()
        # The order of the file, which is the order on an invoice.
        ordering: ClassVar[list[str]] = ["id"]
        constraints = [
            models.UniqueConstraint(
                fields=["country", "region", "category", "name", "in_force_from"], name="tax_rate_once"
            ),
            models.CheckConstraint(condition=Q(percent__range=(0, 100)), name="tax_rate_in_percent"),
            models.CheckConstraint(
                condition=Q(percent__isnull=True) | Q(law="", code=""), name="tax_rate_or_exemption"
            ),
        ]
        triggers: ClassVar[list[pgtrigger.Trigger]] = [
            pgtrigger.Protect(name="never_edited", operation=pgtrigger.Update),
            pgtrigger.Protect(
                name="in_force_stays",
                operation=pgtrigger.Delete,
                condition=pgtrigger.Condition("OLD.in_force_from <= CURRENT_DATE"),
            ),
        ]

    def __str__(self) -> str:
        """Return place, name, percentage and day."""
        place = "-".join(filter(None, (self.country, self.region)))
        percent = "–" if self.percent is None else f"{self.percent.normalize():f} %"
        return " ".join(filter(None, (place, self.name, percent, f"{self.in_force_from:%Y-%m-%d}")))
