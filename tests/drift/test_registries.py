"""What is registered is complete: an event type or adapter that was added in one place only fails here."""

import json
from pathlib import Path

import pytest

from app.adapters.registry import ADAPTERS
from app.events.envelope import EVENT_MODELS
from app.kpis.metrics import METRICS, Metric
from app.labels.catalogue import LANGUAGES
from tests.pipeline.strategies import DATA

ROOT = Path(__file__).parents[2]
LABELS = {
    name: texts
    for path in sorted((ROOT / "app" / "labels").glob("*.json"))
    for name, texts in json.loads(path.read_text(encoding="utf-8")).items()
}
NO_FIGURES = {"live.order.settled", "live.funds.moved"}
"""Kept for the statement; no figure of a session counts them, so random sessions need none (tests/settlement)."""
SAMPLES = "\n".join(
    path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("test_*.py") if path.name != "test_registries.py"
)


@pytest.mark.parametrize("name", sorted(set(EVENT_MODELS) - NO_FIGURES))
def test_random_sessions_have_every_event_type(name: str) -> None:
    """The property tests send each type, so that voids, arrival order and rebuild are shown for it."""
    assert name.removeprefix("live.") in DATA


def test_random_sessions_have_no_type_that_does_not_exist() -> None:
    """A renamed type is renamed in the strategies too."""
    assert {f"live.{name}" for name in DATA} <= set(EVENT_MODELS)


@pytest.mark.parametrize("kind", ADAPTERS)
def test_every_adapter_has_a_name_a_row_and_a_test(kind: str) -> None:
    """The form has words in three languages, the documentation a row, and a test names the adapter's module."""
    words = LABELS[f"connection_kind.{kind}"]
    assert set(LANGUAGES) <= set(words)
    pages = [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]
    assert any(f"\n| `{kind}` |" in page.read_text(encoding="utf-8") for page in pages)
    assert f"import {kind}" in SAMPLES or f'"{kind}"' in SAMPLES
    module = ROOT / "app" / "adapters" / f"{ADAPTERS[kind].__name__.rpartition('.')[2]}.py"  # type: ignore[attr-defined]
    assert module.exists()


@pytest.mark.parametrize("metric", METRICS, ids=lambda metric: metric.slug)
def test_every_kpi_has_labels_in_every_language(metric: Metric) -> None:
    """A label is neither missing nor empty."""
    assert all(metric.labels[language].strip() for language in LANGUAGES)
