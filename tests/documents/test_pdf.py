"""The PDF: the same for ever, readable by everybody, and with the sums that all other faces have."""

import io
import re
import zlib
from dataclasses import replace
from pathlib import Path

import pypdf
import pytest
from lxml import etree

from admin_center.documents import einvoice, pdf
from admin_center.presenters import documents as document_presenter
from billing.rules.documents import InvoiceDocument, fingerprint
from billing.rules.parties import Buyer
from tests.documents.shapes import BOSTON, DEMO, PARIS, shapes, small

SHAPES = dict(shapes())


def made(document: InvoiceDocument) -> bytes:
    return pdf.write(document, document_presenter.told(document))


def read(content: bytes) -> str:
    """Return the text of a PDF alone, spaces alike."""
    pages = pypdf.PdfReader(io.BytesIO(content)).pages
    return re.sub(r"[\s\u00a0\u202f]+", " ", " ".join(page.extract_text() for page in pages))


def written(minor: int) -> str:
    """Return an amount as a French document writes it."""
    whole, cents = divmod(abs(minor), 100)
    return f"{'−' if minor < 0 else ''}{whole:,}".replace(",", " ") + f",{cents:02} €"


@pytest.mark.parametrize("name", list(SHAPES)[::5])
def test_its_text_holds_the_sums_of_the_document_and_of_its_e_invoice(name: str) -> None:
    document = SHAPES[name]
    text = read(made(document))
    for line in document.lines:
        assert written(line.amount) in text, line
    assert f"Sous-total {written(document.subtotal)}" in text
    assert f"Total {written(document.total)}" in text
    told, notes = document_presenter.told(document), list(document_presenter.notes(document))
    ubl = etree.fromstring(einvoice.ubl(document, told, notes))
    space = {"cbc": "urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2"}
    total = ubl.findtext(".//cbc:TaxInclusiveAmount", namespaces=space)
    assert total == f"{abs(document.total) / 100:.2f}"


def test_the_same_document_is_the_same_file() -> None:
    document = SHAPES["domestic-into_a_suite-"]
    assert made(document) == made(document)


def test_it_is_tagged_for_everybody_and_made_for_the_archive() -> None:
    catalog = pypdf.PdfReader(io.BytesIO(made(small(DEMO, PARIS)))).trailer["/Root"]
    assert catalog["/MarkInfo"]["/Marked"]
    assert catalog["/Lang"] == "fr"
    metadata = catalog["/Metadata"].get_object().get_data().decode()
    assert "<pdfaid:part>3</pdfaid:part>" in metadata
    assert "<pdfuaid:part>1</pdfuaid:part>" in metadata


def test_a_factur_x_carries_its_e_invoice_and_looks_the_same() -> None:
    document = SHAPES["reverse_charge-renewal-"]
    told, notes = document_presenter.told(document), list(document_presenter.notes(document))
    plain = pdf.write(document, told)
    whole = einvoice.factur_x(document, plain, told, notes)
    reader = pypdf.PdfReader(io.BytesIO(whole))
    assert list(reader.attachments) == ["factur-x.xml"]
    assert reader.attachments["factur-x.xml"][0] == einvoice.cii(document, told, notes)
    metadata = reader.trailer["/Root"]["/Metadata"].get_object().get_data().decode()
    assert "EN 16931" in metadata
    assert read(whole) == read(plain)
    assert "196" in read(plain), "why no tax is charged"


@pytest.mark.parametrize(
    "name",
    [
        "株式会社サクラ",
        "Ελλάδα Α.Ε.",
        "ООО Пример",
        "شركة المثال",
        "हिन्दी कंपनी",
        "บริษัท ตัวอย่าง",
        "#strong[x] $1 *a* \\",
        "W" * 300,
    ],
)
def test_a_name_of_any_writing_stands_as_it_is(name: str) -> None:
    document = replace(small(DEMO, PARIS), buyer=replace(PARIS, name=name))
    content = made(document)
    assert b"pdfuaid" in content or b"/MarkInfo" in content
    if name.isascii():
        assert name.replace(" ", "") in read(content).replace(" ", "")


def test_a_character_that_no_font_has_does_not_stop_it(caplog: pytest.LogCaptureFixture) -> None:
    document = replace(small(DEMO, PARIS), buyer=replace(PARIS, name="Linear A \U00010600"))
    assert made(document).startswith(b"%PDF")


def test_paper_is_that_of_the_buyers_country() -> None:
    """210 × 297 mm are 595 × 842 points, Letter is 612 × 792."""
    for buyer, size in ((PARIS, (595, 842)), (BOSTON, (612, 792))):
        box = pypdf.PdfReader(io.BytesIO(made(small(DEMO, buyer)))).pages[0].mediabox
        assert (round(box.width), round(box.height)) == size


def zlib_png() -> bytes:
    """Return a picture of one green point."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return len(data).to_bytes(4, "big") + kind + data + zlib.crc32(kind + data).to_bytes(4, "big")

    header = (1).to_bytes(4, "big") * 2 + bytes([8, 2, 0, 0, 0])
    point = zlib.compress(bytes([0, 0x17, 0x49, 0x4D]))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", point) + chunk(b"IEND", b"")


@pytest.mark.parametrize("suffix", ["svg", "png"])
def test_the_vendors_logo_stands_on_it(tmp_path: Path, suffix: str) -> None:
    file = tmp_path / f"logo.{suffix}"
    svg = b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><rect width="9" height="9"/></svg>'
    png = zlib_png()
    file.write_bytes(svg if suffix == "svg" else png)
    document = small(replace(DEMO, logo=str(file)), PARIS)
    assert len(made(document)) > 0
    file.write_bytes(b"no picture")
    assert "Northwind Desk" in read(made(document)), "one that can't be read is left out"
    gone = small(replace(DEMO, logo=str(tmp_path / "gone.png")), PARIS)
    assert "Northwind Desk" in read(made(gone))


def test_a_document_from_before_parties_were_kept_is_written_with_what_is_known() -> None:
    old = replace(small(DEMO, PARIS), seller=None, buyer=None, supplied=None, due_on=None)
    text = read(made(old))
    assert "Northwind Desk" in text
    assert "Ateliers Garonne SARL" in text


def test_the_hash_notices_any_change_and_no_other_version() -> None:
    document = small(DEMO, PARIS)
    same = replace(document, purchase_order=document.purchase_order)
    assert fingerprint(document) == fingerprint(same)
    line = document.lines[0]
    for other in (
        replace(document, number="INV-000043"),
        replace(document, due=document.due + 1),
        replace(document, buyer=Buyer("Somebody else")),
        replace(document, lines=(replace(line, quantity=line.quantity + 1), *document.lines[1:])),
        replace(document, lines=tuple(reversed(document.lines))),
    ):
        assert fingerprint(other) != fingerprint(document)
