"""How the vendor's staff change prices in time: for everybody who has one, or for one account."""

from typing import ClassVar

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateRangeField, RangeOperators
from django.db import models
from django.db.models import F, Func, Q, Value
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from billing.models.catalogue import Edition
from billing.models.fields import AmountField, cycle_choices
from billing.models.subscription import Subscription


class PriceEnding(models.Model):
    """The end of a price of an edition for everybody who has it, from the first whole period from a day on.

    Written by triggers into the version of the catalogues: see `CatalogueVersion`.
    """

    edition = models.ForeignKey(Edition, models.PROTECT, related_name="price_endings")
    cycle = models.CharField(_("billing cycle"), max_length=8, choices=cycle_choices())
    # As it stands on the lines: for one seat and month, of a flat item for one whole period.
    amount = AmountField(_("amount"))
    ends_on = models.DateField(_("ends on"))
    reason = models.CharField(_("reason"), max_length=500)
    scheduled_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    scheduled_by_name = models.CharField(_("scheduled by"), max_length=200)
    scheduled_at = models.DateTimeField(_("scheduled at"))
    stopped_at = models.DateTimeField(_("stopped at"), null=True)
    stopped_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    stopped_by_name = models.CharField(_("stopped by"), max_length=200, blank=True)
    stopped_because = models.CharField(_("stopped because"), max_length=500, blank=True)
    # When the background work last looked for whom to tell.
    looked_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("end of a price")
        verbose_name_plural = _("ends of prices")
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["edition", "cycle", "amount", "amount_currency"],
                condition=Q(stopped_at=None),
                name="price_ends_once",
            ),
            models.CheckConstraint(condition=Q(amount__gte=0), name="price_ending_not_negative"),
        ]

    def __str__(self) -> str:
        """Return which price, and when."""
        return f"{self.edition} {self.amount} {self.cycle} → {self.ends_on:%Y-%m-%d}"


class PriceEndingNotice(models.Model):
    """That an account was told of the end of a price: the nearest day before it for which it was."""

    ending = models.ForeignKey(PriceEnding, models.CASCADE, related_name="notices")
    subscription = models.ForeignKey(Subscription, models.CASCADE, related_name="+")
    days_before = models.PositiveSmallIntegerField(_("days before"))
    # Nothing changes for the account, so that no letter went.
    is_concerned = models.BooleanField(_("is concerned"), default=True)
    # It was told that the end was stopped.
    stop_told = models.BooleanField(_("told of the stop"), default=False)

    account_path: ClassVar[str] = "subscription_id"

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["ending", "subscription"], name="price_ending_notice_once")
        ]

    def __str__(self) -> str:
        """Return who was told of what."""
        return f"{self.subscription_id}: {self.ending_id}"


class AgreedPrice(models.Model):
    """A price of an edition that the vendor's staff agreed with one account, from a day until another.

    It takes the list price's place for what the account has or buys; what it has costs it from the first
    whole period on.
    """

    subscription = models.ForeignKey(Subscription, models.CASCADE, related_name="agreed_prices")
    edition = models.ForeignKey(Edition, models.PROTECT, related_name="+")
    cycle = models.CharField(_("billing cycle"), max_length=8, choices=cycle_choices())
    amount = AmountField(_("amount"))
    starts_on = models.DateField(_("from"))
    # The first day without it; null: without end.
    ends_on = models.DateField(_("until"), null=True)
    reason = models.CharField(_("reason"), max_length=500)
    given_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    given_by_name = models.CharField(_("given by"), max_length=200)
    given_at = models.DateTimeField(_("given at"))

    account_path: ClassVar[str] = "subscription_id"

    class Meta:
        verbose_name = _("agreed price")
        verbose_name_plural = _("agreed prices")
        default_permissions = ()
        constraints = [
            models.CheckConstraint(condition=Q(amount__gte=0), name="agreed_price_not_negative"),
            # One that was taken back on its first day has none left.
            models.CheckConstraint(
                condition=Q(ends_on=None) | Q(ends_on__gte=F("starts_on")), name="agreed_price_days_in_order"
            ),
            ExclusionConstraint(
                name="agreed_prices_apart",
                expressions=[
                    (
                        Func(name, name, Value("[]"), function="int8range"),
                        RangeOperators.OVERLAPS,
                    )
                    for name in ("subscription_id", "edition_id")
                ]
                + [
                    (
                        Func(
                            models.Case(models.When(cycle="annual", then=12), default=1),
                            models.Case(models.When(cycle="annual", then=12), default=1),
                            Value("[]"),
                            function="int4range",
                        ),
                        RangeOperators.OVERLAPS,
                    ),
                    (
                        Func("starts_on", "ends_on", function="daterange", output_field=DateRangeField()),
                        RangeOperators.OVERLAPS,
                    ),
                ],
            ),
        ]

    def __str__(self) -> str:
        """Return which price, and from when."""
        return f"{self.edition} {self.amount} {self.cycle} from {self.starts_on:%Y-%m-%d}"
