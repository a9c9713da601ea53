"""Every distinct shape of a document, as the rules price it: what is bought × its taxes × the balance."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import date
from decimal import Decimal

from admin_center.server.seller import DEMO
from billing.rules import quoting
from billing.rules.changes import (
    AddSeats,
    BuyTemporarySeats,
    Change,
    ChangeEdition,
    CombineIntoSuite,
    Extend,
)
from billing.rules.credit_notes import part_of
from billing.rules.documents import (
    CorrectedInvoice,
    DocumentLine,
    InvoiceDocument,
    PaymentMeans,
    PaymentTerms,
)
from billing.rules.facts import DiscountFacts, DiscountSource, Facts, ProductKind
from billing.rules.lines import PricedLine, open_segment
from billing.rules.parties import Address, Buyer, Seller, TaxId, TaxIdKind, VatRegime
from billing.rules.periods import AppliedDiscount, Cycle, Period
from billing.rules.settlement import Settlement, settle
from billing.rules.taxation import Taxation, TaxBuyer, TaxRateFacts, seller_of, taxes_on
from tests.rules.shop import CATALOGUE, TODAY, YEAR, acme

PARIS = Buyer(
    "Ateliers Garonne SARL",
    Address("FR", ("3 quai des Modèles", "Bâtiment B"), "Bordeaux", postal_code="33000"),
    tax_id=TaxId(TaxIdKind.VAT, "FR", "40303265045"),
)
BERLIN = Buyer(
    "Häfele & Söhne GmbH",
    Address("DE", ("Musterstraße 1",), "Berlin", postal_code="10115"),
    tax_id=TaxId(TaxIdKind.VAT, "DE", "136695976"),
)
DUBLIN = Buyer(
    "Molly O’Neill",
    Address("IE", ("1 Example Quay",), "Dublin", postal_code="D02 AF30"),
    email="molly@tests.example",
)
BOSTON = Buyer(
    "Harbor Dental <b>&</b> Sons",
    Address("US", ("1 Main St",), "Boston", "", "MA", "02108"),
    email="billing@harbor.example",
)
RATES = (
    TaxRateFacts("FR", "TVA", Decimal(20), date(2014, 1, 1)),
    TaxRateFacts("FR", "TVA", Decimal("5.5"), date(2014, 1, 1), category="books"),
    TaxRateFacts("DE", "USt", Decimal(19), date(2021, 1, 1)),
    TaxRateFacts("IE", "VAT", Decimal(23), date(2012, 1, 1)),
)
SMALL = replace(DEMO, vat_regime=VatRegime.EXEMPT)
# Who sells to whom.
PARTIES: dict[str, tuple[Seller, Buyer]] = {
    "domestic": (DEMO, PARIS),
    "reverse_charge": (DEMO, BERLIN),
    "sellers_rate": (DEMO, DUBLIN),
    "outside": (DEMO, BOSTON),
    "small_business": (SMALL, PARIS),
}
HALF = AppliedDiscount("HALF", Decimal(50))
PERCENT = DiscountFacts("LOYAL", DiscountSource.COUPON, percent=Decimal(10))
FIXED = DiscountFacts("WELCOME", DiscountSource.PROMO, amount=1000, periods_left=2)


def taxed(seller: Seller, buyer: Buyer) -> Taxation:
    """Return what decides the taxes between two parties."""
    at, number = buyer.invoiced_at, buyer.tax_id
    assert at is not None
    who = TaxBuyer(at.country, at.region, number.country if number else "")
    return Taxation(seller_of(seller), who, RATES)


def line(taxation: Taxation, product: str, edition: str, quantity: int, unit: int, **more: object) -> object:
    """Return a line that was bought for Acme's year, with the taxes of that day."""
    from billing.rules.facts import LineFacts

    cycle = more.pop("cycle", Cycle.ANNUAL)
    assert isinstance(cycle, Cycle)
    term = more.pop("term", YEAR)
    assert isinstance(term, Period)
    flat = CATALOGUE[product].kind is ProductKind.FLAT
    segment = open_segment(
        covers=term,
        term=term,
        unit=unit,
        quantity=quantity,
        months=1 if flat else cycle.months,
        cycle=cycle,
        discounts=more.pop("discounts", ()),  # type: ignore[arg-type]
        taxes=taxes_on(taxation, "standard", term.start),
    )
    return LineFacts(product, edition, quantity, unit, segments=(segment,), **more)  # type: ignore[arg-type]


