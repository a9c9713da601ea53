"""What the vendor sells, in which editions, at which prices from which day."""

from datetime import date
from typing import ClassVar

import pgtrigger
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from billing.models.fields import AmountField, cycle_choices


class Catalogue(models.Model):
    """One vendor's price list. Written by billing/imports/catalogue/saving.py from a file."""

    slug = models.SlugField(_("key"), max_length=60, unique=True)
    vendor = models.CharField(_("vendor"), max_length=120)
    name = models.CharField(_("name"), max_length=120)
    # Words for allowances, by key and language: {"light_agents": {"en": "light agents", "fr": …}}.
    labels = models.JSONField(_("words for allowances"), default=dict)

    class Meta:
        verbose_name = _("catalogue")
        verbose_name_plural = _("catalogues")
        default_permissions = ()

    def __str__(self) -> str:
        """Return the list's name."""
        return self.name


class CatalogueVersion(models.Model):
    """Which state catalogues and tax rates are in: one row, by which a process knows again what it has read.

    Written by triggers before each statement that writes one of the tables of `sql.CATALOGUES`. A version
    is never used twice, also not after a transaction that was undone.
    """

    id = models.SmallAutoField(primary_key=True)
    version = models.UUIDField()

    class Meta:
        default_permissions = ()
        constraints = [models.CheckConstraint(condition=Q(id=1), name="one_catalogue_version")]

    def __str__(self) -> str:
        """Return the version."""
        return str(self.version)


class Product(models.Model):
    """A product, a Suite that includes several, an add-on, or a flat item."""

    class Kind(models.TextChoices):
        """What sort of thing it is."""

        PRODUCT = "product", _("Product")
        SUITE = "suite", _("Suite")
        ADDON = "addon", _("Add-on")
        FLAT = "flat", _("Flat item")

    catalogue = models.ForeignKey(Catalogue, models.PROTECT, related_name="products")
    key = models.SlugField(_("key"), max_length=60)
    name = models.CharField(_("name"), max_length=120)
    kind = models.CharField(_("kind"), max_length=10, choices=Kind.choices, default=Kind.PRODUCT)
    position = models.PositiveSmallIntegerField(_("position"), default=0)
    open_to_assisted = models.BooleanField(_("assisted accounts may buy it"), default=False)
    minimum = models.PositiveIntegerField(_("least quantity"), default=1)
    maximum = models.PositiveIntegerField(_("greatest quantity"), default=10_000)
    # Of a Suite: what it includes. Of an add-on: what it needs one of.
    includes = models.ManyToManyField("self", symmetrical=False, related_name="included_in", blank=True)
    requires = models.ManyToManyField("self", symmetrical=False, related_name="required_by", blank=True)
    withdrawn = models.BooleanField(_("no longer sold"), default=False)
    # What a quantity is counted in, by language: {"en": ["credit", "credits"], …}. Empty: in seats; of a
    # flat item nothing but its number.
    counted_in = models.JSONField(_("counted in"), default=dict, db_default={}, blank=True)
    # Where it is worked in: what the product tray leads to. Without one it is not in the tray.
    url = models.URLField(_("address"), max_length=120, default="", db_default="", blank=True)
    # Which of a country's rates it takes; where the country has none for it, the standard ones.
    tax_category = models.SlugField(_("tax category"), max_length=60, default="standard")

    class Meta:
        verbose_name = _("product")
        verbose_name_plural = _("products")
        default_permissions = ()
        ordering: ClassVar[list[str]] = ["position", "id"]
        constraints = [
            models.UniqueConstraint(fields=["catalogue", "key"], name="product_key_once"),
            models.CheckConstraint(
                condition=Q(url="") | Q(url__startswith="https://"), name="product_url_https"
            ),
            models.CheckConstraint(
                condition=Q(minimum__gte=1, maximum__gte=F("minimum")), name="product_quantities_in_order"
            ),
        ]

    def __str__(self) -> str:
        """Return the product's name."""
        return self.name


