"""A year of documents as one file, made while it is sent: it holds no more than one document at a time."""

import io
import zipfile
from collections.abc import Iterable, Iterator

from admin_center.documents import pdf
from admin_center.presenters import bill
from admin_center.presenters import documents as document_presenter
from billing import documents
from billing.models import Invoice


class _Pipe(io.RawIOBase):
    """A file that can't be rewound, and hands on what was written into it."""

    def __init__(self) -> None:
        self._written = bytearray()

    def writable(self) -> bool:
        """Tell that it can be written to."""
        return True

    def write(self, data: object) -> int:
        """Keep what is written until it is taken."""
        plain = bytes(data)  # type: ignore[call-overload]
        self._written += plain
        return len(plain)

    def take(self) -> bytes:
        """Return what was written since the last time."""
        taken = bytes(self._written)
        self._written.clear()
        return taken


def pdfs(ids: Iterable[int]) -> Iterator[tuple[str, bytes]]:
    """Yield the PDF of each invoice, named by its number."""
    for pk in list(ids):
        invoice = Invoice.objects.get(pk=pk)
        document = documents.read(invoice)
        told = document_presenter.told(document, bill.sentence(invoice, document))
        yield f"{document.number}.pdf", pdf.write(document, told)


def zipped(files: Iterable[tuple[str, bytes]]) -> Iterator[bytes]:
    """Yield an archive of files, named, piece by piece. PDF is compressed already: it is only stored."""
    pipe = _Pipe()
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_STORED) as archive:
        for name, content in files:
            archive.writestr(name, content)
            yield pipe.take()
    yield pipe.take()
