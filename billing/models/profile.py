"""Whom an account's invoices are made out to, and who else gets them."""

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Account
from billing.rules import parties

# What would break out of a header or a line of a document.
_CONTROL = "[[:cntrl:]]"
_COUNTRY = r"^[A-Z]{2}$"


def _without_control(table: str, *fields: str) -> models.CheckConstraint:
    condition = Q()
    for one in fields:
        condition &= ~Q(**{f"{one}__regex": _CONTROL})
    return models.CheckConstraint(condition=condition, name=f"{table}_texts_of_one_line")


class PostalAddress(models.Model):
    """One address of an account, with the parts that its country's post knows."""

    account = models.ForeignKey(Account, models.CASCADE, related_name="+")
    # ISO 3166-1, two letters.
    country = models.CharField(_("country"), max_length=2, validators=[RegexValidator(_COUNTRY)])
    # Street and number, building, floor; the first line first.
    lines = ArrayField(models.CharField(max_length=120), verbose_name=_("address"), default=list, size=4)
    city = models.CharField(_("city"), max_length=120, blank=True)
    district = models.CharField(_("district"), max_length=120, blank=True)
    region = models.CharField(_("region"), max_length=120, blank=True)
    postal_code = models.CharField(_("postal code"), max_length=20, blank=True)
    sorting_code = models.CharField(_("sorting code"), max_length=40, blank=True)

    account_path: ClassVar[str] = "account_id"

    # The fields that are parts of an address, as billing.rules.parties names them.
    PARTS: ClassVar[tuple[str, ...]] = (
        *("country", "lines", "city", "district", "region", "postal_code", "sorting_code"),
    )

    class Meta:
        verbose_name = _("postal address")
        verbose_name_plural = _("postal addresses")
        default_permissions = ()
        constraints = [
            # The target of the composite keys by which a profile has its own account's addresses.
            models.UniqueConstraint(fields=["id", "account"], name="address_with_account"),
            models.CheckConstraint(condition=Q(country__regex=_COUNTRY), name="address_country_is_a_code"),
            _without_control("address", "city", "district", "region", "postal_code", "sorting_code"),
            models.CheckConstraint(
                condition=~Q(
                    models.lookups.Regex(
                        models.Func(
                            "lines",
                            models.Value("|"),
                            function="array_to_string",
                            output_field=models.TextField(),
                        ),
                        _CONTROL,
                    )
                ),
                name="address_lines_are_lines",
            ),
        ]

    def __str__(self) -> str:
        """Return city and country."""
        return f"{self.city} {self.country}".strip()

    def as_rules(self) -> parties.Address:
        """Return it as the rules and documents know it."""
        parts = {name: getattr(self, name) for name in self.PARTS}
        return parties.Address(**{**parts, "lines": tuple(self.lines)})


class BillingProfileQuerySet(models.QuerySet["BillingProfile"]):
    """Reads of billing profiles."""

    def of(self, account_id: int) -> "BillingProfile | None":
        """Return an account's profile with its addresses, in one statement; None where none was entered."""
        return self.select_related("sold_to", "bill_to").filter(pk=account_id).first()


class BillingProfile(models.Model):
    """What an account's documents say of their buyer: changed for future ones only (domain.md 9)."""

    account = models.OneToOneField(Account, models.CASCADE, primary_key=True, related_name="billing_profile")
    # Empty: the account's own name.
    legal_name = models.CharField(_("legal name"), max_length=200, blank=True)
    sold_to = models.OneToOneField(PostalAddress, models.PROTECT, null=True, related_name="+")
    # Null: invoices go to the same address.
    bill_to = models.OneToOneField(PostalAddress, models.PROTECT, null=True, related_name="+")
    tax_id_kind = models.CharField(
        _("kind of tax number"),
        max_length=10,
        blank=True,
        choices={
            parties.TaxIdKind.VAT.value: _("VAT or sales tax"),
            parties.TaxIdKind.COMPANY.value: _("Company"),
        },
    )
    tax_id_country = models.CharField(_("country of the tax number"), max_length=2, blank=True)
    # Without separators, its check digits asked when it was entered.
    tax_id_number = models.CharField(_("tax number"), max_length=30, blank=True)
    # Printed on each document, unless an order has its own.
    purchase_order = models.CharField(_("purchase order number"), max_length=60, blank=True)
    updated_at = models.DateTimeField(_("updated at"), db_default=models.functions.Now())

    objects = BillingProfileQuerySet.as_manager()

    account_path: ClassVar[str] = "pk"

    class Meta:
        verbose_name = _("billing profile")
        verbose_name_plural = _("billing profiles")
        default_permissions = ()
        constraints = [
            models.CheckConstraint(
                condition=Q(bill_to__isnull=True) | (Q(sold_to__isnull=False) & ~Q(bill_to=F("sold_to"))),
                name="profile_bill_to_beside_sold_to",
            ),
            models.CheckConstraint(
                condition=Q(tax_id_kind="", tax_id_country="", tax_id_number="")
                | Q(
                    tax_id_kind__in=[one.value for one in parties.TaxIdKind],
                    tax_id_country__regex=_COUNTRY,
                    tax_id_number__regex=r"^[0-9A-Za-z+*&Ññ./-]+$",
                ),
                name="profile_tax_id_whole_or_none",
            ),
            _without_control("profile", "legal_name", "purchase_order"),
        ]

    def __str__(self) -> str:
        """Return the legal name."""
        return self.legal_name or str(self.pk)

    @property
    def tax_id(self) -> parties.TaxId | None:
        """Return the tax number, None where none was entered."""
        if not self.tax_id_number:
            return None
        kind = parties.TaxIdKind(self.tax_id_kind)
        return parties.TaxId(kind, self.tax_id_country, self.tax_id_number)

    def as_buyer(self, account_name: str, email: str = "") -> parties.Buyer:
        """Return whom a document is made out to that is issued now, and who gets it."""
        return parties.Buyer(
            name=self.legal_name or account_name,
            sold_to=self.sold_to.as_rules() if self.sold_to else None,
            bill_to=self.bill_to.as_rules() if self.bill_to else None,
            tax_id=self.tax_id,
            email=email,
        )


class InvoiceRecipient(models.Model):
    """Somebody who gets an account's invoices by mail, and needs no login."""

    profile = models.ForeignKey(BillingProfile, models.CASCADE, related_name="recipients")
    # In lower case, so that one address gets one letter.
    email = models.EmailField(_("e-mail address"))
    name = models.CharField(_("name"), max_length=120, blank=True)
    language = models.CharField(_("language"), max_length=2, choices={"en": "English", "fr": "Français"})

    account_path: ClassVar[str] = "profile_id"

    # More than a finance department has; each gets every invoice.
    MOST: ClassVar[int] = 20

    class Meta:
        verbose_name = _("invoice recipient")
        verbose_name_plural = _("invoice recipients")
        default_permissions = ()
        ordering: ClassVar[list[str]] = ["email"]
        constraints = [
            models.UniqueConstraint(fields=["profile", "email"], name="recipient_once"),
            models.CheckConstraint(
                condition=Q(email=models.functions.Lower("email")), name="recipient_email_in_lower_case"
            ),
            models.CheckConstraint(condition=Q(language__in=["en", "fr"]), name="recipient_language_known"),
            _without_control("recipient", "email", "name"),
        ]

    def __str__(self) -> str:
        """Return the address."""
        return self.email
