"""Routes of the read side: KPIs, products, timeline, showcases, audience.

In: a session's id and a few parameters. Out: JSON as the read side built it. Never here: figures, SQL.
"""

from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from pydantic_core import to_json

from app.api.access.authorization import HOT, READERS, AppService, caller_of, session_uuid
from app.api.access.session_query import Question
from app.api.conventions.documents import UNCHANGED, answer, answer_json
from app.api.conventions.language import language_of
from app.api.conventions.paging import MAX_CURSOR, decode, encode
from app.api.conventions.query_times import Instant
from app.api.models.hosts import HostsDocument
from app.api.models.kpis import KpiDocument
from app.api.models.results import AudienceDocument, ProductsDocument, ShowcasesDocument, SupportDocument
from app.api.models.targets import TargetsDocument
from app.api.models.timeline import MarksDocument, TimelineDocument
from app.catalogue.models import CanonicalCode
from app.events.fields import Slug
from app.kpis.audience import support as support_reader
from app.kpis.audience.audience import CORE_FAN_LEVEL, read_audience
from app.kpis.comparison import target_reader
from app.kpis.documents.kpi_reader import read_kpis
from app.kpis.products import product_reader
from app.kpis.products.product_reader import ProductPage, ShowcasePage
from app.kpis.products.products import MOST_LISTED
from app.kpis.products.showcases import MOST_SHOWCASES
from app.kpis.reading.session_reader import SessionQuery
from app.kpis.reading.single_flight import SingleFlight
from app.kpis.timeline import latest_marks
from app.kpis.timeline.timeline import PRODUCT_SERIES, SESSION_SERIES, Step
from app.kpis.timeline.timeline_reader import TimelineQuery, read_timeline
from app.kpis.windows import hosts as host_reader
from app.labels.catalogue import LANGUAGES
from app.negotiation import tag_of
from app.problems import responses

router = APIRouter(prefix="/v1/sessions/{session}", tags=["results"], responses=UNCHANGED | responses(401, 403, 404, 422))


From = Annotated[
    Instant | None,
    Query(alias="from", description="start of the half-open window", examples=["2021-09-25T14:00:00+09:00"]),
]
To = Annotated[Instant | None, Query(description="end of the half-open window", examples=["2021-09-25T14:20:00+09:00"])]


Cursor = Annotated[
    str | None, Query(max_length=MAX_CURSOR, description="`next_cursor` of the page before; absent: the first page")
]
ProductLimit = Annotated[int, Query(ge=1, le=MOST_LISTED, description="most products outside the line-up in one answer")]
ShowcaseLimit = Annotated[int, Query(ge=1, le=MOST_SHOWCASES, description="most showcases in one answer")]


def _single_flight(request: Request) -> SingleFlight[tuple[bytes, str]]:
    """Return the single-flight reads of KPIs of this application."""
    state = request.app.state
    try:
        reads: SingleFlight[tuple[bytes, str]] = state.kpi_reads
    except AttributeError:
        reads = state.kpi_reads = SingleFlight()
    return reads


_HOT_PARAMETERS: dict[str, Any] = {
    "parameters": [
        {"name": "session", "in": "path", "required": True, "schema": {"type": "string"}},
        {
            "name": "lang",
            "in": "query",
            "description": "language of messages; wins over Accept-Language",
            "schema": {"type": "string", "enum": list(LANGUAGES)},
        },
        {
            "name": "accept-language",
            "in": "header",
            "description": "used where `lang` is absent; Japanese by default",
            "schema": {"type": "string"},
        },
    ]
}


@router.get(
    "/kpis",
    summary="KPIs of a session",
    operation_id="get_kpis",
    response_model=KpiDocument,
    openapi_extra=HOT | _HOT_PARAMETERS,
)
async def kpis(request: Request) -> Response:
    """Return every KPI with its basis, in total and by platform, and warnings about figures that contradict each other."""
    service, caller = await caller_of(request, READERS)
    session = await session_uuid(request.path_params["session"])
    language = language_of(request)

    async def work() -> tuple[bytes, str]:
        asked = SessionQuery(session, caller.brand_id, datetime.now(UTC), language, client=caller.is_client)
        body = to_json(await read_kpis(service.database, asked))
        return body, tag_of(body, language)

    body, tag = await _single_flight(request).run((session, caller.brand_id, caller.is_client, language), work)
    return answer_json(body, tag, language)


