"""The results sheet as JSON: 総データ, ライブ内容分析, EC実績, 宣伝動画分析, 各商品実績, with records and summaries.

In: a session's evidence and notes. Out: the report document, labelled in one language; every figure
with value, printed text and basis. Never here: formulas, layout of a file format.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from app.charts.data import offset_of
from app.insights.evidence import Evidence
from app.insights.reader import InsightSettings, build_insights, collect_evidence
from app.kpis.documents.render import Document, local, zone_of
from app.kpis.evaluation.consistency import warnings_of
from app.kpis.evaluation.evaluate import ABSENT, Evaluation, Figure, Values
from app.kpis.evaluation.metrics import BY_SLUG, Unit
from app.kpis.evaluation.number_format import format_date, format_duration, format_time
from app.kpis.evaluation.rounding import number
from app.kpis.products.products import UNITS, ProductTable
from app.kpis.reading.computation import compute
from app.kpis.reading.session_reader import SessionQuery, snapshot
from app.kpis.windows.retention import Retention, read_retention_of_report
from app.labels.catalogue import Language, label, label_or
from app.labels.notation import NOTHING
from app.reports.cells import cell_of
from app.reports.editions import client_report
from app.reports.marks import MOST, marks_section
from app.reports.note_items import note_items
from app.reports.table_reader import read_tables
from app.reports.traffic import traffic_section
from app.reports.windows import after_live_section, effects_section, retention_section
from app.storage.database import Connection, Database
from app.storage.kpis import marks, product_reads
from app.storage.kpis.product_reads import NoteRow, PromotionRow
from app.storage.kpis.reads import AFTER_ALL, BEFORE_ALL

TOTALS = ("viewers", "buyers", "units_sold", "gmv")
LIVE = ("peak_concurrent_viewers", "average_watch_seconds", "new_followers", "follow_rate", "comments", "engagement_rate")
EC = ("conversion_rate", "units_conversion_rate", "spend_per_buyer", "units_per_buyer", "gmv_per_viewer")
"""The sheet's figures, in its order."""
PRODUCT_COLUMNS = ("clicks", "buyers", "units", "gmv")
PROMOTION_COLUMNS = ("views", "engagements", "clicks")
FACTORS: Mapping[str, Sequence[str]] = {
    "live": ("product_choice", "discount", "host_selling", "guidance"),
    "ec": ("targeting", "brand_awareness", "coordination", "host_selling", "guidance"),
}
"""関連要素: what the sheet relates each section's figures to."""


MOST_PROMOTIONS = 500
"""Rows of the promotions' table; the total is that of all promotions."""

FACT_PAIRS = ("account", "date", "duration", "starts_at")
"""The facts that stand in the sheet's first row; the others stand under its title."""


class TextSection(NamedTuple):
    """The texts of a section, as they are read."""

    observations: str
    summary: str
    """What people wrote first, then the drafts, marked as such."""


def text_section(section: Document, language: Language) -> TextSection:
    """Return a section's numbered texts."""
    drafts = [label("sheet.draft", language).format(text=text) for text in section["drafts"]["items"]]
    return TextSection(
        _numbered(section["observations"]["items"], language), _numbered([*section["summary"]["items"], *drafts], language)
    )


def _numbered(texts: Sequence[str], language: Language) -> str:
    pattern = label("report.number", language)
    return "\n".join(pattern.format(number=number, text=text) for number, text in enumerate(texts, 1))


def heading_of(report: Document) -> str:
    """Return the report's title."""
    return f"{report['heading']} — {report['title']}"


def subtitle_of(report: Document) -> list[str]:
    """Return what stands under the title: the facts that the sheet's first row has no place for, then the moment."""
    language: Language = report["language"]
    pair = label("report.pair", language)
    facts = [fact for fact in report["sections"]["totals"]["facts"] if fact["key"] not in FACT_PAIRS]
    moment = datetime.fromisoformat(report["as_of"])
    shown = f"{format_date(moment.date())} {moment:%H:%M} {offset_of(report['as_of'])}"
    return [
        *(pair.format(label=fact["label"], value=fact["text"]) for fact in facts),
        *([] if report["revision"] is None else [label("report.revision", language).format(number=report["revision"])]),
        label("report.as_of", language).format(moment=shown),
    ]


