"""What the tests of logistics share: sessions and telemetry over HTTP, from the tests of the read side."""

from tests.kpis.conftest import new_session, read, send  # noqa: F401 - fixtures
