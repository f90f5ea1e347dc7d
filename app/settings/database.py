"""Settings: the database and the secret keys.

In: environment variables. Out: a part of `Settings`. Never here: I/O.
"""

import re
from pathlib import Path
from typing import Annotated, Self

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings

SHORTEST_SECRET = 32
"""Minimum length of a secret key in characters."""

API_KEY_FORMAT = r"^tl_[A-Za-z0-9]{1,32}_[A-Za-z0-9_-]{16,128}$"


class DatabaseSettings(BaseSettings):
    """Settings of the database and of the secrets."""

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
    pool_size: Annotated[int, Field(ge=3, le=200)] = Field(
        default=12,
        description="database connections per process for requests, and as many for figures; the writer uses up to seven more",
    )
    background_pool_size: Annotated[int, Field(ge=2, le=200)] = Field(
        default=6, description="further database connections per process, for background work"
    )
    read_url: str | None = Field(
        default=None,
        repr=False,
        description="a streaming standby of the database, from which reports and exports are read; unset: the database itself",
    )
    read_pool_size: Annotated[int, Field(ge=2, le=200)] = Field(
        default=6, description="connections to the replica per process, for reports, for figures and for exports each"
    )
    read_wait_seconds: Annotated[float, Field(ge=0, le=60)] = Field(
        default=2.0,
        description="maximum wait for the replica to replay what was committed before a report was asked for; then the database "
        "answers",
    )
    database_timeout_seconds: Annotated[float, Field(gt=0, le=300)] = Field(
        default=10.0,
        description="maximum wait for a connection, a lock or the result of one statement; a connection that exceeds it is "
        "closed; background statements may take six times as long",
    )

    @field_validator("database_url", "read_url")
    @classmethod
    def _postgresql(cls, url: str | None) -> str | None:
        # Only the scheme is checked: a URL of a Unix socket has no host, and the driver checks the rest.
        if url is not None and not re.match(r"postgres(ql)?(\+asyncpg)?://", url):
            raise ValueError("must be a PostgreSQL URL: postgresql://user:password@host:5432/database")
        return url

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
    def _replica_of_a_database(self) -> Self:
        if self.read_url is not None and self.database_url is None:
            raise ValueError("TALLYLIGHT_READ_URL needs TALLYLIGHT_DATABASE_URL: the embedded database has no replica")
        return self

    @model_validator(mode="after")
    def _key_for_a_shared_database(self) -> Self:
        # Processes that share a database must share the key, or a viewer would be counted twice.
        if self.database_url is not None and self.secret_key is None:
            raise ValueError("TALLYLIGHT_SECRET_KEY is required with TALLYLIGHT_DATABASE_URL")
        return self
