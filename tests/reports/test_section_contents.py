"""Hosts, targets, comparisons, sources, windows and the time after the show: what the API says is what every file says."""

from typing import Any

import httpx
import pytest

from app.labels.catalogue import label
from tests.kpis.event_builders import NewSession, Read, Send, paid, tokyo
from tests.reports.conftest import Open
from tests.reports.printed_page import Page, fetch

HOUR = 3600
SECRET = "社内だけのメモ"
NOT_FOR_CLIENTS = (SECRET, "違反", "トーク")


@pytest.fixture
async def show(client: httpx.AsyncClient, new_session: NewSession, send: Send) -> str:
    """A session of which every section has something to tell; its targets are the agency's own."""
    session = await new_session(host="小林", lineup=[{"product": "knit", "name": "ニット"}])
    plan = await client.get(f"/v1/sessions/{session}/plan")
    answer = await client.put(
        f"/v1/sessions/{session}/plan",
        json={**_form(plan.json()), "targets": {"gmv": "1000.00", "viewers": 40, "refund_rate": 0.1}},
        headers={"If-Match": plan.headers["etag"]},
    )
    assert 200 == answer.status_code, answer.text
    viewers = [(f"v{number}", number) for number in range(20)]
    index = {"kpi": "average_watch_seconds", "indicator": "average_watch_seconds_index", "percentile": 61.5, "value": 300}
    await send(
        "wechat:room",
        ("session.started", 0, {}),
        *(("viewer.entered", 60 + n, {"viewer": who, **({"source": "ads", "paid": True} if n % 2 else {"source": "fans"})})
          for who, n in viewers),
        ("viewer.entered", 900, {"viewer": "v3", "source": "search"}),
        *(("viewer.left", 1500, {"viewer": who}) for who, n in viewers if n < 12),
        ("audience.sampled", 500, {"concurrent": 18, "impressions_total": 200, "average_watch_seconds": 240}),
        ("audience.sampled", 1000, {"concurrent": 25}),
        ("benchmark.sampled", 1100, index),
        ("host.changed", 1200, {"host": "王"}),
        ("mark.set", 600, {"label": "coupon", "text": SECRET, "until": tokyo("14:20:00")}),
        ("mark.set", 1500, {"label": "violation", "text": SECRET}),
        ("mark.set", 1490, {"label": "speech", "text": SECRET, "until": tokyo("14:26:00")}),
        ("comment.posted", 700, {"viewer": "v1"}),
        ("product.clicked", 720, {"viewer": "v1", "product": "knit"}),
        paid(300, "1", "v0", ("knit", 1, "100.00")),
        paid(700, "2", "v1", ("knit", 2, "200.20")),
        paid(1300, "3", "v3", ("knit", 1, "0.05")),
        paid(1400, "4", "stranger", ("bag", 1, "9.75")),
        ("order.refunded", 2000, {"order": "2", "amount": "50.10"}),
        ("session.ended", HOUR, {}),
        paid(HOUR + 60, "5", "v5", ("knit", 1, "40.00")),
        ("audience.sampled", HOUR + 120, {"replay_views_total": 77}),
    )  # fmt: skip
    return session


def _form(plan: dict[str, Any]) -> dict[str, Any]:
    """Return a plan as it is put."""
    read_only = {"session", "brand", "brand_name", "status", "created_at", "started_at", "ended_at", "checklist", "version"}
    return {name: value for name, value in plan.items() if name not in read_only}


def _values(rows: list[dict[str, Any]], *slugs: str) -> list[tuple[Any, ...]]:
    return [tuple(row["figures"][slug]["value"] for slug in slugs) for row in rows]


