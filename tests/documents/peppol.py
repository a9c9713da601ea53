"""What Peppol BIS Billing 3.0 wants beside EN 16931, restated: its schematron is in no package to pin.

Written from the rules as OpenPeppol publishes them, each under their name: those for every country that a
document of ours can break. National ones are left out: the sellers of the shapes are French, for whom there
are none. Whoever sends by Peppol has the access point ask the schematron itself.
"""

from collections.abc import Iterator

from lxml import etree

SPECIFICATION = "urn:cen.eu:en16931:2017#compliant#urn:fdc:peppol.eu:2017:poacc:billing:3.0"
_NAMES = {
    "cac": "urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2",
    "cbc": "urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2",
    "in": "urn:oasis:names:specification:ubl:schema:xsd:Invoice-2",
    "cn": "urn:oasis:names:specification:ubl:schema:xsd:CreditNote-2",
}
# The electronic addresses of the code list that documents of ours use, and those of e-mail.
_SCHEMES = (
    *("0002", "0009", "0088", "0106", "0184", "0190", "0192", "0208", "0211", "EM"),
    *(str(number) for number in range(9910, 9960) if number not in (9911, 9912, 9916, 9917, 9921, 9954)),
)
_KNOWN_SCHEME = " or ".join(f"@schemeID='{one}'" for one in _SCHEMES)
_LINES = "/*/cac:InvoiceLine | /*/cac:CreditNoteLine"
_AMOUNTS = " | ".join(
    f"//cbc:{name}"
    for name in (
        *("Amount", "BaseAmount", "PriceAmount", "TaxAmount", "TaxableAmount", "LineExtensionAmount"),
        *("TaxExclusiveAmount", "TaxInclusiveAmount", "AllowanceTotalAmount", "ChargeTotalAmount"),
        *("PrepaidAmount", "PayableRoundingAmount", "PayableAmount"),
    )
)
_DATES = " | ".join(
    f"//cbc:{name}"
    for name in ("IssueDate", "DueDate", "TaxPointDate", "StartDate", "EndDate", "ActualDeliveryDate")
)
# A rule, of which elements, and what is true of each.
RULES = (
    ("PEPPOL-EN16931-R001", "/*", "cbc:ProfileID"),
    ("PEPPOL-EN16931-R002", "/*", "count(cbc:Note) <= 1"),
    ("PEPPOL-EN16931-R003", "/*", "cbc:BuyerReference or cac:OrderReference/cbc:ID"),
    ("PEPPOL-EN16931-R004", "/*", f"cbc:CustomizationID = '{SPECIFICATION}'"),
    ("PEPPOL-EN16931-R005", "/*/cbc:TaxCurrencyCode", ". != ../cbc:DocumentCurrencyCode"),
    ("PEPPOL-EN16931-R007", "/*", "cbc:ProfileID = 'urn:fdc:peppol.eu:2017:poacc:billing:01:1.0'"),
    ("PEPPOL-EN16931-R008", "//*[not(*)]", "normalize-space()"),
    ("PEPPOL-EN16931-R010", "/*/cac:AccountingCustomerParty/cac:Party", "cbc:EndpointID"),
    ("PEPPOL-EN16931-R020", "/*/cac:AccountingSupplierParty/cac:Party", "cbc:EndpointID"),
    (
        "PEPPOL-EN16931-R041/R042",
        "//cac:AllowanceCharge[not(parent::cac:Price)]",
        "boolean(cbc:MultiplierFactorNumeric) = boolean(cbc:BaseAmount)",
    ),
    ("PEPPOL-EN16931-R043", "//cac:AllowanceCharge", "cbc:ChargeIndicator[. = 'true' or . = 'false']"),
    ("PEPPOL-EN16931-R044", "//cac:Price/cac:AllowanceCharge", "cbc:ChargeIndicator = 'false'"),
    ("PEPPOL-EN16931-R051/CL007", _AMOUNTS, "@currencyID = /*/cbc:DocumentCurrencyCode"),
    ("PEPPOL-EN16931-R053", "/*", "count(cac:TaxTotal[cac:TaxSubtotal]) = 1"),
    ("PEPPOL-EN16931-R054", "/*", "count(cac:TaxTotal[not(cac:TaxSubtotal)]) = count(cbc:TaxCurrencyCode)"),
    (
        "PEPPOL-EN16931-R061",
        "//cac:PaymentMeans[cbc:PaymentMeansCode = 49 or cbc:PaymentMeansCode = 59]",
        "cac:PaymentMandate/cbc:ID",
    ),
    ("PEPPOL-EN16931-R100", _LINES, "count(cac:DocumentReference) <= 1"),
    (
        "PEPPOL-EN16931-R101",
        "//*[contains(local-name(), 'Line')]/cac:DocumentReference",
        "cbc:DocumentTypeCode = 130",
    ),
    (
        "PEPPOL-EN16931-R110",
        "/*[cac:InvoicePeriod/cbc:StartDate]/*/cac:InvoicePeriod/cbc:StartDate",
        "translate(., '-', '') >= translate(/*/cac:InvoicePeriod/cbc:StartDate, '-', '')",
    ),
    (
        "PEPPOL-EN16931-R111",
        "/*[cac:InvoicePeriod/cbc:EndDate]/*/cac:InvoicePeriod/cbc:EndDate",
        "translate(., '-', '') <= translate(/*/cac:InvoicePeriod/cbc:EndDate, '-', '')",
    ),
    ("PEPPOL-EN16931-R121", "//cac:Price/cbc:BaseQuantity", ". > 0"),
    (
        "PEPPOL-EN16931-R130",
        "//cac:Price/cbc:BaseQuantity[@unitCode]",
        "@unitCode = (../../cbc:InvoicedQuantity | ../../cbc:CreditedQuantity)/@unitCode",
    ),
    ("PEPPOL-EN16931-P0100", "/in:Invoice", "cbc:InvoiceTypeCode = 380"),
    ("PEPPOL-EN16931-P0101", "/cn:CreditNote", "cbc:CreditNoteTypeCode = 381"),
    ("PEPPOL-EN16931-F001", _DATES, "string-length() = 10 and translate(., '-0123456789', '') = ''"),
    ("PEPPOL-EN16931-CL008", "//cbc:EndpointID", _KNOWN_SCHEME),
    *(
        (
            f"PEPPOL-EN16931-{name}",
            f"//cac:TaxCategory[cbc:TaxExemptionReasonCode = '{reason}']",
            f"cbc:ID = '{category}'",
        )
        for name, reason, category in (
            ("P0104", "VATEX-EU-G", "G"),
            ("P0105", "VATEX-EU-O", "O"),
            ("P0106", "VATEX-EU-IC", "K"),
            ("P0107", "VATEX-EU-AE", "AE"),
        )
    ),
)
# Sums may differ by what rounding leaves.
_SLACK = 0.02


