"""Settings: polls of platforms, and where their requests may lead.

In: environment variables. Out: a part of `Settings`. Never here: I/O.
"""

import re
from ipaddress import ip_network
from typing import Annotated

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings

from app.settings.text import names


class PlatformSettings(BaseSettings):
    """Settings of the connections to platforms."""

    api_base_allow: str = Field(
        default="",
        description="addresses, networks and host names, separated by commas, that the `api_base` of a connection may lead to "
        "although they are not public, such as `127.0.0.0/8,::1` for a test server",
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
