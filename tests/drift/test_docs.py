"""The documentation names every setting, event type, KPI and insight, and no other."""

import re
from pathlib import Path

import pytest

from app.events.envelope import EVENT_MODELS
from app.insights.finding import CODES
from app.kpis.metrics import METRICS
from app.settings import Settings

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PICTURES = DOCS / "pictures"


def rows(page: str) -> dict[str, str]:
    """Return the table under the title of a page: name in backticks in the first column → the whole row."""
    _, _, after = (DOCS / page).read_text(encoding="utf-8").partition("\n")
    section = re.split(r"^#+ ", after, maxsplit=1, flags=re.MULTILINE)[0]
    found = {}
    for line in section.splitlines():
        named = re.match(r"\| `([^`]+)`", line)
        if named:
            found[named.group(1)] = line
    return found


def test_every_setting_is_documented() -> None:
    """The settings table has a row per field of `Settings`, in its order."""
    assert [f"TALLYLIGHT_{name.upper()}" for name in Settings.model_fields] == list(rows("settings.md"))


@pytest.mark.parametrize("name", list(Settings.model_fields))
def test_a_setting_is_documented_in_its_own_words(name: str) -> None:
    """The row repeats the field's description, and its default where it has one."""
    field, row = Settings.model_fields[name], rows("settings.md")[f"TALLYLIGHT_{name.upper()}"]
    assert field.description
    assert field.description in row
    if field.default is not None:
        shown = str(field.default).lower() if isinstance(field.default, bool) else str(field.default)
        assert f"| `{shown}` |" in row


def test_every_event_type_is_documented_with_its_fields() -> None:
    """The event table has a row per type, which names every field of its data."""
    table = rows("events.md")
    assert sorted(EVENT_MODELS) == sorted(table)
    for name, model in EVENT_MODELS.items():
        payload = model.model_fields["data"].annotation
        assert payload is not None
        for field, info in payload.model_fields.items():
            wanted = f"`{field}`" if info.is_required() else f"`{field}`?"
            assert wanted in table[name], f"{name} takes {wanted}"


def test_every_kpi_is_documented_with_its_labels_and_formula() -> None:
    """The glossary has a row per slug, with unit, labels and formula as the registry has them."""
    table = rows("kpis.md")
    assert [metric.slug for metric in METRICS] == list(table)
    for metric in METRICS:
        cells = [cell.strip() for cell in table[metric.slug].strip("|").split("|")]
        labels = metric.labels
        assert [f"`{metric.slug}`", labels["ja"], labels["zh"], labels["en"], str(metric.unit)] == cells[:5]
        assert metric.formula in cells[5]


def test_every_insight_is_documented() -> None:
    """The table of insights has a row per code, in the order of the API."""
    assert list(CODES) == list(rows("insights.md"))


def test_every_picture_stands_on_a_page() -> None:
    """Each link to a picture leads to a file, each file is shown, and together they weigh less than two megabytes."""
    shown = {
        (page.parent / address).resolve()
        for page in (ROOT / "README.md", *(ROOT / "docs").glob("*.md"))
        for address in re.findall(r"!\[[^\]]+\]\(([^)]+)\)", page.read_text(encoding="utf-8"))
    }
    files = set(PICTURES.iterdir())
    assert files == shown
    assert sum(file.stat().st_size for file in files) < 2_000_000


def test_the_tests_would_see_a_missing_row() -> None:
    """A page without a table yields no rows, so that a table under another heading fails."""
    assert {} == rows("decisions/0001-one-database.md")
