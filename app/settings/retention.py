"""Settings: how long something is kept.

In: environment variables. Out: a part of `Settings`. Never here: I/O.
"""

from typing import Annotated

from pydantic import Field
from pydantic_settings import BaseSettings


class RetentionSettings(BaseSettings):
    """Settings of how long something is kept."""

    parked_days: Annotated[int, Field(ge=1, le=3650)] = Field(
        default=30, description="days that a parked event is kept; settlements and entries of an account stay"
    )
    comment_text_days: Annotated[int, Field(ge=1, le=3650)] = Field(
        default=90, description="days that the text of a comment is kept"
    )
    dead_letter_days: Annotated[int, Field(ge=1, le=3650)] = Field(default=30, description="days that a dead letter is kept")
    finalize_after_days: Annotated[int, Field(ge=1, le=3650)] | None = Field(
        default=None, description="days after its end at which a session is released, if it has not been; unset: never"
    )
    log_days: Annotated[int, Field(ge=1, le=3650)] | None = Field(
        default=None,
        description="days after its release that a session's log is kept, and until all sessions made in its month are that old; "
        "unset: for ever",
    )
    audit_days: Annotated[int, Field(ge=1, le=36_500)] = Field(
        default=400, description="days that a row of the audit log is kept"
    )
    delivery_days: Annotated[int, Field(ge=1, le=3650)] = Field(
        default=30, description="days that a platform's raw delivery is kept, encrypted, after it was processed"
    )
