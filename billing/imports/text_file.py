"""Opens a text file that people made, in whichever encoding their program saved it."""

import codecs
from pathlib import Path
from typing import TextIO

_SPREADSHEETS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
_UTF_32 = (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)
_UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_HEAD = 512


class UnreadableFile(Exception):
    """A file that is no text; the message says what it is and what to do."""


def open_text(path: Path) -> TextIO:
    """Return the file, to be read as a stream: UTF-8 or UTF-16, with or without a byte order mark.

    Bytes that are not UTF-8 stay marked as surrogates, so that only what holds them need be refused;
    what is broken in UTF-16 becomes U+FFFD. Line ends stay as they are. Raises UnreadableFile.
    """
    try:
        with path.open("rb") as file:
            head = file.read(_HEAD)
        if head.startswith(_SPREADSHEETS):
            raise UnreadableFile("is a spreadsheet; save it as “CSV UTF-8”")
        if head.startswith(_UTF_32):
            raise UnreadableFile("is UTF-32; save it as UTF-8")
        encoding = _encoding(head)
        errors = "surrogateescape" if encoding.startswith("utf-8") else "replace"
        return path.open(encoding=encoding, errors=errors, newline="")
    except OSError as error:
        raise UnreadableFile(f"cannot be read: {error.strerror}") from None


def _encoding(head: bytes) -> str:
    if head.startswith(codecs.BOM_UTF8):
        return "utf-8-sig"
    if head.startswith(_UTF_16):
        return "utf-16"
    # Without a mark: of the two bytes of a letter of ours one is zero, always the same.
    even, odd = head[::2].count(0), head[1::2].count(0)
    if max(even, odd) > len(head) // 4:
        return "utf-16-le" if odd > even else "utf-16-be"
    return "utf-8"
