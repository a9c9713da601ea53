"""Every document that code or another document names is there, with the section it is named with."""

import re
from pathlib import Path

from admin_center.server.database import ROOT
from tests.tree.test_files import texts

NAMED = re.compile(
    r"(?<![\w*/.-])(?P<file>(?:docs/)?[A-Za-z][\w-]*\.md)(?: (?P<section>\d+)| ?, \"(?P<title>[^\"]+)\")?"
)
LINKED = re.compile(r"\]\((?!https?:|mailto:|#)(?P<file>[^)#\s]+)(?:#[^)]*)?\)")


def document(name: str) -> Path | None:
    """Return where a document lies: as it is named, in docs/, or at the top."""
    for path in (ROOT / name, ROOT / "docs" / name):
        if path.is_file():
            return path
    return None


def test_every_document_and_section_that_is_named_is_there() -> None:
    missing = []
    for path, text in texts():
        if path.suffix not in (".py", ".html", ".md", ".toml", ".js", ".css"):
            continue
        for found in NAMED.finditer(text):
            named = document(found["file"])
            where = f"{path}: {found[0]}"
            if (
                named is None
                or (
                    found["section"]
                    and not re.search(rf"^## {found['section']}\.", named.read_text(), re.MULTILINE)
                )
                or (found["title"] and found["title"] not in named.read_text())
            ):
                missing.append(where)
    assert missing == []


def test_every_link_of_a_document_leads_somewhere() -> None:
    broken = [
        f"{path}: {found['file']}"
        for path, text in texts()
        if path.suffix == ".md"
        for found in LINKED.finditer(text)
        if not (ROOT / path.parent / found["file"]).exists()
    ]
    assert broken == []


PLACED = re.compile(r"`((?:accounts|billing|admin_center|tests|templates|static)/[\w./-]+)`")


def test_every_place_that_a_document_names_is_there() -> None:
    missing = [
        f"{path}: {found[1]}"
        for path, text in texts()
        if path.suffix == ".md" and path.name not in {"CHANGELOG.md", "decisions.md"}
        for found in PLACED.finditer(text)
        if not (ROOT / found[1]).exists()
    ]
    assert missing == []
