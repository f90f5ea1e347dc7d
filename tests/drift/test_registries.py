"""What is registered is complete: an event type, KPI, insight or adapter that was added in one place only fails here."""

import ast
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import get_args

import pytest
from sqlalchemy import BigInteger

from app.adapters.registry import ADAPTERS
from app.catalogue.access import Role
from app.catalogue.sessions import lineup
from app.catalogue.sessions.lineup import LineupItem, LineupItemPatch, NewLineupItem
from app.channels.kinds.registry import KINDS as CHANNEL_KINDS
from app.charts.specification import CHARTS
from app.desk.plan import PlannedItem
from app.events.envelope import EVENT_MODELS
from app.events.registry import PAYLOADS
from app.insights.finding import CODES
from app.kpis.evaluation.metrics import METRICS, Combine, Metric, Rule
from app.kpis.timeline.timeline import SESSION_SERIES
from app.labels.catalogue import CATALOGUE, LANGUAGES
from app.platforms.administration.connection_forms import ConnectionKind, kinds
from app.platforms.administration.connections import POLLED
from app.storage import tables
from app.storage.channels.channel_outbox import ChannelEvent
from app.storage.kpis.session_status import SessionStatus
from app.storage.queries import queries
from tests.adapters.sample_requests import KINDS as SAMPLE_KINDS
from tests.pipeline import oracle
from tests.pipeline.reference_events import method_of
from tests.pipeline.reference_model import tell
from tests.pipeline.reference_orders import Teller
from tests.pipeline.reference_records import Show
from tests.pipeline.strategies import DATA

ROOT = Path(__file__).parents[2]
STORAGE = ROOT / "app" / "storage"
PAGES = {path.name: path.read_text(encoding="utf-8") for path in (ROOT / "docs").rglob("*.md")}
CONNECTED = [path.read_text(encoding="utf-8") for path in (ROOT / "docs" / "howto").glob("*.md") if path.name != "extending.md"]
RULES = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "app" / "insights" / "rules").glob("*.py"))

NO_ROWS = {
    "live.order.placed": "its lines are several rows of a file: an import of `orders` makes it",
    "live.order.paid": "the same",
}
"""Event types that no row of a file can be, and why not."""
NO_SERIES = {
    "product_viewers": "people, whose sum over buckets counts each one once, where they were first seen",
    "gift_units": "pieces that came free: the order lines have their times",
    "ad_spend": "kept per campaign, in its own currency",
}
"""Summed KPIs without a series on the timeline, and why."""


# Event types


@pytest.mark.parametrize("name", EVENT_MODELS)
def test_random_sessions_have_every_event_type(name: str) -> None:
    """The property tests send each type, so that voids, arrival order, parking and rebuild are shown for it."""
    assert name.removeprefix("live.") in DATA


@pytest.mark.parametrize("name", EVENT_MODELS)
def test_the_reference_model_answers_every_event_type(name: str) -> None:
    """Also with nothing, where no figure counts it."""
    assert hasattr(Teller, method_of(name))


def test_tests_know_no_type_that_does_not_exist() -> None:
    """A renamed type is renamed in the strategies and in the reference model too."""
    assert {f"live.{name}" for name in DATA} == set(EVENT_MODELS)


@pytest.mark.parametrize("name", EVENT_MODELS)
def test_every_event_type_can_be_the_row_of_a_file_or_says_why_not(name: str) -> None:
    """Every required field is a cell; a list is none. `tests/imports/test_event_rows.py` imports the others."""
    required = [str(info.annotation) for info in PAYLOADS[name].model_fields.values() if info.is_required()]
    assert (name in NO_ROWS) == any("list[" in annotation for annotation in required)


# KPIs


@pytest.mark.parametrize("metric", METRICS, ids=lambda metric: metric.slug)
def test_every_kpi_has_labels_in_every_language(metric: Metric) -> None:
    """A label is neither missing nor empty."""
    assert all(metric.labels[language].strip() for language in LANGUAGES)


def test_the_oracle_has_every_kpi() -> None:
    """Of one platform, and of two: what it leaves out is compared with nothing before `tests/pipeline/test_ingest.py`."""
    show = Show("session", rooms={"wechat:a": "wechat"})
    figures = oracle.platform_figures(tell([show], [])["session"], "wechat", datetime(2021, 9, 25, tzinfo=UTC))
    slugs = {metric.slug for metric in METRICS}
    assert set() == slugs - figures.keys()
    # The highest minute of a sum depends on how samples are spread: only bounds are known.
    assert {"peak_concurrent_viewers"} == slugs - oracle.total_figures([figures, figures], None).keys()