async def read_report(database: Database, asked: SessionQuery, insight_settings: InsightSettings) -> Document:
    """Return the report document.

    Raises:
        ProblemError: 404, also for another brand's session.
    """
    retention = await read_retention_of_report(database, asked)
    async with snapshot(database, asked.brand) as connection:
        return await report_on(connection, asked, insight_settings, retention)


async def report_on(
    connection: Connection, asked: SessionQuery, insight_settings: InsightSettings, retention: Retention | None
) -> Document:
    """Return the report document, read on this connection; for a client in the client edition.

    `retention` is read before, in its turn: it is the same in every language, and scans the session's log.
    """
    evidence, said = await collect_evidence(connection, asked, insight_settings, for_report=True)
    notes = await product_reads.notes(connection, asked.session)
    insights = (await build_insights(evidence, said))["insights"]
    report = await compute(len(evidence), report_document, evidence, notes, insights, asked)
    head = evidence.evaluation.head
    sold = evidence.sources.sales
    rows = len(evidence.arrivals) + len(sold)
    if traffic := await compute(rows, traffic_section, evidence.evaluation, evidence.arrivals, sold, asked.language):
        report["sections"]["traffic"] = traffic
    shown, total = await marks.of_session(connection, asked.session, BEFORE_ALL, AFTER_ALL, MOST)
    report["sections"] |= await read_tables(connection, asked, evidence)
    if shown:
        report["sections"]["marks"] = marks_section(shown, total - len(shown), head.time_zone, asked.language)
    report["sections"] |= await _windows(asked.language, evidence, retention)
    return client_report(report, notes) if asked.client else report


async def _windows(language: Language, evidence: Evidence, retention: Retention | None) -> Document:
    """Return the sections of windows that the session has."""
    found = {
        "effects": None if evidence.effects is None else effects_section(evidence.effects, language),
        "after_live": after_live_section(evidence.evaluation, language),
    }
    if retention is not None:
        found["retention"] = await compute(len(retention.minutes), retention_section, retention, evidence.names, language)
    return {name: section for name, section in found.items() if section is not None}


def report_document(evidence: Evidence, notes: Sequence[NoteRow], insights: Sequence[Document], asked: SessionQuery) -> Document:
    """Return the results sheet, in its internal edition."""
    language = asked.language
    evaluation, figures = evidence.evaluation, evidence.figures
    head = evaluation.head
    words = _SectionTexts(notes, insights, language)

    def kpis(slugs: Sequence[str]) -> list[Document]:
        return [
            {"slug": slug, **cell_of(slug, label(f"metric.{slug}", language), evaluation.total[slug],
                                     BY_SLUG[slug].unit, head.currency, language)}
            for slug in slugs
        ]  # fmt: skip

    def analysis(section: str, data: str, slugs: Sequence[str]) -> Document:
        return {
            "title": label(f"section.{section}", language),
            "data_title": label(f"sheet.{data}", language),
            "figures": kpis(slugs),
            "factors": {
                "title": label("sheet.factors", language),
                "items": [label(f"factor.{name}", language) for name in FACTORS[section]],
            },
            **words.of(section),
        }

    return {
        "session": str(head.id),
        "title": head.title,
        "heading": label("sheet.title", language),
        "language": language,
        "edition": "internal",
        "revision": asked.revision,
        "status": evaluation.status.value,
        "as_of": local(evaluation.as_of, head.time_zone),
        "currency": head.currency,
        "sections": {
            "totals": {
                "title": label("section.totals", language),
                "facts": _facts(evaluation, language),
                "figures": kpis(TOTALS),
            },
            "live": analysis("live", "live_data", LIVE),
            "ec": analysis("ec", "ec_data", EC),
            "promotion": _promotions(evidence.promotions, words, head.currency, language),
            "products": _products(evaluation, evidence.table, language),
        },
        "warnings": warnings_of(evaluation, figures, language),
    }


