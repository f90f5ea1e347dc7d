"""Settings: alerts, statements, logs.

In: environment variables. Out: a part of `Settings`. Never here: I/O.
"""

from typing import Annotated

from pydantic import Field
from pydantic_settings import BaseSettings


class OperationSettings(BaseSettings):
    """Settings of alerts, statements and logs."""

    slow_response_seconds: Annotated[float, Field(gt=0)] = Field(
        default=180.0, description="a support answer slower than this counts as slow; `tallylight rebuild` applies a change"
    )
    low_stock: Annotated[int, Field(ge=0, le=1_000_000)] = Field(
        default=5,
        description="units left at which a product's stock is low; it is also low if ten minutes' sales would use it up",
    )
    silence_seconds: Annotated[int, Field(ge=10, le=3600)] = Field(
        default=120, description="seconds without events after which a live session raises an alert"
    )
    issuer_name: Annotated[str, Field(min_length=1, max_length=200)] | None = Field(
        default=None, description="name of the agency, which statements and qualified invoices (適格請求書) need as their issuer"
    )
    log_level: Annotated[str, Field(pattern="^(debug|info|warning|error)$")] = Field(
        default="info", description="debug, info, warning or error"
    )
    log_format: Annotated[str, Field(pattern="^(json|console)$")] = Field(default="console", description="json or console")
