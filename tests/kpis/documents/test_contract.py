"""The documented shapes and the answers that are sent are one and the same."""

import httpx
import pytest

from app.api.figures import insights
from app.api.models import (
    kpis as kpi_models,
    report as report_models,
    results as read_models,
    timeline as timeline_models,
    traffic as traffic_models,
)
from app.api.models.results import DocumentModel
from tests.kpis.event_builders import NewSession, Send, paid

SHAPES: dict[str, type[DocumentModel]] = {
    "kpis": kpi_models.KpiDocument,
    "products": read_models.ProductsDocument,
    "timeline": timeline_models.TimelineDocument,
    "showcases": read_models.ShowcasesDocument,
    "audience": read_models.AudienceDocument,
    "sources": traffic_models.SourcesDocument,
    "funnel": traffic_models.FunnelDocument,
    "funnel?by=platform": traffic_models.FunnelDocument,
    "funnel?by=product": traffic_models.FunnelDocument,
    "funnel?by=source": traffic_models.FunnelDocument,
    "report": report_models.ReportDocument,
    "orders": report_models.OrdersPage,
    "insights": insights.InsightsDocument,
}


@pytest.mark.parametrize("name", SHAPES)
async def test_an_answer_has_the_documented_shape_and_nothing_else(
    client: httpx.AsyncClient, new_session: NewSession, send: Send, name: str
) -> None:
    """Empty, and with all kinds of events in it."""
    session = await new_session(lineup=[{"product": "a", "live_price": "5.00", "stock": 3}])
    url = f"/v1/sessions/{session}/{name}"
    shape = SHAPES[name]
    shape.model_validate_json((await client.get(url)).content)
    await send(
        "wechat:room",
        ("session.started", 0, {}),
        ("viewer.entered", 1, {"viewer": "v", "fan_level": 4}),
        ("source.sampled", 1, {"source": "ads", "paid": True, "viewers_total": 3, "gmv_total": "1.00"}),
        ("ad.sampled", 1, {"campaign": "a", "spend_total": "1.00", "currency": "USD"}),
        ("audience.sampled", 2, {"concurrent": 3, "viewers_total": 9, "average_watch_seconds": 3600}),
        ("product.showcased", 3, {"product": "a"}),
        ("host.changed", 3, {"host": "小林"}),
        ("mark.set", 3, {"label": "coupon", "text": "9折", "until": "2021-09-25T14:30:00+09:00"}),
        ("stock.changed", 4, {"product": "a", "stock": 0}),
        ("product.clicked", 4, {"product": "a"}),
        paid(5, "1", "b", ("a", 1, "5.00"), ("b", 1, "0.33")),
        ("order.refunded", 6, {"order": "1", "amount": "9.00"}),
        ("promotion.measured", 7, {"promotion": "p", "views_total": 3}),
        ("session.ended", 60, {}),
    )
    answer = await client.get(url)
    shape.model_validate_json(answer.content)
    assert "application/json" == answer.headers["Content-Type"]
