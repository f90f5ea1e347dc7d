"""Route of the charts.

In: a session, a chart's name, language and theme. Out: a Vega-Lite specification. Never here: figures, styles.
"""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from app.api.access.authorization import AppService
from app.api.access.session_query import Question
from app.api.conventions.documents import UNCHANGED, answer
from app.charts.specification import Chart, Theme
from app.problems import responses
from app.reports.charts import read_chart

router = APIRouter(prefix="/v1/sessions/{session}", tags=["results"], responses=UNCHANGED | responses(401, 403, 404, 422))


class ChartSpecification(BaseModel):
    """A complete Vega-Lite specification. Members that are not listed are defined by Vega-Lite."""

    model_config = ConfigDict(extra="allow")

    schema_: str = Field(alias="$schema", examples=["https://vega.github.io/schema/vega-lite/v6.json"])
    title: str
    description: str = Field(description="one sentence that describes the chart, for screen readers")
    width: int | str = Field(examples=["container"])
    height: int | dict[str, Any]
    datasets: dict[str, list[dict[str, Any]]] = Field(description="the data; layers refer to a dataset by its name")
    config: dict[str, Any] = Field(description="colours, fonts and formats of the theme and the language")


@router.get(
    "/charts/{chart}",
    summary="A chart as a Vega-Lite specification",
    operation_id="get_chart",
    response_model=ChartSpecification,
)
async def chart(
    service: AppService,
    asked: Question,
    chart: Chart,
    theme: Annotated[
        Theme, Query(description="colours for a light or a dark background; the chart's own background is transparent")
    ] = "light",
) -> Response:
    """Return a chart that can be embedded as it is: it contains its data and labels, and fills the width of its container."""
    return answer(await read_chart(service.database, asked, chart, theme), asked)
