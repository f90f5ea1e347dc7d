"""Every metric is documented and watched, and the alert rules and the dashboard name no other."""

import json
import re
from pathlib import Path

from prometheus_client import REGISTRY

import app.main  # noqa: F401  (registers every metric)

ROOT = Path(__file__).parents[2]
MONITORING = ROOT / "docs" / "monitoring"
SUFFIXES = {"counter": ("_total",), "histogram": ("_bucket", "_count", "_sum"), "gauge": ("",)}


def series() -> dict[str, str]:
    """Return the series that the process has: name → the metric's documented name."""
    found: dict[str, str] = {}
    for family in REGISTRY.collect():
        if family.name.startswith("tallylight_"):
            documented = family.name + ("_total" if family.type == "counter" else "")
            found |= {family.name + suffix: documented for suffix in SUFFIXES[family.type]}
    return found


def named(text: str) -> set[str]:
    """Return the series that a text names."""
    return set(re.findall(r"\btallylight_[a-z_]+", text))


def expressions() -> dict[str, str]:
    """Return the expressions of the alert rules and of the dashboard."""
    dashboard = json.loads((MONITORING / "grafana.json").read_text(encoding="utf-8"))
    rules = "\n".join(re.findall(r"expr: (.+)", (MONITORING / "alerts.yaml").read_text(encoding="utf-8")))
    panels = "\n".join(target["expr"] for panel in dashboard["panels"] for target in panel["targets"])
    return {"alerts": rules, "dashboard": panels}


def test_rules_and_dashboard_name_series_that_exist() -> None:
    """A renamed metric is renamed in both files."""
    for text in expressions().values():
        assert named(text)
        assert named(text) <= set(series())


def test_the_dashboard_shows_every_metric() -> None:
    """No metric is left out."""
    shown = {series()[name] for name in named(expressions()["dashboard"])}
    assert set(series().values()) == shown


def test_every_metric_is_documented() -> None:
    """The table names each metric, and no other."""
    pages = [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]
    table = {
        name
        for page in pages
        for line in page.read_text(encoding="utf-8").splitlines()
        if line.startswith("| `tallylight_")
        for name in re.findall(r"`(tallylight_[a-z_]+)`", line.split("|")[1])
    }
    assert set(series().values()) == table


def test_every_alert_says_what_it_means() -> None:
    """Each rule has an expression, a severity and a summary."""
    text = (MONITORING / "alerts.yaml").read_text(encoding="utf-8")
    rules = text.count("- alert: ")
    assert rules > 5
    for member in ("expr: ", "severity: ", "summary: "):
        assert rules == text.count(member)
