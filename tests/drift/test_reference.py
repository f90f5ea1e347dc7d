"""The generated parts of the documentation are those of the code; after a change: `make reference`."""

import pytest

from app.events.envelope import EVENT_MODELS
from app.kpis.evaluation.metrics import METRICS
from tests.drift.reference import DOCS, TABLES, pages, with_table

PAGES = pages()


@pytest.mark.parametrize("name", PAGES)
def test_a_page_has_what_the_code_says(name: str) -> None:
    """Settings, events, KPIs, problems, metrics, packages and commands are described by their registries."""
    assert PAGES[name] == (DOCS / name).read_text(encoding="utf-8"), "after a change: make reference"


@pytest.mark.parametrize("table", TABLES.values(), ids=lambda table: table.__name__)
def test_no_cell_is_empty_that_says_what_something_means(table: object) -> None:
    """What a row is about has a name and a description in the code."""
    assert callable(table)
    for line in table():
        cells = [cell.strip() for cell in line.replace("\\|", "¦").strip("|").split("|")]
        assert cells[0] != "``"
        assert cells[-1], line


def test_every_event_type_and_kpi_is_on_its_page() -> None:
    """The generator leaves no entry of a registry out."""
    for name in EVENT_MODELS:
        assert f"\n| `{name}` |" in PAGES["reference/events.md"]
    for metric in METRICS:
        assert f"\n| `{metric.slug}` |" in PAGES["reference/kpis.md"]


def test_rows_are_replaced_and_the_text_around_stays() -> None:
    """The rows below the heading are those given; another table and the text below stay."""
    text = "# T\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\nText.\n\n| c |\n|---|\n| 3 |\n"
    assert with_table(text, "| a | b |", ["| 4 | 5 |", "| 6 | 7 |"]) == text.replace("| 1 | 2 |\n", "| 4 | 5 |\n| 6 | 7 |\n")
    with pytest.raises(LookupError):
        with_table(text, "| x |", [])
