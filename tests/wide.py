"""A catalogue as wide as a vendor's whole price list: any number of products of three editions."""

from datetime import date

from django.db import transaction
from djmoney.money import Money

from billing.models import Catalogue, Edition, Price, Product

EDITIONS = ("basic", "plus", "max")


@transaction.atomic
def catalogue(products: int = 500, slug: str = "wide") -> Catalogue:
    """Make a catalogue of such products alone."""
    made = Catalogue.objects.create(slug=slug, vendor="Wide", name="Wide", labels={"seats": {"en": "seats"}})
    fill(made, products)
    return made


def fill(made: Catalogue, products: int) -> None:
    """Add `p0` to `p499`, named "Product 000" on, priced in both cycles; one in ten is an add-on."""
    had = made.products.count()
    Product.objects.bulk_create(
        Product(
            catalogue=made,
            key=f"p{number}",
            name=f"Product {number:03}",
            kind="addon" if number % 10 == 9 else "product",
            position=had + number,
        )
        for number in range(products)
    )
    Edition.objects.bulk_create(
        Edition(
            product=product,
            key=key,
            name=key.title(),
            rank=rank,
            availability="priced",
            allowances={"seats": 50 * (rank + 1)},
        )
        for product in made.products.filter(editions=None)
        for rank, key in enumerate(EDITIONS)
    )
    Price.objects.bulk_create(
        Price(
            edition=edition,
            cycle=cycle,
            amount=Money(10 * (edition.rank + 1), "USD"),
            in_force_from=date(2020, 1, 1),
        )
        for edition in Edition.objects.filter(product__catalogue=made, prices=None, key__in=EDITIONS)
        for cycle in ("monthly", "annual")
    )
