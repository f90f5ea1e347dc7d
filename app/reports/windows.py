"""Windows as the report lists them: coupons and giveaways, the time after the show, retention.

In: a session's effects, its figures, its entries and exits. Out: sections of the report, labelled in one language; what of them a
client sees; their lines of text. Never here: I/O, formulas.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any

from app.kpis.documents.render import Document, local, zone_of
from app.kpis.evaluation.evaluate import ABSENT, Evaluation, Figure
from app.kpis.evaluation.metrics import BY_SLUG, DAY, WEEK, Unit
from app.kpis.evaluation.number_format import format_amount, format_count, format_date
from app.kpis.timeline.marks import FOR_CLIENTS
from app.kpis.windows.effects import Effect, Effects, Window, effects_document, per_minute
from app.kpis.windows.retention import LIMITS_SECONDS, Retention, retention_document, together
from app.kpis.windows.stays import StaysOfMinute
from app.labels.catalogue import Language, label, label_or
from app.labels.notation import NOTHING
from app.reports.cells import cell_of
from app.storage.kpis.reads import SessionHead

AFTER_LIVE = (
    *(f"after_live_{figure}_{length}" for length in ("24h", "7d") for figure in ("orders", "gmv", "net_gmv")),
    "replay_views",
)
QUARTER = timedelta(minutes=15)
SHOWN_LIMITS = (180, 600, 1800)
"""Lengths of a stay in the report: three, ten and thirty minutes."""
WINDOWS = ("before", "during", "after")
EFFECT_FIGURES = (
    "from", "to", "orders", "gmv", "net_gmv", "gmv_per_minute", "viewers_at_start", "viewers_at_end", "peak_viewers", "comments",
    "clicks",
)  # fmt: skip
"""What a cell has of a window."""


def effects_section(effects: Effects, language: Language) -> Document | None:
    """Return the coupons and giveaways with what was sold before, during and after each; None without one."""
    if not effects.shown:
        return None
    document = effects_document(effects, for_client=False)
    rows = zip(effects.shown, document["effects"], strict=True)
    return {
        "title": label("section.effects", language),
        "note": label("section.effects.note", language),
        "columns": [{"key": name, "label": label(f"effect.{name}", language)} for name in ("name", *WINDOWS)],
        "rows": [_effect(one, figures, effects, language) for one, figures in rows],
        "omitted": effects.omitted,
    }


def _effect(one: Effect, figures: Document, effects: Effects, language: Language) -> Document:
    head = effects.head

    def cell(name: str, window: Window | None) -> Document | None:
        if window is None:
            return None
        text = NOTHING
        if effects.sales.known:
            sold = effects.sales.between(*window)
            text = label("effect.cell", language).format(
                orders=format_count(sold.orders),
                gmv=format_amount(sold.gmv, 1, head.currency, language),
                per_minute=format_amount(*per_minute(sold, window), head.currency, language),
            )
        found = figures[name]
        return {key: found[key] for key in EFFECT_FIGURES} | {"text": text, "audience": _audience(found, language)}

    return {
        "at": figures["at"],
        "label": one.mark.name,
        "time": f"{_clock(one.during.begin, head)}–{_clock(one.during.end, head)}",
        "name": label_or(f"mark.{one.mark.name}", one.mark.name, language),
        "text": one.mark.text,
        "overlaps": figures["overlaps"],
        "before": cell("before", one.before),
        "during": cell("during", one.during),
        "after": cell("after", one.after),
    }


def _audience(window: Document, language: Language) -> str:
    """Return viewers, comments and clicks of a window, as far as they are known."""
    found = []
    start, end, peak = (window[name] for name in ("viewers_at_start", "viewers_at_end", "peak_viewers"))
    if peak is not None:
        audience = {"start": start, "end": end, "peak": peak}
        shown = {name: NOTHING if value is None else format_count(value) for name, value in audience.items()}
        found.append(label("effect.viewers", language).format(**shown))
    found += [
        label(f"effect.{name}", language).format(count=format_count(window[name]))
        for name in ("comments", "clicks")
        if window[name] is not None
    ]
    return " · ".join(found)


def after_live_section(evaluation: Evaluation, language: Language) -> Document | None:
    """Return what was sold after the show, and the views of its replay; None if there is neither."""
    total, head = evaluation.total, evaluation.head
    if not total["after_live_orders_7d"][0] and not total["replay_views"][1]:
        return None
    note = None
    ended = head.ended_at
    if ended is not None and total["after_live_orders_7d"][1] and evaluation.as_of < ended + WEEK:
        until = (ended + (DAY if evaluation.as_of < ended + DAY else WEEK)).astimezone(zone_of(head.time_zone))
        note = label("section.after_live.note", language).format(moment=f"{format_date(until.date())} {until:%H:%M}")
    return {
        "title": label("section.after_live", language),
        "figures": [
            {
                "slug": slug,
                **cell_of(slug, label(f"metric.{slug}", language), total[slug], BY_SLUG[slug].unit, head.currency, language),
            }
            for slug in AFTER_LIVE
        ],
        "note": note,
    }


def retention_section(found: Retention, names: Mapping[str, Mapping[str, str]], language: Language) -> Document | None:
    """Return stays by the quarter of an hour of entry, and the minutes that lost most viewers; None without a known stay."""
    total = together(found.minutes)
    if found.begin is None or total is None or not total.stays:
        return None
    begin = found.begin
    document = retention_document(found, for_client=False)
    quarters = groupby(found.minutes, key=lambda row: (row.minute - begin) // QUARTER)
    rows = [(begin + number * QUARTER, together(list(minutes))) for number, minutes in quarters]
    minutes = [label("retention.stayed", language).format(minutes=limit // 60) for limit in SHOWN_LIMITS]
    names_of = ("from", "entries", "came_back", "average_seconds")
    columns = [{"key": name, "label": label(f"retention.{name}", language)} for name in names_of]
    columns += [{"key": f"stayed_{limit}", "label": text} for limit, text in zip(SHOWN_LIMITS, minutes, strict=True)]
    return {
        "title": label("section.retention", language),
        "note": label("section.retention.note", language),
        "columns": columns,
        "rows": [
            {
                "from": local(at, found.head.time_zone),
                "time": _clock(at, found.head),
                "figures": _stays(row, columns, found, language),
            }
            for at, row in rows
            if row is not None
        ],
        "total": {"from": None, "time": label("retention.total", language), "figures": _stays(total, columns, found, language)},
        "losses": {
            "title": label("section.losses", language),
            "rows": [_loss(loss, names, found.head, language) for loss in document["losses"]],
        },
    }


def _stays(row: StaysOfMinute, columns: Sequence[Document], found: Retention, language: Language) -> Document:
    figures: dict[str, tuple[Figure, Unit]] = {
        "entries": ((row.entries, 1, "counted"), Unit.COUNT),
        "came_back": ((row.came_back, row.first_entries, "derived") if row.first_entries else ABSENT, Unit.RATIO),
        "average_seconds": ((row.ms, 1000 * row.stays, "derived") if row.stays else ABSENT, Unit.SECONDS),
    }
    for limit, stayed in zip(LIMITS_SECONDS, row.stayed, strict=True):
        figures[f"stayed_{limit}"] = ((stayed, row.stays, "derived") if row.stays else ABSENT, Unit.RATIO)
    return {
        column["key"]: cell_of(column["key"], column["label"], *figures[column["key"]], found.head.currency, language)
        for column in columns
        if column["key"] in figures
    }


def _loss(loss: Document, names: Mapping[str, Mapping[str, str]], head: SessionHead, language: Language) -> Document:
    product = loss["product"]
    text = label("retention.loss", language).format(
        time=_clock(datetime.fromisoformat(loss["minute"]), head),
        lost=format_count(loss["lost"]),
        exits=format_count(loss["exits"]),
        entries=format_count(loss["entries"]),
    )
    return {
        "minute": loss["minute"],
        "lost": loss["lost"],
        "text": text,
        "product": product,
        "product_name": None if product is None else names.get(product, {}).get(language, product),
        "host": loss["host"],
        "marks": [{"label": name, "name": label_or(f"mark.{name}", name, language)} for name in loss["marks"]],
    }


def client_sections(sections: Document) -> Document:
    """Return the sections without the texts of marks and without the marks that are not for clients."""
    shown = dict(sections)
    if effects := sections.get("effects"):
        shown["effects"] = effects | {"rows": [row | {"text": None} for row in effects["rows"]]}
    if retention := sections.get("retention"):
        rows = [
            row | {"marks": [mark for mark in row["marks"] if mark["label"] in FOR_CLIENTS]}
            for row in retention["losses"]["rows"]
        ]
        shown["retention"] = retention | {"losses": retention["losses"] | {"rows": rows}}
    return shown


def loss_text(row: Document, language: Language) -> str:
    """Return a minute that lost viewers, with what was on air, as one line."""
    with_it = [part for part in (row["product_name"], row["host"], *(mark["name"] for mark in row["marks"])) if part]
    return label("report.pair", language).format(label=row["text"], value=" · ".join(with_it)) if with_it else row["text"]


def cell_line(cell: Document) -> str:
    """Return what was sold in a window and who was there, as one line."""
    # Revisions of earlier versions do not say who was there.
    return " · ".join(part for part in (cell["text"], cell.get("audience")) if part)


def section_lines(sections: Mapping[str, Any], language: Language) -> list[tuple[str, list[str]]]:
    """Return the title and the lines of each of these sections that the report has."""
    pair = label("report.pair", language)
    found = []
    if effects := sections.get("effects"):
        heads = {column["key"]: column["label"] for column in effects["columns"]}
        lines = []
        for row in effects["rows"]:
            parts = [f"{row['time']} {row['name']}", *([row["text"]] if row["text"] else [])]
            parts += [pair.format(label=heads[name], value=cell_line(row[name])) for name in WINDOWS if row[name] is not None]
            lines.append(" · ".join(parts))
        if effects["omitted"]:
            lines.append(label("section.marks.more", language).format(count=effects["omitted"]))
        found.append((effects["title"], [*lines, effects["note"]]))
    if after_live := sections.get("after_live"):
        lines = [
            pair.format(label=cell["label"], value=cell["text"]) for cell in after_live["figures"] if cell["value"] is not None
        ]
        found.append((after_live["title"], lines + ([after_live["note"]] if after_live["note"] else [])))
    if retention := sections.get("retention"):
        lines = [
            f"{row['time']} · "
            + " · ".join(pair.format(label=cell["label"], value=cell["text"]) for cell in row["figures"].values())
            for row in (*retention["rows"], retention["total"])
        ]
        found.append((retention["title"], [*lines, retention["note"]]))
        if retention["losses"]["rows"]:
            found.append((retention["losses"]["title"], [loss_text(row, language) for row in retention["losses"]["rows"]]))
    return found


def _clock(moment: datetime, head: SessionHead) -> str:
    return f"{moment.astimezone(zone_of(head.time_zone)):%H:%M}"
