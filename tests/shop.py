"""A small price list and ready subscriptions for tests: made once, in any currency.

Support (Team 12.00, Professional 30.00, Enterprise by sales), Guide (Team 6.00), Talk (only in the
Suite), the Suite of all three (Team 40.00, Professional 90.00), the add-on Copilot (10.00, annual
only) and the flat item Credits (200.00 a period).
"""

from datetime import date
from decimal import Decimal

from django.db import transaction
from djmoney.money import Money

from accounts.models import Account
from billing.models import (
    BillingProfile,
    Catalogue,
    Edition,
    Line,
    PaidSegment,
    PostalAddress,
    Price,
    Product,
    Subscription,
)
from billing.rules.money import to_decimal, to_minor
from billing.rules.periods import Cycle, next_period
from billing.rules.proration import prorated
from billing.rules.tax import at_rate
from billing.rules.tax_json import to_plain

_PRODUCTS = {
    "support": ("Support", "product", {"team": "12", "professional": "30", "enterprise": None}),
    "guide": ("Guide", "product", {"team": "6"}),
    "talk": ("Talk", "product", {"team": ""}),
    "suite": ("Suite", "suite", {"team": "40", "professional": "90"}),
    "copilot": ("Copilot", "addon", {"standard": "10"}),
    "credits": ("Credits", "flat", {"standard": "200"}),
}
_NAMES = {"team": "Team", "professional": "Professional", "enterprise": "Enterprise", "standard": ""}


@transaction.atomic
def catalogue(slug: str = "shop", currencies: tuple[str, ...] = ("USD", "EUR", "JPY", "BHD")) -> Catalogue:
    """Return the small price list, made if need be."""
    found = Catalogue.objects.filter(slug=slug).first()
    if found:
        return found
    made = Catalogue.objects.create(
        slug=slug,
        vendor="Shop",
        name="Shop",
        labels={"light_agents": {"en": "light agents", "fr": "agents light"}},
    )
    prices: list[Price] = []
    for position, (key, (name, kind, editions)) in enumerate(_PRODUCTS.items()):
        product = Product.objects.create(
            catalogue=made, key=key, name=name, kind=kind, position=position, open_to_assisted=key != "guide"
        )
        for rank, (edition_key, price) in enumerate(editions.items()):
            prices += _edition(product, rank, edition_key, price, currencies)
    Price.objects.bulk_create(prices)
    products = {product.key: product for product in made.products.all()}
    products["suite"].includes.set([products["support"], products["guide"], products["talk"]])
    products["copilot"].requires.set([products["support"], products["suite"]])
    return made


def _edition(
    product: Product, rank: int, key: str, price: str | None, currencies: tuple[str, ...]
) -> list[Price]:
    """Make an edition, and return its prices, which are written together."""
    availability = {None: "sales_only", "": "included_only"}.get(price, "priced")
    edition = Edition.objects.create(
        product=product,
        key=key,
        name=_NAMES[key],
        rank=rank,
        availability=availability,
        allowances={"light_agents": 50 * (rank + 1)} if product.kind == "suite" else {},
        supports_temporary=product.kind in ("product", "suite"),
    )
    if availability != "priced":
        return []
    cycles = ("annual",) if key == "standard" and product.key == "copilot" else ("monthly", "annual")
    return [
        Price(edition=edition, cycle=cycle, amount=Money(price, currency), in_force_from=date(2020, 1, 1))
        for currency in currencies
        for cycle in cycles
    ]


@transaction.atomic
def subscribe(
    account: Account,
    lines: dict[str, tuple[str, int, str]],
    *,
    start: date,
    cycle: str = "annual",
    slug: str = "shop",
    tax_percent: Decimal | None = None,
) -> Subscription:
    """Give an account lines `{product: (edition, quantity, unit price)}`, paid one period from `start`."""
    period = next_period(start, start, Cycle(cycle))
    made = Subscription.objects.create(
        account=account,
        catalogue=catalogue(slug),
        currency=account.currency,
        cycle=cycle,
        anchor=start,
        period_start=start,
        period_end=period.end,
        paid_until=period.end,
        tax_percent=tax_percent,
    )
    for product, (edition_key, quantity, price) in lines.items():
        _line(made, product, edition_key, quantity, Money(price, account.currency))
    return made


def _line(subscription: Subscription, product: str, edition_key: str, quantity: int, price: Money) -> None:
    edition = Edition.objects.select_related("product").get(
        product__catalogue=subscription.catalogue, product__key=product, key=edition_key
    )
    line = Line.objects.create(
        subscription=subscription,
        product=edition.product,
        edition=edition,
        quantity=quantity,
        unit_price=price,
        allowances=edition.allowances,
        began_on=subscription.period_start,
    )
    cycle = Cycle(subscription.cycle)
    months = 1 if edition.product.kind == "flat" else cycle.months
    period = next_period(subscription.anchor, subscription.period_start, cycle)
    currency = subscription.currency
    charged = prorated(
        to_minor(price.amount, currency), quantity, months=months, term=period, on=period.start
    )
    PaidSegment.objects.create(
        subscription=subscription,
        line=line,
        covers_from=period.start,
        covers_until=period.end,
        term_start=period.start,
        term_end=period.end,
        unit_price=price,
        quantity=quantity,
        months=months,
        cycle=cycle,
        taxes=[to_plain(tax) for tax in at_rate(subscription.tax_percent)],
        charged=Money(to_decimal(charged, currency), currency),
        credited=Money(0, currency),
    )


def line(account: Account, product: str) -> Line:
    """Return the live line of a product."""
    return Line.objects.get(subscription_id=account.pk, product__key=product, ended_on=None)


@transaction.atomic
def profile(account: Account, *, country: str = "US", **values: object) -> BillingProfile:
    """Say whom an account's invoices are made out to: an address in that country, and nothing else."""
    sold_to = PostalAddress.objects.create(
        account=account, country=country, lines=["1 Main Street"], city="Springfield", postal_code="62701"
    )
    return BillingProfile.objects.create(account=account, sold_to=sold_to, **values)