class Edition(models.Model):
    """The level of a product. Add-ons and flat items have one, often without a name of its own."""

    class Availability(models.TextChoices):
        """How it can be had."""

        PRICED = "priced", _("Has a price")
        SALES_ONLY = "sales_only", _("Talk to sales")
        INCLUDED_ONLY = "included_only", _("Only in a Suite")
        # It vanished from the price list: whoever has it keeps it, nobody can buy it.
        WITHDRAWN = "withdrawn", _("No longer sold")

    product = models.ForeignKey(Product, models.PROTECT, related_name="editions")
    key = models.SlugField(_("key"), max_length=60)
    name = models.CharField(_("name"), max_length=120, blank=True)
    rank = models.PositiveSmallIntegerField(_("rank"), default=0)
    availability = models.CharField(
        _("availability"), max_length=14, choices=Availability.choices, default=Availability.PRICED
    )
    # {"light_agents": 100, "storage": "5 GB"}; the words for the keys stand on the catalogue.
    allowances = models.JSONField(_("allowances"), default=dict)
    supports_temporary = models.BooleanField(_("supports temporary seats"), default=False)
    # What it is for: a sentence by language.
    purpose = models.JSONField(_("what it is for"), default=dict, db_default={}, blank=True)

    class Meta:
        verbose_name = _("edition")
        verbose_name_plural = _("editions")
        default_permissions = ()
        ordering: ClassVar[list[str]] = ["rank", "id"]
        constraints = [
            models.UniqueConstraint(fields=["product", "key"], name="edition_key_once"),
            models.UniqueConstraint(fields=["product", "rank"], name="edition_rank_once"),
            # The target of the composite key by which a line's edition is one of its product.
            models.UniqueConstraint(fields=["id", "product"], name="edition_with_product"),
        ]

    def __str__(self) -> str:
        """Return product and edition."""
        return f"{self.product} {self.name}".strip()


class PriceQuerySet(models.QuerySet["Price"]):
    """Reads of prices."""

    def in_force(self, on: date, currency: str) -> "PriceQuerySet":
        """Return the list prices of a day in a currency: one for each edition and cycle on offer.

        In one statement; `select_related("edition__product")` brings what they are for.
        """
        newest = (
            self.filter(amount_currency=currency, in_force_from__lte=on)
            .order_by("edition_id", "cycle", "-in_force_from")
            .distinct("edition_id", "cycle")
        )
        # After the newest was chosen: where it says "not offered", an older amount must not show.
        return Price.objects.filter(
            pk__in=newest.values("pk"),
            amount__isnull=False,
            edition__availability=Edition.Availability.PRICED,
            edition__product__withdrawn=False,
        )


class Price(models.Model):
    """A list price from a day on. Never edited: a new price is a new row (domain.md 5, "Prices")."""

    edition = models.ForeignKey(Edition, models.PROTECT, related_name="prices")
    cycle = models.CharField(_("billing cycle"), max_length=8, choices=cycle_choices())
    # For one seat and month; of a flat item, for one whole period. Null: from this day on the
    # edition is no longer offered in this cycle and currency.
    amount = AmountField(_("amount"), null=True)
    in_force_from = models.DateField(_("in force from"))

    objects = PriceQuerySet.as_manager()

    class Meta:
        verbose_name = _("price")
        verbose_name_plural = _("prices")
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["edition", "cycle", "amount_currency", "in_force_from"], name="price_version_once"
            ),
            models.CheckConstraint(condition=Q(amount__gte=0), name="price_not_negative"),
            # A field that may be null makes its currency so, too.
            models.CheckConstraint(
                condition=Q(amount_currency__isnull=False), name="price_names_its_currency"
            ),
        ]
        triggers: ClassVar[list[pgtrigger.Trigger]] = [
            pgtrigger.Protect(name="never_edited", operation=pgtrigger.Update | pgtrigger.Delete),
        ]

    def __str__(self) -> str:
        """Return amount, cycle and day."""
        amount = _("not offered") if self.amount is None else self.amount
        return f"{amount} {self.cycle} {self.in_force_from:%Y-%m-%d}"

    @property
    def currency(self) -> str:
        """The currency it is in, or in which it is no longer offered."""
        code: str = self.amount_currency  # type: ignore[attr-defined]
        return code