def faults(xml: bytes) -> list[str]:
    """Return what Peppol's own rules find wrong with a document in UBL, each with its rule and where."""
    tree = etree.ElementTree(etree.fromstring(xml))
    found = [
        f"{rule}: {tree.getpath(node)}"
        for rule, context, test in RULES
        for node in tree.xpath(context, namespaces=_NAMES)
        if not node.xpath(f"boolean({test})", namespaces=_NAMES)
    ]
    return [*found, *_lines_that_do_not_add_up(tree)]


def _lines_that_do_not_add_up(tree: "etree._ElementTree") -> Iterator[str]:
    """R120: a line's amount is quantity × price ÷ base quantity, with charges and less allowances."""
    for line in tree.xpath(_LINES, namespaces=_NAMES):

        def number(path: str, *, of: "etree._Element" = line) -> float:
            return float(of.xpath(f"number({path})", namespaces=_NAMES))

        quantity = number("cbc:InvoicedQuantity | cbc:CreditedQuantity")
        # None, or one that is not above zero, which R121 tells of.
        base = number("sum(cac:Price/cbc:BaseQuantity)") or 1
        charges = number("sum(cac:AllowanceCharge[cbc:ChargeIndicator = 'true']/cbc:Amount)")
        allowances = number("sum(cac:AllowanceCharge[cbc:ChargeIndicator = 'false']/cbc:Amount)")
        expected = quantity * number("cac:Price/cbc:PriceAmount") / base + charges - allowances
        if abs(expected - number("cbc:LineExtensionAmount")) > _SLACK:
            yield f"PEPPOL-EN16931-R120: {tree.getpath(line)}"
