"""The results sheet as JSON: 総データ, ライブ内容分析, EC実績, 宣伝動画分析, 各商品実績, with records and summaries.

In: a session's evaluation, products, promotions, notes. Out: the report document, labelled in one language; every figure
with value, printed text and basis. Never here: formulas, layout of a file format.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from app.kpis.checks import warnings_of
from app.kpis.evaluate import ABSENT, Evaluation, Figure, Values
from app.kpis.metrics import BY_SLUG, Unit
from app.kpis.printing import NOTHING, print_date, print_duration, print_figure, print_time
from app.kpis.products import UNITS, ProductTable
from app.kpis.reader import Asked, read_evaluation, read_product_table, snapshot
from app.kpis.render import Document, local, plain, zone_of
from app.kpis.rounding import digits_of, number
from app.labels.catalogue import Language, label
from app.storage import product_reads
from app.storage.database import Database
from app.storage.product_reads import NoteRow, PromotionRow
from app.storage.reads import SessionFigures

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


async def read_report(database: Database, asked: Asked) -> Document:
    """Return the report document.

    Raises:
        ProblemError: 404, also for another brand's session.
    """
    async with snapshot(database) as connection:
        figures, evaluation = await read_evaluation(connection, asked)
        table = await read_product_table(connection, asked, figures, evaluation)
        promotions = await product_reads.promotions(connection, asked.session)
        notes = await product_reads.notes(connection, asked.session)
    return report_document(evaluation, figures, table, promotions, notes, asked.language)


def report_document(
    evaluation: Evaluation,
    figures: SessionFigures,
    table: ProductTable,
    promotions: Sequence[PromotionRow],
    notes: Sequence[NoteRow],
    language: Language,
) -> Document:
    """Return the results sheet."""
    head = evaluation.head
    digits = digits_of(head.currency)

    def kpis(slugs: Sequence[str]) -> list[Document]:
        return [
            {"slug": slug, **_figure(slug, label(f"metric.{slug}", language), evaluation.total[slug],
                                     BY_SLUG[slug].unit, digits, language)}
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
            **_notes(notes, section, language),
        }

    return {
        "session": str(head.id),
        "title": head.title,
        "heading": label("sheet.title", language),
        "language": language,
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
            "promotion": _promotions(promotions, notes, language),
            "products": _products(evaluation, table, language),
        },
        "warnings": warnings_of(evaluation, figures, language),
    }


def _figure(slug: str, name: str, figure: Figure, unit: Unit, digits: int, language: Language) -> Document:
    return {
        "label": name,
        "value": plain(figure, unit, digits),
        "unit": unit.value,
        "text": print_figure(slug, figure, unit, digits, language),
        "basis": figure[2],
    }


def _notes(notes: Sequence[NoteRow], section: str, language: Language) -> Document:
    def of(kind: str) -> list[str]:
        return [note.text for note in notes if (note.section, note.kind) == (section, kind)]

    return {
        "observations": {"title": label("sheet.observations", language), "items": of("observation")},
        "summary": {"title": label("sheet.summary", language), "items": of("summary")},
    }


def _facts(evaluation: Evaluation, language: Language) -> list[Document]:
    head = evaluation.head
    begin = head.started_at or head.scheduled_at
    begin = begin.astimezone(zone_of(head.time_zone)) if begin else None
    duration = evaluation.duration_us
    platforms = list(evaluation.by_platform)
    facts: tuple[tuple[str, Any, str], ...] = (
        ("account", head.host, head.host or NOTHING),
        ("brand", head.brand_name, head.brand_name),
        ("date", begin.date().isoformat() if begin else None, print_date(begin.date()) if begin else NOTHING),
        ("duration", None if duration is None else number(duration, 1_000_000), print_duration(duration)),
        ("starts_at", local(begin, head.time_zone), print_time(begin, language) if begin else NOTHING),
        ("platforms", ", ".join(platforms) or None, ", ".join(platforms) or NOTHING),
        ("status", evaluation.status.value, label(f"status.{evaluation.status.value}", language)),
    )
    return [{"key": key, "label": label(f"sheet.{key}", language), "value": value, "text": text} for key, value, text in facts]


def _promotions(promotions: Sequence[PromotionRow], notes: Sequence[NoteRow], language: Language) -> Document:
    def figure(column: str, value: int | None) -> Document:
        cell: Figure = ABSENT if value is None else (value, 1, "reported")
        return _figure(column, label(f"promotion.{column}", language), cell, Unit.COUNT, 0, language)

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
            for row in promotions
        ],
        "total_views": figure("total_views", sum(views) if views else None),
        **_notes(notes, "promotion", language),
    }


def _products(evaluation: Evaluation, table: ProductTable, language: Language) -> Document:
    digits = digits_of(evaluation.head.currency)

    def row(code: str | None, name: str, values: Values) -> Document:
        figures = {
            column: _figure(column, label(f"product.{column}", language), values[column], UNITS[column], digits, language)
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
