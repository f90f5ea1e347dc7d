"""What the tests of insights share: a server that keeps the text of comments, sessions and telemetry over HTTP."""

import pytest

from app.settings import Settings
from tests.kpis.conftest import new_session, read, send

__all__ = ["new_session", "read", "send", "settings"]


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Settings of a server that keeps what people write."""
    return settings.model_copy(update={"keep_comment_text": True})
