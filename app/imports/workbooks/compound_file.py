"""Compound files, in which xls workbooks are stored: a file system of sectors.

In: the bytes of such a file. Out: the bytes of one stream. Never here: what a stream holds.

The layout is that of [MS-CFB].
"""

import struct
from collections.abc import Collection
from struct import Struct, unpack_from

_ENTRY = Struct("<64sHBB12x16x4x8x8xIQ")
"""Name, its bytes, kind, (colour), first sector, size."""
_LAST = 0xFFFF_FFFA
"""From here on a number names no sector."""
_STREAM, _ROOT = 2, 5


class DamagedCompoundFile(ValueError):
    """The stream cannot be found."""


def stream_of(data: bytes, names: Collection[str]) -> bytes:
    """Return the first stream with one of the names, in capitals.

    Raises:
        DamagedCompoundFile: there is none, or its sectors cannot be followed.
    """
    try:
        return _Sectors(data).stream(names)
    except (struct.error, IndexError, OverflowError) as error:
        raise DamagedCompoundFile from error


class _Sectors:
    """The sectors of a file, and which follows which."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        shift, self._small_shift = unpack_from("<HH", data, 30)
        if not (7 <= shift <= 16 and 4 <= self._small_shift < shift):
            raise DamagedCompoundFile
        self._size = 1 << shift
        (self._directory,) = unpack_from("<I", data, 48)
        self._cutoff, self._small_first = unpack_from("<II", data, 56)
        (more,) = unpack_from("<I", data, 68)
        tables = list(unpack_from("<109I", data, 76))
        seen = set[int]()
        while more < _LAST and more not in seen:
            seen.add(more)
            *further, more = self._numbers(self._sector(more))
            tables += further
        self._next = [number for table in tables if table < _LAST for number in self._numbers(self._sector(table))]

    def stream(self, names: Collection[str]) -> bytes:
        directory = self._chain(self._directory)
        root: tuple[int, int] | None = None
        for place in range(0, len(directory) - 127, 128):
            name, length, kind, _, first, size = _ENTRY.unpack_from(directory, place)
            if kind == _ROOT:
                root = first, size
            elif kind == _STREAM and name[: max(0, length - 2)].decode("utf-16-le", "replace").upper() in names:
                # The upper half of a size may be left unset by old programs.
                size &= 0xFFFF_FFFF
                if size >= self._cutoff:
                    return self._chain(first)[:size]
                if root is None:
                    raise DamagedCompoundFile
                return self._small(self._chain(root[0]), first)[:size]
        raise DamagedCompoundFile

    def _sector(self, number: int) -> bytes:
        start = (number + 1) * self._size
        if start >= len(self._data):
            raise DamagedCompoundFile
        # The last sector of a file may be cut short.
        return self._data[start : start + self._size].ljust(self._size, b"\0")

    def _numbers(self, sector: bytes) -> tuple[int, ...]:
        return unpack_from(f"<{len(sector) // 4}I", sector)

    def _chain(self, first: int) -> bytes:
        return b"".join(self._sector(number) for number in _followed(first, self._next))

    def _small(self, stream: bytes, first: int) -> bytes:
        size = 1 << self._small_shift
        following = self._numbers(self._chain(self._small_first))
        return b"".join(stream[number * size : (number + 1) * size] for number in _followed(first, following))


def _followed(first: int, following: "list[int] | tuple[int, ...]") -> list[int]:
    found = list[int]()
    while first < _LAST:
        if len(found) > len(following):
            # A chain that returns to itself.
            raise DamagedCompoundFile
        found.append(first)
        first = following[first]
    return found
