"""What countries are to each other for taxes, by their codes in ISO 3166-1."""

# The members, in which VAT follows Directive 2006/112/EC.
EU = frozenset(
    (
        *("AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU"),
        *("IE", "IT", "LT", "LU", "LV", "MT", "NL", "PL", "PT", "RO", "SE", "SI", "SK"),
    )
)
# Countries whose VAT is another's: Monaco is France (Directive 2006/112/EC, Art. 7), Man is Great Britain.
BELONGS_TO = {"MC": "FR", "IM": "GB"}


def taxed_as(country: str) -> str:
    """Return the country whose VAT is charged in a country."""
    return BELONGS_TO.get(country, country)


def vat_prefix(country: str) -> str:
    """Return what stands before a VAT number where it is written; "" where nothing does."""
    country = taxed_as(country)
    return {"GR": "EL"}.get(country, country) if country in EU or country == "GB" else ""
