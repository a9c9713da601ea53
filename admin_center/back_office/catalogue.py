"""Price lists as they are loaded; they are changed by `manage.py load_catalogue`."""

from django.contrib import admin
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from admin_center.back_office.columns import amount, linked, related
from admin_center.back_office.price_endings import PriceEndingMixin, way_to_end
from admin_center.back_office.site import site
from admin_center.back_office.staff import StaffAdmin, StaffInline
from billing.models import Catalogue, Edition, Price, Product


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

    price_list = staticmethod(linked("catalogue", "billing_catalogue", _("Catalogue")))
    list_display = (
        *("name", "key", "kind", related("catalogue", _("Catalogue"))),
        *("open_to_assisted", "withdrawn"),
    )
    list_select_related = ("catalogue",)
    list_filter = ("kind",)
    fields = (
        *("price_list", "name", "key", "kind", "open_to_assisted", "minimum", "maximum", "tax_category"),
        *("units", "url"),
        *("parts", "needs", "withdrawn"),
    )
    inlines = (EditionInline,)

    @admin.display(description=_("Counted in"))
    def units(self, product: Product) -> str:
        """Return what one and several of it are called in each language."""
        return " · ".join("/".join(words) for words in product.counted_in.values()) or "–"

    @admin.display(description=_("Includes"))
    def parts(self, product: Product) -> str:
        """Return what a Suite includes."""
        return ", ".join(str(one) for one in product.includes.all()) or "–"

    @admin.display(description=_("Requires one of"))
    def needs(self, product: Product) -> str:
        """Return what an add-on needs one of."""
        return ", ".join(str(one) for one in product.requires.all()) or "–"


@admin.register(Edition, site=site)
class EditionAdmin(PriceEndingMixin, StaffAdmin):
    """Editions with their prices."""

    of_product = staticmethod(linked("product", "billing_product", _("Product")))
    list_display = (
        *("__str__", related("product.catalogue", _("Catalogue")), "key"),
        *("availability", "supports_temporary"),
    )
    list_select_related = ("product__catalogue",)
    list_filter = ("availability",)
    fields = (
        *("of_product", "name", "key", "rank", "availability", "supports_temporary", "purpose"),
        *("allowances", "end_it"),
    )
    inlines = (PriceInline,)


@admin.register(Price, site=site)
class PriceAdmin(StaffAdmin):
    """Prices, the newest version first."""

    amount_shown = staticmethod(amount("amount", _("Amount")))
    of_edition = staticmethod(linked("edition", "billing_edition", _("Edition")))
    list_display = (
        *(related("edition", _("Edition")), "cycle", "amount_currency"),
        *(amount("amount", _("Amount")), "in_force_from"),
    )
    list_select_related = ("edition__product",)
    list_filter = ("cycle", "amount_currency")
    fields = ("of_edition", "cycle", "amount_currency", "amount_shown", "in_force_from", "end_it")

    @admin.display(description=_("End it"))
    def end_it(self, price: Price) -> SafeString | str:
        """Return the way to end the price for everybody who has it."""
        if price.amount is None:
            return "–"
        return way_to_end(price.edition_id, price.cycle, price.amount)
