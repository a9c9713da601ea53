"""All that an account has bought, what was paid for it, and what waits for renewal."""

from typing import ClassVar

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateRangeField, RangeOperators
from django.db import models
from django.db.models import F, Func, Q, Value
from django.utils.translation import gettext_lazy as _

from accounts.models import Account, User
from billing.models.catalogue import Catalogue, Edition, Product
from billing.models.fields import AmountField, cycle_choices


class Subscription(models.Model):
    """All that one account has bought; its key is the account's own.

    Every child carries this key, and composite keys in the database keep children of two parents
    (a seat of a line and a member, a change of a line) within one account.
    """

    account = models.OneToOneField(Account, models.CASCADE, primary_key=True, related_name="subscription")
    catalogue = models.ForeignKey(Catalogue, models.PROTECT, related_name="subscriptions")
    # The account's; every amount below is in it, by composite keys.
    currency = models.CharField(_("currency"), max_length=3)
    cycle = models.CharField(_("billing cycle"), max_length=8, choices=cycle_choices())
    # Dates come from the anchor and a count, never from the last date (domain.md 6). Null: nothing
    # was bought yet (a trial).
    anchor = models.DateField(_("anchor day"), null=True, blank=True)
    period_start = models.DateField(_("period from"), null=True, blank=True)
    period_end = models.DateField(_("period until"), null=True, blank=True)
    # The end of what is paid: the period's end, or one period later after an extension.
    paid_until = models.DateField(_("paid until"), null=True, blank=True)
    # After a suspension or a restore: the day from which the next renewal charges (domain.md 5,
    # "Account states"); days before it are not charged.
    resumes_on = models.DateField(_("resumes on"), null=True, blank=True)
    # An account whose facts break a rule is parked: nothing is charged until staff mended it.
    parked_at = models.DateTimeField(_("parked at"), null=True, blank=True)
    parked_because = models.CharField(_("parked because of"), max_length=200, blank=True)
    # Raised by every change; a quote names the one it was computed from.
    version = models.PositiveIntegerField(_("version"), default=1)
    # The account's own rate: it is charged, whatever the table of rates says. Null: the table decides.
    tax_percent = models.DecimalField(
        _("own tax rate in percent"), max_digits=6, decimal_places=3, null=True, blank=True
    )

    account_path: ClassVar[str] = "pk"

    class Meta:
        verbose_name = _("subscription")
        verbose_name_plural = _("subscriptions")
        default_permissions = ()
        indexes = [
            models.Index(fields=["paid_until", "account"], name="subscription_due"),
            models.Index(
                fields=["account"], condition=Q(parked_at__isnull=False), name="subscription_parked"
            ),
        ]
        constraints = [
            models.UniqueConstraint(fields=["account", "currency"], name="subscription_with_currency"),
            models.CheckConstraint(
                condition=Q(
                    anchor__isnull=True,
                    period_start__isnull=True,
                    period_end__isnull=True,
                    paid_until__isnull=True,
                )
                | Q(
                    anchor__isnull=False,
                    period_start__gte=F("anchor"),
                    period_end__gt=F("period_start"),
                    paid_until__gte=F("period_end"),
                ),
                name="subscription_dates_in_order",
            ),
        ]

    def __str__(self) -> str:
        """Return whose it is."""
        return f"subscription of {self.account_id}"


class Line(models.Model):
    """One product of a subscription, in one edition, with its quantity and the price it was bought at."""

    subscription = models.ForeignKey(Subscription, models.CASCADE, related_name="lines")
    product = models.ForeignKey(Product, models.PROTECT, related_name="+")
    edition = models.ForeignKey(Edition, models.PROTECT, related_name="+")
    quantity = models.PositiveIntegerField(_("quantity"))
    # For one seat and month (of a flat item: one period), as bought: it stays the customer's until
    # they change this line's edition or cycle (domain.md 5, "Prices").
    unit_price = AmountField(_("unit price"))
    # The allowances that came with that price.
    allowances = models.JSONField(_("allowances"), default=dict)
    # The vendor may end an old price on a date, after notice: the first renewal from then on takes
    # the list price.
    price_ends_on = models.DateField(_("price ends on"), null=True, blank=True)
    began_on = models.DateField(_("began on"))
    ended_on = models.DateField(_("ended on"), null=True, blank=True)
    # Seats that people hold, counted by the triggers of AgentSeat.
    in_use = models.PositiveIntegerField(_("seats in use"), editable=False, db_default=0)

    account_path: ClassVar[str] = "subscription_id"

    class Meta:
        verbose_name = _("line")
        verbose_name_plural = _("lines")
        default_permissions = ()
        indexes = [
            # Who has a price that the vendor ends.
            models.Index(
                fields=["edition", "unit_price", "subscription"],
                condition=Q(ended_on=None),
                name="line_by_price",
            )
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["subscription", "product"],
                condition=Q(ended_on__isnull=True),
                name="line_one_live_per_product",
            ),
            models.UniqueConstraint(fields=["id", "subscription"], name="line_with_subscription"),
            models.CheckConstraint(condition=Q(quantity__gte=1), name="line_quantity_at_least_one"),
            models.CheckConstraint(condition=Q(unit_price__gte=0), name="line_price_not_negative"),
        ]

    def __str__(self) -> str:
        """Return product and quantity."""
        return f"{self.product_id} × {self.quantity}"