def situations(taxation: Taxation) -> Iterator[tuple[str, Facts, tuple[Change, ...]]]:
    """Yield what is bought and changed, by name; no changes: the renewal."""

    def facts(*lines: object, **more: object) -> Facts:
        return acme(*lines, currency="EUR", taxation=taxation, **more)  # type: ignore[arg-type]

    team = line(taxation, "support", "team", 10, 100)
    pro = line(taxation, "support", "professional", 10, 300)
    halved = line(taxation, "support", "team", 10, 100, discounts=(HALF,))
    flat = line(taxation, "credits", "one", 3, 20000)
    talk = line(taxation, "talk", "team", 4, 99)
    yield "one_seat_more", facts(team), (AddSeats("support", 11),)
    yield "many_seats_more", facts(team, talk), (AddSeats("support", 4711), AddSeats("talk", 7))
    yield "discount_inside_a_term", facts(halved), (AddSeats("support", 11),)
    yield "a_higher_edition", facts(team), (ChangeEdition("support", "professional"),)
    yield "into_a_suite", facts(team, talk), (CombineIntoSuite("suite", "team", 10),)
    yield "temporary", facts(pro), (BuyTemporarySeats("support", 5, date(2023, 8, 1), 31),)
    yield "extended", facts(team, flat), (Extend(),)
    yield "extended_and_more", facts(team), (Extend(), AddSeats("support", 12))
    yield "a_month", _monthly(taxation), ()
    yield "renewal", facts(team, flat), ()
    yield "renewal_with_discounts", facts(team, talk, discounts=(PERCENT, FIXED)), ()


def _monthly(taxation: Taxation) -> Facts:
    month = Period(date(2023, 7, 1), date(2023, 8, 1))
    bought = line(taxation, "support", "team", 10, 250, cycle=Cycle.MONTHLY, term=month)
    return acme(bought, term=month, cycle=Cycle.MONTHLY, currency="EUR", taxation=taxation)  # type: ignore[arg-type]


def shapes() -> Iterator[tuple[str, InvoiceDocument]]:
    """Yield every shape by its name."""
    for parties, (seller, buyer) in PARTIES.items():
        for name, facts, changes in situations(taxed(seller, buyer)):
            for balance, amount in {"": 0, "credit": 700, "rich": 10_000_000, "owes": -37}.items():
                if balance and parties not in ("domestic", "reverse_charge"):
                    continue
                lines, settlement = priced(replace(facts, balance=amount), changes)
                if settlement.total != 0:
                    yield f"{parties}-{name}-{balance}", document(lines, settlement, seller, buyer)
        yield f"{parties}-credit_note", credit_note(seller, buyer)
        yield f"{parties}-correction", correction(seller, buyer, part=1234)
        yield f"{parties}-correction_whole", correction(seller, buyer, part=0)
        yield f"{parties}-small", small(seller, buyer)


def priced(facts: Facts, changes: Iterable[Change]) -> tuple[tuple[PricedLine, ...], Settlement]:
    """Return what is charged for changes, or (for none) at the renewal."""
    if changes := tuple(changes):
        quote = quoting.quote(facts, changes, TODAY)
        return quote.lines, quote.settlement
    renewal = quoting.renewal(facts, TODAY)
    assert renewal is not None
    return renewal.lines, renewal.settlement


