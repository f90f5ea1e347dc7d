"""Content-Encoding: all members of a gzip body are read, and nothing but members."""

import gzip
import zlib

import pytest
from hypothesis import given, strategies as st

from app.ingest.receiving.decompression import decompress
from app.problems import ProblemError

LIMIT = 10_000


@given(parts=st.lists(st.binary(max_size=200), min_size=1, max_size=6))
def test_all_members_are_read(parts: list[bytes]) -> None:
    """A gzip body may be several gzip files end to end; some of them may be empty."""
    body = b"".join(map(gzip.compress, parts))
    assert b"".join(parts) == decompress(body, "gzip", LIMIT)


@given(parts=st.lists(st.binary(max_size=50), min_size=1, max_size=3), rest=st.binary(min_size=1, max_size=40))
def test_other_bytes_after_the_last_member_are_refused(parts: list[bytes], rest: bytes) -> None:
    """Padding, a newline, half a member: 400, because the loss is unknown."""
    body = b"".join(map(gzip.compress, parts)) + rest
    with pytest.raises(ProblemError) as error:
        decompress(body, "gzip", LIMIT)
    assert 400 == error.value.status


@given(parts=st.lists(st.binary(min_size=1, max_size=50), min_size=1, max_size=3), cut=st.integers(1, 8))
def test_a_body_that_is_cut_off_is_refused(parts: list[bytes], cut: int) -> None:
    """The end of the last member is missing."""
    with pytest.raises(ProblemError) as error:
        decompress(b"".join(map(gzip.compress, parts))[:-cut], "gzip", LIMIT)
    assert 400 == error.value.status


def test_the_limit_holds_for_all_members_together() -> None:
    """Members that fit one by one are refused if they do not fit together."""
    half = gzip.compress(b"x" * (LIMIT // 2))
    assert LIMIT == len(decompress(half * 2, "gzip", LIMIT))
    with pytest.raises(ProblemError) as error:
        decompress(half * 2 + gzip.compress(b"x"), "gzip", LIMIT)
    assert 413 == error.value.status


def test_the_number_of_members_is_bounded() -> None:
    """Empty members cost time although they add no byte."""
    empty = gzip.compress(b"")
    assert b"" == decompress(empty * 1000, "gzip", 1 << 20)
    with pytest.raises(ProblemError, match="more than 1000 members") as error:
        decompress(empty * 1001, "gzip", 1 << 20)
    assert 400 == error.value.status


def test_deflate_is_one_stream() -> None:
    """Bytes after it are refused too."""
    assert b"text" == decompress(zlib.compress(b"text"), "deflate", LIMIT)
    with pytest.raises(ProblemError) as error:
        decompress(zlib.compress(b"text") * 2, "deflate", LIMIT)
    assert 400 == error.value.status
