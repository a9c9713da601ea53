"""The vendor as its documents name it, read from the environment; `check --deploy` says what is wrong."""

from environ import Env

from billing.rules.parties import Address, BankAccount, Seller, TaxId, TaxIdKind, TermsOfService, VatRegime

# Fictitious: the numbers have right check digits and belong to nobody, the bank account is the example
# that the IBAN's registry publishes for France.
DEMO = Seller(
    name="Northwind Desk SAS",
    address=Address("FR", ("12 rue des Exemples",), "Toulouse", postal_code="31000"),
    register="RCS Toulouse",
    register_number="999888779",
    about="SAS au capital de 10 000 €",
    tax_ids=(TaxId(TaxIdKind.VAT, "FR", "34999888779"), TaxId(TaxIdKind.COMPANY, "FR", "999888779")),
    bank=BankAccount("FR1420041010050500013M02606", "PSSTFRPPTOU"),
    vat_regime=VatRegime.ON_INVOICE,
    payment_days=30,
    email="billing@vendor.example",
    terms=TermsOfService("https://vendor.example/terms", "2026-09"),
    colour="#17494d",
)


def from_environment(env: Env, *, name: str, demo: bool) -> Seller:
    """Return the seller that the settings describe; the demo's own where there is a demo and no other.

    What is missing or can't be read is left empty, so that commands go on working: `check --deploy`
    names it.
    """
    if demo and not env("SELLER_NAME", default=""):
        return DEMO
    country = env("SELLER_COUNTRY", default="").strip().upper()
    iban = _compact(env("SELLER_IBAN", default=""))
    days = env("SELLER_PAYMENT_DAYS", default="30")
    regime = env("SELLER_VAT_REGIME", default=VatRegime.ON_INVOICE.value)
    return Seller(
        name=env("SELLER_NAME", default=name),
        address=Address(
            country,
            tuple(line.strip() for line in env("SELLER_ADDRESS", default="").split("|") if line.strip()),
            env("SELLER_CITY", default=""),
            region=env("SELLER_REGION", default=""),
            postal_code=env("SELLER_POSTAL_CODE", default=""),
        )
        if country
        else None,
        register=env("SELLER_REGISTER", default=""),
        register_number=_compact(env("SELLER_REGISTER_NUMBER", default="")),
        about=env("SELLER_ABOUT", default=""),
        tax_ids=tuple(_tax_ids(env)),
        bank=BankAccount(iban, _compact(env("SELLER_BIC", default=""))) if iban else None,
        vat_regime=VatRegime(regime) if regime in list(VatRegime) else VatRegime.ON_INVOICE,
        payment_days=int(days) if days.isascii() and days.isdecimal() else 0,
        email=env("SELLER_EMAIL", default=""),
        terms=TermsOfService(env("SELLER_TERMS_URL", default=""), env("SELLER_TERMS_VERSION", default="")),
        logo=env("SELLER_LOGO", default=""),
        colour=env("SELLER_COLOUR", default=""),
    )


def _tax_ids(env: Env) -> list[TaxId]:
    """Return the numbers that are set, each as `DE:136695976`: country and number."""
    found = []
    for setting, kind in (
        ("SELLER_VAT_NUMBERS", TaxIdKind.VAT),
        ("SELLER_COMPANY_NUMBERS", TaxIdKind.COMPANY),
    ):
        for one in env.list(setting, default=[]):
            country, _colon, number = one.partition(":")
            found.append(TaxId(kind, country.strip().upper(), _compact(number)))
    return found


def _compact(text: str) -> str:
    return "".join(text.split())