class _SectionTexts:
    """What people wrote about a section, and what the figures suggest to write."""

    def __init__(self, notes: Sequence[NoteRow], insights: Sequence[Document], language: Language) -> None:
        self._notes, self._insights, self._language = notes, insights, language

    def of(self, section: str) -> Document:
        """Return a section's observations, summary and drafts; drafts are separate, since no operator has confirmed them."""

        def written(kind: str) -> Document:
            texts = note_items(note.text for note in self._notes if (note.section, note.kind) == (section, kind))
            return {
                "title": label("sheet." + ("observations" if kind == "observation" else "summary"), self._language),
                "items": texts,
            }

        drafts = [one["text"][self._language] for one in self._insights if one["section"] == section]
        return {
            "observations": written("observation"),
            "summary": written("summary"),
            "drafts": {"title": label("sheet.drafts", self._language), "items": drafts},
        }


def _facts(evaluation: Evaluation, language: Language) -> list[Document]:
    head = evaluation.head
    begin = head.started_at or head.scheduled_at
    begin = begin.astimezone(zone_of(head.time_zone)) if begin else None
    duration = evaluation.duration_us
    platforms = list(evaluation.by_platform)
    named = [label_or(f"platform.{name}", name, language) for name in platforms]
    facts: tuple[tuple[str, Any, str], ...] = (
        ("account", head.host, head.host or NOTHING),
        ("brand", head.brand_name, head.brand_name),
        ("date", begin.date().isoformat() if begin else None, format_date(begin.date()) if begin else NOTHING),
        ("duration", None if duration is None else number(duration, 1_000_000), format_duration(duration)),
        ("starts_at", local(begin, head.time_zone), format_time(begin, language) if begin else NOTHING),
        ("platforms", ", ".join(platforms) or None, label("insight.separator", language).join(named) or NOTHING),
        ("status", evaluation.status.value, label(f"status.{evaluation.status.value}", language)),
    )
    return [{"key": key, "label": label(f"sheet.{key}", language), "value": value, "text": text} for key, value, text in facts]


def _promotions(promotions: Sequence[PromotionRow], words: _SectionTexts, currency: str, language: Language) -> Document:
    def figure(column: str, value: int | None) -> Document:
        cell: Figure = ABSENT if value is None else (value, 1, "reported")
        return cell_of(column, label(f"promotion.{column}", language), cell, Unit.COUNT, currency, language)

    views = [row.views for row in promotions if row.views is not None]
    return {
        "title": label("section.promotion", language),
        "columns": _columns("promotion", ("link", *PROMOTION_COLUMNS), language),
        "rows": [
            {
                "promotion": None if row.id is None else str(row.id),
                "url": row.url,
                "kind": row.kind,
                "platform": row.platform,
                "title": row.title,
                "figures": {column: figure(column, getattr(row, column)) for column in PROMOTION_COLUMNS},
            }
            for row in promotions[:MOST_PROMOTIONS]
        ],
        "total_views": figure("total_views", sum(views) if views else None),
        **words.of("promotion"),
    }


def _products(evaluation: Evaluation, table: ProductTable, language: Language) -> Document:
    currency = evaluation.head.currency

    def row(code: str | None, name: str, values: Values) -> Document:
        figures = {
            column: cell_of(column, label(f"product.{column}", language), values[column], UNITS[column], currency, language)
            for column in PRODUCT_COLUMNS
        }
        return {"product": code, "name": name, "figures": figures}

    return {
        "title": label("section.products", language),
        "brand": evaluation.head.brand_name,
        "columns": _columns("product", ("name", *PRODUCT_COLUMNS), language),
        "rows": [row(product.code, product.name, product.figures) for product in table.products],
        "other": row(None, label("product.other", language), table.other),
        "total": row(None, label("product.total", language), table.total),
        "notes": [label("product.note.buyers", language)],
    }


def _columns(prefix: str, names: Sequence[str], language: Language) -> list[Document]:
    return [{"key": name, "label": label(f"{prefix}.{name}", language)} for name in names]
