"""Records of CSV texts, against an independent reader."""

import io

import pytest
from hypothesis import example, given, strategies as st

from app.imports import csv_records
from app.imports.csv_records import UnclosedQuote, records
from tests.imports.slow_tables import Unclosed, slow_records
from tests.properties import examples

_ALPHABET = st.sampled_from([*'aé,;\t|"', '"', '""', '",', ',"', " ", "\u3000", '="', "\n", "\r\n", "\r"])


def _read(text: str, separator: str) -> list[tuple[list[str], bool]]:
    lines = io.TextIOWrapper(io.BytesIO(text.encode()), "utf-8", newline=None)
    return [(record.cells, record.faulty) for record in records(lines, separator)]


@examples(250)
@given(st.lists(_ALPHABET, max_size=40).map("".join), st.sampled_from([",", ";", "\t", "|"]))
@example('"a"\t,b\n', ",")
@example('"a"\tb\n', "\t")
@example('a,"b\n"c",d\n', ",")
@example('="1,2",3', ",")
@example('"', ",")
def test_records_are_those_of_an_independent_reader(text: str, separator: str) -> None:
    """Any text of quotes, blanks, separators and line ends gives the same cells and the same faults."""
    try:
        expected = slow_records(text, separator)
    except Unclosed:
        with pytest.raises(UnclosedQuote):
            _read(text, separator)
    else:
        assert expected == _read(text, separator)


def test_a_faulty_quote_is_told_and_keeps_its_neighbours() -> None:
    """The record with a quote that is not doubled is faulty; the next one is not."""
    assert [(['a "x" b', "1"], True), (["2", "3"], False)] == _read('"a "x" b",1\n2,3\n', ",")


def test_a_quote_that_is_never_closed_ends_the_file_soon() -> None:
    """The reader stops at the longest cell, not at the end of the file, and names the row."""
    lines_read = 0

    def lines() -> object:
        nonlocal lines_read
        yield "1,2\n"
        yield '"open\n'
        while True:
            lines_read += 1
            yield "x" * 1000 + "\n"

    with pytest.raises(UnclosedQuote, match="row 2"):
        list(records(lines(), ","))  # type: ignore[arg-type]
    assert lines_read <= csv_records.MAX_CELL / 1000 + 2
