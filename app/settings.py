"""Settings, read once from the environment (prefix `TALLYLIGHT_`).

In: environment variables. Out: one frozen `Settings`. Never here: defaults for secrets, I/O beyond the key file.
"""

import re
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Self

from pydantic import AnyHttpUrl, Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from app.secret_file import read_or_create

SHORTEST_SECRET = 32
"""Minimum length of a secret key in characters."""

API_KEY_FORMAT = r"^tl_[A-Za-z0-9]{1,32}_[A-Za-z0-9_-]{16,128}$"


def names(text: str | None) -> list[str]:
    """Return the parts of a list that is separated by commas."""
    return [part.strip() for part in (text or "").split(",") if part.strip()]


class InvalidSettings(ValueError):
    """A setting in the environment is not valid. The text names each by its variable."""


class Settings(BaseSettings):
    """The settings of a deployment."""

    model_config = SettingsConfigDict(env_prefix="TALLYLIGHT_", frozen=True, extra="ignore", env_ignore_empty=True)

    database_url: str | None = Field(
        default=None, repr=False, description="PostgreSQL 15 or newer, `postgresql://…`; unset: an embedded server in `DATA_DIR`"
    )
    data_dir: Path = Field(default=Path(".tallylight"), description="folder of the embedded database and of the secret key")
    secret_key: SecretStr | None = Field(
        default=None,
        description="at least 32 characters; hashes viewer ids, encrypts dead letters and secrets; "
        "required with `DATABASE_URL`, else created once in `DATA_DIR`",
    )
    secret_key_previous: SecretStr | None = Field(
        default=None, description="the previous secret key, until `tallylight connections rotate-key` has run"
    )
    bootstrap_admin_key: SecretStr | None = Field(
        default=None, description="an admin key `tl_<id>_<secret>` that is created at the first start"
    )
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
    api_base_allow: str = Field(
        default="",
        description="addresses, networks and host names, separated by commas, that the `api_base` of a connection may lead to "
        "although they are not public, such as `127.0.0.0/8,::1` for a test server",
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
    pool_size: Annotated[int, Field(ge=3, le=200)] = Field(
        default=12, description="database connections per process; the writer uses up to six more"
    )
    background_pool_size: Annotated[int, Field(ge=2, le=200)] = Field(
        default=6, description="further database connections per process, for background work"
    )
    database_timeout_seconds: Annotated[float, Field(gt=0, le=300)] = Field(
        default=10.0,
        description="maximum wait for a connection, a lock or the result of one statement; a connection that exceeds it is "
        "closed; background statements may take six times as long",
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
    queue_events: Annotated[int, Field(ge=1)] = Field(
        default=50_000, description="maximum number of events that wait for their commit; above it: 503 with Retry-After"
    )
    flush_events: Annotated[int, Field(ge=1)] = Field(default=2_000, description="maximum number of events in one commit")
    max_products: Annotated[int, Field(ge=1, le=1_000_000)] = Field(
        default=10_000, description="maximum number of distinct products of a session"
    )
    max_traffic_sources: Annotated[int, Field(ge=1, le=1_000_000)] = Field(
        default=5_000, description="maximum number of distinct traffic sources of a session, counted per fan level"
    )
    max_rooms: Annotated[int, Field(ge=1, le=10_000)] = Field(
        default=200, description="maximum number of distinct rooms of a session"
    )
    max_promotions: Annotated[int, Field(ge=1, le=1_000_000)] = Field(
        default=2_000, description="maximum number of distinct promotions of a session"
    )
    max_minutes: Annotated[int, Field(ge=1, le=10_000_000)] = Field(
        default=50_000, description="maximum number of distinct minutes of a session that have events"
    )
    max_parked_rooms: Annotated[int, Field(ge=1, le=1_000_000)] = Field(
        default=1_000, description="maximum number of rooms of one key or connection that have parked events"
    )
    parked_days: Annotated[int, Field(ge=1, le=3650)] = Field(
        default=30, description="days that a parked event is kept; settlements and entries of an account stay"
    )
    slow_response_seconds: Annotated[float, Field(gt=0)] = Field(
        default=180.0, description="a support answer slower than this counts as slow; `tallylight rebuild` applies a change"
    )
    rebuild_at_once_events: Annotated[int, Field(ge=0, le=10_000_000)] = Field(
        default=50_000, description="events that a request may fold again before it answers; a rebuild of more is left to a job"
    )
    clock_tolerance_seconds: Annotated[int, Field(ge=0, le=86_400)] = Field(
        default=300,
        description="seconds that an event's `time` may lie after its arrival; a later time is replaced by the arrival; 0: never",
    )
    keep_comment_text: bool = Field(default=False, description="store the text of comments")
    comment_text_days: Annotated[int, Field(ge=1, le=3650)] = Field(
        default=90, description="days that the text of a comment is kept"
    )
    dead_letter_days: Annotated[int, Field(ge=1, le=3650)] = Field(default=30, description="days that a dead letter is kept")
    finalize_after_days: Annotated[int, Field(ge=1, le=3650)] | None = Field(
        default=None, description="days after its end at which a session is released, if it has not been; unset: never"
    )
    audit_days: Annotated[int, Field(ge=1, le=36_500)] = Field(
        default=400, description="days that a row of the audit log is kept"
    )
    delivery_days: Annotated[int, Field(ge=1, le=3650)] = Field(
        default=30, description="days that a platform's raw delivery is kept, encrypted, after it was processed"
    )
    poll_seconds: Annotated[int, Field(ge=5, le=3600)] = Field(
        default=30,
        description="seconds between two polls of a platform's live dashboard, only shortly before, during and after a session",
    )
    poll_after_seconds: Annotated[int, Field(ge=0, le=86_400)] = Field(
        default=900, description="seconds that the dashboard is polled after a session's end"
    )
    counts_seconds: Annotated[int, Field(ge=5, le=86_400)] = Field(
        default=600, description="seconds between two polls of promotion counts"
    )
    reconcile_seconds: Annotated[int, Field(ge=5, le=86_400)] = Field(
        default=600, description="seconds between two searches for orders whose push was lost"
    )
    funds_per_poll: Annotated[int, Field(ge=1, le=100_000)] = Field(
        default=200,
        description="entries of a shop's account that a poll enqueues before it ends with its page; polled with each such search",
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
    low_stock: Annotated[int, Field(ge=0, le=1_000_000)] = Field(
        default=5,
        description="units left at which a product's stock is low; it is also low if ten minutes' sales would use it up",
    )
    silence_seconds: Annotated[int, Field(ge=10, le=3600)] = Field(
        default=120, description="seconds without events after which a live session raises an alert"
    )
    report_seconds: Annotated[float, Field(gt=0, le=3600)] = Field(
        default=60.0, description="maximum time to draw a report as a file; two are drawn at a time"
    )
    issuer_name: Annotated[str, Field(min_length=1, max_length=200)] | None = Field(
        default=None, description="name of the agency, which statements and qualified invoices (適格請求書) need as their issuer"
    )
    log_level: Annotated[str, Field(pattern="^(debug|info|warning|error)$")] = Field(
        default="info", description="debug, info, warning or error"
    )
    log_format: Annotated[str, Field(pattern="^(json|console)$")] = Field(default="console", description="json or console")

    @field_validator("database_url")
    @classmethod
    def _postgresql(cls, url: str | None) -> str | None:
        # Only the scheme is checked: a URL of a Unix socket has no host, and the driver checks the rest.
        if url is not None and not re.match(r"postgres(ql)?(\+asyncpg)?://", url):
            raise ValueError("must be a PostgreSQL URL: postgresql://user:password@host:5432/database")
        return url

    @field_validator("trusted_proxies")
    @classmethod
    def _networks(cls, proxies: str) -> str:
        for proxy in names(proxies):
            ip_network(proxy, strict=False)
        return proxies

    @field_validator("api_base_allow")
    @classmethod
    def _networks_and_hosts(cls, entries: str) -> str:
        for entry in names(entries):
            try:
                ip_network(entry, strict=False)
            except ValueError:
                if not re.fullmatch(r"[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\.[A-Za-z0-9-]+)*\.?", entry):
                    raise ValueError("must be addresses, networks and host names, separated by commas") from None
        return entries

    @field_validator("cors_origins")
    @classmethod
    def _origins(cls, origins: str | None) -> str | None:
        for origin in names(origins):
            if origin != "*" and not re.fullmatch(r"https?://[A-Za-z0-9.-]+(:[0-9]{1,5})?", origin):
                raise ValueError("must be origins such as https://overlay.example, separated by commas, or *")
        return origins

    @field_validator("secret_key", "secret_key_previous")
    @classmethod
    def _long_enough(cls, key: SecretStr | None) -> SecretStr | None:
        if key is not None and len(key.get_secret_value()) < SHORTEST_SECRET:
            raise ValueError("needs at least 32 characters, e.g. from `openssl rand -hex 32`")
        return key

    @field_validator("bootstrap_admin_key")
    @classmethod
    def _well_formed(cls, key: SecretStr | None) -> SecretStr | None:
        if key is not None and not re.match(API_KEY_FORMAT, key.get_secret_value()):
            raise ValueError("must look like tl_<id>_<secret>: letters and digits, then at least 16 characters")
        return key

    @model_validator(mode="after")
    def _key_for_a_shared_database(self) -> Self:
        # Processes that share a database must share the key, or a viewer would be counted twice.
        if self.database_url is not None and self.secret_key is None:
            raise ValueError("TALLYLIGHT_SECRET_KEY is required with TALLYLIGHT_DATABASE_URL")
        return self

    def previous_secret(self) -> str | None:
        """Return the previous secret key; None if there is none."""
        return self.secret_key_previous.get_secret_value() if self.secret_key_previous else None

    def secret(self) -> str:
        """Return the secret key; with the embedded database it is created once, readable by its owner only."""
        if self.secret_key is not None:
            return self.secret_key.get_secret_value()
        path = self.data_dir / "secret.key"
        try:
            found = read_or_create(path)
        except OSError as error:
            raise InvalidSettings(f"{path}: {error.strerror}; set TALLYLIGHT_DATA_DIR to another folder") from None
        if len(found) < SHORTEST_SECRET:
            raise InvalidSettings(f"{path}: does not contain a secret key; restore it, or remove it together with the database")
        return found


def load_settings() -> Settings:
    """Return the settings of this process.

    Raises:
        InvalidSettings: one line per invalid variable, without its value.
    """
    try:
        return Settings()
    except ValidationError as error:
        lines = []
        for problem in error.errors():
            name = "TALLYLIGHT_" + str(problem["loc"][0]).upper() if problem["loc"] else ""
            lines.append(f"{name}: {problem['msg']}".removeprefix(": "))
        raise InvalidSettings("\n".join(lines)) from None
