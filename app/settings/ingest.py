"""Settings: the queue, the caps of a session, clocks.

In: environment variables. Out: a part of `Settings`. Never here: I/O.
"""

from typing import Annotated

from pydantic import Field
from pydantic_settings import BaseSettings


class IngestSettings(BaseSettings):
    """Settings of ingest: the queue, the caps of a session, clocks."""

    queue_events: Annotated[int, Field(ge=1)] = Field(
        default=50_000, description="maximum number of events that wait for their commit; above it: 503 with Retry-After"
    )
    flush_events: Annotated[int, Field(ge=1)] = Field(default=1_000, description="maximum number of events in one commit")
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
    rebuild_at_once_events: Annotated[int, Field(ge=0, le=10_000_000)] = Field(
        default=50_000, description="events that a request may fold again before it answers; a rebuild of more is left to a job"
    )
    clock_tolerance_seconds: Annotated[int, Field(ge=0, le=86_400)] = Field(
        default=300,
        description="seconds that an event's `time` may lie after its arrival; a later time is replaced by the arrival; 0: never",
    )
    keep_comment_text: bool = Field(default=False, description="store the text of comments")