class PaidSegment(models.Model):
    """Days of a line that were charged: what they cover, their term, and what they were charged at."""

    subscription = models.ForeignKey(Subscription, models.CASCADE, related_name="segments")
    line = models.ForeignKey(Line, models.CASCADE, related_name="segments")
    covers_from = models.DateField(_("covers from"))
    covers_until = models.DateField(_("covers until"))
    # The divisor of every charge and credit inside it (domain.md 6, "Paid segments").
    term_start = models.DateField(_("term from"))
    term_end = models.DateField(_("term until"))
    unit_price = AmountField(_("unit price"))
    quantity = models.PositiveIntegerField(_("quantity"))
    # How many unit prices the whole term costs: 12 or 1; of a flat item always 1.
    months = models.PositiveSmallIntegerField(_("months"))
    cycle = models.CharField(_("billing cycle"), max_length=8, choices=cycle_choices())
    # As they were charged, by billing.rules.tax_json: a credit takes the taxes of what it credits.
    taxes = models.JSONField(_("taxes"), default=list)
    # As they were when it was charged; a credit carries exactly these.
    discounts = models.JSONField(_("discounts"), default=list)
    charged = AmountField(_("charged"))
    credited = AmountField(_("credited"))
    # Seats that the purchase which opened it added: they can be given back for some days, once.
    added = models.PositiveIntegerField(_("seats added"), default=0, db_default=0)

    account_path: ClassVar[str] = "subscription_id"

    class Meta:
        verbose_name = _("paid segment")
        verbose_name_plural = _("paid segments")
        default_permissions = ()
        constraints = [
            ExclusionConstraint(
                name="segment_covers_apart",
                expressions=[
                    # An equality in gist without the extension btree_gist.
                    (Func("line_id", "line_id", Value("[]"), function="int8range"), RangeOperators.OVERLAPS),
                    (
                        Func(
                            "covers_from",
                            "covers_until",
                            function="daterange",
                            output_field=DateRangeField(),
                        ),
                        RangeOperators.OVERLAPS,
                    ),
                ],
            ),
            models.CheckConstraint(
                condition=Q(
                    covers_from__gte=F("term_start"),
                    covers_until__gt=F("covers_from"),
                    term_end__gte=F("covers_until"),
                ),
                name="segment_lies_in_its_term",
            ),
            models.CheckConstraint(
                condition=Q(credited__gte=0, charged__gte=F("credited")), name="segment_credit_capped"
            ),
            models.CheckConstraint(condition=Q(quantity__gte=1), name="segment_quantity_at_least_one"),
            models.CheckConstraint(condition=Q(added__lt=F("quantity")), name="segment_added_to_some"),
            models.CheckConstraint(
                condition=Q(
                    charged_currency=F("unit_price_currency"), credited_currency=F("charged_currency")
                ),
                name="segment_one_currency",
            ),
        ]

    def __str__(self) -> str:
        """Return what it covers."""
        return f"{self.line_id} [{self.covers_from}, {self.covers_until})"


