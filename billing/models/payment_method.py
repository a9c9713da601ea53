"""How an account pays: what may be shown of each method, which is charged, and never more."""

from datetime import date
from typing import ClassVar

from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from billing.models.payment_link import PaymentLink
from billing.models.subscription import Subscription
from billing.rules import card_expiry


class PaymentMethodQuerySet(models.QuerySet["PaymentMethod"]):
    """The methods of accounts: which of them is charged."""

    def default_of(self, account_id: int) -> "PaymentMethod | None":
        """Return the method that an account is charged by, None where there is none."""
        return self.filter(subscription_id=account_id, use=PaymentMethod.Use.DEFAULT).first()

    def backup_of(self, account_id: int) -> "PaymentMethod | None":
        """Return the method that is tried once the default is declined, None where none is."""
        return self.filter(subscription_id=account_id, use=PaymentMethod.Use.BACKUP).first()

    def known_as(self, account_id: int, reference: str) -> "PaymentMethod | None":
        """Return an account's method by the provider's name for it, None where it is no longer on file."""
        return self.filter(subscription_id=account_id, reference=reference).exclude(reference="").first()


class PaymentMethod(models.Model):
    """One method of an account. The provider holds it; here are its brand, last four digits and expiry."""

    class Kind(models.TextChoices):
        """How money comes."""

        CARD = "card", _("Card")
        DIRECT_DEBIT = "direct_debit", _("Direct debit")

    class Use(models.TextChoices):
        """What a method is charged for: at most one is the default and one the backup."""

        # All that is due, by itself or when somebody pays.
        DEFAULT = "default", _("Charged first")
        # What nobody was there to pay, once the default was declined for good: the account's choice.
        BACKUP = "backup", _("Backup")
        # Only what somebody chooses it for.
        SPARE = "spare", _("Kept on file")

    subscription = models.ForeignKey(Subscription, models.CASCADE, related_name="payment_methods")
    use = models.CharField(
        _("use"), max_length=7, choices=Use.choices, default=Use.DEFAULT, db_default=Use.DEFAULT
    )
    kind = models.CharField(_("kind"), max_length=14, choices=Kind.choices)
    brand = models.CharField(_("brand"), max_length=40, blank=True)
    last_four = models.CharField(
        _("last four digits"), max_length=4, blank=True, validators=[RegexValidator(r"^[0-9]{4}$")]
    )
    expires_month = models.PositiveSmallIntegerField(_("expiry month"), null=True, blank=True)
    expires_year = models.PositiveSmallIntegerField(_("expiry year"), null=True, blank=True)
    # Which warning of its expiry was the last: 30 or 7 days before, 0 once it no longer works.
    expiry_warned = models.PositiveSmallIntegerField(_("warned of its expiry"), null=True)
    # The provider's own name for it; worth nothing without the provider's key.
    reference = models.CharField(_("provider's reference"), max_length=120, blank=True)
    updated_at = models.DateTimeField(_("updated at"), db_default=models.functions.Now())

    # More than anybody needs, and few enough to choose among.
    MOST: ClassVar[int] = 5
    account_path: ClassVar[str] = "subscription_id"
    objects = PaymentMethodQuerySet.as_manager()

    class Meta:
        verbose_name = _("payment method")
        verbose_name_plural = _("payment methods")
        default_permissions = ()
        indexes = [
            models.Index(
                fields=["expires_year", "expires_month"],
                condition=Q(use__in=["default", "backup"], expires_year__isnull=False),
                name="payment_expiring",
            )
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["subscription", "use"],
                condition=Q(use__in=["default", "backup"]),
                name="payment_one_default_one_backup",
            ),
            # A second row of the same card would be no second try.
            models.UniqueConstraint(
                fields=["subscription", "reference"],
                condition=~Q(reference=""),
                name="payment_method_once",
            ),
            # The target of the composite key by which a set-up replaces a method of its own account.
            models.UniqueConstraint(fields=["id", "subscription"], name="payment_method_with_account"),
            models.CheckConstraint(
                condition=Q(use__in=["default", "backup", "spare"]), name="payment_use_is_known"
            ),
            models.CheckConstraint(
                condition=Q(last_four="") | Q(last_four__regex=r"^[0-9]{4}$"),
                name="payment_last_four_and_never_more",
            ),
            models.CheckConstraint(
                condition=Q(expires_month__isnull=True, expires_year__isnull=True)
                | Q(expires_month__range=(1, 12), expires_year__range=(2000, 2100)),
                name="payment_expiry_is_a_month",
            ),
            models.CheckConstraint(condition=~Q(brand__regex=r"[0-9]{5}"), name="payment_brand_no_number"),
            # A function of the migration that adds it, as billing/imports/accounts/card_numbers.py tells
            # them.
            models.CheckConstraint(
                condition=~models.ExpressionWrapper(
                    models.Func("reference", function="billing_holds_card_number"), models.BooleanField()
                ),
                name="payment_no_card_number",
            ),
        ]

    def __str__(self) -> str:
        """Return brand and last four."""
        return f"{self.brand} {self.last_four}".strip()

    @property
    def last_day(self) -> date | None:
        """Return the last day on which a card works; None for what doesn't expire."""
        if self.expires_year is None or self.expires_month is None:
            return None
        return card_expiry.last_day(self.expires_year, self.expires_month)


class PaymentSetup(models.Model):
    """A hosted page that was opened for one person of one account, or by one link, to be taken in once."""

    subscription = models.ForeignKey(Subscription, models.CASCADE, related_name="+")
    # One of the two: who is signed in enters the account's method, who has a link pays one invoice.
    person = models.ForeignKey(User, models.CASCADE, null=True, related_name="+")
    link = models.ForeignKey(PaymentLink, models.CASCADE, null=True, related_name="+")
    # Null: what is entered is added to what is on file, or is for one payment alone.
    replaces = models.ForeignKey(PaymentMethod, models.CASCADE, null=True, related_name="+")
    # The state is in the link back and in the session, and here only its hash.
    state_hash = models.CharField(_("state"), max_length=64, unique=True)
    # The provider's own name for its page: never taken from an address.
    reference = models.CharField(_("provider's reference"), max_length=200)
    created_at = models.DateTimeField(_("created at"))
    expires_at = models.DateTimeField(_("expires at"))
    used_at = models.DateTimeField(_("used at"), null=True)

    account_path: ClassVar[str] = "subscription_id"

    class Meta:
        verbose_name = _("payment set-up")
        verbose_name_plural = _("payment set-ups")
        default_permissions = ()
        constraints = [
            models.CheckConstraint(
                condition=Q(person__isnull=False, link__isnull=True)
                | Q(person__isnull=True, link__isnull=False),
                name="payment_setup_by_person_or_link",
            ),
        ]

    def __str__(self) -> str:
        """Return the provider's name for it."""
        return self.reference