async def test_the_report_has_the_figures_of_the_documents(show: str, read: Read) -> None:
    """Section by section, each figure is that of the read which it comes from."""
    sections = (await read(show, "report", lang="ja"))["sections"]

    hosts = await read(show, "hosts")
    shown = sections["hosts"]["rows"]
    assert [("小林", 2, "300.20"), ("王", 2, "9.80")] == [(one["host"], one["orders"], one["gmv"]) for one in hosts["hosts"]]
    wanted: list[tuple[Any, ...]] = [(one["orders"], one["gmv"]) for one in (*hosts["hosts"], hosts["remainder"], hosts["total"])]
    assert wanted == _values(shown, "orders", "gmv")
    assert [one["gmv_per_minute"] for one in hosts["hosts"]] == [row["figures"]["gmv_per_minute"]["value"] for row in shown[:2]]

    targets = (await read(show, "targets"))["targets"]
    wanted = [(one["target"], one["value"], one["attained"]) for one in targets]
    assert wanted == _values(sections["targets"]["rows"], "target", "value", "attained")
    assert 3 == len(targets)

    (benchmark,) = (await read(show, "kpis"))["benchmarks"]
    own = (await read(show, "kpis"))["by_platform"]["wechat"]["average_watch_seconds"]["value"]
    assert [(benchmark["percentile"], benchmark["value"], own)] == _values(
        sections["benchmarks"]["rows"], "percentile", "value", "own"
    )

    sources = await read(show, "sources")
    table = sections["traffic"]["sources"]
    slugs = ("viewers", "buyers", "orders", "gmv", "conversion_rate")
    assert [tuple(one[slug] for slug in slugs) for one in sources["sources"]] == _values(table["rows"], *slugs)
    assert [("ads", True, 3, "240.25"), ("fans", None, 1, "100.00")] == [
        (one["source"], one["paid"], one["orders"], one["gmv"]) for one in sources["sources"]
    ]
    for name in ("remainder", "total"):
        assert [tuple(sources[name][slug] for slug in slugs[1:4])] == _values([table[name]], *slugs[1:4])
    funnel = (await read(show, "funnel"))["steps"]
    assert funnel == [{name: row[name] for name in funnel[0]} for row in sections["traffic"]["funnel"]["rows"]]

    (effect,), (row,) = (await read(show, "effects"))["effects"], sections["effects"]["rows"]
    for window in ("before", "during", "after"):
        assert {name: effect[window][name] for name in row[window] if name not in {"text", "audience"}} == {
            name: value for name, value in row[window].items() if name not in {"text", "audience"}
        }
    assert ("1件・200.20元（20.02元/分）", "視聴者18→25人（最大25人） · コメント1件 · 商品クリック1回") == (
        row["during"]["text"], row["during"]["audience"],
    )  # fmt: skip

    after = await read(show, "after-live")
    figures = {cell["slug"]: cell["value"] for cell in sections["after_live"]["figures"]}
    for window, length in (("within_24_hours", "24h"), ("within_7_days", "7d")):
        assert [after[window][name] for name in ("orders", "gmv", "net_gmv")] == [
            figures[f"after_live_{name}_{length}"] for name in ("orders", "gmv", "net_gmv")
        ]
    assert (1, "40.00", 77) == (figures["after_live_orders_24h"], figures["after_live_gmv_24h"], figures["replay_views"])

    retention = await read(show, "retention")
    total = sections["retention"]["total"]["figures"]
    assert [retention["total"]["entries"], retention["total"]["average_seconds"], retention["total"]["stayed"][3]] == [
        total[name]["value"] for name in ("entries", "average_seconds", "stayed_600")
    ]
    (loss,) = sections["retention"]["losses"]["rows"]
    assert ("−12" in loss["text"], ["speech", "violation"]) == (True, [mark["label"] for mark in loss["marks"]])
    assert ["トーク", "違反"] == [mark["name"] for mark in loss["marks"]]


def _told(sections: dict[str, Any]) -> list[str]:
    """Return the texts that these sections show a reader."""
    found = [
        cell["text"]
        for name in ("targets", "hosts", "benchmarks")
        if name in sections
        for row in sections[name]["rows"]
        for cell in row["figures"].values()
    ]
    table = sections["traffic"]["sources"]
    found += [cell["text"] for row in (*table["rows"], table["remainder"], table["total"]) for cell in row["figures"].values()]
    found += [cell[part] for row in sections["effects"]["rows"] for cell in (row["before"], row["during"], row["after"])
              for part in ("text", "audience")]  # fmt: skip
    found += [cell["text"] for cell in sections["after_live"]["figures"]]
    found += [cell["text"] for row in sections["retention"]["rows"] for cell in row["figures"].values()]
    return [text for text in found if text != "—"]


@pytest.mark.parametrize("edition", ["internal", "client"])
async def test_every_file_tells_them(show: str, client: httpx.AsyncClient, read: Read, open_book: Open, edition: str) -> None:
    """On the page to print and in the workbook; a client finds neither targets that are not shared, nor what colleagues marked."""
    sections = (await read(show, "report", lang="ja", edition=edition))["sections"]
    page = "\n".join(Page((await fetch(client, show, lang="ja", edition=edition)).text).texts)
    assert [] == [text for text in _told(sections) if text not in page]
    cells = [
        cell for row in (await open_book(show, lang="ja", edition=edition, values=True)).worksheets[0].iter_rows() for cell in row
    ]
    texts = "\n".join(str(cell.value) for cell in cells if isinstance(cell.value, str))
    numbers = {round(cell.value, 4) for cell in cells if isinstance(cell.value, int | float)}
    for name in ("hosts", "benchmarks"):
        for row in sections[name]["rows"]:
            assert row["name"] in texts
            values = [
                cell["value"] for cell in row["figures"].values() if cell["value"] is not None and cell["unit"] != "seconds"
            ]
            assert {round(float(value), 4) for value in values} <= numbers, row["name"]
    for row in sections["effects"]["rows"]:
        assert row["during"]["text"] in texts
        assert row["during"]["audience"] in texts
    internal = edition == "internal"
    assert internal == ("targets" in sections)
    for title in ("section.targets",):
        assert internal == (label(title, "ja") in page) == (label(title, "ja") in texts)
    for word in NOT_FOR_CLIENTS:
        assert (internal, internal) == (word in page, word in texts), word
    assert "クーポン" in page
    assert "クーポン" in texts
