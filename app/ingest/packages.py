"""Open zip files that may be hostile, and the XML in them.

Nothing is unpacked to a file, so a name in a zip leads nowhere. Sizes are counted while they are unpacked,
because the directory of a zip can lie about them.
"""

import lzma
import zipfile
import zlib
from io import BytesIO
from typing import BinaryIO

from lxml import etree

from app.errors import BadDocument

MAX_PART = 50_000_000  # bytes of one file in a package, unpacked
OLD_OFFICE = b"\xd0\xcf\x11\xe0"  # begins what Office encrypts, and its files of before 2007
MAX_MEMBERS = 10_000  # files in one package
# What zipfile raises on broken files; the last three are from the depths of it.
UNPACKING_ERRORS = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    EOFError,
    OSError,
    ValueError,
    RuntimeError,
)


class Package:
    """A zip file whose parts are read within limits."""

    def __init__(self, file: bytes | BinaryIO) -> None:
        if isinstance(file, bytes) and file.startswith(OLD_OFFICE):
            raise BadDocument(
                "It needs a password, or is of Office before 2007: save it without one, in today's format."
            )
        try:
            self._zip = zipfile.ZipFile(BytesIO(file) if isinstance(file, bytes) else file)
        except UNPACKING_ERRORS as error:
            raise BadDocument(f"It is not a whole zip file ({error}): save it again.") from error
        self.names = [one.filename for one in self._zip.infolist() if not one.is_dir()]
        if len(self.names) > MAX_MEMBERS:
            raise BadDocument(f"It holds more than {MAX_MEMBERS:,} files: split it.")
        self._known = frozenset(self.names)

    def read(self, name: str, most: int = MAX_PART) -> bytes:
        """Unpack one file. Raises BadDocument."""
        if name not in self._known:
            raise BadDocument(f"It lacks {name[:100]}: save it again.")
        if self._zip.getinfo(name).flag_bits & 1:
            raise BadDocument("It needs a password: save it without one.")
        try:
            with self._zip.open(name) as stream:
                body = stream.read(most + 1)
        except UNPACKING_ERRORS as error:
            raise BadDocument(f"{name[:100]} in it cannot be unpacked ({error}): save it again.") from error
        if len(body) > most:
            raise BadDocument(f"{name[:100]} in it has more than {most // 1_000_000} MB: split it.")
        return body

    def has(self, name: str) -> bool:
        """Return whether the package has a file of this name."""
        return name in self._known

    def tree(self, name: str) -> etree._Element:
        """Parse one file as XML. Raises BadDocument."""
        return xml_tree(self.read(name))


def xml_tree(body: bytes) -> etree._Element:
    """Parse XML without entities and without the network. Raises BadDocument.

    An entity that is defined in the file stays unread, so none can grow.
    """
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        return etree.fromstring(body, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise BadDocument(f"Its XML is broken ({error}): save it again.") from error


def local_name(element: etree._Element) -> str:
    """Return an element's name without its namespace, "" for comments."""
    return etree.QName(element).localname if isinstance(element.tag, str) else ""
