"""Parts of the zip archives in which spreadsheet files are stored.

In: an archive. Out: which part is which sheet, whether a part has a text, its elements. Never here: what a cell holds.
"""

import re
from collections.abc import Collection, Iterator, Mapping
from typing import IO, Protocol
from xml.parsers import expat
from zipfile import ZipFile

_PIECE = 256 * 1024
_OVERLAP = 64
_HEAD_BYTES = 4 * 1024 * 1024
_RELATION = re.compile(rb"<(?:\w+:)?Relationship\s[^>]*>")


def relations_of(archive: ZipFile, name: str) -> Mapping[str, str]:
    """Return the id of each sheet → its part of the archive."""
    found = {
        attribute_of(tag[0], b"Id"): attribute_of(tag[0], b"Target") for tag in _RELATION.finditer(head_of_part(archive, name))
    }
    return {one: target.removeprefix("/") if target.startswith("/") else f"xl/{target}" for one, target in found.items()}


def head_of_part(archive: ZipFile, name: str) -> bytes:
    """Return the first bytes of a part."""
    with archive.open(name) as part:
        return part.read(_HEAD_BYTES)


def attribute_of(tag: bytes, name: bytes) -> str:
    """Return an attribute of a tag; the empty text if it has none."""
    found = re.search(rb"\s" + name + rb"""=(?:"([^"]*)"|'([^']*)')""", tag)
    return "" if found is None else (found[1] if found[1] is not None else found[2]).decode("utf-8", "replace")


def _pieces(part: IO[bytes]) -> Iterator[bytes]:
    while piece := part.read(_PIECE):
        yield piece


def has_sign(part: IO[bytes], signs: Collection[bytes]) -> bool:
    """Tell whether a part has one of the texts."""
    tail = b""
    for piece in _pieces(part):
        text = tail + piece
        if any(sign in text for sign in signs):
            return True
        tail = piece[-_OVERLAP:]
    return False


class PartReader(Protocol):
    """Takes the elements of a part."""

    def start(self, name: str, attributes: dict[str, str], /) -> None:
        """Begin an element."""

    def end(self, name: str, /) -> None:
        """End an element."""

    def text(self, data: str, /) -> None:
        """Take a part of a text."""


def parse_into(reader: PartReader, part: IO[bytes], parser: expat.XMLParserType) -> None:
    """Parse a part of an archive.

    Raises:
        ExpatError: it is no XML, or declares entities.
    """
    parser.buffer_text = True
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.text
    parser.EntityDeclHandler = _refuse_entity
    for piece in _pieces(part):
        parser.Parse(piece, False)
    parser.Parse(b"", True)


def _refuse_entity(*_: object) -> None:
    # Entities can multiply; no spreadsheet program declares one.
    raise expat.ExpatError
