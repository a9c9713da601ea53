"""Writes a document as PDF: tagged, for the archive (PDF/A-3) and for everybody (PDF/UA)."""

import json
from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from functools import cache
from pathlib import Path
from typing import Any

import structlog
import typst
from django.conf import settings

from billing.rules.documents import InvoiceDocument

log = structlog.get_logger()
HERE = Path(__file__).parent
FONTS = ("Inter", "DejaVu Sans", "Droid Sans Fallback", "Noto Sans Devanagari", "Noto Sans Thai")
STANDARDS: list[Any] = ["a-3a", "ua-1"]


@cache
def _fonts() -> typst.Fonts:
    """Read the fonts once in a process: those of the house, and those of DOCUMENT_FONTS."""
    folders = [str(HERE / "fonts"), *settings.DOCUMENT_FONTS]
    return typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=folders)


@cache
def _families() -> tuple[str, ...]:
    """Return the fonts in the order in which a character is looked for; an operator's own come last."""
    return (*FONTS, *sorted(set(_fonts().families()) - set(FONTS)))


def _logo(path: str) -> dict[str, Any] | None:
    """Return a logo's format and bytes; None where there is none, or its file is gone."""
    file = Path(path)
    if not path or not file.is_file():
        return None
    return {"format": file.suffix.removeprefix(".").lower(), "data": list(file.read_bytes())}


def write(document: InvoiceDocument, told: Mapping[str, Any]) -> bytes:
    """Return a document as PDF; the same document is the same bytes. `told` is what its template lays out."""
    logo = document.seller.logo if document.seller else ""
    return compose("invoice.typ", told, name=document.number, day=document.issued_on, logo=logo)


def compose(template: str, told: Mapping[str, Any], *, name: str, day: date, logo: str) -> bytes:
    """Return what a template lays out as PDF, dated on a day; `name` is what the log calls it.

    A logo that can't be read is left out. A character that no font has becomes an empty box; such a file
    keeps no standard. Both are logged: the document goes out all the same.
    """
    for standards, shown in ((STANDARDS, _logo(logo)), (STANDARDS, None), ([], None)):
        try:
            return _compiled(template, {**told, "fonts": _families(), "logo": shown}, standards, day)
        except typst.TypstError as refused:
            log.warning("document_not_as_it_should_be", document=name, why=str(refused)[:200])
    raise ValueError(f"{name} can't be written")


def _compiled(template: str, told: Mapping[str, Any], standards: list[Any], day: date) -> bytes:
    compiler = typst.Compiler(str(HERE / template), root=str(HERE), font_paths=_fonts())
    written = compiler.compile(
        format="pdf",
        sys_inputs={"document": json.dumps(told)},
        pdf_standards=standards,
        timestamp=datetime.combine(day, time(12), UTC),
    )
    assert isinstance(written, bytes)
    return written
