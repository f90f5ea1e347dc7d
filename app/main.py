"""The application: routes, error answers and documentation put together.

In: an opened `Service`, or none where only the document is wanted. Out: an ASGI application. Never here: logic.
"""

from fastapi import FastAPI
from fastapi_offline import FastAPIOffline
from starlette.types import ASGIApp

from app import __version__
from app.api import openapi
from app.api.access.addresses import TrustedProxies
from app.api.access.authentication import KeyBeforeBody
from app.api.access.cookies import SignInCookie
from app.api.access.rate_limits import RateLimit, RateLimits
from app.api.application import Application
from app.api.backoffice import (
    brand_orders,
    contracts,
    customers,
    exchange_rates,
    lead_times,
    orders,
    packing,
    settlement_files,
    settlements,
)
from app.api.catalogue import brands, lineup, logos, notes, plan, products, promotions, sessions, stream_claims, streams
from app.api.conventions.errors import add_error_handlers
from app.api.figures import brand_hosts, charts, comparison, insights, results, traffic, windows
from app.api.ingest import bulk_jobs, dead_letters, event_log, events, imports, rebuilds, session_imports, voids, webhooks
from app.api.ingest.direct_events import DirectEvents
from app.api.live import alerts, desk, stream
from app.api.operations import audit, channels, connections, health, labels, status
from app.api.people import keys, me, people, share_links, sign_in
from app.api.reports import exports, months, reports, revisions
from app.dashboard.routes import ROUTES as DASHBOARD
from app.observability import tracing
from app.observability.requests import RequestContext
from app.observability.traced_requests import traced
from app.service import Service
from app.settings import Settings, names

ROUTERS = (
    events, results, traffic, bulk_jobs, dead_letters, event_log, sessions, streams, lineup, promotions, notes, orders,
    packing, brand_orders, brand_hosts, lead_times, brands, logos, products, me, sign_in, people, share_links, keys,
    stream_claims, connections, contracts, exchange_rates, settlement_files, settlements, stream, alerts, channels, charts,
    insights, comparison, reports, revisions, exports, webhooks, imports, session_imports, voids, desk, plan, rebuilds,
    customers, months, audit, labels, status, health, windows,
)  # fmt: skip


def create_app(service: Service | None = None) -> Application:
    """Return the application; `/docs` and `/redoc` need no other host."""
    settings = service.settings if service else None
    app = FastAPIOffline(
        title="Tallylight",
        version=__version__,
        summary="The numbers of live commerce.",
        description="Telemetry of a live session in, exact KPIs, per-product results and the results sheet out.",
        openapi_tags=openapi.TAGS,
        contact={"name": "The Tallylight authors"},
        license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
        servers=[{"url": (settings.root_path if settings else "") or "/", "description": "this server"}],
        root_path_in_servers=False,
        # A redirect of a path with a slash at its end would name the scheme and the host of the request, and a client would send
        # its key there.
        redirect_slashes=False,
    )
    app.state.service = service
    for module in ROUTERS:
        # Not `include_router`: it builds every route once more for each application.
        app.router.routes.extend(module.router.routes)
    app.router.routes.extend(DASHBOARD)
    app.openapi = lambda: openapi.describe(app)  # type: ignore[method-assign]
    add_error_handlers(app)
    if settings is None:
        return Application(app, RequestContext)
    return _configured(app, settings)


def _configured(app: FastAPI, settings: Settings) -> Application:
    proxies = TrustedProxies(names(settings.trusted_proxies))
    https = settings.public_url is not None and settings.public_url.scheme == "https"
    app.state.proxies = proxies
    app.state.cookie = SignInCookie(proxies, settings.public_url, settings.root_path)
    app.state.rate_limits = RateLimits(
        RateLimit("key", settings.key_requests_per_minute), RateLimit("address", settings.address_requests_per_minute)
    )

    is_https = (lambda _, __: True) if https else proxies.is_https

    def context(inner: ASGIApp, *, pages: bool = False) -> ASGIApp:
        return traced(RequestContext(inner, settings.max_body_bytes, settings.max_import_bytes, is_https, pages=pages))

    app.add_middleware(KeyBeforeBody)
    app.add_middleware(context, pages=True)
    # A traced request needs its spans, which are around the ASGI application.
    direct = (
        None if tracing.is_on() else DirectEvents(app.state.service, app.state.rate_limits.keys, is_https, settings.root_path)
    )
    return Application(app, context, settings.root_path, names(settings.cors_origins), direct)
