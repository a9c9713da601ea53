"""Price lists as they are loaded; they are changed by `manage.py load_catalogue`."""

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from admin_center.back_office.columns import amount
from admin_center.back_office.site import site
from admin_center.back_office.staff import StaffAdmin, StaffInline
from billing.models import Catalogue, Edition, Price, Product, PromoCode


class ProductInline(StaffInline):
    """The products of a price list."""

    model = Product
    fields = ("name", "key", "kind", "open_to_assisted", "minimum", "maximum", "withdrawn")
    show_change_link = True


class EditionInline(StaffInline):
    """The editions of a product."""

    model = Edition
    fields = ("rank", "name", "key", "availability", "supports_temporary", "allowances")
    show_change_link = True


class PriceInline(StaffInline):
    """Every version of every price of an edition."""

    model = Price
    fields = ("cycle", "amount_currency", "amount_shown", "in_force_from")
    ordering = ("cycle", "amount_currency", "-in_force_from")
    amount_shown = staticmethod(amount("amount", _("Amount")))


@admin.register(Catalogue, site=site)
class CatalogueAdmin(StaffAdmin):
    """Price lists."""

    list_display = ("name", "slug", "vendor")
    fields = ("name", "slug", "vendor", "labels")
    inlines = (ProductInline,)


@admin.register(Product, site=site)
class ProductAdmin(StaffAdmin):
    """Products, Suites, add-ons and flat items."""

    list_display = ("name", "key", "kind", "catalogue", "open_to_assisted", "withdrawn")
    list_select_related = ("catalogue",)
    list_filter = ("catalogue", "kind")
    fields = (
        *("catalogue", "name", "key", "kind", "open_to_assisted", "minimum", "maximum"),
        *("includes", "requires", "withdrawn"),
    )
    inlines = (EditionInline,)


@admin.register(Edition, site=site)
class EditionAdmin(StaffAdmin):
    """Editions with their prices."""

    list_display = ("__str__", "key", "availability", "supports_temporary")
    list_select_related = ("product__catalogue",)
    list_filter = ("availability",)
    fields = ("product", "name", "key", "rank", "availability", "supports_temporary", "allowances")
    inlines = (PriceInline,)


@admin.register(Price, site=site)
class PriceAdmin(StaffAdmin):
    """Prices, the newest version first."""

    amount_shown = staticmethod(amount("amount", _("Amount")))
    list_display = ("edition", "cycle", "amount_currency", amount_shown, "in_force_from")
    list_select_related = ("edition__product",)
    list_filter = ("cycle", "amount_currency")
    fields = ("edition", "cycle", "amount_currency", "amount_shown", "in_force_from")


@admin.register(PromoCode, site=site)
class PromoCodeAdmin(StaffAdmin):
    """Promo codes and how often they were used."""

    amount_shown = staticmethod(amount("amount", _("Amount per period")))
    list_display = (
        "code",
        "catalogue",
        "percent",
        amount_shown,
        "valid_from",
        "valid_until",
        "used",
        "limit_total",
    )
    list_select_related = ("catalogue",)
    fields = (
        *("catalogue", "code", "percent", "amount_shown", "products", "first_purchase_only"),
        *("valid_from", "valid_until", "periods", "limit_total", "limit_per_account", "used"),
    )
