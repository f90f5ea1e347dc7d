"""Settings: addresses, proxies, limits of requests and event streams.

In: environment variables. Out: a part of `Settings`. Never here: I/O.
"""

import re
from ipaddress import ip_network
from typing import Annotated

from pydantic import AnyHttpUrl, Field, field_validator
from pydantic_settings import BaseSettings

from app.settings.text import names


class HttpSettings(BaseSettings):
    """Settings of the HTTP server: addresses, proxies, limits of requests and streams."""

    host: str = Field(default="127.0.0.1", description="address to listen on")
    port: Annotated[int, Field(ge=0, le=65535)] = Field(default=8080, description="port to listen on")
    public_url: AnyHttpUrl | None = Field(
        default=None,
        description="base of the URLs returned in responses; unset: taken from each request that comes through a trusted proxy",
    )
    root_path: Annotated[str, Field(pattern=r"^(/[A-Za-z0-9._~-]+)*$")] = Field(
        default="", description="path under which a proxy publishes the server, such as `/tallylight`"
    )
    trusted_proxies: str = Field(
        default="127.0.0.1,::1",
        description="addresses and networks, separated by commas, whose `Host` and `X-Forwarded-*` headers are believed",
    )
    cors_origins: str | None = Field(
        default=None, description="origins whose pages may call the API, separated by commas, or `*`; unset: none"
    )
    metrics: Annotated[str, Field(pattern="^(open|admin|off)$")] = Field(
        default="open", description="who may read `/metrics`: `open` to all, keys of role `admin`, or `off`"
    )
    key_requests_per_minute: Annotated[int, Field(ge=0)] = Field(
        default=600_000, description="requests that one API key may send in a minute to one process; 0: any number"
    )
    address_requests_per_minute: Annotated[int, Field(ge=0)] = Field(
        default=300, description="requests without a valid API key that one address may send in a minute; 0: any number"
    )
    max_head_bytes: Annotated[int, Field(ge=4096, le=1 << 20)] = Field(
        default=65_536, description="maximum size of a request's line and headers, in bytes"
    )
    head_seconds: Annotated[float, Field(gt=0, le=600)] = Field(
        default=10.0, description="seconds in which a request's line and headers must arrive"
    )
    body_seconds: Annotated[float, Field(gt=0, le=3600)] = Field(
        default=60.0, description="seconds in which a request's body must arrive, and one more per 64 KiB"
    )
    idle_seconds: Annotated[int, Field(ge=1, le=3600)] = Field(
        default=30, description="seconds after which an idle connection is closed"
    )
    write_seconds: Annotated[float, Field(gt=0, le=3600)] = Field(
        default=30.0, description="seconds for which a client may read nothing of its answer; then the connection is closed"
    )
    max_body_bytes: Annotated[int, Field(ge=1024, le=1 << 30)] = Field(
        default=8 * 1024 * 1024, description="maximum size of a request body, before and after decompression, in bytes"
    )
    max_import_bytes: Annotated[int, Field(ge=1024, le=1 << 30)] = Field(
        default=64 * 1024 * 1024, description="maximum size of an imported file, before and after decompression, in bytes"
    )
    max_batch_events: Annotated[int, Field(ge=1, le=1_000_000)] = Field(
        default=10_000, description="maximum number of events in one request"
    )
    drain_seconds: Annotated[float, Field(gt=0, le=600)] = Field(
        default=30.0,
        description="seconds after the signal to stop at which the process exits, with status 4, whatever it still waits for",
    )
    report_seconds: Annotated[float, Field(gt=0, le=3600)] = Field(
        default=60.0, description="maximum time to draw a report as a file; two are drawn at a time"
    )
    stream_seconds: Annotated[int, Field(ge=1, le=86_400)] = Field(
        default=900, description="maximum duration of one event stream in seconds, ± 10 %; the client reconnects"
    )
    stream_heartbeat_seconds: Annotated[float, Field(gt=0, le=300)] = Field(
        default=15.0, description="seconds without data after which an event stream sends a comment"
    )
    stream_subscribers: Annotated[int, Field(ge=1, le=100_000)] = Field(
        default=5_000, description="maximum number of open event streams in one process; above it: 503 with Retry-After"
    )
    stream_subscribers_per_key: Annotated[int, Field(ge=1, le=100_000)] = Field(
        default=1_000, description="maximum number of open event streams of one key in one process; above it: 429"
    )
    stream_ticket_seconds: Annotated[int, Field(ge=1, le=3600)] = Field(
        default=60, description="seconds that a stream ticket is valid for connecting"
    )

    @field_validator("trusted_proxies")
    @classmethod
    def _networks(cls, proxies: str) -> str:
        for proxy in names(proxies):
            ip_network(proxy, strict=False)
        return proxies

    @field_validator("cors_origins")
    @classmethod
    def _origins(cls, origins: str | None) -> str | None:
        for origin in names(origins):
            if origin != "*" and not re.fullmatch(r"https?://[A-Za-z0-9.-]+(:[0-9]{1,5})?", origin):
                raise ValueError("must be origins such as https://overlay.example, separated by commas, or *")
        return origins