def credit_note(seller: Seller, buyer: Buyer) -> InvoiceDocument:
    """Return what gives back more than it charges: a dear line becomes a cheap one of a Suite."""
    taxation = taxed(seller, buyer)
    dear = line(taxation, "support", "team", 10, 100_00, discounts=(HALF,))
    facts = acme(dear, currency="EUR", taxation=taxation)  # type: ignore[arg-type]
    lines, settlement = priced(facts, (CombineIntoSuite("suite", "team", 10),))
    assert settlement.total < 0
    return document(lines, settlement, seller, buyer)


def correction(seller: Seller, buyer: Buyer, *, part: int) -> InvoiceDocument:
    """Return what the staff give back of a line with a discount: a part, or (for 0) all of it."""
    taxation = taxed(seller, buyer)
    facts = acme(
        line(taxation, "support", "team", 10, 100),
        currency="EUR",
        taxation=taxation,
        discounts=(PERCENT,),  # type: ignore[arg-type]
    )
    renewed, settlement = priced(facts, ())
    (charged,) = document(renewed, settlement, seller, buyer).lines
    lines = (part_of(charged, "team", part or charged.amount),)
    given_back = settle(lines, balance=0, smallest=0)
    return document(lines, given_back, seller, buyer, payment=PaymentTerms(PaymentMeans.REFUND, paid=True))


def small(seller: Seller, buyer: Buyer) -> InvoiceDocument:
    """Return what is too little to collect: 0.03 for one seat on the last day of the year."""
    taxation = taxed(seller, buyer)
    facts = acme(line(taxation, "talk", "team", 1, 99), currency="EUR", taxation=taxation)  # type: ignore[arg-type]
    quote = quoting.quote(facts, (AddSeats("talk", 2),), date(2023, 10, 26))
    assert quote.settlement.carried_over > 0
    return document(quote.lines, quote.settlement, seller, buyer)


def document(
    lines: Iterable[PricedLine], settlement: Settlement, seller: Seller, buyer: Buyer, **more: object
) -> InvoiceDocument:
    """Return lines and their settlement as the document that would be issued today."""
    nothing_left, lines = PaymentTerms(PaymentMeans.NONE, paid=True), tuple(lines)
    facts: dict[str, object] = {
        "number": "CN-000007" if settlement.is_credit_note else "INV-000042",
        "is_credit_note": settlement.is_credit_note,
        "issued_on": TODAY,
        "currency": "EUR",
        "language": "fr",
        "account_name": buyer.name,
        "vendor_name": "Northwind Desk",
        "lines": tuple(_line(one) for one in lines),
        "taxes": settlement.taxes,
        "subtotal": settlement.subtotal,
        "tax": settlement.tax,
        "total": settlement.total,
        "prepaid": settlement.prepaid,
        "carried_over": settlement.carried_over,
        "due": settlement.due,
        "seller": seller,
        "buyer": buyer,
        "due_on": date(2023, 8, 13) if settlement.due else None,
        "supplied": Period(min(one.covers.start for one in lines), max(one.covers.end for one in lines)),
        "purchase_order": "PO-77",
        "caused_by": "Olivia Owens",
        "payment": PaymentTerms(PaymentMeans.TRANSFER) if settlement.due else nothing_left,
        "corrects": (CorrectedInvoice("INV-000001", YEAR.start),) if settlement.is_credit_note else (),
        "quote": "7c0ffee0-0000-4000-8000-000000000042",
        "request": 17,
        "requested_by": "Adam Adler",
    }
    return InvoiceDocument(**{**facts, **more})  # type: ignore[arg-type]


def _line(one: PricedLine) -> DocumentLine:
    return DocumentLine(
        kind=one.kind,
        product=one.product,
        product_name=one.product.title(),
        edition_name=one.edition.title(),
        covers=one.covers,
        term=one.term,
        quantity=one.quantity,
        months=one.months,
        cycle=one.cycle,
        unit=one.unit,
        gross=one.gross,
        amount=one.amount,
        discounts=one.discounts,
        taxes=one.taxes,
        because=one.because,
        capped=one.capped,
        flat=CATALOGUE[one.product].kind is ProductKind.FLAT,
        price_version=CATALOGUE[one.product].edition(one.edition).price_version(one.cycle, one.unit, TODAY),
    )
