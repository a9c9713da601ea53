"""What can be read in a file that leaves the house."""

import io
import re
import zipfile

import pypdf


def text_of(content: bytes) -> str:
    """Return the words of a file: of a PDF its text and what it carries, of a ZIP those of all its files."""
    if content.startswith(b"%PDF"):
        reader = pypdf.PdfReader(io.BytesIO(content))
        pages = " ".join(page.extract_text() for page in reader.pages)
        carried = (text_of(one) for files in reader.attachments.values() for one in files)
        return " ".join([re.sub(r"[\s\u00a0\u202f]+", " ", pages), *carried])
    if content.startswith(b"PK\x03\x04"):
        archive = zipfile.ZipFile(io.BytesIO(content))
        return " ".join(f"{name} {text_of(archive.read(name))}" for name in archive.namelist())
    return content.decode("utf-8-sig", "replace")
