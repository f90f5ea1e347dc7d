"""Which files are images, and what of them is kept."""

import struct
import zlib

import pytest
from hypothesis import given, strategies as st

from app.catalogue.brands.images import MOST_BYTES, ImageRefused, read_image
from tests.images import chunk, jpeg, png, segment
from tests.properties import examples

EXIF = b"Exif\0\0" + b"GPS 35.6586 139.7454"
SCRIPT = b"<script>alert(1)</script>"


def _without(picture: bytes, marker: int) -> bytes:
    """Return a JPEG without its tables of a kind."""
    while (at := picture.find(bytes((0xFF, marker)))) >= 0:
        (length,) = struct.unpack_from(">H", picture, at + 2)
        picture = picture[:at] + picture[at + 2 + length :]
    return picture


def _indexed(palette: bytes, *, late: bool = False) -> bytes:
    """Return a PNG of one pixel with a palette, which may stand behind its data."""
    parts = [chunk(b"PLTE", palette), chunk(b"IDAT", zlib.compress(b"\0\0"))]
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 3, 0, 0, 0))
    return png()[:8] + head + b"".join(reversed(parts) if late else parts) + chunk(b"IEND", b"")


def test_a_picture_of_a_palette_is_taken() -> None:
    """With a palette of whole colors before the data."""
    assert _indexed(b"abc") == read_image(_indexed(b"abc")).content


def test_a_picture_keeps_what_draws_it_and_nothing_else() -> None:
    """Comments, places, previews and what stands behind the end are gone; a clean picture stays byte for byte."""
    dirty = png(extra=chunk(b"tEXt", b"Comment\0" + SCRIPT) + chunk(b"eXIf", EXIF), tail=b"PK" + SCRIPT)
    found = read_image(dirty)
    assert ("image/png", 3, 2, png()) == (found.media_type, found.width, found.height, found.content)
    assert found == read_image(found.content)
    dirty = jpeg(extra=segment(0xE1, EXIF) + segment(0xFE, SCRIPT), tail=b"PK" + SCRIPT)
    found = read_image(dirty)
    assert ("image/jpeg", 8, 8, jpeg()) == (found.media_type, found.width, found.height, found.content)
    small = b"JFIF\0\x01\x02\x01\x00\x48\x00\x48\x01\x01" + b"abc"
    assert b"abc" not in read_image(jpeg(extra=segment(0xE0, small))).content
    assert b"JFIF" in read_image(jpeg(extra=segment(0xE0, small))).content


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "image"),
        (b"GIF89a" + png(), "image"),
        (b"RIFF\0\0\0\0WEBPVP8 ", "image"),
        (b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"><script/></svg>', "image_svg"),
        (png() + b"\0" * MOST_BYTES, "image_size"),
        (png(2001, 1), "image_size"),
        (png(1500, 1400), "image_size"),
        (jpeg(4000, 8), "image_size"),
        (png()[:-20], "image_damaged"),
        (png().replace(b"IDAT", b"IDAX"), "image_damaged"),
        (jpeg()[:-2], "image_damaged"),
        (jpeg()[:30], "image_damaged"),
        (_without(jpeg(), 0xDB), "image_damaged"),
        (_without(jpeg(), 0xC4), "image_damaged"),
        (_indexed(b""), "image_damaged"),
        (_indexed(b"abcd"), "image_damaged"),
        (_indexed(b"abc", late=True), "image_damaged"),
        (jpeg(frame=0xC3), "image_form"),
        (jpeg(frame=0xC9), "image_form"),
    ],
)
def test_anything_else_is_refused_by_name(data: bytes, code: str) -> None:
    """Other formats, SVG with whatever in front, too many bytes or pixels, damage, forms of JPEG that browsers do not show."""
    with pytest.raises(ImageRefused) as refused:
        read_image(data)
    assert code == refused.value.code


def test_a_small_file_that_unpacks_to_more_than_its_picture_is_refused() -> None:
    """Its data is read up to the size that its head states, and one byte more."""
    bomb = zlib.compress(b"\0" * 50_000_000)
    assert len(bomb) < MOST_BYTES
    head = struct.pack(">IIBBBBB", 3, 2, 8, 2, 0, 0, 0)
    data = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", bomb) + chunk(b"IEND", b"")
    with pytest.raises(ImageRefused):
        read_image(data)


@given(data=st.binary(max_size=200), at=st.integers(0, 400), kind=st.sampled_from([png(), jpeg()]))
@examples(200)
def test_damage_anywhere_is_refused_or_harmless(data: bytes, at: int, kind: bytes) -> None:
    """A file with bytes of a stranger in it is refused with a code, or is a picture that is read again as it is."""
    try:
        found = read_image(kind[:at] + data + kind[at + len(data) :])
    except ImageRefused:
        return
    assert found == read_image(found.content)