@router.get("/products", summary="Results by product", operation_id="get_product_results", response_model=ProductsDocument)
async def products(service: AppService, asked: Question, cursor: Cursor = None, limit: ProductLimit = MOST_LISTED) -> Response:
    """Return the line-up's products, what was sold outside it, and the total. Pages continue the products outside the line-up."""
    after = None if cursor is None else decode(cursor, (str,))[0]
    document, more = await product_reader.read_products(service.database, asked, ProductPage(after, limit))
    return answer(document | {"next_cursor": None if more is None else encode((more,))}, asked)


@router.get("/timeline", summary="Timeline", operation_id="get_timeline", response_model=TimelineDocument)
async def timeline(
    service: AppService,
    asked: Question,
    metrics: Annotated[
        str | None,
        Query(
            max_length=1000,
            examples=["viewers,gmv"],
            description=f"comma-separated, of: {', '.join(SESSION_SERIES)}. With `product`: {', '.join(PRODUCT_SERIES)}.",
        ),
    ] = None,
    step: Annotated[Step, Query(description="length of a bucket")] = "1m",
    product: Annotated[CanonicalCode | None, Query(description="a product's code: its own series and marks")] = None,
    platform: Annotated[Slug | None, Query(description="only this platform's figures")] = None,
    begin: From = None,
    to: To = None,
) -> Response:
    """Return series in equal buckets, with marks. The default window is the broadcast and at most one hour around it."""
    question = TimelineQuery(metrics, step, product, platform, begin, to)
    return answer(await read_timeline(service.database, asked, question), asked)


@router.get("/hosts", summary="Hosts", operation_id="list_hosts", response_model=HostsDocument)
async def hosts(service: AppService, asked: Question) -> Response:
    """Return who presented when, and what was sold meanwhile; the windows and the remainder add up to the session."""
    return answer(await host_reader.read_hosts(service.database, asked), asked)


@router.get("/marks", summary="Latest marks", operation_id="list_marks", response_model=MarksDocument)
async def marks(service: AppService, asked: Question) -> Response:
    """Return who presents now and the latest hosts and marks, as the event `marks` of the event stream does."""
    return answer(await latest_marks.read_marks(service.database, asked), asked)


@router.get("/targets", summary="Targets", operation_id="get_targets", response_model=TargetsDocument)
async def targets(service: AppService, asked: Question) -> Response:
    """Return what the KPIs should reach by the plan, what they should be by now, and where they stand."""
    return answer(await target_reader.read_targets_document(service.database, asked), asked)


@router.get("/showcases", summary="Showcases", operation_id="list_showcases", response_model=ShowcasesDocument)
async def showcases(
    service: AppService, asked: Question, cursor: Cursor = None, limit: ShowcaseLimit = MOST_SHOWCASES
) -> Response:
    """Return each time range in which a product was on air, with the clicks and orders inside it."""
    after = None if cursor is None else decode(cursor, (datetime, str))
    document, more = await product_reader.read_showcases(service.database, asked, ShowcasePage(after, limit))
    return answer(document | {"next_cursor": None if more is None else encode(more)}, asked)


@router.get("/audience", summary="Arrivals", operation_id="get_audience", response_model=AudienceDocument)
async def audience(
    service: AppService,
    asked: Question,
    begin: From = None,
    to: To = None,
    min_level: Annotated[int, Query(ge=0, le=1000, description="lowest fan level of a core fan")] = CORE_FAN_LEVEL,
) -> Response:
    """Return arrivals by traffic source and fan level, of the session or of a window with a resolution of one second."""
    return answer(await read_audience(service.database, asked, begin, to, min_level), asked)


@router.get("/support", summary="Customer service", operation_id="get_support", response_model=SupportDocument)
async def support(
    service: AppService,
    asked: Question,
    slow_seconds: Annotated[
        float | None,
        Query(gt=0, le=86_400, description="a slower answer counts as slow; default: `TALLYLIGHT_SLOW_RESPONSE_SECONDS`"),
    ] = None,
) -> Response:
    """Return response times: mean, median, 90th percentile and slow answers, of the session and by quarter of an hour."""
    limit = service.settings.slow_response_seconds if slow_seconds is None else slow_seconds
    return answer(await support_reader.read_support(service.database, asked, limit), asked)
