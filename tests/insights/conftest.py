"""What the tests of insights share: a server that keeps the text of comments, sessions and telemetry over HTTP."""

from pathlib import Path

import pytest

from app.settings import Settings
from tests.databases import SECRET, OwnSettings
from tests.kpis.conftest import new_session, read, send

__all__ = ["new_session", "read", "send", "settings"]


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> Settings:
    """Settings of a server that keeps what people write."""
    return OwnSettings(database_url=database_url, secret_key=SECRET, data_dir=tmp_path, keep_comment_text=True)
