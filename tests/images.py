"""Images for tests, made of their parts."""

import struct
import zlib


def chunk(kind: bytes, body: bytes) -> bytes:
    """Return a chunk of a PNG."""
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(width: int = 3, height: int = 2, *, extra: bytes = b"", tail: bytes = b"", interlaced: bool = False) -> bytes:
    """Return a picture of one color; `extra` are chunks between its head and its data, `tail` stands behind its end."""
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, int(interlaced))
    rows = zlib.compress((b"\0" + b"\x1f\x3a\x5f" * width) * height)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + extra + chunk(b"IDAT", rows) + chunk(b"IEND", b"") + tail


def segment(marker: int, body: bytes) -> bytes:
    """Return a segment of a JPEG."""
    return b"\xff" + bytes([marker]) + struct.pack(">H", len(body) + 2) + body


def jpeg(width: int = 8, height: int = 8, *, extra: bytes = b"", tail: bytes = b"", frame: int = 0xC0) -> bytes:
    """Return a grey picture of 8×8 blocks: every block has the difference 0 and no detail."""
    tables = segment(0xDB, b"\0" + b"\x01" * 64)
    huffman = segment(0xC4, b"\x00" + b"\x01" + b"\0" * 15 + b"\x00") + segment(0xC4, b"\x10" + b"\x01" + b"\0" * 15 + b"\x00")
    size = segment(frame, struct.pack(">BHHB", 8, height, width, 1) + b"\x01\x11\x00")
    blocks = -(-width // 8) * -(-height // 8)
    bits = "00" * blocks
    data = int(bits + "1" * (-len(bits) % 8), 2).to_bytes(-(-len(bits) // 8), "big").replace(b"\xff", b"\xff\0")
    scan = segment(0xDA, b"\x01\x01\x00\x00\x3f\x00") + data
    return b"\xff\xd8" + extra + tables + size + huffman + scan + b"\xff\xd9" + tail