def test_every_summed_kpi_has_a_series_or_says_why_not() -> None:
    """The timeline, the exports of its rows and the charts list what it offers."""
    shown = {series.metric for series in SESSION_SERIES.values()}
    summed = {
        metric.slug
        for metric in METRICS
        if metric.combine is Combine.SUM and metric.rule not in {Rule.FORMULA, Rule.AFTER_LIVE, Rule.LATEST, Rule.HIGHEST}
    }
    assert summed - shown == set(NO_SERIES)


def test_the_dashboard_lists_no_kpi_that_does_not_exist() -> None:
    """A list of its modules that names KPIs and series names no other."""
    sampled = PAYLOADS["live.audience.sampled"].model_fields
    known = {metric.slug for metric in METRICS} | set(SESSION_SERIES) | set(sampled)
    found = 0
    for path in (ROOT / "app" / "dashboard" / "web" / "js").rglob("*.js"):
        for listed in re.findall(r"\[\s*((?:\"[a-z_0-9]+\",?\s*){3,})\]", path.read_text(encoding="utf-8")):
            names = set(re.findall(r'"([a-z_0-9]+)"', listed))
            if len(names & known) > len(names) / 2:
                found += 1
                assert set() == names - known, path.name
    assert found > 2


# Insights


@pytest.mark.parametrize("code", CODES)
def test_every_insight_has_a_rule(code: str) -> None:
    """A module of `rules/` makes findings of each code."""
    assert f'"{code}"' in RULES


# Adapters and channels


@pytest.mark.parametrize("kind", ADAPTERS)
def test_every_adapter_has_a_name_a_row_and_a_sample(kind: str) -> None:
    """The form has words in three languages, the pages a row and a how-to, and the tests a sample of what it sends."""
    assert f"connection_kind.{kind}" in CATALOGUE
    set_up, covered = PAGES["platforms.md"].split("\n| kind | signature covers |")
    assert f"\n| `{kind}` |" in set_up
    assert kind in SAMPLE_KINDS.values()
    assert any(f"`{kind}`" in text or f'"{kind}"' in text for text in CONNECTED)
    if kind not in POLLED:
        for table in (covered, PAGES["signatures.md"]):
            assert f"`{kind}`" in "".join(line.split(" | ")[0] for line in table.splitlines() if line.startswith("|"))


def test_every_adapter_is_registered() -> None:
    """A module with a kind is in the register."""
    modules = {
        ".".join(path.relative_to(ROOT).with_suffix("").parts)
        for path in (ROOT / "app" / "adapters").rglob("*.py")
        if re.search(r"^KIND = ", path.read_text(), re.MULTILINE)
    }
    assert modules == {adapter.__name__ for adapter in ADAPTERS.values()}  # type: ignore[attr-defined]  # modules


