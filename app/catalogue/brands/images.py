"""Images that a browser, Excel and a printer show: PNG and JPEG, reduced to what draws the picture.

In: bytes of a file. Out: the same picture without anything else, and its size; or why it is refused. Never here: storage.

The content decides, not a name or a media type. Only the parts of a file that draw are kept, so that no place, no camera, no text
and no second file behind the picture is passed on. SVG is refused: it can hold scripts and requests.

Sources: PNG (ISO/IEC 15948), section 5; JPEG (ITU-T T.81), annex B.
"""

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field

MOST_BYTES = 512 * 1024
MOST_SIDE = 2_000
MOST_PIXELS = 2_000_000

_PNG = b"\x89PNG\r\n\x1a\n"
_DEPTHS = {0: (1, 2, 4, 8, 16), 2: (8, 16), 3: (1, 2, 4, 8), 4: (8, 16), 6: (8, 16)}
"""Color type → bits per sample."""
_SAMPLES = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
_DRAWING = frozenset((b"IHDR", b"PLTE", b"tRNS", b"gAMA", b"sRGB", b"IDAT", b"IEND"))
_PALETTES = range(3, 3 * 256 + 1, 3)
"""Bytes of a palette."""
_PASSES = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))
"""Adam7: first column and row, steps between columns and rows."""
_FRAMES = frozenset((0xC0, 0xC1, 0xC2))
"""Baseline, extended and progressive: the frames that browsers draw."""
_NEEDED = frozenset((0xDB, 0xC4))
"""Tables without which no scan is drawn."""
_TABLES = _NEEDED | {0xDD}
_SCAN = 0xDA
_KEPT = _FRAMES | _TABLES | {_SCAN}
_JFIF = b"\xff\xe0\0\x10JFIF\0\x01\x02\0\0\x01\0\x01\0\0"
"""How colors are stored, without a size in inches and without a preview."""
_INSIDE = frozenset((0x00, *range(0xD0, 0xD8)))
"""What follows 0xFF inside the coded data: a stuffed byte, a restart."""
_MOST_SCANS = 100


class ImageRefused(ValueError):
    """The file is no image that is taken; `code` is stable."""

    def __init__(self, detail: str, code: str = "image") -> None:
        super().__init__(detail)
        self.code = code


@dataclass(frozen=True, slots=True)
class Image:
    """A picture."""

    media_type: str
    width: int
    height: int
    content: bytes = field(repr=False)


def read_image(data: bytes) -> Image:
    """Return the picture of a file.

    Raises:
        ImageRefused: it is no PNG and no JPEG, damaged, or too large.
    """
    if len(data) > MOST_BYTES:
        raise ImageRefused(f"has more than {MOST_BYTES // 1024} KiB", "image_size")
    try:
        if data.startswith(_PNG):
            return _png(data)
        if data.startswith(b"\xff\xd8\xff"):
            return _jpeg(data)
    except (struct.error, IndexError, ValueError, zlib.error) as error:
        if isinstance(error, ImageRefused):
            raise
        raise ImageRefused("is damaged", "image_damaged") from None
    if b"<svg" in data[:4096].lower():
        raise ImageRefused("is SVG, which can hold scripts: save it as PNG", "image_svg")
    raise ImageRefused("is neither PNG nor JPEG")


def _require_size(width: int, height: int) -> None:
    if not (0 < width <= MOST_SIDE and 0 < height <= MOST_SIDE and width * height <= MOST_PIXELS):
        raise ImageRefused(f"must have at most {MOST_SIDE} pixels a side, and {MOST_PIXELS:,} altogether", "image_size")


