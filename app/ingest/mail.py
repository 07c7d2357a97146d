"""Read mail: .eml, and .mbox with a document for each message."""

import itertools
import re
from collections.abc import Iterator
from email.message import EmailMessage, MIMEPart
from email.parser import BytesParser
from email.policy import Policy, default
from typing import Any, BinaryIO

from app.errors import BadDocument
from app.text.charset import wide_charset
from app.text.formats import Extract, from_plain
from app.text.web_page import from_html

HEADERS = ("Subject", "From", "To", "Cc", "Date")
MAIL_METADATA = {"From": "author", "Date": "date"}
MAX_MAIL = 20_000_000  # bytes
SHOWN_PARTS = 200  # of one message; the text of others is left out
MAX_PARTS = 2_000  # a message with more is refused
MAX_HEADER = 2_000  # characters
SEPARATOR = re.compile(rb"From \S{1,998} .{0,200}\d{2}:\d{2}")
QUOTED_SEPARATOR = re.compile(rb"^>(>{0,99}From )", re.MULTILINE)


def from_eml(body: bytes) -> Extract:
    """Read a message: headers, text, and the names of attachments.

    Raises BadDocument for an encrypted one.
    """
    if wide := wide_charset(body):  # saved so by a program; its headers are ASCII
        body = body.decode(wide, "replace").encode("utf-8", "replace")
    message = _parsed(body)
    if _is_encrypted(message):
        raise BadDocument("It is encrypted: save it decrypted.")
    headers = {name: said for name in HEADERS if (said := _header(message, name))}
    metadata = {ours: headers[name] for name, ours in MAIL_METADATA.items() if name in headers}
    blocks = ["\n".join(f"{name}: {said}" for name, said in headers.items()), *_bodies(message)]
    return Extract(headers.get("Subject", ""), "\n\n".join(blocks), metadata)


def _is_encrypted(message: EmailMessage) -> bool:
    """Return whether OpenPGP or S/MIME hides the body."""
    kind = message.get_content_type()
    if kind in {"application/pkcs7-mime", "application/x-pkcs7-mime"}:
        return str(message.get_param("smime-type", "enveloped-data")) != "signed-data"
    return kind == "multipart/encrypted"


def _parsed(body: bytes) -> EmailMessage:
    """Read the parts of a message, and refuse too many."""
    made = itertools.count(1)

    # Quoted: it takes a parameter in typeshed alone.
    def make(policy: "Policy[Any]") -> EmailMessage:
        if next(made) > MAX_PARTS:
            raise BadDocument(f"It has more than {MAX_PARTS:,} parts.")
        return EmailMessage(policy)

    rules = default.clone(message_factory=make)
    return BytesParser(policy=rules).parsebytes(body)


def _header(message: EmailMessage, name: str) -> str:
    try:
        value = str(message.get(name, ""))
    except Exception:  # noqa: BLE001 - the standard parser stumbles over some headers
        value = next((str(text) for key, text in message.raw_items() if key.lower() == name.lower()), "")
    return " ".join(value.split())[:MAX_HEADER]


def _bodies(message: EmailMessage) -> Iterator[str]:
    """Yield the text of a message, and a line for each attachment."""
    preferred = message.get_body(("plain", "html")) if message.is_multipart() else message
    if preferred is not None and preferred.get_content_maintype() == "text":
        yield _text(preferred)
    for number, part in enumerate(message.walk()):
        if number > SHOWN_PARTS:
            return
        if part is preferred or part.is_multipart():
            continue
        if name := part.get_filename():
            yield f"Attached: {' '.join(name.split())[:200]}"
        elif preferred is None and part.get_content_maintype() == "text":
            yield _text(part)


def _text(part: MIMEPart) -> str:
    body = part.get_payload(decode=True)
    read = from_html if part.get_content_subtype() == "html" else from_plain
    return read(body if isinstance(body, bytes) else b"", part.get_content_charset() or "").text.strip()


def messages(stream: BinaryIO) -> Iterator[tuple[str, bytes | BadDocument]]:
    """Yield the messages of a mailbox, each with its number."""
    lines, size, number, was_blank = list[bytes](), 0, 0, True
    for line in stream:
        if was_blank and line.startswith(b"From ") and SEPARATOR.match(line):
            if number:
                yield str(number), _message(lines, size)
            lines, size, number = [], 0, number + 1
        elif not number:
            raise BadDocument("It does not begin as a mailbox does: save it again, or as .eml.")
        else:
            size += len(line)
            if size <= MAX_MAIL:
                lines.append(line)
        was_blank = not line.strip()
    if number:
        yield str(number), _message(lines, size)


def _message(lines: list[bytes], size: int) -> bytes | BadDocument:
    if size > MAX_MAIL:
        return BadDocument(f"It is larger than {MAX_MAIL // 1_000_000} MB.")
    return QUOTED_SEPARATOR.sub(rb"\1", b"".join(lines))