def test_the_pages_offer_every_platform_that_has_an_adapter() -> None:
    """One list of the dashboard has them, with the links of their rooms, and a name and a hint in the words; no page has another."""
    scripts = ROOT / "app" / "dashboard" / "web" / "js"
    listed = scripts / "page" / "platforms.js"
    known = re.search(r"^const KNOWN = \{(.+?)^\};$", listed.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    assert known
    rows = dict(re.findall(r'^  "?([a-z0-9_.-]+)"?: \{(.+)\},$', known[1], re.MULTILINE))
    platforms = {adapter.PLATFORM for adapter in ADAPTERS.values() if adapter.PLATFORM is not None}
    assert platforms == rows.keys(), "KNOWN of app/dashboard/web/js/page/platforms.js"
    assert [] == [slug for slug, row in rows.items() if not re.search(r"links: \[/", row)]
    assert set() == {f"{key}.{slug}" for slug in rows for key in ("platform", "plan.room.hint")} - CATALOGUE.keys()
    named = re.compile(rf"""["'`](?:{"|".join(map(re.escape, platforms))})["'`]""")
    assert [] == [
        path.name for path in scripts.rglob("*.js") if path != listed and named.search(path.read_text(encoding="utf-8"))
    ]


@pytest.mark.parametrize("kind", kinds().kinds, ids=lambda one: one.kind)
def test_every_field_of_a_form_has_words(kind: ConnectionKind) -> None:
    """A name and a help, in three languages."""
    wanted = {f"connection_{text}.{field.name}" for field in kind.fields for text in ("field", "help")}
    assert set() == wanted - CATALOGUE.keys()


@pytest.mark.parametrize("kind", CHANNEL_KINDS)
def test_every_kind_of_channel_has_a_name_and_a_row(kind: str) -> None:
    """Words in three languages, and a row on the page of channels."""
    assert f"channels.kind.{kind}" in CATALOGUE
    assert f"\n| `{kind}`" in PAGES["channels.md"]


# Labels


def test_every_label_has_every_language() -> None:
    """A language that is added is added to every text."""
    assert [] == [key for key, texts in CATALOGUE.items() if set(texts) != set(LANGUAGES) or not all(texts.values())]


# SQL


def test_a_query_with_many_parameters_names_them() -> None:
    """More than eight numbers are more than a reader counts."""
    many = {
        f"{path.stem}.{name}": most
        for path in STORAGE.rglob("*.sql")
        for name, sql in queries(path.relative_to(STORAGE).with_suffix("").as_posix()).items()
        if (most := max((int(number) for number in re.findall(r"\$(\d+)", sql)), default=0)) > 8
    }
    assert {} == many


# The line-up


def test_a_column_of_the_lineup_is_in_every_place() -> None:
    """The table, the requests, the answers, the plan, and what the page of the plan sends: what it leaves out is lost with a save."""
    columns = [column.name for column in tables.lineup.columns if column.name not in {"session_id", "position"}]
    assert sorted(columns) == sorted(NewLineupItem.model_fields)
    assert [name for name in NewLineupItem.model_fields if name != "product"] == list(LineupItemPatch.model_fields)
    assert {"position", "names", *columns} == set(LineupItem.model_fields)
    assert sorted(columns) == sorted(PlannedItem.model_fields)
    assert sorted(columns) == sorted(_sent_by_the_page())


def _sent_by_the_page() -> dict[str, str]:
    """Return the fields of a product that the page of the plan sends, with what each one holds."""
    script = (ROOT / "app" / "dashboard" / "web" / "js" / "plan" / "fields.js").read_text(encoding="utf-8")
    sent = re.search(r"^export const ITEM = \{(.+?)\};$", script, re.MULTILINE | re.DOTALL)
    assert sent
    return dict(re.findall(r'(\w+): "(\w+)"', sent[1]))


def test_a_column_that_the_page_edits_has_a_label() -> None:
    """In the grid of the plan, and in a table that is pasted into it."""
    for script, list_of_fields in (
        ("lineup.js", r"^const COLUMNS = \[(.+?)^\];$"),
        ("paste.js", r"^const HEADINGS = \{(.+?)^\};$"),
    ):
        text = (ROOT / "app" / "dashboard" / "web" / "js" / "plan" / script).read_text(encoding="utf-8")
        found = re.search(list_of_fields, text, re.MULTILINE | re.DOTALL)
        assert found
        edited = set(re.findall(r'^  (?:\[")?(\w+)', found[1], re.MULTILINE))
        assert "product" in edited
        assert edited <= _sent_by_the_page().keys()
        assert set() == {f"plan.field.{name}" for name in edited} - CATALOGUE.keys()


def test_prices_of_the_lineup_are_columns_in_minor_units() -> None:
    """They are named once, by their type; while one of them is set, the session keeps its currency."""
    assert {"live_price", "list_price"} <= set(lineup._PRICES)
    assert all(isinstance(tables.lineup.columns[name].type, BigInteger) for name in lineup._PRICES)
    assert set(lineup._PRICES) == {name for name, kind in _sent_by_the_page().items() if kind == "money"}


# Tests


def test_no_test_copies_a_registry() -> None:
    """A list in a test that has every member of a register is a copy, which a new member is left out of: tests read the register."""
    registers: list[set[str]] = [
        set(ADAPTERS), set(CHANNEL_KINDS), set(CODES), set(CHARTS), set(EVENT_MODELS), {metric.slug for metric in METRICS},
        set(Role), set(SessionStatus), set(get_args(ChannelEvent)),
    ]  # fmt: skip
    copies = []
    for path in (ROOT / "tests").rglob("*.py"):
        if "clients" in path.parts:  # packages and code that generators put there
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Tuple | ast.List | ast.Set):
                named = {item.value for item in node.elts if isinstance(item, ast.Constant) and isinstance(item.value, str)}
                copies += [f"{path.name}:{node.lineno}" for register in registers if register <= named]
    assert [] == copies


# Languages


def test_every_table_by_language_has_every_language() -> None:
    """Fonts, locales, formats: a language that is added is added to each of them."""
    incomplete = {}
    for path in (ROOT / "app").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Dict):
                keys = {key.value for key in node.keys if isinstance(key, ast.Constant)}
                if len(keys & set(LANGUAGES)) > 1 and keys != set(LANGUAGES):
                    incomplete[f"{path.name}:{node.lineno}"] = keys
    assert {} == incomplete
    script = (ROOT / "app" / "dashboard" / "web" / "js" / "page" / "i18n.js").read_text(encoding="utf-8")
    tags = re.search(r"^const TAGS = \{(.+)\};$", script, re.MULTILINE)
    assert tags
    assert set(LANGUAGES) == set(re.findall(r"(\w+):", tags[1]))