def _chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Return the chunks of a PNG up to its end; what stands behind it is not looked at."""
    at, kind = len(_PNG), b""
    while kind != b"IEND":
        length, kind = struct.unpack_from(">I4s", data, at)
        body = data[at + 8 : at + 8 + length]
        (check,) = struct.unpack_from(">I", data, at + 8 + length)
        if len(body) != length or check != zlib.crc32(kind + body):
            raise ImageRefused("is damaged", "image_damaged")
        yield kind, body
        at += 12 + length


def _png(data: bytes) -> Image:
    chunks = [(kind, body) for kind, body in _chunks(data) if kind in _DRAWING]
    kinds = [kind for kind, _ in chunks]
    if kinds[0] != b"IHDR" or kinds.count(b"IHDR") > 1 or kinds.count(b"PLTE") > 1 or b"IDAT" not in kinds:
        raise ImageRefused("is damaged", "image_damaged")
    width, height, depth, color, *methods, interlaced = struct.unpack(">IIBBBBB", chunks[0][1])
    _require_size(width, height)
    if b"PLTE" in kinds:
        place = kinds.index(b"PLTE")
        if place > kinds.index(b"IDAT") or len(chunks[place][1]) not in _PALETTES:
            raise ImageRefused("is damaged", "image_damaged")
    if depth not in _DEPTHS.get(color, ()) or methods != [0, 0] or interlaced > 1 or (color == 3 and b"PLTE" not in kinds):
        raise ImageRefused("is damaged", "image_damaged")
    _require_rows(b"".join(body for kind, body in chunks if kind == b"IDAT"), width, height, depth * _SAMPLES[color], interlaced)
    parts = [struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body)) for kind, body in chunks]
    return Image("image/png", width, height, _PNG + b"".join(parts))


def _require_rows(compressed: bytes, width: int, height: int, bits: int, interlaced: int) -> None:
    """Require exactly the rows of the picture, each with a filter that exists; no more than they take is ever unpacked."""
    passes = [(width, height)]
    if interlaced:
        passes = [(-(-(width - x) // across), -(-(height - y) // down)) for x, y, across, down in _PASSES]
    rows = [(1 + -(-columns * bits // 8), lines) for columns, lines in passes if columns > 0 and lines > 0]
    expected = sum(length * lines for length, lines in rows)
    unpacking = zlib.decompressobj()
    plain = unpacking.decompress(compressed, expected + 1)
    if len(plain) != expected or not unpacking.eof:
        raise ImageRefused("is damaged", "image_damaged")
    at = 0
    for length, lines in rows:
        if max(plain[at : at + length * lines : length]) > 4:
            raise ImageRefused("is damaged", "image_damaged")
        at += length * lines


def _segments(data: bytes) -> Iterator[tuple[int, bytes, bytes]]:
    """Return marker, content and coded data of the segments of a JPEG up to its end; what stands behind it is not looked at."""
    at = 2
    while True:
        if data[at] != 0xFF:
            raise ImageRefused("is damaged", "image_damaged")
        while data[at + 1] == 0xFF:
            at += 1
        marker = data[at + 1]
        if marker == 0xD9:
            return
        (length,) = struct.unpack_from(">H", data, at + 2)
        body = data[at + 4 : at + 2 + length]
        if length < 2 or len(body) != length - 2:
            raise ImageRefused("is damaged", "image_damaged")
        at += 2 + length
        end = _end_of_scan(data, at) if marker == _SCAN else at
        yield marker, body, data[at:end]
        at = end


def _jpeg(data: bytes) -> Image:
    parts, sizes, scans, seen = [b"\xff\xd8"], list[tuple[int, int]](), 0, set[int]()
    for marker, body, coded in _segments(data):
        if marker in _FRAMES:
            sizes.append(_frame_size(body))
        elif 0xC0 <= marker <= 0xCF and marker not in _TABLES:
            raise ImageRefused("has a form of JPEG that browsers do not show", "image_form")
        if marker == _SCAN and not (sizes and seen >= _NEEDED):
            raise ImageRefused("is damaged", "image_damaged")
        scans += marker == _SCAN
        seen.add(marker)
        if marker == 0xE0 and body.startswith(b"JFIF\0"):
            parts.append(_JFIF)
        elif marker in _KEPT or (marker == 0xEE and body.startswith(b"Adobe") and len(body) == 12):
            # Anything else is a comment, a place, a camera, a preview.
            parts.append(b"\xff" + bytes([marker]) + struct.pack(">H", len(body) + 2) + body + coded)
    if len(sizes) != 1 or not 0 < scans <= _MOST_SCANS:
        raise ImageRefused("is damaged", "image_damaged")
    return Image("image/jpeg", *sizes[0], b"".join(parts) + b"\xff\xd9")


def _frame_size(body: bytes) -> tuple[int, int]:
    precision, height, width, components = struct.unpack_from(">BHHB", body)
    _require_size(width, height)
    if precision != 8 or components not in {1, 3, 4} or len(body) != 6 + 3 * components:
        raise ImageRefused("has a form of JPEG that browsers do not show", "image_form")
    return width, height


def _end_of_scan(data: bytes, at: int) -> int:
    """Return where the next marker stands behind the coded data of a scan."""
    while True:
        at = data.index(b"\xff", at)
        if data[at + 1] not in _INSIDE:
            return at
        at += 2