class ScheduledChange(models.Model):
    """A wish for the next renewal: its own row, so that undoing it is deleting it."""

    class Kind(models.TextChoices):
        """What will change; values are those of billing.rules."""

        QUANTITY = "quantity", _("Quantity")
        EDITION = "edition", _("Edition")
        REMOVAL = "removal", _("Removal")
        CYCLE = "cycle", _("Billing cycle")
        CANCELLATION = "cancellation", _("Cancellation")

    subscription = models.ForeignKey(Subscription, models.CASCADE, related_name="scheduled")
    line = models.ForeignKey(Line, models.CASCADE, null=True, blank=True, related_name="scheduled")
    kind = models.CharField(_("kind"), max_length=12, choices=Kind.choices)
    quantity = models.PositiveIntegerField(_("new quantity"), null=True, blank=True)
    edition = models.ForeignKey(Edition, models.PROTECT, null=True, blank=True, related_name="+")
    cycle = models.CharField(_("new billing cycle"), max_length=8, choices=cycle_choices(), blank=True)
    # A removal may take only some products of a Suite: their keys; empty: the whole line.
    leaving = models.JSONField(_("products leaving the Suite"), default=list, blank=True)
    takes_effect_on = models.DateField(_("takes effect on"))
    # The subscription's version it came with.
    version = models.PositiveIntegerField(_("version"), default=1)
    created_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(_("created at"), db_default=models.functions.Now())

    account_path: ClassVar[str] = "subscription_id"

    class Meta:
        verbose_name = _("scheduled change")
        verbose_name_plural = _("scheduled changes")
        default_permissions = ()
        indexes = [models.Index(fields=["takes_effect_on"], name="scheduled_due")]
        constraints = [
            # At most one of each kind per line, a removal excluding the others: quantity takes
            # place 1, edition place 2, a removal both.
            ExclusionConstraint(
                name="scheduled_apart_on_a_line",
                expressions=[
                    (Func("line_id", "line_id", Value("[]"), function="int8range"), RangeOperators.OVERLAPS),
                    (
                        Func(
                            models.Case(
                                models.When(kind="edition", then=2),
                                default=1,
                                output_field=models.IntegerField(),
                            ),
                            models.Case(
                                models.When(kind="quantity", then=1),
                                default=2,
                                output_field=models.IntegerField(),
                            ),
                            Value("[]"),
                            function="int4range",
                        ),
                        RangeOperators.OVERLAPS,
                    ),
                ],
                condition=Q(line__isnull=False),
            ),
            models.UniqueConstraint(
                fields=["subscription", "kind"],
                condition=Q(line__isnull=True),
                name="scheduled_once_per_subscription",
            ),
            models.CheckConstraint(
                condition=Q(
                    kind="quantity", line__isnull=False, quantity__gte=1, edition__isnull=True, cycle=""
                )
                | Q(
                    kind="edition", line__isnull=False, quantity__isnull=True, edition__isnull=False, cycle=""
                )
                | Q(kind="removal", line__isnull=False, quantity__isnull=True, edition__isnull=True, cycle="")
                | Q(kind="cycle", line__isnull=True, quantity__isnull=True, edition__isnull=True)
                & ~Q(cycle="")
                | Q(
                    kind="cancellation",
                    line__isnull=True,
                    quantity__isnull=True,
                    edition__isnull=True,
                    cycle="",
                ),
                name="scheduled_says_what",
            ),
        ]

    def __str__(self) -> str:
        """Return what and when."""
        return f"{self.kind} on {self.takes_effect_on}"


class Discount(models.Model):
    """A coupon or a redeemed promo code of one subscription."""

    class Kind(models.TextChoices):
        """How it is reckoned."""

        PERCENT = "percent", _("Percentage")
        FIXED = "fixed", _("Amount per period")

    class Source(models.TextChoices):
        """Where it came from."""

        COUPON = "coupon", _("Coupon")
        PROMO = "promo", _("Promo code")

    subscription = models.ForeignKey(Subscription, models.CASCADE, related_name="discounts")
    kind = models.CharField(_("kind"), max_length=8, choices=Kind.choices)
    source = models.CharField(_("source"), max_length=8, choices=Source.choices)
    # The code as typed, or the coupon's name: what the line on the summary says.
    code = models.CharField(_("code"), max_length=60)
    percent = models.DecimalField(_("percent"), max_digits=5, decimal_places=2, null=True, blank=True)
    amount = AmountField(_("amount"), null=True, blank=True)
    # Keys of the products it is for; empty: all.
    products = models.JSONField(_("only on"), default=list, blank=True)
    # The subscription's version it came with: a later change of cycle ends a promo code.
    version = models.PositiveIntegerField(_("version"), default=1)
    # How many more whole periods it counts for; null: until it is ended.
    periods_left = models.PositiveSmallIntegerField(_("periods left"), null=True, blank=True)
    created_at = models.DateTimeField(_("created at"), db_default=models.functions.Now())
    ended_at = models.DateTimeField(_("ended at"), null=True, blank=True)

    account_path: ClassVar[str] = "subscription_id"

    class Meta:
        verbose_name = _("discount")
        verbose_name_plural = _("discounts")
        default_permissions = ()
        ordering: ClassVar[list[str]] = ["created_at", "id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(kind="percent", percent__gt=0, percent__lte=100, amount__isnull=True)
                | Q(kind="fixed", percent__isnull=True, amount__gt=0),
                name="discount_percent_or_amount",
            ),
        ]

    def __str__(self) -> str:
        """Return its code."""
        return self.code
